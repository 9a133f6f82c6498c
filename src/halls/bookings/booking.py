"""The booking: its stored document, its statuses and errors, and its representation in responses."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

from typing_extensions import Required, TypeAliasType, TypedDict

from halls.clock import day_in_karachi
from halls.documents import read_day, read_finite, read_id, read_moment, read_number, read_object, read_text, read_whole
from halls.errors import ApiError, NotFound, NotYours
from halls.venues.price_on_date import price_on_date

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.venues.venue import VenueDocument, VenueSummary

# With a name, so that generated clients have one type for it.
BookingStatus = TypeAliasType("BookingStatus", Literal["pending", "confirmed", "cancelled"])
STATUSES: tuple[str, ...] = get_args(BookingStatus.__value__)
ACTIVE = ("pending", "confirmed")
# Thirty days.
MAX_HOLD_HOURS = 720
CancelledBy = Literal["guest", "owner", "expiry", "account_deletion", "operator"]
CANCELLED_BY: tuple[str, ...] = get_args(CancelledBy)
# `from` is the status before: it tells a declined request from a cancelled booking.
Cancellation = TypedDict("Cancellation", {"by": CancelledBy, "at": "datetime", "reason": "str | None", "from": str})


class WalkInGuest(TypedDict, total=False):
    """The guest of a booking by telephone, who has no account."""

    full_name: str | None
    contact_number: str | None
    email: str | None


class BookingDocument(TypedDict, total=False):
    """A document of the collection `bookings`. The validator of the collection requires the first four fields.

    The types are those that Halls writes. The functions of `halls.documents` read the values of external writers.
    """

    _id: Required[ObjectId]
    venue_id: Required[ObjectId]
    date: Required[str]
    status: Required[str]
    user_id: ObjectId | None
    guests: int
    # PKR.
    price_locked: int | float | None
    notes: str | None
    # Only in bookings of a deleted venue.
    venue: VenueSummary | None
    # When a pending booking expires. Null: never.
    hold_until: datetime | None
    # Only in cancelled bookings.
    cancellation: Cancellation | None
    # The number of its events (bookings/event.py).
    event_count: int
    # The owner entered the booking for a guest without an account. Then `user_id` is the owner.
    is_walk_in: bool
    # Only in walk-ins. Null after the deletion of the owner's account.
    guest: WalkInGuest | None
    created_at: datetime | None
    updated_at: datetime | None


class BookingNotFound(NotFound):
    """No booking has this id."""

    message = "No booking has this id."


class NotYourBooking(NotYours):
    """The caller is neither the guest of the booking nor the owner of the venue."""

    message = "This booking belongs to somebody else."


class DateNotOffered(ApiError):
    """The owner does not offer the venue on that date."""

    status, code, message = 409, "date_not_offered", "The venue is not offered on this date."


class DateTaken(ApiError):
    """The venue has an active booking on that date."""

    status, code, message = 409, "date_taken", "Somebody has already booked this date."


class DateInPast(ApiError):
    """The date is before today in Karachi."""

    status, code, message = 422, "date_in_past", "The date is in the past."


class OverCapacity(ApiError):
    """More guests than the venue holds."""

    status, code, message = 422, "over_capacity", "The venue does not hold so many guests."


class BadTransition(ApiError):
    """The status of a booking can't be changed in that direction."""

    status, code, message = 409, "bad_transition", "A booking in this state can't be changed that way."


def new_booking(
    booking_id: ObjectId,
    guest_id: ObjectId,
    order: dict[str, Any],
    venue: VenueDocument,
    now: datetime,
    hold_hours: float = 0,
) -> BookingDocument:
    """Return the document of a pending booking. `order` has the fields of POST /bookings.

    The locked price is the price of the date in `venue`. `hold_hours` counts if the venue has no rule of its own.
    """
    return {
        "_id": booking_id,
        "venue_id": venue["_id"],
        "user_id": guest_id,
        "date": order["date"],
        "guests": order["guests"],
        "status": "pending",
        "price_locked": price_on_date(venue, order["date"]),
        "notes": order.get("notes"),
        "hold_until": end_hold(read_hold_hours(venue, hold_hours), now),
        "created_at": now,
        "updated_at": now,
    }


