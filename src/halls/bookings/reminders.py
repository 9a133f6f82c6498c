"""Queues reminders of confirmed bookings: at 10:00 in Karachi, as many days before as the guest prefers."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import pymongo

from halls.accounts.account import MAX_REMINDER_DAYS
from halls.accounts.store import find_accounts
from halls.bookings import notification_store
from halls.clock import KARACHI, day_in_karachi, utc_now
from halls.documents import read_id
from halls.outbox.store import enqueue_once, find_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bson import ObjectId

    from halls.bookings.booking import BookingDocument
    from halls.config import Config
    from halls.mongo.client import Db

REMINDER = "reminder"
DUE_HOUR = 10
BATCH = 500
DATABASE_SECONDS = 30.0


def queue_reminders(db: Db, _config: Config, should_stop: Callable[[], bool]) -> None:
    """Queue the reminders that are due today and not queued yet. Raises PyMongoError.

    The task runs the whole day after 10:00: a worker that starts later sends the reminders of the day, too. The clock
    of the database must be past 10:00 as well, so that a worker whose clock is ahead sends nothing early.
    """
    now = utc_now()
    today = date.fromisoformat(day_in_karachi(now))
    due_at = datetime.combine(today, time(DUE_HOUR), KARACHI)
    if now < due_at:
        return
    dates = [(today + timedelta(days=days)).isoformat() for days in range(1, MAX_REMINDER_DAYS + 1)]
    with pymongo.timeout(DATABASE_SECONDS):
        bookings = notification_store.read_confirmed_bookings(db, dates, due_at)
        for batch in _split(bookings):
            if should_stop():
                return
            _queue_batch(db, batch, today, due_at, now)


def _split(bookings: Iterator[BookingDocument]) -> Iterator[list[BookingDocument]]:
    while batch := list(islice(bookings, BATCH)):
        yield batch


def _queue_batch(db: Db, bookings: list[BookingDocument], today: date, due_at: datetime, now: datetime) -> None:
    due = {reminder_key(booking["_id"], booking["date"]): booking for booking in _list_due(db, bookings, today)}
    for key in find_keys(db, due):
        del due[key]
    confirmed_at = notification_store.find_confirmation_times(db, [booking["_id"] for booking in due.values()])
    for key, booking in due.items():
        # A booking that was confirmed after its reminder was due gets none.
        if confirmed_at.get(booking["_id"], due_at) <= due_at:
            data = {"booking_id": booking["_id"], "account_id": booking["user_id"]}
            enqueue_once(db, key, REMINDER, data, now)


def _list_due(db: Db, bookings: Iterable[BookingDocument], today: date) -> list[BookingDocument]:
    """Return the bookings whose guests prefer their reminder today."""
    guest_of = {
        booking["_id"]: read_id(booking.get("user_id")) for booking in bookings if booking.get("is_walk_in") is not True
    }
    accounts = find_accounts(db, {guest for guest in guest_of.values() if guest is not None})

    def is_due(booking: BookingDocument) -> bool:
        guest = accounts.get(guest_of.get(booking["_id"]))  # type: ignore[arg-type] # None is in no dict of accounts
        days = (date.fromisoformat(booking["date"]) - today).days
        return guest is not None and guest.preferences.reminders and guest.preferences.reminder_days == days

    return [booking for booking in bookings if is_due(booking)]


def reminder_key(booking_id: ObjectId, day: str) -> str:
    """Return the key of the reminder of a booking: another day is another reminder."""
    return f"{REMINDER}/{booking_id}/{day}"
