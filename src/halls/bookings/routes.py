"""Routes of bookings: place, list, read, confirm and cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.accounts.authentication import Access
from halls.accounts.blocking import GuestBlocked
from halls.bookings import amendments, walk_ins
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
from halls.bookings.limits import BOOKINGS_OF_VENUE, CHANGES_OF_ACCOUNT, CHANGES_OF_BOOKING
from halls.bookings.listing import count_matches, find_page
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
from halls.bookings.walk_in_schemas import WalkInOrder
from halls.errors import LimitReached, RateLimited, invalid
from halls.http.endpoint import endpoint
from halls.http.idempotency import IdempotencyConflict, IdempotencyKey, ReplayableResponse
from halls.http.rate_limits import Limit
from halls.search.alternatives import link_alternatives
from halls.venues.service import get_own_venue
from halls.venues.venue import NotYourVenue, VenueDocument, VenueNotFound

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.context import AppContext
    from halls.mongo.client import Db

blueprint = Blueprint("bookings", __name__)
BOOKINGS = Limit("booking", 30, 60, by_account=True)
# By network, too: otherwise many throw-away accounts could block the dates of halls.
BOOKINGS_OF_NETWORK = Limit("booking-network", 300, 3600, in_steps=True)
# A walk-in that is cancelled stays stored, so an owner could store any number.
WALK_INS = Limit("walk-in", 60, 60, by_account=True)
WALK_INS_A_DAY = Limit("walk-in-day", 1_000, 24 * 3_600, by_account=True)
OWN_BOOKING = {"booking": bookings.get_own_booking}


@endpoint(
    blueprint,
    "POST /bookings",
    body=BookingOrder,
    response=BookingMade,
    status=201,
    errors=[
        *(VenueNotFound, GuestBlocked, DateInPast, OverCapacity, DateNotOffered, DateTaken, LimitReached),
        *(IdempotencyConflict, RateLimited),
    ],
    limits=[BOOKINGS, BOOKINGS_OF_NETWORK],
)
def create_booking(
    context: AppContext, db: Db, caller: Account, body: BookingOrder, now: datetime, key: IdempotencyKey | None = None
) -> ReplayableResponse:
    """Book a venue for a date. The request is pending, and expires at `hold_until` if the owner does not answer.

    A guest sends at most 10 requests a day for one venue. At most 10 of them wait for an answer at other people's
    venues, or 2 while the e-mail address is not verified.
    """
    context.rate_limiter.hit(BOOKINGS_OF_VENUE, str(caller.id), body.venue_id)
    limits = bookings.OrderLimits(context.config.hold_hours, context.config.max_pending_per_guest)
    with link_alternatives(context.config.own_url, body.venue_id, body.date, body.guests):
        return bookings.place_booking(db, caller, body, now, key, limits=limits)


@endpoint(
    blueprint,
    "POST /venues/<venue_id>/walk-ins",
    access=Access.OWNER,
    loaders={"venue": get_own_venue},
    body=WalkInOrder,
    response=BookingMade,
    status=201,
    errors=[
        *(VenueNotFound, NotYourVenue, DateInPast, OverCapacity, DateNotOffered, DateTaken, IdempotencyConflict),
        RateLimited,
    ],
    limits=[WALK_INS, WALK_INS_A_DAY],
)
def create_walk_in(
    context: AppContext,
    db: Db,
    caller: Account,
    venue: VenueDocument,
    body: WalkInOrder,
    now: datetime,
    key: IdempotencyKey | None = None,
) -> ReplayableResponse:
    """Book the caller's own venue for a guest without an account, such as by telephone. Confirmed at once.

    Also while the listing is paused. Halls sends no e-mail to this guest.
    """
    with link_alternatives(context.config.own_url, str(venue["_id"]), body.date, body.guests):
        return walk_ins.enter_walk_in(db, caller, venue, body, now, key)


@endpoint(blueprint, "GET /bookings", query=BookingsQuery, response=BookingPage)
def list_bookings(db: Db, caller: Account, query: BookingsQuery) -> dict[str, Any]:
    """List bookings: for an owner those of their venues, otherwise the caller's own."""
    if query.date_from and query.date_to and query.date_from > query.date_to:
        raise invalid("date_from", "must not be after date_to", "wrong_order")
    page, next_cursor = find_page(db, caller, query)
    data = {"bookings": bookings.show_bookings(db, caller, page), "next_cursor": next_cursor}
    return data | {"total": count_matches(db, caller, query)} if query.include else data


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
    errors=[BookingNotFound, NotYourBooking, VenueNotFound, OverCapacity, DateNotOffered, BadTransition, RateLimited],
    limits=[CHANGES_OF_ACCOUNT],
)
def change_booking(
    context: AppContext, db: Db, caller: Account, booking: BookingDocument, body: BookingChange, now: datetime
) -> dict[str, Any]:
    """Confirm or cancel a booking, or change its guests and notes, its hold or its price.

    The venue's owner confirms, sets the hold of a pending booking, and once the price of a booking without one. The
    guest changes guests and notes; the price stays. Both may cancel.
    """
    context.rate_limiter.hit(CHANGES_OF_BOOKING, str(caller.id), str(booking["_id"]))
    changed = amendments.amend_booking(db, caller, booking, body.given_part(), now)
    return {"booking": bookings.show_bookings(db, caller, [changed])[0]}


@endpoint(
    blueprint,
    "DELETE /bookings/<booking_id>",
    loaders=OWN_BOOKING,
    response=BookingCancelled,
    errors=[BookingNotFound, NotYourBooking, BadTransition, RateLimited],
    limits=[CHANGES_OF_ACCOUNT],
)
def cancel_booking(db: Db, caller: Account, booking: BookingDocument, now: datetime) -> dict[str, Any]:
    """Cancel a booking. A repeated request returns the same response."""
    cancelled = amendments.change_status(db, caller, booking, "cancelled", now)
    return {"cancelled": True, "booking": bookings.show_bookings(db, caller, [cancelled])[0]}
