"""Asks the catalog for venues that may fit, in order and a few at a time, and by an index, not a sort."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from pymongo import ASCENDING, DESCENDING

from halls.search.index import BY_DATE, BY_DATE_AND_PLACE, BY_PLACE, BY_PRICE_ON_DATE, BY_TYPE
from halls.search.schemas import DEFAULT_KM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document, Session
    from halls.search.index import Keys
    from halls.search.schemas import SearchQuery

METRES = 1_000
EARTH_METRES = 6_378_100  # as MongoDB has it
# MongoDB's distances and ours differ by a millionth of this; nearer to each other, venues count as not yet in order.
MARGIN = 0.001
# How far first pages reached, in metres, by neighbourhood (some two kilometres, in degrees) and question.
radius_cache: dict[tuple[Any, ...], float] = {}
CELL_DEGREES, RADIUS_MARGIN, TOO_MANY, RADIUS_CACHE_SIZE = 0.02, 1.2, 3, 10_000
# Of a distance's last ones the order is not known yet; MongoDB looks at the same ones for some more on a date.
SPARE, SPARE_ON_DATE = 2, 12
# The field that each order sorts by and in which direction; equal ones by id.
SORTS = {
    "distance": ("distance", ASCENDING),
    "newest": ("_id", DESCENDING),
    "capacity": ("capacity", ASCENDING),
    "-capacity": ("capacity", DESCENDING),
    "price": ("price", ASCENDING),
    "-price": ("price", DESCENDING),
}


class Batch(NamedTuple):
    """Venues in the order asked for, and whether no more come after them."""

    rows: list[Document]
    is_last: bool


def find_candidates(
    db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int, session: Session | None
) -> Batch:
    """Return about `size` entries of venues that come after a row with the keys `after`."""
    if query.order == "distance":
        return _find_nearest(db, query, today, after, size, session)
    if query.near or query.order in {"price", "-price"}:
        rows = list(db.catalog.aggregate(_pipeline(query, today, after, size), session=session))
    else:
        wanted = {"$and": [_filters(query, today), _beyond(query, after)]} if after else _filters(query, today)
        sort = list(_sort_keys(query).items())
        found = db.catalog.find(wanted, _fields(query), sort=sort, limit=size, hint=_index(query), session=session)
        rows = list(found)
    return Batch(rows, len(rows) < size)


def _find_nearest(
    db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int, session: Session | None
) -> Batch:
    """Read outwards from where `after` lies; MongoDB knows no order among equally distant ones, so we make it."""
    if after is None and (batch := _read_circle(db, query, today, size, session)):
        return batch
    least, last_id = after or (0, None)
    limits = {"$minDistance": max(0, least - MARGIN), "$maxDistance": _widest(query)}
    place = {"$nearSphere": {"$geometry": {"type": "Point", "coordinates": query.near}, **limits}}
    asked = size + (SPARE_ON_DATE if query.date else SPARE)
    while True:
        rows = _read_places(db, query, today, place, asked, session)
        is_last = len(rows) < asked
        if after is None:
            _cache_radius(query, _widest(query) if is_last else rows[size - 1]["distance"])
        confirmed_election = math.inf if is_last else rows[-1]["distance"] - MARGIN
        rest = [row for row in rows if row["distance"] < confirmed_election]
        if last_id is not None:
            rest = [row for row in rest if (row["distance"], row["_id"]) > (least, last_id)]
        if rest or is_last:
            return Batch(rest, is_last)
        # So many lie at one place that a batch ends among them.
        asked *= 2


def _read_circle(db: Db, query: SearchQuery, today: str, size: int, session: Session | None) -> Batch | None:
    """Return the nearest from a circle in which so many lay last time, or None when they are too few or too many."""
    known = radius_cache.get(_cache_key(query))
    if known is None:
        return None
    reach = min(known, _widest(query))
    # All in a circle cost MongoDB half of what as many in order cost, and they are as quickly put in order here.
    circle = {"$geoWithin": {"$centerSphere": [query.near, reach / EARTH_METRES]}}
    rows = _read_places(db, query, today, circle, TOO_MANY * size, session)
    if len(rows) == TOO_MANY * size:
        return None
    if reach < known:
        return Batch(rows, is_last=True)
    inside = [row for row in rows if row["distance"] < reach - MARGIN]
    if len(inside) < size:
        return None
    _cache_radius(query, inside[size - 1]["distance"])
    return Batch(inside[:size], is_last=False)


def _widest(query: SearchQuery) -> float:
    return (query.near_km or DEFAULT_KM) * METRES


def _read_places(
    db: Db, query: SearchQuery, today: str, place: Document, limit: int, session: Session | None
) -> list[Document]:
    """Return venues at some places, the nearest first, and of equally distant ones by id."""
    wanted = _filters(query, today) | {"maps_location": place, "maps_location.type": "Point"}
    index = BY_DATE_AND_PLACE if query.date else BY_PLACE
    rows = list(db.catalog.find(wanted, _fields(query), limit=limit, hint=index, session=session))
    _measure(query, rows)
    return sorted(rows, key=lambda row: (row["distance"], row["_id"]))


def _cache_radius(query: SearchQuery, metres: float) -> None:
    """Keep how far a first page reached: a hint for the next in its neighbourhood, never an answer."""
    if len(radius_cache) >= RADIUS_CACHE_SIZE:
        radius_cache.clear()
    radius_cache[_cache_key(query)] = metres * RADIUS_MARGIN


def _cache_key(query: SearchQuery) -> tuple[Any, ...]:
    lng, lat = query.near or (0, 0)
    asked = (query.type, query.capacity_min, query.capacity_max, query.price_min, query.price_max, query.limit)
    return round(lng / CELL_DEGREES), round(lat / CELL_DEGREES), query.date is None, *asked


def _measure(query: SearchQuery, rows: list[Document]) -> None:
    """Write into each of the rows how many metres away it lies, by the haversine formula."""
    here_lng, here_lat = map(math.radians, query.near or ())
    shrink = math.cos(here_lat)
    for row in rows:
        there_lng, there_lat, *_ = row["maps_location"]["coordinates"]
        there_lat = math.radians(there_lat)
        half_lng = math.sin((math.radians(there_lng) - here_lng) / 2)
        half_lat = math.sin((there_lat - here_lat) / 2)
        half = half_lat * half_lat + shrink * math.cos(there_lat) * half_lng * half_lng
        row["distance"] = 2 * EARTH_METRES * math.asin(math.sqrt(half))


def _index(query: SearchQuery) -> Keys | None:
    """Return the index that gives the newest in order; the planner tries others, and sorts what they find."""
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
    filters: Document = {}
    if query.type:
        filters["type"] = query.type
    if capacity := _between(query.capacity_min, query.capacity_max):
        filters["capacity"] = capacity
    if query.date:
        filters["free"] = query.date
    if limits := _price_limits(query):
        # With a date this only narrows for the index: the rule itself is price_on_date, asked for afterwards.
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
    # Null sorts below every number; ascending prices need telling that it comes last all the same.
    first = {"unpriced": ASCENDING} if query.order == "price" else {}
    return {**first, name: direction, "_id": ASCENDING}


def _beyond(query: SearchQuery, after: Sequence[Any]) -> Document:
    """Match what comes after a row with these keys in the order asked for."""
    *keys, last_id = after
    name, direction = SORTS[query.order]
    if not keys:
        return {"_id": {"$lt": last_id}}
    further: list[Document] = [{name: keys[0], "_id": {"$gt": last_id}}]
    # Comparisons find no null, which comes first among ascending capacities and last in all other orders.
    is_null_first = name == "capacity" and direction == ASCENDING
    if keys[0] is not None:
        further.append({name: {"$gt" if direction == ASCENDING else "$lt": keys[0]}})
    if (keys[0] is None) == is_null_first:
        further.append({name: {"$ne": None} if is_null_first else None})
    return {"$or": further}
