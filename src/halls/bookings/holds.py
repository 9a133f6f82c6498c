"""The end of holds: a periodic task cancels pending bookings that were not answered in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymongo
import structlog
from pymongo.errors import PyMongoError

from halls.bookings.changes import expire_booking
from halls.bookings.store import TRANSACTION_SECONDS, list_expired_ids
from halls.clock import utc_now
from halls.mongo.client import in_transaction, is_unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bson import ObjectId

    from halls.config import Config
    from halls.mongo.client import Db

log = structlog.get_logger()
TASK = "holds"
# A date whose hold has run out is free within 30 s (contract, section 4).
PERIOD_SECONDS = 5
BATCH = 1_000


def run_expiry(db: Db, _config: Config, should_stop: Callable[[], bool]) -> None:
    """Expire the pending bookings whose holds have run out, as a periodic task. Raises PyMongoError."""
    expired = expire_holds(db, utc_now(), should_stop)
    if expired:
        log.info("holds expired", count=expired)


def expire_holds(db: Db, now: datetime, should_stop: Callable[[], bool]) -> int:
    """Expire at most BATCH bookings, each in its own transaction. Return their number.

    Several processes may do so at the same time: the status in the filter of the update decides.
    """
    expired = 0
    # A database that hangs may never report an error.
    with pymongo.timeout(TRANSACTION_SECONDS):
        booking_ids = list_expired_ids(db, now, limit=BATCH)
    for booking_id in booking_ids:
        if should_stop():
            break
        expired += _expire(db, booking_id, now)
    return expired


def _expire(db: Db, booking_id: ObjectId, now: datetime) -> bool:
    """Expire one booking and return whether it had not changed meanwhile. An error must not stop the others."""
    try:
        with pymongo.timeout(TRANSACTION_SECONDS):
            return in_transaction(db, lambda session: expire_booking(db, booking_id, now, session)) is not None
    except PyMongoError as error:
        if is_unavailable(error):
            raise
        log.warning("hold not expired", booking_id=str(booking_id), error=type(error).__name__)
        return False
