"""Availability: the dates on which a venue can be booked, and their prices (spec §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.bookings.store import find_active_dates
from halls.clock import list_days
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
    return list_range(query.from_, query.to, max_days=MAX_RANGE_DAYS, instead="date")


def list_range(first: str | None, last: str | None, *, max_days: int, instead: str) -> list[str]:
    """Return every date from `first` to `last`. Raises Invalid unless both are given and make at most `max_days` days.

    `instead` is the query parameter that a client can send in place of the range.
    """
    if first is None or last is None:
        missing = instead if first == last else "to" if last is None else "from"
        raise invalid(missing, "This field is required.", "required")
    days = list_days(first, last)
    if not 1 <= len(days) <= max_days:
        raise invalid("to", f"Must be on or after from, and the range at most {max_days} days.", "wrong_order")
    return days


def list_availability(db: Db, venue: VenueDocument, days: list[str], today: str) -> list[dict[str, Any]]:
    """Return for each of the consecutive `days` whether it can be booked, and its price in either case."""
    booked = find_active_dates(db, venue["_id"], from_date=days[0], to_date=days[-1])
    return describe_days(venue, days, today, booked)


def describe_days(venue: VenueDocument, days: list[str], today: str, booked: set[str]) -> list[dict[str, Any]]:
    """Return what `list_availability` returns. `booked` are the dates of the active bookings on these days."""
    offered, prices = set(offered_dates(venue)) if is_open(venue) else set(), prices_by_date(venue)
    return [
        {
            "date": day,
            "available": day >= today and day in offered and day not in booked,
            "price": prices.get(day),
        }
        for day in days
    ]
