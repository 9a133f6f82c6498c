"""Queries on the collection `outbox`: enqueue, claim with a lease, complete, retry, list and count."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from bson import ObjectId
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from halls.mongo.client import ANY_CASE
from halls.mongo.indexes import CollectionSpec
from halls.outbox.entry import State, first_due_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from halls.mongo.client import Db, Document, Session
    from halls.outbox.entry import OutboxEntry

# After that time a repeated change can't come any more, so the key of a handled entry is not needed.
KEEP_DONE = timedelta(days=30)
COLLECTION = CollectionSpec(
    "outbox",
    [
        IndexModel([("status", ASCENDING), ("due_at", ASCENDING), ("_id", ASCENDING)], name="outbox_in_order"),
        IndexModel(
            [("key", ASCENDING)],
            name="one_entry_per_key",
            unique=True,
            partialFilterExpression={"key": {"$exists": True}},
        ),
        IndexModel([("done_at", ASCENDING)], name="done_expire", expireAfterSeconds=int(KEEP_DONE.total_seconds())),
    ],
)
# Handled entries are not part of any list or count.
WAITING: Document = {"status": {"$in": ["due", "dead"]}}
# Pauses of 2, 4, 8 … seconds, then 15 minutes: fifteen tries take about two hours.
MAX_TRIES = 15
MAX_PAUSE_SECONDS = 900
# How long an outage uses up no tries, from the time when the entry was first due.
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
    entry = _make_entry(kind, data, now, due_at)
    db.outbox.insert_one(cast("Document", entry), session=session)
    return entry["_id"]


def enqueue_once(
    db: Db, key: str, kind: str, data: dict[str, Any], now: datetime, due_at: datetime | None = None
) -> bool:
    """Insert an entry, and return whether it is new. False if there is one with the same key, or was within 30 days.

    Not for transactions: the duplicate key error would abort the transaction.
    """
    try:
        db.outbox.insert_one(cast("Document", {**_make_entry(kind, data, now, due_at), "key": key}))
    except DuplicateKeyError:
        return False
    return True


def _make_entry(kind: str, data: dict[str, Any], now: datetime, due_at: datetime | None) -> OutboxEntry:
    return {
        "_id": ObjectId(),
        "kind": kind,
        "data": data,
        "status": "due",
        "tries": 0,
        "due_at": due_at or now,
        "queued_at": now,
        "first_due_at": due_at or now,
    }


def find_keys(db: Db, keys: Iterable[str]) -> set[str]:
    """Return those of the keys that have an entry, also a handled one."""
    return {entry["key"] for entry in db.outbox.find({"key": {"$in": list(keys)}}, {"_id": 0, "key": 1})}


def claim_entry(db: Db, kinds: Collection[str], now: datetime, lease_seconds: float) -> OutboxEntry | None:
    """Return the entry of these kinds that has been due longest, or None.

    The entry is hidden from other workers for `lease_seconds`. If the worker dies, the entry is due again after that.
    """
    found = db.outbox.find_one_and_update(
        {"status": "due", "due_at": {"$lte": now}, "kind": {"$in": list(kinds)}},
        {"$set": {"due_at": now + timedelta(seconds=lease_seconds), "lease_id": ObjectId()}, "$inc": {"tries": 1}},
        # The id as well: entries of the same millisecond leave in the order in which they were inserted.
        sort=[("due_at", ASCENDING), ("_id", ASCENDING)],
        return_document=ReturnDocument.AFTER,
    )
    return cast("OutboxEntry | None", found)


def complete_entry(db: Db, entry: OutboxEntry, now: datetime) -> None:
    """Delete a claimed entry that was handled. An entry with a key stays as "done", without its data."""
    if "key" not in entry:
        db.outbox.delete_one(_lease_filter(entry))
        return
    change = {"$set": {"status": "done", "done_at": now}, "$unset": {"data": 1, "lease_id": 1, "reason": 1}}
    db.outbox.update_one(_lease_filter(entry), change)


def release_entry(db: Db, entry: OutboxEntry, now: datetime, reason: str) -> State:
    """Give a claimed entry its place back, because the server is unavailable. Return its new state.

    The next claim returns the same entry, so that all entries leave oldest first after the outage. After three days
    of outage the entry uses up its tries.
    """
    if now - first_due_at(entry) >= MAX_UNAVAILABLE:
        return retry_later(db, entry, now, reason)
    place = {"due_at": first_due_at(entry), "tries": entry["tries"] - 1, "deferrals": entry.get("deferrals", 0) + 1}
    db.outbox.update_one(_lease_filter(entry), {"$set": {**place, "reason": reason}})
    return "due"


def retry_later(db: Db, entry: OutboxEntry, now: datetime, reason: str, *, is_temporary: bool = False) -> State:
    """Make a claimed entry due again after a growing pause, or dead after the last try. Return its new state.

    `is_temporary` returns the try that the claim used up, unless the entry has been due for three days.
    """
    tries, deferrals = entry["tries"], entry.get("deferrals", 0)
    if is_temporary and now - first_due_at(entry) < MAX_UNAVAILABLE:
        tries, deferrals = tries - 1, deferrals + 1
    elif tries >= MAX_TRIES:
        return mark_dead(db, entry, reason)
    # The limit of the exponent keeps a long outage from computing large powers.
    pause = min(2 ** min(tries + deferrals, 10), MAX_PAUSE_SECONDS)
    change = {"due_at": now + timedelta(seconds=pause), "tries": tries, "deferrals": deferrals, "reason": reason}
    db.outbox.update_one(_lease_filter(entry), {"$set": change})
    return "due"


def mark_dead(db: Db, entry: OutboxEntry, reason: str) -> State:
    """Keep a claimed entry without further tries, until `requeue_entries`. Return its new state."""
    db.outbox.update_one(_lease_filter(entry), {"$set": {"status": "dead", "reason": reason}})
    return "dead"


def _lease_filter(entry: OutboxEntry) -> Document:
    # A worker whose lease has expired must not change the entry that another worker has claimed since.
    return {"_id": entry["_id"], "lease_id": entry["lease_id"]}


def list_entries(db: Db, limit: int = 1000) -> list[OutboxEntry]:
    """Return the entries that are not done, oldest first."""
    return cast("list[OutboxEntry]", list(db.outbox.find(WAITING).sort("_id", ASCENDING).limit(limit)))


class OutboxCounts(NamedTuple):
    """Number of entries by state, and since when the oldest due entry has been due."""

    by_state: Counter[State]
    oldest_due_at: datetime | None


def count_entries(db: Db, now: datetime) -> OutboxCounts:
    """Return the number of entries by state, without those that are done. Scheduled entries are not late."""
    due_since = {"$ifNull": ["$first_due_at", "$queued_at"]}
    is_scheduled = {"$and": [{"$eq": ["$status", "due"]}, {"$gt": [due_since, now]}]}
    state = {"$cond": [is_scheduled, "scheduled", "$status"]}
    grouped = {"_id": state, "count": {"$sum": 1}, "oldest": {"$min": due_since}}
    stages: list[Document] = [{"$match": WAITING}, {"$group": grouped}]
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
    db.outbox.delete_many({"data.account_id": account_id, **WAITING}, session=session)
    db.outbox.delete_many({"data.email": email}, collation=ANY_CASE, session=session)
