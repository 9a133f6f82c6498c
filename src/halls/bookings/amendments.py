"""Use cases that change a booking: its guest or the owner of the venue confirms, cancels or amends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.bookings import changes, store
from halls.bookings.booking import BadTransition, NotYourBooking
from halls.bookings.service import find_owner_id
from halls.clock import day_in_karachi
from halls.documents import read_text
from halls.metrics import counts_bookings
from halls.mongo.client import in_transaction

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument, CancelledBy
    from halls.mongo.client import Db, Session


@counts_bookings(lambda booking: str(booking["status"]))
def change_status(
    db: Db, caller: Account, booking: BookingDocument, to: str, now: datetime, reason: str | None = None
) -> BookingDocument:
    """Confirm or cancel a booking of the caller. Return the booking unchanged if it already has the status.

    Raises NotYourBooking if a guest confirms, and BadTransition if the booking is cancelled or its date is past.
    """
    if to == "confirmed" and caller.id != find_owner_id(db, booking):
        raise NotYourBooking("Only the venue's owner confirms a booking.")
    by: CancelledBy = "guest" if _is_guest(caller, booking) else "owner"

    def change(session: Session) -> BookingDocument | None:
        if to == "confirmed":
            return _confirm(db, booking["_id"], now, session)
        return changes.cancel_booking(db, booking["_id"], by=by, now=now, session=session, reason=reason)

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
        match={"status": "pending", "date": {"$gte": day_in_karachi(now)}},
        values={"status": "confirmed"},
        type="confirmed",
        by="owner",
        now=now,
        session=session,
    )


def _is_guest(caller: Account, booking: BookingDocument) -> bool:
    """Return whether the caller made the booking for themselves. An owner enters walk-ins for others."""
    return booking.get("user_id") == caller.id and booking.get("is_walk_in") is not True


def _require_upcoming(booking: BookingDocument, now: datetime) -> None:
    today = day_in_karachi(now)
    if (read_text(booking.get("date")) or "") < today:
        raise BadTransition(f"The date is past: today is {today} in Karachi.")
