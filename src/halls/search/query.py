"""Search: pages of venues, by keyset pagination over the candidates, with the stored JSON of each venue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from halls.http.json_encoding import extend_json, write_json
from halls.http.pagination import is_number, make_cursor, read_cursor
from halls.search.candidates import METRES, SORTS, find_candidates
from halls.venues.store import read_venues
from halls.venues.venue import read_booking_rules, serialize_venue

if TYPE_CHECKING:
    from collections.abc import Callable

    import orjson

    from halls.mongo.client import Db
    from halls.search.candidates import Candidate
    from halls.search.schemas import SearchQuery

MAX_BATCH = 400


def search_venues(db: Db, query: SearchQuery, today: str) -> dict[str, Any]:
    """Return a page of the matching venues, each free on the date of the query, and the cursor of the next page."""
    search = query.model_dump(exclude={"limit", "cursor", "include"})
    after = read_cursor(query.cursor, search, *_key_checks(query))
    if query.date is not None and query.date < today:
        return {"venues": [], "next_cursor": None}
    rows = _find_matching(db, query, today, after)
    page = rows[: query.limit]
    last = page[-1] if len(rows) > query.limit else None
    return {
        "venues": _show_whole(db, page, query) if query.include else [_show_card(row, query) for row in page],
        "next_cursor": make_cursor(search, *_keys_of(query, last), row_id=last["_id"]) if last else None,
    }


def _find_matching(db: Db, query: SearchQuery, today: str, after: list[Any] | None) -> list[Candidate]:
    """Read candidates until a page and one more match, or none are left."""
    needed = query.limit + 1
    size = needed
    matching: list[Candidate] = []
    while True:
        batch = find_candidates(db, query, today, after, size)
        matching += (row for row in batch.rows if query.date is None or _has_price(row["price"], query))
        if len(matching) >= needed or batch.is_last:
            return matching[:needed]
        # If many venues have a second override for the date, which does not count, small batches would take too long.
        size = min(2 * size, MAX_BATCH)
        after = [*_keys_of(query, batch.rows[-1]), batch.rows[-1]["_id"]]


def _has_price(price: Any, query: SearchQuery) -> bool:
    if query.price_min is None and query.price_max is None:
        return True
    low, high = query.price_min or 0, math.inf if query.price_max is None else query.price_max
    return isinstance(price, int | float) and low <= price <= high


def _key_checks(query: SearchQuery) -> list[Callable[[Any], bool]]:
    """Return the checks of the sort keys in a cursor of this order."""
    name = SORTS[query.order][0]
    if name == "_id":
        return []
    # Every row has a distance. Venues of external writers may have no price or capacity.
    return [lambda key: is_number(key) or (key is None and name != "distance")]


def _keys_of(query: SearchQuery, row: Candidate) -> list[Any]:
    name = SORTS[query.order][0]
    return [] if name == "_id" else [row.get(name)]


def _show_card(row: Candidate, query: SearchQuery) -> orjson.Fragment:
    fields = _query_fields(row, query)
    # Older versions wrote cards without these fields. Until the cards are written again, search shows the defaults.
    if b'"booking_rules":' not in row["card"]:
        fields["booking_rules"] = read_booking_rules({"_id": row["_id"]})
    if b'"is_listed":' not in row["card"]:
        fields["is_listed"] = True
    return extend_json(row["card"], **fields)


def _show_whole(db: Db, rows: list[Candidate], query: SearchQuery) -> list[orjson.Fragment]:
    venues = read_venues(db, [row["_id"] for row in rows])
    return [
        extend_json(write_json(serialize_venue(venues[row["_id"]])), **_query_fields(row, query))
        for row in rows
        if row["_id"] in venues
    ]


def _query_fields(row: Candidate, query: SearchQuery) -> dict[str, Any]:
    distance = row.get("distance")
    return {
        "price": row["price"] if query.date else None,
        "distance_km": None if distance is None else round(distance / METRES, 3),
    }
