"""Operators cancel a booking, or all requests of a guest. Guest and owner are told by e-mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymongo

from halls.bookings import changes, store
from halls.bookings.booking import ACTIVE, BadTransition
from halls.clock import day_in_karachi
from halls.mongo.client import in_transaction

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bson import ObjectId

    from halls.mongo.client import Db, Session

COMMAND_SECONDS = 10


def cancel_by_operator(db: Db, booking_id: ObjectId, reason: str, now: datetime) -> bool:
    """Cancel an upcoming booking. Return False and change nothing if it is cancelled already.

    Raises BookingNotFound, and BadTransition if the date is past or the booking has an unknown status.
    """
    if _cancel(db, booking_id, now, reason, ACTIVE):
        return True
    if store.get_booking(db, booking_id).get("status") == "cancelled":
        return False
    today = day_in_karachi(now)
    raise BadTransition(f"Only an active booking from today on can be cancelled. Today is {today} in Karachi.")


def cancel_requests(db: Db, guest_id: ObjectId, now: datetime) -> int:
    """Cancel the upcoming pending bookings of a guest, each in its own transaction. Return their number."""
    pending = ["pending"]
    booking_ids = store.list_upcoming_ids(db, guest_id, pending, today=day_in_karachi(now))
    return sum(_cancel(db, booking_id, now, None, pending) for booking_id in booking_ids)


def _cancel(db: Db, booking_id: ObjectId, now: datetime, reason: str | None, statuses: Iterable[str]) -> bool:
    """Cancel an upcoming booking that has one of the statuses. Return whether it was cancelled."""

    def cancel(session: Session) -> bool:
        cancelled = changes.cancel_booking(
            db, booking_id, by="operator", now=now, session=session, reason=reason, statuses=statuses
        )
        return cancelled is not None

    with pymongo.timeout(COMMAND_SECONDS):
        return in_transaction(db, cancel)
