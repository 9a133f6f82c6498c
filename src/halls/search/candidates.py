"""Asks MongoDB for venues that may fit, in order and a few at a time, so that an index and not a sort finds them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from pymongo import ASCENDING, DESCENDING

from halls.search.schemas import DEFAULT_KM
from halls.venues.price_on_date import price_expression
from halls.venues.store import BY_DATE, BY_DATE_AND_PLACE, BY_PLACE, BY_PRICE_ON_DATE, BY_TYPE
from halls.venues.venue import CALENDAR, CARD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document
    from halls.search.schemas import SearchQuery
    from halls.venues.store import Keys

METRES = 1_000
EARTH_METRES = 6_378_100  # as MongoDB has it
# MongoDB's distances and ours differ by a millionth of this; nearer to each other, venues count as not yet in order.
MARGIN = 0.001
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


def find_candidates(db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int) -> Batch:
    """Return about `size` venues that come after a row with the keys `after`; whether they are booked is not asked."""
    if query.order == "distance":
        return _find_nearest(db, query, today, after, size)
    if query.near or query.order in {"price", "-price"}:
        rows = list(db.venues.aggregate(_pipeline(query, today, after, size)))
    else:
        wanted = {"$and": [_filters(query, today), _beyond(query, after)]} if after else _filters(query, today)
        found = db.venues.find(wanted, _fields(query), sort=list(_sort_keys(query).items()), limit=size)
        rows = list(found.hint(_index(query)))
    return Batch(rows, len(rows) < size)


def _find_nearest(db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int) -> Batch:
    """Read outwards from where `after` lies; MongoDB knows no order among equally distant ones, so we make it."""
    least, last_id = after or (0, None)
    around = {"type": "Point", "coordinates": query.near}
    limits = {"$minDistance": max(0, least - MARGIN), "$maxDistance": (query.near_km or DEFAULT_KM) * METRES}
    place = {"maps_location": {"$nearSphere": {"$geometry": around, **limits}}, "maps_location.type": "Point"}
    index = BY_DATE_AND_PLACE if query.date else BY_PLACE
    while True:
        rows = list(db.venues.find(_filters(query, today) | place, _fields(query), limit=size, hint=index))
        for row in rows:
            row["distance"] = _metres_between(query.near, row["maps_location"]["coordinates"])
        is_last = len(rows) < size
        settled = math.inf if is_last else max(row["distance"] for row in rows) - MARGIN
        keys = {row["_id"]: (row["distance"], row["_id"]) for row in rows if row["distance"] < settled}
        rest = [row for row in rows if row["_id"] in keys and (last_id is None or keys[row["_id"]] > (least, last_id))]
        if rest or is_last:
            return Batch(sorted(rest, key=lambda row: keys[row["_id"]]), is_last)
        # So many lie at one place that a batch ends among them.
        size *= 2


def _metres_between(here: Sequence[float] | None, there: Sequence[float]) -> float:
    (lng, lat), (to_lng, to_lat) = (map(math.radians, place[:2]) for place in (here or (), there))
    half = math.sin((to_lat - lat) / 2) ** 2 + math.cos(lat) * math.cos(to_lat) * math.sin((to_lng - lng) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(math.sqrt(half))


def _index(query: SearchQuery) -> Keys | None:
    """Return the index that gives the newest in order; the planner tries others, and sorts what they find."""
    if query.order != "newest":
        return None
    if query.date:
        return BY_PRICE_ON_DATE if _price_limits(query) else BY_DATE
    return BY_TYPE if query.type else None


def _fields(query: SearchQuery) -> Document:
    names = (*CARD, *CALENDAR) if query.include else CARD
    return {**dict.fromkeys(names, 1), **({"price": price_expression(query.date)} if query.date else {})}


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
        filters["dates_available"] = query.date
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
    tie = {name: keys[0], "_id": {"$gt": last_id}}
    if keys[0] is None:
        return tie
    further: list[Document] = [{name: {"$gt" if direction == ASCENDING else "$lt": keys[0]}}, tie]
    if name == "price":
        further.append({"price": None})
    return {"$or": further}
