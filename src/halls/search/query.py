"""Finds venues: one keyset-paged query for candidates, then one question about who is booked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING

from halls.bookings.store import find_booked_venues
from halls.paging import is_number, make_cursor, read_cursor
from halls.search.schemas import DEFAULT_KM
from halls.venues.price_on_date import as_number, price_expression
from halls.venues.venue import CALENDAR, venue_calendar, venue_facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db, Document
    from halls.search.schemas import SearchQuery

METRES = 1_000
MAX_BATCH = 400
# The field that each order sorts by and in which direction; equal ones by id.
SORTS = {
    "distance": ("distance", ASCENDING),
    "newest": ("_id", DESCENDING),
    "capacity": ("capacity", ASCENDING),
    "-capacity": ("capacity", DESCENDING),
    "price": ("price", ASCENDING),
    "-price": ("price", DESCENDING),
}


def search_venues(db: Db, query: SearchQuery, today: str) -> Document:
    """Return a page of the venues that fit, each free on the date asked for, and the cursor of the next page."""
    search = query.model_dump(exclude={"limit", "cursor", "include"})
    after = read_cursor(query.cursor, search, *_key_checks(query))
    if query.date is not None and query.date < today:
        return {"venues": [], "next_cursor": None}
    found = _find_free(db, query, today, after)
    page = found[: query.limit]
    last = page[-1] if len(found) > query.limit else None
    return {
        "venues": [_card(venue, query) for venue in page],
        "next_cursor": make_cursor(search, *_keys_of(query, last), row_id=last["_id"]) if last else None,
    }


def _find_free(db: Db, query: SearchQuery, today: str, after: list[Any] | None) -> list[Document]:
    """Ask for candidates until a page and one more are free, or none are left."""
    wanted = size = query.limit + 1
    free: list[Document] = []
    while True:
        batch = list(db.venues.aggregate(_pipeline(query, today, after, size)))
        taken = find_booked_venues(db, [venue["_id"] for venue in batch], query.date) if query.date and batch else ()
        free += [venue for venue in batch if venue["_id"] not in taken]
        if len(free) >= wanted or len(batch) < size:
            return free[:wanted]
        # On a day when hundreds are booked, small steps would take for ever.
        size = min(2 * size, MAX_BATCH)
        after = [*_keys_of(query, batch[-1]), batch[-1]["_id"]]


def _pipeline(query: SearchQuery, today: str, after: list[Any] | None, limit: int) -> list[Document]:
    filters, beyond = _filters(query, today), [{"$match": _beyond(query, after)}] if after else []
    order: list[Document] = [*beyond, {"$sort": _sort_keys(query)}]
    # What the documents hold is put in order first: an index does it, and only a page is looked at further.
    is_stored = SORTS[query.order][0] in {"_id", "capacity"}
    stages: list[Document] = [{"$match": filters}]
    if query.near:
        around = {"type": "Point", "coordinates": list(query.near)}
        metres = (query.near_km or DEFAULT_KM) * METRES
        nearest = {"near": around, "key": "maps_location", "distanceField": "distance", "maxDistance": metres}
        stages = [{"$geoNear": {**nearest, "query": filters, "spherical": True}}]
    stages += order if is_stored else []
    if query.date:
        stages.append({"$set": {"price": price_expression(query.date)}})
        if limits := _price_limits(query):
            stages.append({"$match": {"price": limits}})
    stages += [{"$set": {"unpriced": {"$eq": ["$price", None]}}}] if query.order == "price" else []
    stages += [*([] if is_stored else order), {"$limit": limit}]
    return stages if query.include else [*stages, {"$unset": list(CALENDAR)}]


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


def _beyond(query: SearchQuery, after: list[Any]) -> Document:
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


def _key_checks(query: SearchQuery) -> list[Callable[[Any], bool]]:
    """Return what the sort keys in a cursor of this order must be."""
    name = SORTS[query.order][0]
    if name == "_id":
        return []
    return [lambda key: is_number(key) or (key is None and name == "price")]


def _keys_of(query: SearchQuery, venue: Document) -> list[Any]:
    name = SORTS[query.order][0]
    return [] if name == "_id" else [venue.get(name)]


def _card(venue: Document, query: SearchQuery) -> Document:
    distance = venue.get("distance")
    return {
        **venue_facts(venue),
        **(venue_calendar(venue) if query.include else {}),
        "price": as_number(venue.get("price")) if query.date else None,
        "distance_km": None if distance is None else round(distance / METRES, 3),
    }
