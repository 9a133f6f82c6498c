"""Invariants of the stored bookings."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from halls.bookings.booking import BookingStatus, expired_filter
from halls.bookings.event import KEPT
from halls.bookings.holds import TASK
from halls.bookings.store import ACTIVE_FILTER
from halls.clock import utc_now
from halls.http.schema import Day
from halls.mongo.heartbeats import list_heartbeats
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


# The events that end a booking, and the fields of bookings that `check_history` compares with them.
ENDINGS = ("declined", "cancelled", "expired")
WRITTEN = {"event_count": 1, "cancellation": 1}
# A worker expires holds every few seconds and saves a heartbeat every ten.
OVERDUE = timedelta(minutes=2)


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


def check_walk_ins(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each walk-in that waits for an answer, or whose guest is neither an object nor null."""
    unreadable = [{"guest": {"$not": {"$type": ["object", "null"]}}}, {"guest": {"$type": "array"}}]
    pipeline: list[Document] = [
        {"$match": {"is_walk_in": True, "$or": [{"status": "pending"}, *unreadable]}},
        {"$project": {"ids": ["$_id"]}},
    ]
    groups = find_groups(db, "bookings", pipeline)
    message = "The walk-in is pending, or has a guest that is neither an object nor null."
    return make_violations("walk_in_valid", message, groups)


def check_history(db: Db, today: str) -> Iterator[Violation]:
    """Yield each booking whose events do not match it.

    The events are numbered 1, 2, … without gaps up to the `event_count` of the booking, and a booking that Halls has
    cancelled has one event that ended it. External writers may remove `event_count` and `cancellation`. MongoDB deletes
    events three years after the day of the booking.
    """
    recent = (date.fromisoformat(today) - KEPT + timedelta(days=2)).isoformat()
    numbers = {"$map": {"input": "$events", "in": "$$this.seq"}}
    ends = {"$filter": {"input": "$events", "cond": {"$in": ["$$this.type", list(ENDINGS)]}}}
    fields = [{"$project": {"seq": 1, "type": 1}}]
    join = {"from": "events", "localField": "_id", "foreignField": "booking_id", "pipeline": fields, "as": "events"}
    # The unique index on `seq` holds: as many numbers as the highest one are all numbers up to it.
    is_complete = {"$and": [{"$eq": ["$count", "$event_count"]}, {"$eq": ["$last", "$event_count"]}]}
    has_ended = {"$or": [{"$ne": [{"$type": "$cancellation"}, "object"]}, {"$eq": ["$ends", 1]}]}
    pipeline: list[Document] = [
        {"$match": {"event_count": {"$type": "number"}, "date": {"$gte": recent}}},
        {"$lookup": join},
        {"$project": {**WRITTEN, "count": {"$size": numbers}, "last": {"$max": numbers}, "ends": {"$size": ends}}},
        {"$match": {"$expr": {"$not": [{"$and": [is_complete, has_ended]}]}}},
        {"$project": {"ids": ["$_id"]}},
    ]
    groups = find_groups(db, "bookings", pipeline)
    return make_violations("history_complete", "The events do not match the booking.", groups)


def check_holds(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each booking that should have expired, while a worker is alive."""
    now = utc_now()
    beat_at = list_heartbeats(db).get(TASK)
    if beat_at is not None and now - beat_at < OVERDUE:
        pipeline: list[Document] = [{"$match": expired_filter(now - OVERDUE)}, {"$project": {"ids": ["$_id"]}}]
        groups = find_groups(db, "bookings", pipeline)
        yield from make_violations("hold_ended", "The booking should have expired: read the worker's log.", groups)


def _upcoming(today: str) -> Document:
    return {"date": {"$gte": today}, **ACTIVE_FILTER}


INVARIANTS = (
    check_bookings,
    check_double_bookings,
    check_offers,
    check_guests,
    check_walk_ins,
    check_history,
    check_holds,
)
