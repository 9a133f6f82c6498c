"""Asks the catalog for venues that may fit, in order and a few at a time, and by an index, not a sort."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from pymongo import ASCENDING, DESCENDING

from halls.bookings.catalog import BY_DATE, BY_DATE_AND_PLACE, BY_PLACE, BY_PRICE_ON_DATE, BY_TYPE
from halls.search.schemas import DEFAULT_KM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.bookings.catalog import Keys
    from halls.mongo.client import Db, Document, Session
    from halls.search.schemas import SearchQuery

METRES = 1_000
EARTH_METRES = 6_378_100  # as MongoDB has it
# MongoDB's distances and ours differ by a millionth of this; nearer to each other, venues count as not yet in order.
MARGIN = 0.001
# Degrees: some five kilometres; and how much further than a neighbour's first page one looks.
REACH_CELL, REACH_SPARE, REACHES_KEPT = 0.05, 1.4, 10_000
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
    least, last_id = after or (0, None)
    widest = (query.near_km or DEFAULT_KM) * METRES
    reach = min(widest, REACHES.recall(query, after))
    while True:
        rows = _read_around(db, query, today, (max(0, least - MARGIN), reach), size, session)
        furthest = max(row["distance"] for row in rows) if len(rows) == size else math.inf
        REACHES.remember(query, after, furthest)
        is_last = furthest == math.inf
        if is_last and reach < widest:
            reach = widest
            continue
        settled = furthest - MARGIN
        keys = {row["_id"]: (row["distance"], row["_id"]) for row in rows if row["distance"] < settled}
        rest = [row for row in rows if row["_id"] in keys and (last_id is None or keys[row["_id"]] > (least, last_id))]
        if rest or is_last:
            return Batch(sorted(rest, key=lambda row: keys[row["_id"]]), is_last)
        # So many lie at one place that a batch ends among them.
        size *= 2


def _read_around(
    db: Db, query: SearchQuery, today: str, metres: tuple[float, float], size: int, session: Session | None
) -> list[Document]:
    around = {"type": "Point", "coordinates": query.near}
    nearest = {"$nearSphere": {"$geometry": around, "$minDistance": metres[0], "$maxDistance": metres[1]}}
    wanted = _filters(query, today) | {"maps_location": nearest, "maps_location.type": "Point"}
    index = BY_DATE_AND_PLACE if query.date else BY_PLACE
    rows = list(db.catalog.find(wanted, _fields(query), limit=size, hint=index, session=session))
    for row in rows:
        row["distance"] = _metres_between(query.near, row["maps_location"]["coordinates"])
    return rows


class Reaches:
    """Remembers how far one had to look for a first page.

    A hint, never an answer: MongoDB finds the nearest in half the time when it is told not to look much further.
    """

    def __init__(self) -> None:
        self._metres: dict[Any, float] = {}

    def recall(self, query: SearchQuery, after: Sequence[Any] | None) -> float:
        """Return the metres within which a first page is likely to lie, or infinity."""
        return math.inf if after else self._metres.get(self._key(query), math.inf)

    def remember(self, query: SearchQuery, after: Sequence[Any] | None, metres: float) -> None:
        """Keep how far the last of a first page lay; infinity where it was not full."""
        if after is None:
            if len(self._metres) >= REACHES_KEPT:
                self._metres.clear()
            self._metres[self._key(query)] = metres * REACH_SPARE

    def _key(self, query: SearchQuery) -> Any:
        lng, lat = query.near or (0, 0)
        cell = (round(lng / REACH_CELL), round(lat / REACH_CELL))
        asked = (query.type, query.capacity_min, query.capacity_max, query.price_min, query.price_max, query.limit)
        return cell, query.date is None, asked


REACHES = Reaches()


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
    price = {"price": {"$ifNull": [f"$prices.{query.date}", None]}} if query.date else {}
    return {"card": 1, "capacity": 1, **({"maps_location": 1} if query.near else {}), **price}


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
    tie = {name: keys[0], "_id": {"$gt": last_id}}
    if keys[0] is None:
        return tie
    further: list[Document] = [{name: {"$gt" if direction == ASCENDING else "$lt": keys[0]}}, tie]
    if name == "price":
        further.append({"price": None})
    return {"$or": further}
