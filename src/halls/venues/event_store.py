"""Queries on the collection `venue_events`: the changes of venues that webhooks report."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, cast

from bson import ObjectId
from pymongo import ASCENDING, IndexModel
from typing_extensions import TypedDict

from halls.documents import read_id, read_whole
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db, Document, Session
    from halls.venues.venue import VenueDocument

VenueEventType = Literal["venue_changed", "venue_removed"]
KEPT = timedelta(days=30)
COLLECTION = CollectionSpec(
    "venue_events",
    [
        IndexModel(
            [("undispatched", ASCENDING), ("_id", ASCENDING)],
            name="undispatched_venue_events",
            partialFilterExpression={"undispatched": True},
        ),
        IndexModel([("at", ASCENDING)], name="venue_events_expire", expireAfterSeconds=int(KEPT.total_seconds())),
    ],
)


class VenueEventDocument(TypedDict, total=False):
    """A document of the collection `venue_events`, stored in the transaction of the change."""

    _id: ObjectId
    venue_id: ObjectId
    owner_id: ObjectId | None
    type: VenueEventType
    at: datetime
    # The `rev` of the venue after the change.
    sequence: int
    # Until the worker has made the deliveries. Absent afterwards.
    undispatched: bool


def insert_venue_event(
    db: Db, before: VenueDocument, kind: VenueEventType, now: datetime, session: Session | None
) -> None:
    """Insert the event of a change, in the transaction of the change. `before` is the venue before it."""
    event: VenueEventDocument = {
        "_id": ObjectId(),
        "venue_id": before["_id"],
        "owner_id": read_id(before.get("owner_id")),
        "type": kind,
        "at": now,
        "sequence": (read_whole(before.get("rev")) or 0) + 1,
        "undispatched": True,
    }
    db.venue_events.insert_one(cast("Document", event), session=session)


def list_undispatched_venue_events(db: Db, limit: int) -> list[VenueEventDocument]:
    """Return the events whose deliveries are not made yet, oldest first."""
    found = db.venue_events.find({"undispatched": True}).sort("_id", ASCENDING).limit(limit)
    return cast("list[VenueEventDocument]", list(found))


def mark_venue_event_dispatched(db: Db, event_id: ObjectId) -> None:
    """Record that the deliveries of the event are stored."""
    db.venue_events.update_one({"_id": event_id}, {"$unset": {"undispatched": 1}})
