"""The outbox: what is to be written to people waits in MongoDB until it is sent, however often a worker dies."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING, IndexModel, ReturnDocument

from halls.mongo.client import ANY_CASE
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document, Session

COLLECTION = CollectionSpec("outbox", [IndexModel([("status", ASCENDING), ("due_at", ASCENDING)], name="letters_due")])
# 2, 4, 8 … seconds, then every quarter of an hour: fifteen tries take about two hours.
MAX_TRIES = 15
LONGEST_PAUSE_SECONDS = 900


def enqueue(db: Db, kind: str, data: dict[str, Any], now: datetime, session: Session | None = None) -> ObjectId:
    """Queue a letter of that kind, in the caller's transaction if there is one; `data` is what its writer needs."""
    entry_id = ObjectId()
    entry = {
        "_id": entry_id,
        "kind": kind,
        "data": data,
        "status": "due",
        "tries": 0,
        "due_at": now,
        "queued_at": now,
    }
    db.outbox.insert_one(entry, session=session)
    return entry_id


def claim_entry(db: Db, now: datetime, lease_seconds: float) -> Document | None:
    """Return the entry that is due longest, hidden from other workers for the lease; None when none is due.

    A worker that dies loses only its lease: the entry is due again by itself.
    """
    return db.outbox.find_one_and_update(
        {"status": "due", "due_at": {"$lte": now}},
        {"$set": {"due_at": now + timedelta(seconds=lease_seconds)}, "$inc": {"tries": 1}},
        sort=[("due_at", ASCENDING)],
        return_document=ReturnDocument.AFTER,
    )


def complete_entry(db: Db, entry: Document) -> None:
    """Remove a claimed entry: it was sent, or there is nobody to send it to."""
    db.outbox.delete_one(_claim_of(entry))


def retry_later(db: Db, entry: Document, now: datetime, reason: str) -> bool:
    """Try a claimed entry again later, or after the last try put it with the dead; tell whether it lives."""
    lives: bool = entry["tries"] < MAX_TRIES
    pause = min(2 ** entry["tries"], LONGEST_PAUSE_SECONDS)
    change = {"due_at": now + timedelta(seconds=pause)} if lives else {"status": "dead"}
    db.outbox.update_one(_claim_of(entry), {"$set": {**change, "reason": reason}})
    return lives


def _claim_of(entry: Document) -> Document:
    # The number of tries tells whose lease it is: who was too slow must not undo the work of the next.
    return {"_id": entry["_id"], "tries": entry["tries"]}


def list_entries(db: Db, limit: int = 1000) -> list[Document]:
    """Return what waits and what is dead, oldest first."""
    return list(db.outbox.find().sort("_id", ASCENDING).limit(limit))


def count_entries(db: Db) -> dict[str, tuple[int, datetime | None]]:
    """Return how many letters wait and how many are dead, and when the oldest of them was queued."""
    found: dict[str, tuple[int, datetime | None]] = {"due": (0, None), "dead": (0, None)}
    stages = [{"$group": {"_id": "$status", "count": {"$sum": 1}, "queued_at": {"$min": "$queued_at"}}}]
    found.update({row["_id"]: (row["count"], row["queued_at"]) for row in db.outbox.aggregate(stages)})
    return found


def requeue_entries(db: Db, now: datetime, entry_ids: Sequence[ObjectId] | None = None) -> int:
    """Make dead entries due now, all of them or those given; return how many."""
    match: Document = {"status": "dead"}
    if entry_ids is not None:
        match["_id"] = {"$in": list(entry_ids)}
    return db.outbox.update_many(match, {"$set": {"status": "due", "tries": 0, "due_at": now}}).modified_count


def delete_entries_to(db: Db, email: str, session: Session) -> None:
    """Remove what waits for the address of an account that goes, in whatever case it was typed."""
    db.outbox.delete_many({"data.email": email}, collation=ANY_CASE, session=session)
