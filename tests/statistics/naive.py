"""The figures by plain loops over the stored documents, to compare with the aggregation."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.clock import day_in_karachi, is_real_day
from halls.documents import EXACT, read_finite, read_moment

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def list_days(first: str, last: str) -> list[str]:
    """Return every day from `first` to `last`."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(begin + timedelta(days=number)).isoformat() for number in range((end - begin).days + 1)]


def list_owned(db: Db, owner_id: ObjectId) -> list[Document]:
    """Return the bookings of the owner's venues, also of deleted ones, that have a venue and a real day."""
    own = {venue["_id"] for venue in db.venues.find() if venue.get("owner_id") == owner_id}
    return [booking for booking in db.bookings.find() if _is_owned(booking, own, owner_id)]


def _is_owned(booking: Document, own: set[Any], owner_id: ObjectId) -> bool:
    venue_id, day, copy = booking.get("venue_id"), booking.get("date"), booking.get("venue")
    if not isinstance(venue_id, ObjectId) or not isinstance(day, str) or not is_real_day(day):
        return False
    copied_owner = copy.get("owner_id") if isinstance(copy, dict) else None
    # GET /bookings does not list them either.
    if isinstance(booking.get("user_id"), list) or isinstance(copied_owner, list):
        return False
    return venue_id in own or copied_owner == owner_id


def key_of(by: str, venue_id: ObjectId, day: str) -> str:
    """Return the key of the row of a day."""
    weekday = WEEKDAYS[date.fromisoformat(day).weekday()]
    return {"month": day[:7], "weekday": weekday, "venue": str(venue_id)}[by]


def count_price(booking: Document) -> Fraction | None:
    """Return the price as it counts."""
    price = read_finite(booking.get("price_locked"))
    return Fraction(str(round(price, 2))) if price is not None and 0 <= price < EXACT else None


def sum_plainly(db: Db, owner_id: ObjectId, by: str, first: str, last: str) -> dict[str, dict[str, Any]]:
    """Return the figures by the key of the row, and those of all days under "total"."""
    bookings = [each for each in list_owned(db, owner_id) if first <= each["date"] <= last]
    confirmed = {(each["venue_id"], each["date"]) for each in bookings if each.get("status") == "confirmed"}
    offered = set(confirmed)
    for venue in db.venues.find({"owner_id": owner_id}):
        stored = venue.get("dates_available")
        days = stored if isinstance(stored, list) else []
        offered |= {(venue["_id"], day) for day in list_days(first, last) if day in days}
    keys = {key_of(by, *each) for each in offered} | {key_of(by, each["venue_id"], each["date"]) for each in bookings}
    rows = {}
    for key in ["total", *keys]:
        chosen = [each for each in bookings if key in ("total", key_of(by, each["venue_id"], each["date"]))]
        count = sum(key in ("total", key_of(by, *each)) for each in offered)
        rows[key] = _sum_row(chosen, count)
    return rows


def _sum_row(bookings: list[Document], offered: int) -> dict[str, Any]:
    confirmed = [each for each in bookings if each.get("status") == "confirmed"]
    prices = [count_price(each) for each in confirmed]
    guests = [read_finite(each.get("guests")) for each in confirmed]
    leads = sorted(lead for each in confirmed if (lead := _count_lead(each)) is not None)
    middle = len(leads) // 2
    median = None if not leads else leads[middle] if len(leads) % 2 else (leads[middle - 1] + leads[middle]) / 2
    cancelled = Counter(_name_side(each) for each in bookings if each.get("status") == "cancelled")
    return {
        "offered": offered,
        "booked": len(confirmed),
        "walk_ins": sum(each.get("is_walk_in") is True for each in confirmed),
        "pending": sum(each.get("status") == "pending" for each in bookings),
        "occupancy": len(confirmed) / offered if offered else None,
        "revenue_locked": float(sum(price for price in prices if price is not None)),
        "unpriced": prices.count(None),
        "guests": sum(int(number) for number in guests if number is not None and 0 <= number < EXACT),
        "lead_days_median": median,
        "cancelled": {side: cancelled[side] for side in ("guest", "owner", "expiry", "unknown")},
    }


def _count_lead(booking: Document) -> int | None:
    ordered_at = read_moment(booking.get("created_at"))
    if ordered_at is None:
        return None
    return (date.fromisoformat(booking["date"]) - date.fromisoformat(day_in_karachi(ordered_at))).days


def _name_side(booking: Document) -> str:
    stored = booking.get("cancellation")
    by = stored.get("by") if isinstance(stored, dict) else None
    if by in ("guest", "account_deletion"):
        return "guest"
    return by if by in ("owner", "expiry") else "unknown"
