"""Search: pages of venues, by keyset pagination over the candidates, with the stored JSON of each venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halls.clock import day_number, day_of
from halls.http.json_encoding import extend_json, write_json
from halls.http.pagination import is_number, make_cursor, read_cursor
from halls.search.candidates import count_found, find_candidates
from halls.search.entries import SORTS
from halls.search.filters import METRES
from halls.venues.store import read_venues
from halls.venues.venue import serialize_calendar, serialize_venue_card

if TYPE_CHECKING:
    from collections.abc import Callable

    import orjson

    from halls.mongo.client import Db
    from halls.search.entries import Candidate
    from halls.search.schemas import SearchQuery

MAX_TOTAL = 1_000


def search_venues(db: Db, query: SearchQuery, today: str) -> dict[str, Any]:
    """Return a page of the matching venues, each free on a day of the query, and the cursor of the next page."""
    search = query.model_dump(exclude={"limit", "cursor", "include"})
    after = read_cursor(query.cursor, search, *_key_checks(query))
    # Days before today are never free.
    can_match = not query.has_days or bool(query.upcoming_days(today))
    rows, stopped_at = _find_matching(db, query, today, after) if can_match else ([], None)
    page = rows[: query.limit]
    end = [*_keys_of(query, page[-1]), page[-1]["_id"]] if len(rows) > query.limit else stopped_at
    found: dict[str, Any] = {
        "venues": _show_venues(db, page, query, today),
        "next_cursor": make_cursor(search, *end[:-1], row_id=end[-1]) if end else None,
    }
    if query.wants("total"):
        found["total"] = count_found(db, query, today, MAX_TOTAL) if can_match else 0
    return found


def _find_matching(
    db: Db, query: SearchQuery, today: str, after: list[Any] | None
) -> tuple[list[Candidate], list[Any] | None]:
    """Read candidates until a page and one more, or none are left, or a bounded search stops. Return where it stops."""
    needed = query.limit + 1
    matching: list[Candidate] = []
    while True:
        batch = find_candidates(db, query, today, after, needed - len(matching))
        matching += batch.rows
        if len(matching) >= needed or batch.is_last or batch.stopped_at:
            return matching, batch.stopped_at
        # Several venues with nearly equal distances may shorten a batch.
        after = [*_keys_of(query, matching[-1]), matching[-1]["_id"]] if matching else after


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


def _show_venues(db: Db, rows: list[Candidate], query: SearchQuery, today: str) -> list[orjson.Fragment]:
    if not query.wants("calendar"):
        return [extend_json(row["card"], **_query_fields(row, query, today)) for row in rows]
    venues = read_venues(db, [row["_id"] for row in rows])
    found = [(row, venues[row["_id"]]) for row in rows if row["_id"] in venues]
    return [
        extend_json(
            write_json(serialize_venue_card(venue) | serialize_calendar(venue)), **_query_fields(row, query, today)
        )
        for row, venue in found
    ]


def _query_fields(row: Candidate, query: SearchQuery, today: str) -> dict[str, Any]:
    distance = row.get("distance")
    fields: dict[str, Any] = {
        "price": row["price"] if query.date else None,
        "distance_km": None if distance is None else round(distance / METRES, 3),
    }
    if query.date_from:
        free = sorted(set(row["free"]).intersection(query.upcoming_days(today)))
        prices = [row["prices"].get(str(day)) for day in free]
        fields["price"] = min((price for price in prices if price is not None), default=None)
        fields["free"] = [{"date": day_of(day), "price": price} for day, price in zip(free, prices, strict=True)]
    if query.wants("price_from"):
        upcoming = (price for day, price in row["prices"].items() if int(day) >= day_number(today))
        fields["price_from"] = min(upcoming, default=None)
    return fields
