"""Queues the e-mails of the events of bookings, each once for each receiver.

The worker reads the unprocessed events. It inserts the outbox entries under unique keys, and then marks the event as
processed. A worker that dies in between repeats the same keys, so no e-mail is lost or sent twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

import pymongo

from halls.bookings import notification_store, store
from halls.clock import utc_now
from halls.documents import read_id, read_moment, read_object, read_text
from halls.outbox.store import enqueue_once
from halls.venues import store as venues

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bson import ObjectId

    from halls.bookings.booking import BookingDocument
    from halls.bookings.event import EventDocument
    from halls.config import Config
    from halls.mongo.client import Db
    from halls.venues.venue import VenueReference

Role = Literal["guest", "owner"]
BATCH = 100
DATABASE_SECONDS = 10.0
HOLD_ENDING = "hold_ending"
# How long before the end of a hold the owner is reminded, or half the hold if that is less.
HOLD_NOTICE = timedelta(days=1)
# The e-mails of an event and their receivers, by its type and the role that made the change (contract §4).
RECEIVERS: Mapping[tuple[str, str], tuple[tuple[str, Role], ...]] = {
    ("placed", "guest"): (("request_received", "guest"), ("request_new", "owner")),
    ("confirmed", "owner"): (("confirmed", "guest"),),
    ("declined", "owner"): (("declined", "guest"),),
    ("cancelled", "owner"): (("cancelled_by_owner", "guest"),),
    ("cancelled", "guest"): (("cancelled_by_guest", "owner"),),
    ("cancelled", "operator"): (("cancelled_by_operator", "guest"), ("cancelled_by_operator", "owner")),
    ("expired", "system"): (("expired", "guest"), ("expired", "owner")),
    ("guests_changed", "guest"): (("booking_changed", "owner"),),
    ("notes_changed", "guest"): (("booking_changed", "owner"),),
}


class Sides(NamedTuple):
    """The venue of a booking, and the accounts that its e-mails go to."""

    venue: VenueReference
    guest: ObjectId | None
    owner: ObjectId | None

    def find_account(self, role: Role) -> ObjectId | None:
        """Return the account with the role in the booking. None if an owner booked the own venue."""
        if self.guest == self.owner:
            return None
        return self.guest if role == "guest" else self.owner


def find_sides(db: Db, booking: BookingDocument) -> Sides:
    """Return the two sides of a booking. The booking has a copy of a deleted venue. A walk-in has no guest."""
    venue_id = read_id(booking.get("venue_id"))
    found = venues.find_venues(db, [venue_id]) if venue_id is not None else {}
    copy: VenueReference = read_object(booking.get("venue"))  # type: ignore[assignment] # the same fields
    venue = next(iter(found.values()), copy)
    guest = None if booking.get("is_walk_in") is True else read_id(booking.get("user_id"))
    return Sides(venue, guest, read_id(venue.get("owner_id")))


def queue_notifications(db: Db, _config: Config, should_stop: Callable[[], bool]) -> None:
    """Queue the e-mails of all unprocessed events, in the order of the events. Raises PyMongoError."""
    while not should_stop():
        with pymongo.timeout(DATABASE_SECONDS):
            events = notification_store.list_unprocessed_events(db, BATCH)
        for event in events:
            with pymongo.timeout(DATABASE_SECONDS):
                process_event(db, event, utc_now())
        if len(events) < BATCH:
            return


def process_event(db: Db, event: EventDocument, now: datetime) -> None:
    """Queue the e-mails of one event, and mark it as processed. Harmless if it is repeated."""
    booking = store.find_booking(db, event["booking_id"])
    if booking is not None:
        sides = find_sides(db, booking)
        _queue_emails(db, event, sides, now)
        _queue_hold_ending(db, event, booking, sides, now)
    mark_processed(db, event)


def mark_processed(db: Db, event: EventDocument) -> None:
    """Mark the event as processed, after its entries are stored."""
    notification_store.mark_event_processed(db, event["_id"])


def _queue_emails(db: Db, event: EventDocument, sides: Sides, now: datetime) -> None:
    at = read_moment(event.get("at")) or now
    change = (read_text(event.get("type")) or "", read_text(event.get("by")) or "")
    for kind, role in RECEIVERS.get(change, ()):
        account_id = sides.find_account(role)
        if account_id is None:
            continue
        data = {"event_id": event["_id"], "booking_id": event["booking_id"], "account_id": account_id}
        key = f"event/{event['_id']}/{account_id}/{kind}"
        # Due since the change, so that e-mails leave in the order of the changes. The clock of another machine may be
        # ahead.
        enqueue_once(db, key, kind, data, now, due_at=min(at, now))


def _queue_hold_ending(db: Db, event: EventDocument, booking: BookingDocument, sides: Sides, now: datetime) -> None:
    """Schedule the e-mail that asks the owner for an answer, if the event begins or changes the hold of a request."""
    until, begin = read_moment(booking.get("hold_until")), read_moment(event.get("at"))
    owner = sides.find_account("owner")
    is_hold = event.get("type") in {"placed", "hold_changed"} and booking.get("status") == "pending"
    if not is_hold or until is None or begin is None or owner is None or sides.guest is None:
        return
    data = {"booking_id": booking["_id"], "account_id": owner}
    due_at = until - min(HOLD_NOTICE, max(until - begin, timedelta(0)) / 2)
    enqueue_once(db, hold_key(booking["_id"], until), HOLD_ENDING, data, now, due_at=due_at)


def hold_key(booking_id: ObjectId, hold_until: datetime) -> str:
    """Return the key of the e-mail about the end of a hold: another end is another e-mail."""
    return f"{HOLD_ENDING}/{booking_id}/{hold_until.isoformat()}"
