"""What a booking is: pure facts, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from halls.errors import ApiError, NotFound, NotYours
from halls.venues.price_on_date import as_number, price_on_date

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

Status = Literal["pending", "confirmed", "cancelled"]
STATUSES: tuple[str, ...] = get_args(Status)
ACTIVE = ("pending", "confirmed")


class BookingNotFound(NotFound):
    """No booking has that id."""

    message = "There is no such booking."


class NotYourBooking(NotYours):
    """Neither the booker nor the venue's owner asks."""

    message = "This booking belongs to somebody else."


class DateNotOffered(ApiError):
    """The owner does not offer the venue on that date."""

    status, code, message = 409, "date_not_offered", "The venue is not offered on this date."


class DateTaken(ApiError):
    """Somebody has an active booking of the venue on that date."""

    status, code, message = 409, "date_taken", "Somebody has already booked this date."


class DateInPast(ApiError):
    """The date is before today in Karachi."""

    status, code, message = 422, "date_in_past", "The date is in the past."


class OverCapacity(ApiError):
    """More guests than the venue holds."""

    status, code, message = 422, "over_capacity", "The venue does not hold so many guests."


class BadTransition(ApiError):
    """A booking's state never goes that way."""

    status, code, message = 409, "bad_transition", "A booking in this state can't be changed that way."


def new_booking(
    booking_id: ObjectId, guest_id: ObjectId, order: dict[str, Any], venue: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """Return a pending booking at the price that `venue` asks for the date at this moment."""
    return {
        "_id": booking_id,
        "venue_id": venue["_id"],
        "user_id": guest_id,
        "date": order["date"],
        "guests": order["guests"],
        "status": "pending",
        "price_locked": price_on_date(venue, order["date"]),
        "notes": order.get("notes"),
        "created_at": now,
        "updated_at": now,
    }


def serialize_booking(booking: dict[str, Any], venue: dict[str, Any] | None) -> dict[str, Any]:
    """Return what booker and owner see of a booking; `venue` is its summary, None when nobody knows it any more."""
    return {
        "id": booking["_id"],
        "venue_id": booking["venue_id"],
        "user_id": booking.get("user_id"),
        "date": booking["date"],
        "guests": as_number(booking.get("guests")),
        "status": booking["status"],
        "price_locked": as_number(booking.get("price_locked")),
        "notes": booking.get("notes"),
        "created_at": booking.get("created_at"),
        "updated_at": booking.get("updated_at"),
        "venue": venue,
    }
