"""Queries on the collection `blocked_accounts`: the accounts whose requests an owner does not want."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bson import ObjectId
from pymongo import ASCENDING, IndexModel
from typing_extensions import TypedDict

from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db, Session

# The accounts that one owner may block.
MAX_BLOCKS = 1_000
COLLECTION = CollectionSpec(
    "blocked_accounts",
    [
        IndexModel([("owner_id", ASCENDING), ("user_id", ASCENDING)], name="one_block_per_account", unique=True),
        IndexModel([("user_id", ASCENDING)], name="blocks_of_account"),
    ],
)


class BlockDocument(TypedDict):
    """A document of the collection `blocked_accounts`."""

    _id: ObjectId
    # The owner who does not want the requests of `user_id`.
    owner_id: ObjectId
    user_id: ObjectId
    since: datetime


def list_blocks(db: Db, owner_id: ObjectId) -> list[BlockDocument]:
    """Return the blocks of an owner, oldest first."""
    found = db.blocked_accounts.find({"owner_id": owner_id}).sort("_id", ASCENDING)
    return cast("list[BlockDocument]", list(found))


def count_blocks(db: Db, owner_id: ObjectId, session: Session) -> int:
    """Return the number of blocks of an owner."""
    return db.blocked_accounts.count_documents({"owner_id": owner_id}, session=session)


def has_block(db: Db, owner_id: ObjectId, user_id: ObjectId, session: Session | None = None) -> bool:
    """Return whether the owner has blocked the account."""
    match = {"owner_id": owner_id, "user_id": user_id}
    return db.blocked_accounts.find_one(match, {"_id": 1}, session=session) is not None


def add_block(db: Db, owner_id: ObjectId, user_id: ObjectId, now: datetime, session: Session) -> None:
    """Insert a block, unless there is one already."""
    new = {"_id": ObjectId(), "since": now}
    match = {"owner_id": owner_id, "user_id": user_id}
    db.blocked_accounts.update_one(match, {"$setOnInsert": new}, upsert=True, session=session)


def delete_block(db: Db, owner_id: ObjectId, user_id: ObjectId) -> None:
    """Delete a block, if there is one."""
    db.blocked_accounts.delete_one({"owner_id": owner_id, "user_id": user_id})


def delete_blocks(db: Db, account_id: ObjectId, session: Session) -> None:
    """Delete the blocks by an account and of it."""
    db.blocked_accounts.delete_many({"$or": [{"owner_id": account_id}, {"user_id": account_id}]}, session=session)
