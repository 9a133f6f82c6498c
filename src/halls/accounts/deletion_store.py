"""Queries on the collection `account_deletions`: the deleted accounts that the worker has to clear."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from bson import ObjectId  # noqa: TC002 - the type of a field
from pymongo import ASCENDING, IndexModel, ReturnDocument
from typing_extensions import NotRequired, TypedDict

from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db, Document, Session

COLLECTION = CollectionSpec("account_deletions", [IndexModel([("due_at", ASCENDING)], name="due_deletions")])
# How long a worker keeps an account without a sign of life. Another worker then continues.
CLAIM = timedelta(seconds=20)
# An upload address that was signed before the deletion is valid for ten minutes, and S3 knows no accounts. So the files
# are deleted a second time after this time.
LAST_FILES = timedelta(hours=1)
NOT_CLEARED: Document = {"cleared_at": None}


class DeletionDocument(TypedDict):
    """A document of the collection `account_deletions`. The account itself no longer exists."""

    # The id of the account.
    _id: ObjectId
    deleted_at: datetime
    # When the worker looks at it next.
    due_at: datetime
    # When everything was deleted for the first time.
    cleared_at: NotRequired[datetime]


def insert_deletion(db: Db, account_id: ObjectId, now: datetime, session: Session) -> None:
    """Insert the task to clear an account that the caller's transaction deletes."""
    deletion: DeletionDocument = {"_id": account_id, "deleted_at": now, "due_at": now}
    db.account_deletions.insert_one(cast("Document", deletion), session=session)


def claim_deletion(db: Db, now: datetime) -> DeletionDocument | None:
    """Return a due account, which other workers do not get for CLAIM. None if no account is due."""
    found = db.account_deletions.find_one_and_update(
        {"due_at": {"$lte": now}},
        {"$set": {"due_at": now + CLAIM}},
        sort=[("due_at", ASCENDING)],
        return_document=ReturnDocument.AFTER,
    )
    return cast("DeletionDocument | None", found)


def update_claim(db: Db, account_id: ObjectId, now: datetime) -> None:
    """Keep the account for CLAIM from now on."""
    db.account_deletions.update_one({"_id": account_id}, {"$set": {"due_at": now + CLAIM}})


def mark_cleared(db: Db, deletion: DeletionDocument, now: datetime) -> None:
    """Record that everything of the account is deleted, and look at its files again after LAST_FILES.

    After that the deletion itself is deleted.
    """
    match, last_at = {"_id": deletion["_id"]}, deletion["deleted_at"] + LAST_FILES
    if now >= last_at:
        db.account_deletions.delete_one(match)
    else:
        db.account_deletions.update_one(match, {"$set": {"cleared_at": now, "due_at": last_at}})


def count_deletions(db: Db) -> int:
    """Return the number of deleted accounts that are not cleared yet."""
    return db.account_deletions.count_documents(NOT_CLEARED)
