"""Queries on the collection `webhooks`, and its indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pymongo import ASCENDING, IndexModel, ReturnDocument

from halls.mongo.indexes import CollectionSpec
from halls.webhooks.webhook import MAX_OLD_SECRETS, ROTATION, OldSecret, WebhookDocument, WebhookHealth, WebhookNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from bson import ObjectId

    from halls.mongo.client import Db, Document, Session

COLLECTION = CollectionSpec(
    "webhooks", [IndexModel([("user_id", ASCENDING), ("_id", ASCENDING)], name="webhooks_of_account")]
)


class WebhookState(NamedTuple):
    """Whether the last attempt of a webhook was a success, and before which time no attempt is made."""

    is_proven: bool
    retry_at: datetime | None


def insert_webhook(db: Db, webhook: WebhookDocument, session: Session) -> None:
    """Insert a new webhook."""
    db.webhooks.insert_one(cast("Document", webhook), session=session)


def count_webhooks(db: Db, account_id: ObjectId, session: Session | None = None) -> int:
    """Return the number of webhooks of an account."""
    return db.webhooks.count_documents({"user_id": account_id}, session=session)


def list_webhooks(db: Db, account_ids: Iterable[ObjectId | None]) -> list[WebhookDocument]:
    """Return the webhooks of accounts, oldest first."""
    found = db.webhooks.find({"user_id": {"$in": list(account_ids)}}).sort("_id", ASCENDING)
    return cast("list[WebhookDocument]", list(found))


def find_webhook(db: Db, webhook_id: ObjectId) -> WebhookDocument | None:
    """Return the webhook, or None."""
    return cast("WebhookDocument | None", db.webhooks.find_one({"_id": webhook_id}))


def get_webhook(db: Db, webhook_id: ObjectId) -> WebhookDocument:
    """Return the webhook. Raises WebhookNotFound."""
    webhook = find_webhook(db, webhook_id)
    if webhook is None:
        raise WebhookNotFound
    return webhook


def update_webhook(db: Db, webhook_id: ObjectId, values: dict[str, Any]) -> WebhookDocument:
    """Set fields and return the changed webhook. Raises WebhookNotFound."""
    changed = db.webhooks.find_one_and_update(
        {"_id": webhook_id}, {"$set": values}, return_document=ReturnDocument.AFTER
    )
    if changed is None:
        raise WebhookNotFound
    return cast("WebhookDocument", changed)


def replace_secret(db: Db, webhook: WebhookDocument, now: datetime) -> int:
    """Make the next version of the secret the current one, and return it. The old one signs until a day later.

    Of the old ones only the last MAX_OLD_SECRETS sign.
    Raises WebhookNotFound if the webhook is deleted, or another request has rotated the secret.
    """
    version = webhook["secret_version"]
    signing = [old for old in webhook["old_secrets"] if now < old["until"]]
    replaced: OldSecret = {"version": version, "until": now + ROTATION}
    # The old version is in the filter. Otherwise two concurrent requests would return the same secret.
    values = {"secret_version": version + 1, "old_secrets": [*signing, replaced][-MAX_OLD_SECRETS:]}
    match = {"_id": webhook["_id"], "secret_version": version}
    if db.webhooks.update_one(match, {"$set": values}).matched_count == 0:
        raise WebhookNotFound
    return version + 1


def delete_webhook(db: Db, webhook_id: ObjectId, session: Session) -> None:
    """Delete the webhook."""
    db.webhooks.delete_one({"_id": webhook_id}, session=session)


def delete_webhooks_of(db: Db, account_id: ObjectId, session: Session) -> None:
    """Delete the webhooks of an account that is deleted."""
    db.webhooks.delete_many({"user_id": account_id}, session=session)


def find_states(db: Db, webhook_ids: Iterable[ObjectId]) -> dict[ObjectId, WebhookState]:
    """Return the states of the webhooks that exist, by id."""
    found = db.webhooks.find({"_id": {"$in": list(webhook_ids)}}, {"is_proven": 1, "retry_at": 1})
    return {webhook["_id"]: WebhookState(webhook["is_proven"], webhook["retry_at"]) for webhook in found}


def mark_successful(db: Db, webhook_id: ObjectId, *, is_proven: bool) -> None:
    """Record a success after another outcome, or the first one. A slow success does not prove the webhook."""
    values: WebhookHealth = {"is_proven": is_proven, "failing_since": None, "failures": 0, "retry_at": None}
    db.webhooks.update_one({"_id": webhook_id}, {"$set": values})


def reset_pause(db: Db, webhook_id: ObjectId) -> None:
    """Let the due deliveries of the webhook be tried now."""
    db.webhooks.update_one({"_id": webhook_id, "retry_at": {"$ne": None}}, {"$set": {"retry_at": None}})


def mark_failing(db: Db, webhook: WebhookDocument, now: datetime, pause: timedelta) -> WebhookDocument | None:
    """Record a failure, pause the webhook, and return the changed webhook. None if it is deleted."""
    values = {
        "is_proven": False,
        "failing_since": {"$ifNull": ["$failing_since", now]},
        "failures": {"$add": ["$failures", 1]},
        "retry_at": now + pause,
    }
    changed = db.webhooks.find_one_and_update(
        {"_id": webhook["_id"]}, [{"$set": values}], return_document=ReturnDocument.AFTER
    )
    return cast("WebhookDocument | None", changed)


def mark_switched_off(db: Db, webhook_id: ObjectId, url: str, session: Session) -> bool:
    """Switch an active webhook off. Return False if it is off already, or has another URL meanwhile."""
    match = {"_id": webhook_id, "is_active": True, "url": url}
    return db.webhooks.update_one(match, {"$set": {"is_active": False}}, session=session).matched_count == 1
