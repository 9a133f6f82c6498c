"""Alternatives to a venue on a date: its free days around the date, and other venues nearby that are free on it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from halls.bookings.booking import DateNotOffered, DateTaken
from halls.documents import read_whole
from halls.http.json_encoding import write_json
from halls.search.query import search_venues
from halls.search.schemas import MAX_INT, SearchQuery
from halls.venues.availability import list_availability
from halls.venues.venue import read_place, read_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db
    from halls.search.alternative_schemas import AlternativesQuery
    from halls.venues.venue import VenueDocument

DAYS_AROUND = 30
NEAR_KM = 25
MIN_PERCENT_OF_CAPACITY = 70


@contextmanager
def link_alternatives(own_url: str, venue_id: str, date: str, guests: int) -> Iterator[None]:
    """Add the header Link (RFC 8288) to DateTaken and DateNotOffered, with the URL of the alternatives.

    `own_url` is the server's URL.
    """
    try:
        yield
    except (DateNotOffered, DateTaken) as error:
        url = f"{own_url}/venues/{venue_id}/alternatives?date={date}&guests={guests}"
        error.response_headers["Link"] = f'<{url}>; rel="alternate"'
        raise


def find_alternatives(db: Db, venue: VenueDocument, query: AlternativesQuery, today: str) -> dict[str, Any]:
    """Return free days of the venue, and other venues that are free on the date. Both are empty for a past date."""
    is_past = query.date < today
    return {
        "venue_id": venue["_id"],
        "date": query.date,
        "same_venue": [] if is_past else _list_days(db, venue, query, today),
        "same_date": [] if is_past else _list_others(db, venue, query, today),
    }


def _list_days(db: Db, venue: VenueDocument, query: AlternativesQuery, today: str) -> list[dict[str, Any]]:
    wanted = date.fromisoformat(query.date)
    offsets = range(-DAYS_AROUND, DAYS_AROUND + 1)
    days = [(wanted + timedelta(days=offset)).isoformat() for offset in offsets]
    free = [
        {"date": day["date"], "price": day["price"], "days_away": abs(offset)}
        for offset, day in zip(offsets, list_availability(db, venue, days, today), strict=True)
        if day["available"] and offset != 0
    ]
    # The sort is stable: of two days with equal keys, the earlier one comes first.
    free.sort(key=lambda day: (day["days_away"], day["price"] is None, day["price"] or 0))
    return free[: query.limit]


def _list_others(db: Db, venue: VenueDocument, query: AlternativesQuery, today: str) -> list[dict[str, Any]]:
    """Return other venues: first those of the same type, then all others. A venue without a place has none."""
    place, kind = read_place(venue), read_type(venue)
    if place is None:
        return []
    longitude, latitude = place["coordinates"]
    search = {
        "date": query.date,
        # In decimals: str() writes 0.00001 as 1e-05, which a query can't contain.
        "near_lng": f"{longitude:.9f}",
        "near_lat": f"{latitude:.9f}",
        "near_km": str(NEAR_KM),
        "capacity_min": str(_least_capacity(venue, query.guests)),
        # The venue itself may be among them.
        "limit": str(query.limit + 1),
    }
    found = _search(db, search | {"type": kind}, today) if kind else {}
    own_id = str(venue["_id"])
    if len(found.keys() - {own_id}) < query.limit:
        found |= _search(db, search, today)
    return [other for other_id, other in found.items() if other_id != own_id][: query.limit]


def _least_capacity(venue: VenueDocument, guests: int | None) -> int:
    if guests is None:
        # Rounded up. A venue of an external writer may have no capacity.
        guests = -(-(read_whole(venue.get("capacity")) or 0) * MIN_PERCENT_OF_CAPACITY // 100)
    return min(max(guests, 0), MAX_INT)


def _search(db: Db, search: dict[str, str], today: str) -> dict[str, dict[str, Any]]:
    """Return the found venues by id, nearest first."""
    page = search_venues(db, SearchQuery.model_validate(search), today)
    # The search returns them as JSON.
    venues: list[dict[str, Any]] = orjson.loads(write_json(page["venues"]))
    return {venue["id"]: venue for venue in venues}
