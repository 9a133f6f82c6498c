"""Operators cancel a booking, or all requests of a guest. Guest and owner are told by e-mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.bookings import changes, store
from halls.bookings.booking import BadTransition
from halls.clock import day_in_karachi
from halls.mongo.client import in_transaction

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.mongo.client import Db


def cancel_by_operator(db: Db, booking_id: ObjectId, reason: str, now: datetime) -> bool:
    """Cancel an upcoming booking. Return False and change nothing if it is cancelled already.

    Raises BookingNotFound, and BadTransition if the date is past or the booking has an unknown status.
    """
    cancelled = in_transaction(
        db,
        lambda session: changes.cancel_booking(db, booking_id, by="operator", now=now, session=session, reason=reason),
    )
    if cancelled is not None:
        return True
    if store.get_booking(db, booking_id).get("status") == "cancelled":
        return False
    today = day_in_karachi(now)
    raise BadTransition(f"Only an active booking from today on can be cancelled. Today is {today} in Karachi.")


def cancel_requests(db: Db, guest_id: ObjectId, now: datetime) -> int:
    """Cancel the upcoming pending bookings of a guest, each in its own transaction. Return their number."""
    pending = ["pending"]
    return sum(
        _cancel_request(db, one, now)
        for one in store.list_upcoming_ids(db, guest_id, pending, today=day_in_karachi(now))
    )


def _cancel_request(db: Db, booking_id: ObjectId, now: datetime) -> bool:
    """Cancel one booking, unless the owner has answered it meanwhile. Return whether it was cancelled."""
    cancelled = in_transaction(
        db,
        lambda session: changes.cancel_booking(
            db, booking_id, by="operator", now=now, session=session, statuses=["pending"]
        ),
    )
    return cancelled is not None
