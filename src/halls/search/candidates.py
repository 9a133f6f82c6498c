"""Queries on the search index: candidates in order, batch by batch, without a sort in MongoDB."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pymongo import ASCENDING, DESCENDING

from halls.documents import read_finite
from halls.search.index import BY_DATE, BY_DATE_AND_PLACE, BY_PLACE, BY_PRICE_ON_DATE, BY_TYPE, SearchEntry
from halls.search.schemas import DEFAULT_KM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document
    from halls.search.index import Keys
    from halls.search.schemas import SearchQuery
    from halls.venues.venue import StoredPoint

METRES = 1_000
EARTH_METRES = 6_378_100  # the radius that MongoDB uses
# Metres. MongoDB's distances and those of `_measure` differ by a millionth of this. If the distances of two venues
# differ by less than this, their order is treated as unknown.
MARGIN = 0.001
# The radius of first pages in metres, by area (about two kilometres, in degrees) and query.
radius_cache: dict[tuple[Any, ...], float] = {}
CELL_DEGREES, RADIUS_MARGIN, TOO_MANY, RADIUS_CACHE_SIZE = 0.02, 1.2, 3, 10_000
# How many more rows are read, because the order of the last ones is unknown. With a date, MongoDB examines the same
# documents for a few more rows.
SPARE, SPARE_ON_DATE = 2, 12
# The field and direction of each order. Rows with equal values are sorted by id.
SORTS = {
    "distance": ("distance", ASCENDING),
    "newest": ("_id", DESCENDING),
    "capacity": ("capacity", ASCENDING),
    "-capacity": ("capacity", DESCENDING),
    "price": ("price", ASCENDING),
    "-price": ("price", DESCENDING),
}


class Candidate(SearchEntry, total=False):
    """An entry with what the query adds. Only the fields of `_fields` are read."""

    # On the date of the query.
    price: Any
    # In metres, from the place of the query.
    distance: float


class Batch(NamedTuple):
    """Candidates in the order of the query, and whether they are the last ones."""

    rows: list[Candidate]
    is_last: bool


def find_candidates(db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int) -> Batch:
    """Return about `size` candidates that come after a row with the keys `after`."""
    if query.order == "distance":
        return _find_nearest(db, query, today, after, size)
    if query.near or query.order in {"price", "-price"}:
        rows = list(db.catalog.aggregate(_pipeline(query, today, after, size)))
    else:
        match = {"$and": [_filters(query, today), _beyond(query, after)]} if after else _filters(query, today)
        sort = list(_sort_keys(query).items())
        cursor = db.catalog.find(match, _fields(query), sort=sort, limit=size, hint=_index(query))
        rows = list(cursor)
    return Batch(cast("list[Candidate]", rows), len(rows) < size)


def _find_nearest(db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int) -> Batch:
    """Read by increasing distance from that of `after`. Rows with equal distances are sorted here by id."""
    if after is None and (batch := _read_circle(db, query, today, size)):
        return batch
    least, last_id = after or (0, None)
    limits = {"$minDistance": max(0, least - MARGIN), "$maxDistance": _widest(query)}
    place = {"$nearSphere": {"$geometry": {"type": "Point", "coordinates": query.near}, **limits}}
    limit = size + (SPARE_ON_DATE if query.date else SPARE)
    while True:
        rows = _read_places(db, query, today, place, limit)
        is_last = len(rows) < limit
        if after is None:
            _cache_radius(query, _widest(query) if is_last else rows[size - 1]["distance"])
        ordered_below = math.inf if is_last else rows[-1]["distance"] - MARGIN
        rest = [row for row in rows if row["distance"] < ordered_below]
        if last_id is not None:
            rest = [row for row in rest if (row["distance"], row["_id"]) > (least, last_id)]
        if rest or is_last:
            return Batch(rest, is_last)
        # All rows of the batch have the same distance, so their order is unknown.
        limit *= 2


def _read_circle(db: Db, query: SearchQuery, today: str, size: int) -> Batch | None:
    """Return the nearest from the cached radius, or None if it contains too few or too many venues."""
    known = radius_cache.get(_cache_key(query))
    if known is None:
        return None
    radius = min(known, _widest(query))
    # Unordered rows from a circle cost MongoDB half as much as ordered rows. Sorting them here is fast.
    circle = {"$geoWithin": {"$centerSphere": [query.near, radius / EARTH_METRES]}}
    rows = _read_places(db, query, today, circle, TOO_MANY * size)
    if len(rows) == TOO_MANY * size:
        return None
    if radius < known:
        return Batch(rows, is_last=True)
    inside = [row for row in rows if row["distance"] < radius - MARGIN]
    if len(inside) < size:
        return None
    _cache_radius(query, inside[size - 1]["distance"])
    return Batch(inside[:size], is_last=False)


def _widest(query: SearchQuery) -> float:
    return (query.near_km or DEFAULT_KM) * METRES


def _read_places(db: Db, query: SearchQuery, today: str, place: Document, limit: int) -> list[Candidate]:
    """Return the candidates that match the filter `place` on the location, sorted by distance and id."""
    match = _filters(query, today) | {"maps_location": place, "maps_location.type": "Point"}
    index = BY_DATE_AND_PLACE if query.date else BY_PLACE
    cursor = db.catalog.find(match, _fields(query), limit=limit, hint=index)
    rows = cast("list[Candidate]", list(cursor))
    _measure(query, rows)
    return sorted(rows, key=lambda row: (row["distance"], row["_id"]))


def _cache_radius(query: SearchQuery, metres: float) -> None:
    """Store the radius of a first page. It is only a hint for the next query of the same area."""
    if len(radius_cache) >= RADIUS_CACHE_SIZE:
        radius_cache.clear()
    radius_cache[_cache_key(query)] = metres * RADIUS_MARGIN


def _cache_key(query: SearchQuery) -> tuple[Any, ...]:
    lng, lat = query.near or (0, 0)
    filters = (query.type, query.capacity_min, query.capacity_max, query.price_min, query.price_max, query.limit)
    return round(lng / CELL_DEGREES), round(lat / CELL_DEGREES), query.date is None, *filters


def _measure(query: SearchQuery, rows: list[Candidate]) -> None:
    """Set `distance` of each row in metres, by the haversine formula."""
    here_lng, here_lat = map(math.radians, query.near or ())
    shrink = math.cos(here_lat)
    for row in rows:
        # The filter of `_read_places` matches only entries with a point.
        # An older version wrote decimals into entries.
        coordinates = cast("StoredPoint", row["maps_location"])["coordinates"]
        there_lng, there_lat, *_ = [read_finite(number) or 0.0 for number in coordinates]
        there_lat = math.radians(there_lat)
        half_lng = math.sin((math.radians(there_lng) - here_lng) / 2)
        half_lat = math.sin((there_lat - here_lat) / 2)
        half = half_lat * half_lat + shrink * math.cos(there_lat) * half_lng * half_lng
        row["distance"] = 2 * EARTH_METRES * math.asin(math.sqrt(half))


def _index(query: SearchQuery) -> Keys | None:
    """Return the index for a hint, or None. Without it the planner may choose an index that requires a sort."""
    if query.order != "newest":
        return None
    if query.date:
        return BY_PRICE_ON_DATE if _price_limits(query) else BY_DATE
    return BY_TYPE if query.type else None


def _fields(query: SearchQuery) -> Document:
    fields: Document = {"card": 1}
    if query.date:
        fields["price"] = {"$ifNull": [f"$prices.{query.date}", None]}
    if query.near:
        fields["maps_location.coordinates"] = 1
    if query.order in {"capacity", "-capacity"}:
        fields["capacity"] = 1
    return fields


def _pipeline(query: SearchQuery, today: str, after: Sequence[Any] | None, limit: int) -> list[Document]:
    stages: list[Document] = [{"$match": _filters(query, today)}]
    if query.near:
        around = {"type": "Point", "coordinates": query.near}
        metres = (query.near_km or DEFAULT_KM) * METRES
        nearest = {"near": around, "key": "maps_location", "distanceField": "distance", "maxDistance": metres}
        stages = [{"$geoNear": {**nearest, "query": _filters(query, today), "spherical": True}}]
    distance = {"distance": 1} if query.near else {}
    stages.append({"$project": _fields(query) | distance})
    stages += [{"$set": {"unpriced": {"$eq": ["$price", None]}}}] if query.order == "price" else []
    stages += [{"$match": _beyond(query, after)}] if after else []
    return [*stages, {"$sort": _sort_keys(query)}, {"$limit": limit}]


def _filters(query: SearchQuery, today: str) -> Document:
    filters: Document = {"is_open": {"$ne": False}}
    if query.type:
        filters["type"] = query.type
    if capacity := _between(query.capacity_min, query.capacity_max):
        filters["capacity"] = capacity
    if query.date:
        filters["free"] = query.date
    if limits := _price_limits(query):
        # With a date this filter only narrows the index scan. The rule itself is price_on_date, applied afterwards.
        filters["pricing.overrides"] = {"$elemMatch": {"date": query.date or {"$gte": today}, "price": limits}}
    return filters


def _price_limits(query: SearchQuery) -> Document:
    return _between(query.price_min, query.price_max)


def _between(low: float | None, high: float | None) -> Document:
    return {operator: bound for operator, bound in (("$gte", low), ("$lte", high)) if bound is not None}


def _sort_keys(query: SearchQuery) -> dict[str, int]:
    name, direction = SORTS[query.order]
    if name == "_id":
        return {"_id": direction}
    # Null sorts below every number. Venues without a price come last in ascending order too.
    first = {"unpriced": ASCENDING} if query.order == "price" else {}
    return {**first, name: direction, "_id": ASCENDING}


def _beyond(query: SearchQuery, after: Sequence[Any]) -> Document:
    """Return the filter of the rows that come after a row with these keys, in the order of the query."""
    *keys, last_id = after
    name, direction = SORTS[query.order]
    if not keys:
        return {"_id": {"$lt": last_id}}
    further: list[Document] = [{name: keys[0], "_id": {"$gt": last_id}}]
    # Comparisons do not match null. Null comes first in ascending capacities and last in all other orders.
    is_null_first = name == "capacity" and direction == ASCENDING
    if keys[0] is not None:
        further.append({name: {"$gt" if direction == ASCENDING else "$lt": keys[0]}})
    if (keys[0] is None) == is_null_first:
        further.append({name: {"$ne": None} if is_null_first else None})
    return {"$or": further}
