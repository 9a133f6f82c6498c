"""Finds venues: candidates in order, keyset-paged, and one question about which of them are booked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from halls.bookings.store import find_booked_venues
from halls.paging import is_number, make_cursor, read_cursor
from halls.search.candidates import METRES, SORTS, find_candidates
from halls.venues.price_on_date import as_number
from halls.venues.venue import venue_calendar, venue_facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db, Document
    from halls.search.schemas import SearchQuery

MAX_BATCH = 400
# Of a distance's last ones the order is not known yet; with a date, some are booked.
SPARE, SPARE_SHARE = 2, 0.5


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
    wanted = query.limit + 1
    size = wanted + SPARE + (math.ceil(wanted * SPARE_SHARE) if query.date else 0)
    free: list[Document] = []
    while True:
        batch = find_candidates(db, query, today, after, size)
        free += _keep_free(db, query, batch.rows)
        if len(free) >= wanted or batch.is_last:
            return free[:wanted]
        # On a day when hundreds are booked, small steps would take for ever.
        size = min(2 * size, MAX_BATCH)
        after = [*_keys_of(query, batch.rows[-1]), batch.rows[-1]["_id"]]


def _keep_free(db: Db, query: SearchQuery, venues: list[Document]) -> list[Document]:
    """Return those of the venues that are free on the date asked for, at a price within the limits."""
    if query.date is None:
        return venues
    fitting = [venue for venue in venues if _costs_right(venue["price"], query)]
    taken = find_booked_venues(db, [venue["_id"] for venue in fitting], query.date) if fitting else ()
    return [venue for venue in fitting if venue["_id"] not in taken]


def _costs_right(price: Any, query: SearchQuery) -> bool:
    if query.price_min is None and query.price_max is None:
        return True
    low, high = query.price_min or 0, math.inf if query.price_max is None else query.price_max
    return isinstance(price, int | float) and low <= price <= high


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
