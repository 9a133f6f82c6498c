"""Queries on the collection `webhook_deliveries`: insert once, claim with a lease, complete, retry, list and replay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from halls.mongo.indexes import CollectionSpec
from halls.webhooks.webhook import KEPT

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document, Session
    from halls.webhooks.webhook import DeliveryDocument

COLLECTION = CollectionSpec(
    "webhook_deliveries",
    [
        IndexModel([("webhook_id", ASCENDING), ("event_id", ASCENDING)], name="one_delivery_per_event", unique=True),
        IndexModel([("webhook_id", ASCENDING), ("_id", DESCENDING)], name="deliveries_of_webhook"),
        # Both begin with the status, although it is constant: otherwise a scan of all deliveries is needed for the
        # webhooks that have a due one, and for the metrics.
        IndexModel(
            [("status", ASCENDING), ("webhook_id", ASCENDING), ("due_at", ASCENDING), ("_id", ASCENDING)],
            # Another name than that of an earlier index, which had other keys and would stop the start.
            name="due_deliveries_by_status",
            partialFilterExpression={"status": "pending"},
        ),
        IndexModel(
            [("status", ASCENDING), ("tries", ASCENDING), ("due_at", ASCENDING)],
            name="pending_deliveries",
            partialFilterExpression={"status": "pending"},
        ),
        IndexModel([("user_id", ASCENDING)], name="deliveries_of_account"),
        IndexModel([("created_at", ASCENDING)], name="deliveries_expire", expireAfterSeconds=int(KEPT.total_seconds())),
    ],
)
# Longer than an attempt with its database operations. After that a delivery of a dead worker is due again.
LEASE = timedelta(seconds=60)


def insert_delivery(db: Db, delivery: DeliveryDocument) -> bool:
    """Insert a delivery, and return whether it is new. Not for transactions: a duplicate would abort them."""
    try:
        db.webhook_deliveries.insert_one(cast("Document", delivery))
    except DuplicateKeyError:
        return False
    return True


def list_due_webhooks(db: Db, now: datetime) -> list[ObjectId]:
    """Return the ids of the webhooks that have a due delivery."""
    found: list[ObjectId] = db.webhook_deliveries.distinct("webhook_id", {"status": "pending", "due_at": {"$lte": now}})
    return found


def claim_delivery(db: Db, webhook_id: ObjectId, now: datetime) -> DeliveryDocument | None:
    """Return the delivery of a webhook that has been due longest, or None.

    It is hidden from other workers for a minute. If the worker dies, it is due again after that.
    """
    claimed = db.webhook_deliveries.find_one_and_update(
        {"webhook_id": webhook_id, "status": "pending", "due_at": {"$lte": now}},
        {"$set": {"due_at": now + LEASE, "lease_id": ObjectId()}, "$inc": {"tries": 1}},
        sort=[("due_at", ASCENDING), ("_id", ASCENDING)],
        return_document=ReturnDocument.AFTER,
    )
    return cast("DeliveryDocument | None", claimed)


def save_attempt(db: Db, delivery: DeliveryDocument, values: dict[str, Any]) -> None:
    """Store the outcome of an attempt, unless another worker has claimed the delivery since."""
    match = {"_id": delivery["_id"], "lease_id": delivery["lease_id"]}
    db.webhook_deliveries.update_one(match, {"$set": values, "$unset": {"lease_id": 1}})


def list_deliveries(
    db: Db, webhook_id: ObjectId, *, status: str | None, before: ObjectId | None, limit: int
) -> list[DeliveryDocument]:
    """Return the deliveries of a webhook, the newest first, with ids below `before`."""
    match: Document = {"webhook_id": webhook_id}
    if status is not None:
        match["status"] = status
    if before is not None:
        match["_id"] = {"$lt": before}
    found = db.webhook_deliveries.find(match).sort("_id", DESCENDING).limit(limit)
    return cast("list[DeliveryDocument]", list(found))


def replay_deliveries(db: Db, webhook_id: ObjectId, event_id: ObjectId, now: datetime) -> int:
    """Make the delivery of an event due now, with all its tries. Return the number of deliveries."""
    values = {"status": "pending", "due_at": now, "tries": 0, "reason": None}
    match = {"webhook_id": webhook_id, "event_id": event_id}
    # Without the lease, an attempt at the same moment can't record that the delivery is complete.
    return db.webhook_deliveries.update_many(match, {"$set": values, "$unset": {"lease_id": 1}}).matched_count


def delete_deliveries(db: Db, webhook_id: ObjectId, session: Session | None = None) -> None:
    """Delete the deliveries of a webhook that is deleted."""
    db.webhook_deliveries.delete_many({"webhook_id": webhook_id}, session=session)


def delete_deliveries_of(db: Db, account_id: ObjectId, session: Session | None) -> None:
    """Delete the deliveries of an account that is deleted."""
    db.webhook_deliveries.delete_many({"user_id": account_id}, session=session)


class DeliveryCounts(NamedTuple):
    """The number of pending deliveries, and since when the oldest first attempt is due."""

    pending: int
    oldest_due_at: datetime | None


def count_pending_deliveries(db: Db) -> DeliveryCounts:
    """Return the pending deliveries. Those that wait for a retry of a server that failed are not late."""
    pending = db.webhook_deliveries.count_documents({"status": "pending"})
    match = {"status": "pending", "tries": 0}
    oldest = db.webhook_deliveries.find_one(match, {"due_at": 1}, sort=[("due_at", ASCENDING)])
    return DeliveryCounts(pending, oldest["due_at"] if oldest else None)
