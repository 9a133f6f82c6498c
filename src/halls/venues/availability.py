"""Availability: the dates on which a venue can be booked, and their prices (spec §4)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from halls.bookings.store import find_active_dates
from halls.errors import invalid
from halls.venues.calendar_schemas import MAX_RANGE_DAYS, AvailabilityQuery
from halls.venues.price_on_date import offered_dates, prices_by_date
from halls.venues.visibility import is_open

if TYPE_CHECKING:
    from typing import Any

    from halls.mongo.client import Db
    from halls.venues.venue import VenueDocument


def requested_days(query: AvailabilityQuery) -> list[str]:
    """Return every date of the query. Raises Invalid unless it is one date, or a range of at most 366 days."""
    if query.date is not None:
        if query.from_ or query.to:
            raise invalid("date", "Ask for one date, or for from and to.")
        return [query.date]
    if query.from_ is None or query.to is None:
        raise invalid(
            "date" if query.from_ == query.to else "to" if query.from_ else "from",
            "This field is required.",
            "required",
        )
    first, last = date.fromisoformat(query.from_), date.fromisoformat(query.to)
    count = (last - first).days + 1
    if not 1 <= count <= MAX_RANGE_DAYS:
        raise invalid("to", f"Must be on or after from, and the range at most {MAX_RANGE_DAYS} days.", "wrong_order")
    return [(first + timedelta(days=number)).isoformat() for number in range(count)]


def list_availability(db: Db, venue: VenueDocument, days: list[str], today: str) -> list[dict[str, Any]]:
    """Return for each of the consecutive `days` whether it can be booked, and its price in either case."""
    offered, prices = set(offered_dates(venue)) if is_open(venue) else set(), prices_by_date(venue)
    booked = find_active_dates(db, venue["_id"], from_date=days[0], to_date=days[-1])
    return [
        {
            "date": day,
            "available": day >= today and day in offered and day not in booked,
            "price": prices.get(day),
        }
        for day in days
    ]
