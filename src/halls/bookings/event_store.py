"""Queries on the collection `events`, and its indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pymongo import ASCENDING, DESCENDING, IndexModel

from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bson import ObjectId

    from halls.bookings.event import EventDocument
    from halls.mongo.client import Db, Document, Session

COLLECTION = CollectionSpec(
    "events",
    [
        IndexModel([("booking_id", ASCENDING), ("seq", ASCENDING)], name="one_event_per_seq", unique=True),
        IndexModel(
            [("unprocessed", ASCENDING), ("at", ASCENDING), ("seq", ASCENDING)],
            name="unprocessed_events",
            partialFilterExpression={"unprocessed": True},
        ),
        IndexModel(
            [("undispatched", ASCENDING), ("at", ASCENDING), ("seq", ASCENDING)],
            name="undispatched_events",
            partialFilterExpression={"undispatched": True},
        ),
        IndexModel([("delete_at", ASCENDING)], name="events_expire", expireAfterSeconds=0),
    ],
)


def insert_event(db: Db, event: EventDocument, session: Session) -> None:
    """Insert an event in the transaction of its change."""
    db.events.insert_one(cast("Document", event), session=session)


def find_last_seq(db: Db, booking_id: ObjectId, session: Session) -> int:
    """Return the highest `seq` of the booking's events, 0 without events.

    Not the `event_count` of the booking: an external writer that replaces the document removes it.
    """
    fields = {"_id": 0, "seq": 1}
    last = db.events.find_one({"booking_id": booking_id}, fields, sort=[("seq", DESCENDING)], session=session)
    return int(last["seq"]) if last else 0


def list_events(db: Db, booking_id: ObjectId) -> list[EventDocument]:
    """Return the events of a booking, in the order in which the changes took effect."""
    found = db.events.find({"booking_id": booking_id}).sort("seq", ASCENDING)
    return cast("list[EventDocument]", list(found))


def delete_notes_in_events(db: Db, booking_ids: Iterable[ObjectId], session: Session | None) -> None:
    """Remove the texts of notes from the events of the bookings. That they were changed stays."""
    match = {"booking_id": {"$in": list(booking_ids)}, "changes.notes": {"$exists": True}}
    db.events.update_many(match, {"$set": {"changes.notes": {"from": None, "to": None}}}, session=session)
