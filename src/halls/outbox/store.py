"""Queries on the collection `outbox`: enqueue, claim with a lease, complete, retry, list and count."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from bson import ObjectId
from pymongo import ASCENDING, IndexModel, ReturnDocument

from halls.mongo.client import ANY_CASE
from halls.mongo.indexes import CollectionSpec
from halls.outbox.entry import State, first_due_at

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from halls.mongo.client import Db, Document, Session
    from halls.outbox.entry import OutboxEntry

COLLECTION = CollectionSpec(
    "outbox",
    [IndexModel([("status", ASCENDING), ("due_at", ASCENDING), ("kind", ASCENDING)], name="outbox_due")],
)
# Pauses of 2, 4, 8 … seconds, then 15 minutes: fifteen tries take about two hours.
MAX_TRIES = 15
MAX_PAUSE_SECONDS = 900
# How long an unavailable server uses up no tries, from the time when the entry was first due.
MAX_UNAVAILABLE = timedelta(days=3)


def enqueue(
    db: Db,
    kind: str,
    data: dict[str, Any],
    now: datetime,
    session: Session | None = None,
    due_at: datetime | None = None,
) -> ObjectId:
    """Insert an entry, in the caller's transaction if there is one, and return its id.

    `due_at` schedules the entry for later; without it the entry is due now.
    """
    entry: OutboxEntry = {
        "_id": ObjectId(),
        "kind": kind,
        "data": data,
        "status": "due",
        "tries": 0,
        "due_at": due_at or now,
        "queued_at": now,
        "first_due_at": due_at or now,
    }
    db.outbox.insert_one(cast("Document", entry), session=session)
    return entry["_id"]


def claim_entry(db: Db, kinds: Collection[str], now: datetime, lease_seconds: float) -> OutboxEntry | None:
    """Return the entry of these kinds that has been due longest, or None.

    The entry is hidden from other workers for `lease_seconds`. If the worker dies, the entry is due again after that.
    """
    found = db.outbox.find_one_and_update(
        {"status": "due", "due_at": {"$lte": now}, "kind": {"$in": list(kinds)}},
        {"$set": {"due_at": now + timedelta(seconds=lease_seconds), "lease_id": ObjectId()}, "$inc": {"tries": 1}},
        sort=[("due_at", ASCENDING)],
        return_document=ReturnDocument.AFTER,
    )
    return cast("OutboxEntry | None", found)


def complete_entry(db: Db, entry: OutboxEntry) -> None:
    """Delete a claimed entry that was handled."""
    db.outbox.delete_one(_lease_filter(entry))


def retry_later(db: Db, entry: OutboxEntry, now: datetime, reason: str, *, is_unavailable: bool = False) -> State:
    """Make a claimed entry due again after a growing pause, or dead after the last try. Return its new state.

    `is_unavailable` returns the try that the claim used up, unless the server has been unavailable for three days.
    """
    tries, deferrals = entry["tries"], entry.get("deferrals", 0)
    if is_unavailable and now - first_due_at(entry) < MAX_UNAVAILABLE:
        tries, deferrals = tries - 1, deferrals + 1
    elif tries >= MAX_TRIES:
        mark_dead(db, entry, reason)
        return "dead"
    # The limit of the exponent keeps a long outage from computing large powers.
    pause = min(2 ** min(tries + deferrals, 10), MAX_PAUSE_SECONDS)
    change = {"due_at": now + timedelta(seconds=pause), "tries": tries, "deferrals": deferrals, "reason": reason}
    db.outbox.update_one(_lease_filter(entry), {"$set": change})
    return "due"


def mark_dead(db: Db, entry: OutboxEntry, reason: str) -> None:
    """Keep a claimed entry without further tries, until `requeue_entries`."""
    db.outbox.update_one(_lease_filter(entry), {"$set": {"status": "dead", "reason": reason}})


def _lease_filter(entry: OutboxEntry) -> Document:
    # A worker whose lease has expired must not change the entry that another worker has claimed since.
    return {"_id": entry["_id"], "lease_id": entry["lease_id"]}


def list_entries(db: Db, limit: int = 1000) -> list[OutboxEntry]:
    """Return the entries, oldest first."""
    return cast("list[OutboxEntry]", list(db.outbox.find().sort("_id", ASCENDING).limit(limit)))


class OutboxCounts(NamedTuple):
    """Number of entries by state, and since when the oldest due entry has been due."""

    by_state: Counter[State]
    oldest_due_at: datetime | None


def count_entries(db: Db, now: datetime) -> OutboxCounts:
    """Return the number of entries by state. Scheduled entries are not late."""
    due_since = {"$ifNull": ["$first_due_at", "$queued_at"]}
    is_scheduled = {"$and": [{"$eq": ["$status", "due"]}, {"$gt": [due_since, now]}]}
    state = {"$cond": [is_scheduled, "scheduled", "$status"]}
    stages: list[Document] = [{"$group": {"_id": state, "count": {"$sum": 1}, "oldest": {"$min": due_since}}}]
    rows = {row["_id"]: row for row in db.outbox.aggregate(stages)}
    return OutboxCounts(
        Counter({state: rows[state]["count"] for state in rows}),
        rows["due"]["oldest"] if "due" in rows else None,
    )


def requeue_entries(db: Db, now: datetime, entry_ids: Sequence[ObjectId] | None = None) -> int:
    """Make dead entries due now, all of them or the given ones. Return their number."""
    match: Document = {"status": "dead"}
    if entry_ids is not None:
        match["_id"] = {"$in": list(entry_ids)}
    change = {"status": "due", "tries": 0, "deferrals": 0, "due_at": now, "first_due_at": now}
    return db.outbox.update_many(match, {"$set": change}).modified_count


def delete_entries_to(db: Db, account_id: ObjectId, email: str, session: Session) -> None:
    """Delete the entries for an account that is deleted, and for its e-mail address, compared without case."""
    match = {"$or": [{"data.account_id": account_id}, {"data.email": email}]}
    db.outbox.delete_many(match, collation=ANY_CASE, session=session)
