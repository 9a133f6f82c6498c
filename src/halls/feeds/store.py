"""Queries on the collection `feeds`, and its indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pymongo import ASCENDING, IndexModel

from halls.feeds.feed import FeedNotFound
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.feeds.feed import FeedDocument
    from halls.mongo.client import Db, Document, Session

COLLECTION = CollectionSpec(
    "feeds",
    [
        IndexModel([("token", ASCENDING)], name="one_feed_per_token", unique=True),
        IndexModel([("user_id", ASCENDING), ("_id", ASCENDING)], name="feeds_of_account"),
    ],
)


def insert_feed(db: Db, feed: FeedDocument, session: Session) -> None:
    """Insert a new feed."""
    db.feeds.insert_one(cast("Document", feed), session=session)


def count_feeds(db: Db, account_id: ObjectId, session: Session) -> int:
    """Return the number of feeds of an account."""
    return db.feeds.count_documents({"user_id": account_id}, session=session)


def list_feeds(db: Db, account_id: ObjectId) -> list[FeedDocument]:
    """Return the feeds of an account, oldest first."""
    return cast("list[FeedDocument]", list(db.feeds.find({"user_id": account_id}).sort("_id", ASCENDING)))


def get_feed(db: Db, feed_id: ObjectId) -> FeedDocument:
    """Return the feed. Raises FeedNotFound."""
    feed = db.feeds.find_one({"_id": feed_id})
    if feed is None:
        raise FeedNotFound
    return cast("FeedDocument", feed)


def find_feed_by_token(db: Db, token: str) -> FeedDocument | None:
    """Return the feed whose secret has this hash, or None."""
    return cast("FeedDocument | None", db.feeds.find_one({"token": token}))


def replace_token(db: Db, feed: FeedDocument, token: str) -> None:
    """Store the hash of a new secret. Raises FeedNotFound if the feed is deleted or another request replaced it."""
    # The old hash is in the filter. Otherwise one of two concurrent requests returns an address that never works.
    match = {"_id": feed["_id"], "token": feed["token"]}
    if db.feeds.update_one(match, {"$set": {"token": token}}).matched_count == 0:
        raise FeedNotFound


def mark_read(db: Db, feed_id: ObjectId, now: datetime) -> None:
    """Store when the feed was read."""
    db.feeds.update_one({"_id": feed_id}, {"$set": {"last_read_at": now}})


def delete_feed(db: Db, feed_id: ObjectId) -> None:
    """Delete the feed. Its address stops working at once."""
    db.feeds.delete_one({"_id": feed_id})


def delete_feeds_of(db: Db, account_id: ObjectId, session: Session) -> None:
    """Delete the feeds of an account that is deleted."""
    db.feeds.delete_many({"user_id": account_id}, session=session)
