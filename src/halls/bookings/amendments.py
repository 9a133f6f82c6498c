"""Use cases that change a booking: its guest or the owner of the venue confirms, cancels or amends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halls.bookings import changes, store
from halls.bookings.booking import ACTIVE, BadTransition, NotYourBooking, end_hold
from halls.bookings.service import check_capacity, find_owner_id
from halls.clock import day_in_karachi
from halls.documents import read_text
from halls.metrics import counts_bookings
from halls.mongo.client import in_transaction
from halls.venues.store import get_venue

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument, CancelledBy
    from halls.bookings.event import Actor
    from halls.mongo.client import Db, Document, Session


def amend_booking(
    db: Db, caller: Account, booking: BookingDocument, given: dict[str, Any], now: datetime
) -> BookingDocument:
    """Make the change that `given` describes: a valid body of PATCH /bookings/:id. Return the booking.

    Raises NotYourBooking, OverCapacity and BadTransition.
    """
    if "status" in given:
        return change_status(db, caller, booking, given["status"], now, given.get("reason"))
    if "hold_hours" in given:
        return _set_hold(db, caller, booking, given["hold_hours"], now)
    if "price_locked" in given:
        return _agree_price(db, caller, booking, given["price_locked"], now)
    return _change_details(db, caller, booking, given, now)


@counts_bookings(lambda booking: str(booking["status"]))
def change_status(
    db: Db, caller: Account, booking: BookingDocument, to: str, now: datetime, reason: str | None = None
) -> BookingDocument:
    """Confirm or cancel a booking of the caller. Return the booking unchanged if it already has the status.

    Raises NotYourBooking if a guest confirms, and BadTransition if the booking is cancelled or its date is past.
    """
    if to == "confirmed":
        _require_owner(db, caller, booking, "Only the venue's owner confirms a booking.")
    by: CancelledBy = "guest" if _is_guest(caller, booking) else "owner"

    def change(session: Session) -> BookingDocument | None:
        if to == "confirmed":
            return _confirm(db, booking["_id"], now, session)
        return changes.cancel_booking(db, booking["_id"], by=by, now=now, session=session, reason=reason or None)

    if (changed := in_transaction(db, change)) is not None:
        return changed
    present = store.get_booking(db, booking["_id"])
    if present.get("status") == to:
        return present
    _require_upcoming(present, now)
    raise BadTransition("A cancelled booking never comes back.")


def _confirm(db: Db, booking_id: ObjectId, now: datetime, session: Session) -> BookingDocument | None:
    return changes.change_booking(
        db,
        booking_id,
        match={"status": "pending", **_upcoming_filter(now)},
        values={"status": "confirmed"},
        type="confirmed",
        by="owner",
        now=now,
        session=session,
    )


@counts_bookings(lambda _: "changed")
def _set_hold(db: Db, caller: Account, booking: BookingDocument, hours: int, now: datetime) -> BookingDocument:
    """Let the pending booking expire in so many hours, 0 for never."""
    _require_owner(db, caller, booking, "Only the venue's owner sets when a booking expires.")
    values = {"hold_until": end_hold(hours, now)}

    def change(session: Session) -> BookingDocument | None:
        return changes.change_booking(
            db,
            booking["_id"],
            match={"status": "pending", **_upcoming_filter(now)},
            values=values,
            type="hold_changed",
            by="owner",
            now=now,
            session=session,
        )

    if (changed := in_transaction(db, change)) is not None:
        return changed
    present = store.get_booking(db, booking["_id"])
    _require_upcoming(present, now)
    if present.get("status") != "pending":
        raise BadTransition("Only a pending booking can expire.")
    return present


@counts_bookings(lambda _: "changed")
def _agree_price(db: Db, caller: Account, booking: BookingDocument, price: float, now: datetime) -> BookingDocument:
    """Store the price that the owner and the guest agreed on, once."""
    _require_owner(db, caller, booking, "Only the venue's owner sets the price of a booking.")
    # A value that can't be read is shown as null, and counts as no price.
    unpriced: Document = {"price_locked": {"$not": {"$gte": 0}}, "status": {"$in": list(ACTIVE)}}

    def change(session: Session) -> BookingDocument | None:
        return changes.change_booking(
            db,
            booking["_id"],
            match=unpriced,
            values={"price_locked": price},
            type="price_agreed",
            by="owner",
            now=now,
            session=session,
        )

    changed = in_transaction(db, change)
    if changed is None:
        raise BadTransition("The price can be set once, while the booking is active and has no price.")
    return changed


@counts_bookings(lambda _: "changed")
def _change_details(
    db: Db, caller: Account, booking: BookingDocument, wanted: dict[str, Any], now: datetime
) -> BookingDocument:
    """Change guests or notes, or both. The price stays. Return the booking unchanged if it already has them."""
    is_walk_in = booking.get("is_walk_in") is True
    if caller.id != (find_owner_id(db, booking) if is_walk_in else booking.get("user_id")):
        raise NotYourBooking("Only the guest changes guests and notes.")
    by: Actor = "owner" if is_walk_in else "guest"

    def change(session: Session) -> BookingDocument:
        present = store.get_booking(db, booking["_id"], session)
        if "guests" in wanted:
            check_capacity(get_venue(db, present["venue_id"], session), wanted["guests"])
        _require_upcoming(present, now)
        if present.get("status") not in ACTIVE:
            raise BadTransition("A cancelled booking can't be changed.")
        values = {name: value for name, value in wanted.items() if present.get(name) != value}
        return _store_details(db, present, values, by, now, session) if values else present

    return in_transaction(db, change)


def _store_details(
    db: Db, present: BookingDocument, values: dict[str, Any], by: Actor, now: datetime, session: Session
) -> BookingDocument:
    changed = changes.change_booking(
        db,
        present["_id"],
        match={"status": {"$in": list(ACTIVE)}, **_upcoming_filter(now)},
        values=values,
        type="guests_changed" if "guests" in values else "notes_changed",
        by=by,
        now=now,
        session=session,
    )
    # None: MongoDB compares numbers of all its types, and finds nothing to change.
    return changed or present


def _is_guest(caller: Account, booking: BookingDocument) -> bool:
    """Return whether the caller made the booking for themselves. An owner enters walk-ins for others."""
    return booking.get("user_id") == caller.id and booking.get("is_walk_in") is not True


def _require_owner(db: Db, caller: Account, booking: BookingDocument, message: str) -> None:
    if caller.id != find_owner_id(db, booking):
        raise NotYourBooking(message)


def _upcoming_filter(now: datetime) -> Document:
    return {"date": {"$gte": day_in_karachi(now)}}


def _require_upcoming(booking: BookingDocument, now: datetime) -> None:
    today = day_in_karachi(now)
    if (read_text(booking.get("date")) or "") < today:
        raise BadTransition(f"The date is past: today is {today} in Karachi.")
