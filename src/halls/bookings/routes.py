"""Routes of bookings: place, list, read, confirm and cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.bookings import amendments
from halls.bookings import service as bookings
from halls.bookings.booking import (
    BadTransition,
    BookingNotFound,
    DateInPast,
    DateNotOffered,
    DateTaken,
    NotYourBooking,
    OverCapacity,
)
from halls.bookings.event import serialize_history
from halls.bookings.event_store import list_events
from halls.bookings.schemas import (
    BookingCancelled,
    BookingChange,
    BookingHistory,
    BookingMade,
    BookingOrder,
    BookingPage,
    BookingReply,
    BookingsQuery,
)
from halls.errors import RateLimited, invalid
from halls.http.endpoint import endpoint
from halls.http.idempotency import IdempotencyConflict, IdempotencyKey, ReplayableResponse
from halls.http.pagination import make_cursor, read_cursor
from halls.http.rate_limits import Limit
from halls.venues.venue import VenueNotFound

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.context import AppContext
    from halls.mongo.client import Db

blueprint = Blueprint("bookings", __name__)
BOOKINGS = Limit("booking", 30, 60, by_account=True)
OWN_BOOKING = {"booking": bookings.get_own_booking}


@endpoint(
    blueprint,
    "POST /bookings",
    body=BookingOrder,
    response=BookingMade,
    status=201,
    errors=[VenueNotFound, DateInPast, OverCapacity, DateNotOffered, DateTaken, IdempotencyConflict, RateLimited],
    limits=[BOOKINGS],
)
def create_booking(
    context: AppContext, db: Db, caller: Account, body: BookingOrder, now: datetime, key: IdempotencyKey | None = None
) -> ReplayableResponse:
    """Book a venue for a date. The request is pending, and expires at `hold_until` if the owner does not answer."""
    return bookings.place_booking(db, caller, body, now, key, hold_hours=context.config.hold_hours)


@endpoint(blueprint, "GET /bookings", query=BookingsQuery, response=BookingPage)
def list_bookings(db: Db, caller: Account, query: BookingsQuery) -> dict[str, Any]:
    """List bookings by date: for an owner those of their venues, otherwise the caller's own."""
    if query.date_from and query.date_to and query.date_from > query.date_to:
        raise invalid("date_from", "must not be after date_to", "wrong_order")
    search = {"caller": str(caller.id), **query.model_dump(exclude={"limit", "cursor"})}
    rows = bookings.find_bookings(db, caller, query, read_cursor(query.cursor, search, _is_date))
    page = rows[: query.limit]
    last = page[-1] if len(rows) > query.limit else None
    return {
        "bookings": bookings.show_bookings(db, caller, page),
        "next_cursor": make_cursor(search, last["date"], row_id=last["_id"]) if last else None,
    }


def _is_date(key: Any) -> bool:
    # The date is not validated: bookings of external writers may have dates that do not exist.
    return isinstance(key, str)


@endpoint(
    blueprint,
    "GET /bookings/<booking_id>",
    loaders=OWN_BOOKING,
    response=BookingReply,
    errors=[BookingNotFound, NotYourBooking],
)
def get_booking(db: Db, caller: Account, booking: BookingDocument) -> dict[str, Any]:
    """Return one booking, for its guest or the venue's owner."""
    return {"booking": bookings.show_bookings(db, caller, [booking])[0]}


@endpoint(
    blueprint,
    "GET /bookings/<booking_id>/history",
    loaders=OWN_BOOKING,
    response=BookingHistory,
    errors=[BookingNotFound, NotYourBooking],
)
def list_history(db: Db, booking: BookingDocument) -> dict[str, Any]:
    """List the changes of a booking, oldest first, for its guest or the venue's owner."""
    return {"history": serialize_history(booking, list_events(db, booking["_id"]))}


@endpoint(
    blueprint,
    "PATCH /bookings/<booking_id>",
    loaders=OWN_BOOKING,
    body=BookingChange,
    response=BookingReply,
    errors=[BookingNotFound, NotYourBooking, VenueNotFound, OverCapacity, DateNotOffered, BadTransition],
)
def change_booking(
    db: Db, caller: Account, booking: BookingDocument, body: BookingChange, now: datetime
) -> dict[str, Any]:
    """Confirm or cancel a booking, or change its guests and notes, its hold or its price.

    The venue's owner confirms, sets the hold of a pending booking, and once the price of a booking without one. The
    guest changes guests and notes; the price stays. Both may cancel.
    """
    changed = amendments.amend_booking(db, caller, booking, body.given_part(), now)
    return {"booking": bookings.show_bookings(db, caller, [changed])[0]}


@endpoint(
    blueprint,
    "DELETE /bookings/<booking_id>",
    loaders=OWN_BOOKING,
    response=BookingCancelled,
    errors=[BookingNotFound, NotYourBooking, BadTransition],
)
def cancel_booking(db: Db, caller: Account, booking: BookingDocument, now: datetime) -> dict[str, Any]:
    """Cancel a booking. A repeated request returns the same response."""
    cancelled = amendments.change_status(db, caller, booking, "cancelled", now)
    return {"cancelled": True, "booking": bookings.show_bookings(db, caller, [cancelled])[0]}