def new_walk_in(
    booking_id: ObjectId, owner_id: ObjectId, order: dict[str, Any], venue: VenueDocument, now: datetime
) -> BookingDocument:
    """Return the document of a walk-in. `order` has the fields of POST /venues/:id/walk-ins.

    The locked price is the given one, otherwise the price of the date in `venue`.
    """
    booking = new_booking(booking_id, owner_id, order, venue, now)
    given = order["guest"]
    return {
        **booking,
        "status": "confirmed",
        "price_locked": order.get("price", booking.get("price_locked")),
        "hold_until": None,
        "is_walk_in": True,
        "guest": {
            "full_name": given["full_name"],
            "contact_number": given.get("contact_number"),
            "email": given.get("email"),
        },
    }


def read_walk_in_guest(booking: BookingDocument) -> WalkInGuest | None:
    """Return the guest of a walk-in. None for other bookings, and after the deletion of the owner's account."""
    stored = read_object(booking.get("guest"))
    if booking.get("is_walk_in") is not True or not stored:
        return None
    return {
        "full_name": read_text(stored.get("full_name")),
        "contact_number": read_text(stored.get("contact_number")),
        "email": read_text(stored.get("email")),
    }


def read_hold_hours(venue: VenueDocument, default: float) -> float:
    """Return the hours after which requests at the venue expire, 0 for never: its own rule, else `default`."""
    rules = read_object(venue.get("booking_rules"))
    hours = read_finite(rules.get("hold_hours"))
    return hours if hours is not None and 0 <= hours <= MAX_HOLD_HOURS else default


def end_hold(hours: float, now: datetime) -> datetime | None:
    """Return when a hold of so many hours ends. None for 0 hours: never."""
    return now + timedelta(hours=hours) if hours else None


def has_expired(booking: BookingDocument, now: datetime) -> bool:
    """Return whether the hold of a pending booking has run out by the clock of this process."""
    hold_until = read_moment(booking.get("hold_until"))
    return booking.get("status") == "pending" and hold_until is not None and hold_until <= now


def expired_filter(now: datetime) -> dict[str, Any]:
    """Return the filter of upcoming bookings whose holds have run out, by the clocks of this process and of MongoDB.

    So a clock that jumps ahead ends no hold. Past bookings stay pending.
    """
    return {
        "status": "pending",
        "date": {"$gte": day_in_karachi(now)},
        "hold_until": {"$lte": now, "$not": {"$type": "array"}},
        "$expr": {"$lte": ["$hold_until", "$$NOW"]},
    }


def serialize_booking(booking: BookingDocument, venue: dict[str, Any] | None) -> dict[str, Any]:
    """Return the fields of a booking that its guest and the owner of the venue see.

    `venue` is the serialized summary of the venue, or None if the venue is deleted and the booking has no copy.
    """
    status = read_text(booking.get("status"))
    return {
        "id": booking["_id"],
        "venue_id": read_id(booking.get("venue_id")),
        "user_id": read_id(booking.get("user_id")),
        "date": read_day(booking.get("date")),
        "guests": read_whole(booking.get("guests")),
        "status": status if status in STATUSES else None,
        "price_locked": read_number(booking.get("price_locked")),
        "notes": read_text(booking.get("notes")),
        "hold_until": read_moment(booking.get("hold_until")) if status == "pending" else None,
        "cancellation": _serialize_cancellation(booking) if status == "cancelled" else None,
        "is_walk_in": booking.get("is_walk_in") is True,
        "created_at": read_moment(booking.get("created_at")),
        "updated_at": read_moment(booking.get("updated_at")),
        "venue": venue,
        # Of an account, which the service reads (contact.py).
        "contact": None,
    }


def _serialize_cancellation(booking: BookingDocument) -> dict[str, Any] | None:
    """Return who cancelled the booking, or None if that was not stored or can't be read."""
    stored = read_object(booking.get("cancellation"))
    by, before = read_text(stored.get("by")), read_text(stored.get("from"))
    if by not in CANCELLED_BY or before not in ACTIVE:
        return None
    return {"by": by, "at": read_moment(stored.get("at")), "reason": read_text(stored.get("reason")), "from": before}
