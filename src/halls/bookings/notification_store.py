"""Queries for notifications: the unprocessed events, and the confirmed bookings of some days."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pymongo import ASCENDING

from halls.mongo.client import NO_LIST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from bson import ObjectId

    from halls.bookings.booking import BookingDocument
    from halls.bookings.event import EventDocument
    from halls.mongo.client import Db


def list_unprocessed_events(db: Db, limit: int) -> list[EventDocument]:
    """Return the unprocessed events, in the order in which they took effect."""
    found = db.events.find({"unprocessed": True}).sort([("at", ASCENDING), ("seq", ASCENDING)]).limit(limit)
    return cast("list[EventDocument]", list(found))


def mark_event_processed(db: Db, event_id: ObjectId) -> None:
    """Record that the e-mails of the event are in the outbox."""
    db.events.update_one({"_id": event_id}, {"$unset": {"unprocessed": 1}})


def find_event(db: Db, event_id: ObjectId) -> EventDocument | None:
    """Return the event, or None."""
    return cast("EventDocument | None", db.events.find_one({"_id": event_id}))


def find_confirmation_times(db: Db, booking_ids: Iterable[ObjectId]) -> dict[ObjectId, datetime]:
    """Return when the bookings were confirmed, by id. A booking without such an event is left out."""
    found = db.events.find({"booking_id": {"$in": list(booking_ids)}, "type": "confirmed"}, {"booking_id": 1, "at": 1})
    return {event["booking_id"]: event["at"] for event in found}


def read_confirmed_bookings(db: Db, dates: list[str], since: datetime) -> Iterator[BookingDocument]:
    """Yield the confirmed bookings on the dates, if the clock of the database is past `since`, too."""
    match = {"status": "confirmed", "date": {"$in": dates, **NO_LIST}, "$expr": {"$lte": [since, "$$NOW"]}}
    yield from cast("Iterator[BookingDocument]", db.bookings.find(match, {"user_id": 1, "date": 1, "is_walk_in": 1}))


def list_undispatched_events(db: Db, limit: int) -> list[EventDocument]:
    """Return the events whose deliveries to webhooks are not made yet, in the order in which they took effect."""
    found = db.events.find({"undispatched": True}).sort([("at", ASCENDING), ("seq", ASCENDING)]).limit(limit)
    return cast("list[EventDocument]", list(found))


def mark_event_dispatched(db: Db, event_id: ObjectId) -> None:
    """Record that the deliveries of the event are stored."""
    db.events.update_one({"_id": event_id}, {"$unset": {"undispatched": 1}})
