"""Queries on the collection `users` for operators: suspension, restoration, and lists of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pymongo import ASCENDING, ReturnDocument

from halls.accounts.store import NOT_SUSPENDED
from halls.mongo.client import increment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import AccountDocument
    from halls.mongo.client import Db, Document, Session

SUSPENDED: Document = {"suspended_at": {"$ne": None}}


def mark_suspended(db: Db, account_id: ObjectId, now: datetime) -> bool:
    """Suspend the account and make its tokens invalid. Return False and change nothing if it is suspended already."""
    values = {"suspended_at": now, "updated_at": now, **increment("token_version")}
    update: list[Document] = [{"$set": values}, {"$unset": "revoked_tokens"}]
    return db.users.update_one({"_id": account_id, **NOT_SUSPENDED}, update).matched_count == 1


def mark_restored(db: Db, account_id: ObjectId, now: datetime) -> bool:
    """End the suspension. Return False and change nothing if the account is not suspended."""
    # Tokens of a request that was authenticated before the suspension must not become valid.
    values = {"updated_at": now, **increment("token_version")}
    update: list[Document] = [{"$set": values}, {"$unset": "suspended_at"}]
    return db.users.update_one({"_id": account_id, **SUSPENDED}, update).matched_count == 1


def lock_suspension(db: Db, account_id: ObjectId, *, is_suspended: bool, session: Session) -> AccountDocument | None:
    """Write the account in the caller's transaction, and return it.

    The transaction then conflicts with a concurrent suspension, restoration or deletion. Return None if the account is
    deleted, or its suspension is not `is_suspended` any more.
    """
    match = SUSPENDED if is_suspended else NOT_SUSPENDED
    found = db.users.find_one_and_update(
        {"_id": account_id, **match},
        [{"$set": increment("rev")}],
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    return cast("AccountDocument | None", found)


def find_suspensions(db: Db, account_ids: Iterable[ObjectId | None], session: Session) -> dict[ObjectId, datetime]:
    """Return when the suspended ones of the accounts were suspended, by id."""
    match = {"_id": {"$in": list(account_ids)}, **SUSPENDED}
    return {one["_id"]: one["suspended_at"] for one in db.users.find(match, {"suspended_at": 1}, session=session)}


def list_accounts(db: Db, *, only_owners: bool, only_suspended: bool) -> Iterator[AccountDocument]:
    """Yield all accounts, or only those of owners or those that are suspended, in order of id."""
    match: Document = {"is_venue_owner": True} if only_owners else {}
    match |= SUSPENDED if only_suspended else {}
    yield from cast("Iterator[AccountDocument]", db.users.find(match, sort=[("_id", ASCENDING)]))


def find_document(db: Db, account_id: ObjectId) -> AccountDocument | None:
    """Return the stored account, or None."""
    return cast("AccountDocument | None", db.users.find_one({"_id": account_id}))
