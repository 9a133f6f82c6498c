"""Invariants of the stored bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from halls.bookings.booking import BookingStatus
from halls.bookings.store import ACTIVE_FILTER
from halls.http.schema import Day
from halls.mongo.invariants import (
    StoredModel,
    StoredNumber,
    Violation,
    find_groups,
    find_invalid,
    find_orphans,
    make_violations,
)
from halls.venues.price_on_date import offer_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document


class StoredBooking(StoredModel):
    """A booking that the API can show. External writers may leave out the price."""

    status: BookingStatus = Field(title="booking_status_known", description="The status is not one of the three.")
    date: Day = Field(title="booking_date_valid", description="The date is not a real day.")
    guests: StoredNumber = Field(
        title="booking_guests_positive", description="The number of guests is not a number of at least 1.", ge=1
    )
    price_locked: StoredNumber | None = Field(
        default=None,
        title="booking_price_valid",
        description="The price_locked is neither null nor a number of at least 0.",
        ge=0,
    )


# Not $convert: it fails on a moment after the year 9999.
STATUS_TEXT = {"$cond": [{"$eq": [{"$type": "$status"}, "string"]}, "$status", ""]}
# The unique index does not contain "Pending", null and similar values, but the guest still expects the venue.
MAY_BE_ACTIVE = {"$ne": [{"$toLower": {"$trim": {"input": STATUS_TEXT}}}, "cancelled"]}


def check_bookings(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each booking with an invalid field."""
    return find_invalid(db, "bookings", StoredBooking)


def check_double_bookings(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the bookings that share a venue and a date."""
    pipeline: list[Document] = [
        {"$match": {"$expr": MAY_BE_ACTIVE}},
        {"$group": {"_id": {"venue_id": "$venue_id", "date": "$date"}, "ids": {"$push": "$_id"}}},
        {"$match": {"ids.1": {"$exists": True}}},
    ]
    groups = find_groups(db, "bookings", pipeline)
    return make_violations("one_active_booking_per_date", "The venue is booked more than once for the date.", groups)


def check_offers(db: Db, today: str) -> Iterator[Violation]:
    """Yield each upcoming active booking whose venue is not offered on the date."""
    dates = [{"$project": {"dates_available": 1}}]
    join = {"from": "venues", "localField": "_id", "foreignField": "_id", "pipeline": dates, "as": "venue"}
    pipeline: list[Document] = [
        {"$match": _upcoming(today)},
        {"$group": {"_id": "$venue_id", "bookings": {"$push": {"ids": ["$_id"], "date": "$date"}}}},
        {"$lookup": join},
        {"$project": {"bookings": 1, "dates_available": {"$first": "$venue.dates_available"}}},
        {"$unwind": "$bookings"},
        {"$match": {"$expr": {"$not": [offer_expression("$dates_available", "$bookings.date")]}}},
        {"$replaceWith": "$bookings"},
    ]
    groups = find_groups(db, "bookings", pipeline)
    return make_violations("coming_booking_offered", "The venue does not exist, or does not offer the date.", groups)


def check_guests(db: Db, today: str) -> Iterator[Violation]:
    """Yield the upcoming active bookings of each guest without an account."""
    groups = find_orphans(db, "bookings", "user_id", "users", _upcoming(today))
    return make_violations("coming_booking_guest_exists", "The account of the booking's guest does not exist.", groups)


def _upcoming(today: str) -> Document:
    return {"date": {"$gte": today}, **ACTIVE_FILTER}


INVARIANTS = (check_bookings, check_double_bookings, check_offers, check_guests)
