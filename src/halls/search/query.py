"""Finds venues: candidates in order, keyset-paged, as cards that are written already."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from halls.http.json_encoding import extend_json, write_json
from halls.http.pagination import is_number, make_cursor, read_cursor
from halls.search.candidates import METRES, SORTS, find_candidates
from halls.search.index import serialize_each
from halls.venues.store import read_venues
from halls.venues.venue import serialize_venue

if TYPE_CHECKING:
    from collections.abc import Callable

    import orjson

    from halls.mongo.client import Db, Document, Session
    from halls.search.schemas import SearchQuery

MAX_BATCH = 400


def search_venues(db: Db, query: SearchQuery, today: str, session: Session | None = None) -> Document:
    """Return a page of the venues that fit, each free on the date asked for, and the cursor of the next page."""
    search = query.model_dump(exclude={"limit", "cursor", "include"})
    after = read_cursor(query.cursor, search, *_key_checks(query))
    if query.date is not None and query.date < today:
        return {"venues": [], "next_cursor": None}
    found = _find_fitting(db, query, today, after, session)
    page = found[: query.limit]
    last = page[-1] if len(found) > query.limit else None
    return {
        "venues": _show_whole(db, page, query, session) if query.include else [_show_card(row, query) for row in page],
        "next_cursor": make_cursor(search, *_keys_of(query, last), row_id=last["_id"]) if last else None,
    }


def _find_fitting(
    db: Db, query: SearchQuery, today: str, after: list[Any] | None, session: Session | None
) -> list[Document]:
    """Ask for candidates until a page and one more fit, or none are left."""
    wanted = query.limit + 1
    size = wanted
    fitting: list[Document] = []
    while True:
        batch = find_candidates(db, query, today, after, size, session)
        fitting += (row for row in batch.rows if query.date is None or _costs_right(row["price"], query))
        if len(fitting) >= wanted or batch.is_last:
            return fitting[:wanted]
        # Where many have a second price for the date, which does not count, small steps would take for ever.
        size = min(2 * size, MAX_BATCH)
        after = [*_keys_of(query, batch.rows[-1]), batch.rows[-1]["_id"]]


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
    # Every venue that is found has a distance, but other tools' may have no price or capacity.
    return [lambda key: is_number(key) or (key is None and name != "distance")]


def _keys_of(query: SearchQuery, venue: Document) -> list[Any]:
    name = SORTS[query.order][0]
    return [] if name == "_id" else [venue.get(name)]


def _show_card(row: Document, query: SearchQuery) -> orjson.Fragment:
    return extend_json(row["card"], **_found_facts(row, query))


def _show_whole(db: Db, rows: list[Document], query: SearchQuery, session: Session | None) -> list[orjson.Fragment]:
    venues = read_venues(db, [row["_id"] for row in rows], session)

    def show(row: Document) -> orjson.Fragment:
        return extend_json(write_json(serialize_venue(venues[row["_id"]])), **_found_facts(row, query))

    return list(serialize_each((row for row in rows if row["_id"] in venues), show))


def _found_facts(row: Document, query: SearchQuery) -> Document:
    distance = row.get("distance")
    return {
        "price": row["price"] if query.date else None,
        "distance_km": None if distance is None else round(distance / METRES, 3),
    }
