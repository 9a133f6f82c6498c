"""Makes the deliveries of events: one for each webhook, also if a worker dies in between or several work at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pymongo
from bson import ObjectId

from halls.accounts.store import find_accounts
from halls.bookings import event_store, notification_store
from halls.bookings import store as bookings
from halls.bookings.notifications import find_sides
from halls.clock import utc_now
from halls.documents import read_id, read_moment, read_object, read_text
from halls.venues import event_store as venue_events
from halls.webhooks import delivery_store, store
from halls.webhooks.webhook import TEST, is_subscribed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from halls.bookings.booking import BookingDocument
    from halls.bookings.event import EventDocument
    from halls.config import Config
    from halls.mongo.client import Db
    from halls.venues.event_store import VenueEventDocument
    from halls.webhooks.webhook import DeliveryDocument, WebhookDocument

BATCH = 100
DATABASE_SECONDS = 10.0
# The webhook event of each type of the history. A walk-in is confirmed when it is placed.
TYPES: Mapping[str, str] = {
    "placed": "booking.requested",
    "confirmed": "booking.confirmed",
    "declined": "booking.declined",
    "cancelled": "booking.cancelled",
    "expired": "booking.expired",
    "guests_changed": "booking.changed",
    "notes_changed": "booking.changed",
    "hold_changed": "booking.changed",
    "price_agreed": "booking.changed",
}
VENUE_TYPES: Mapping[str, str] = {"venue_changed": "venue.changed", "venue_removed": "venue.removed"}


class Message(NamedTuple):
    """What happened: the type and the time of an event, and what its deliveries tell."""

    event_id: ObjectId
    type: str
    at: datetime
    data: dict[str, Any]


def dispatch_events(db: Db, _config: Config, should_stop: Callable[[], bool]) -> None:
    """Make the deliveries of all events that have none yet. Raises PyMongoError."""
    while not should_stop():
        with pymongo.timeout(DATABASE_SECONDS):
            changes = notification_store.list_undispatched_events(db, BATCH)
            venue_changes = venue_events.list_undispatched_venue_events(db, BATCH)
        for event in changes:
            with pymongo.timeout(DATABASE_SECONDS):
                dispatch_booking_event(db, event, utc_now())
        for venue_event in venue_changes:
            with pymongo.timeout(DATABASE_SECONDS):
                dispatch_venue_event(db, venue_event, utc_now())
        if max(len(changes), len(venue_changes)) < BATCH:
            return


def dispatch_booking_event(db: Db, event: EventDocument, now: datetime) -> None:
    """Make the deliveries of a change of a booking, to the guest and the owner. Harmless if it is repeated."""
    booking = bookings.find_booking(db, event["booking_id"])
    if booking is not None:
        sides = find_sides(db, booking)
        webhooks = list_receivers(db, sides.guest, sides.owner)
        if webhooks:
            insert_deliveries(db, _describe_change(db, event, booking, now), webhooks, now)
    notification_store.mark_event_dispatched(db, event["_id"])


def dispatch_venue_event(db: Db, event: VenueEventDocument, now: datetime) -> None:
    """Make the deliveries of a change of a venue, to its owner only. Harmless if it is repeated."""
    data = _make_data(event["_id"], venue_id=event["venue_id"], sequence=event["sequence"])
    message = Message(event["_id"], VENUE_TYPES[event["type"]], event["at"], data)
    insert_deliveries(db, message, list_receivers(db, event["owner_id"]), now)
    venue_events.mark_venue_event_dispatched(db, event["_id"])


def list_receivers(db: Db, *account_ids: ObjectId | None) -> list[WebhookDocument]:
    """Return the webhooks of those of the accounts that exist and are not suspended."""
    webhooks = store.list_webhooks(db, {*account_ids} - {None})
    accounts = find_accounts(db, {webhook["user_id"] for webhook in webhooks}) if webhooks else {}
    active = {account.id for account in accounts.values() if not account.is_suspended}
    return [webhook for webhook in webhooks if webhook["user_id"] in active]


def make_test(event_id: ObjectId, now: datetime) -> Message:
    """Return a test message."""
    return Message(event_id, TEST, now, _make_data(event_id))


def insert_deliveries(db: Db, message: Message, webhooks: list[WebhookDocument], now: datetime) -> None:
    """Insert a delivery for each active webhook that wants the event, and a test for each webhook."""
    for webhook in webhooks:
        if message.type == TEST or (webhook["is_active"] and is_subscribed(webhook, message.type)):
            delivery_store.insert_delivery(db, _new_delivery(message, webhook, now))


def _new_delivery(message: Message, webhook: WebhookDocument, now: datetime) -> DeliveryDocument:
    return {
        "_id": ObjectId(),
        "webhook_id": webhook["_id"],
        "user_id": webhook["user_id"],
        "event_id": message.event_id,
        "type": message.type,
        "at": message.at,
        "data": message.data,
        "status": "pending",
        "tries": 0,
        "last_status": None,
        "last_ms": None,
        "reason": None,
        "due_at": now,
        "created_at": now,
    }


def _describe_change(db: Db, event: EventDocument, booking: BookingDocument, now: datetime) -> Message:
    kind = read_text(event.get("type")) or ""
    before, status = _read_statuses(db, event, booking)
    is_walk_in = kind == "placed" and booking.get("is_walk_in") is True
    data = _make_data(
        event["_id"],
        booking_id=event["booking_id"],
        venue_id=read_id(event.get("venue_id")),
        date=read_text(event.get("date")),
        status=status,
        previous_status=before,
        by=read_text(event.get("by")),
        sequence=event["seq"],
    )
    type_ = "booking.confirmed" if is_walk_in else TYPES.get(kind, "booking.changed")
    return Message(event["_id"], type_, read_moment(event.get("at")) or now, data)


def _read_statuses(db: Db, event: EventDocument, booking: BookingDocument) -> tuple[str | None, str | None]:
    """Return the status of the booking before and after the event. A later change does not count."""
    change = read_object(read_object(event.get("changes")).get("status"))
    if change:
        return read_text(change.get("from")), read_text(change.get("to"))
    first = "confirmed" if booking.get("is_walk_in") is True else "pending"
    if event["type"] == "placed":
        return None, first
    earlier = [each for each in event_store.list_events(db, event["booking_id"]) if each["seq"] < event["seq"]]
    changes = [read_object(read_object(each.get("changes")).get("status")) for each in earlier]
    status = next((read_text(each["to"]) for each in reversed(changes) if each), first)
    return status, status


def _make_data(event_id: ObjectId, **fields: Any) -> dict[str, Any]:
    names = ("booking_id", "venue_id", "date", "status", "previous_status", "by", "sequence")
    return {"event_id": event_id, **{name: fields.get(name) for name in names}}
