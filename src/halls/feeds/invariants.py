"""Invariants of the stored calendar feeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bson import ObjectId
from pydantic import ConfigDict, Field

from halls.feeds.feed import MAX_FEEDS, FeedDetail, FeedKind
from halls.mongo.invariants import StoredModel, Violation, find_groups, find_invalid, find_orphans, make_violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document


class StoredFeed(StoredModel):
    """A feed that the API can serve. The address is stored only as a hash."""

    model_config = ConfigDict(strict=True, arbitrary_types_allowed=True)

    kind: FeedKind = Field(title="feed_kind_known", description="The kind is not one of the three.")
    detail: FeedDetail = Field(title="feed_detail_known", description="The detail is neither full nor busy.")
    token: str = Field(
        title="feed_token_hashed", description="The token is not a SHA-256 in hex.", pattern="^[0-9a-f]{64}$"
    )
    venue_id: ObjectId | None = Field(title="feed_venue_valid", description="The venue_id is neither an id nor null.")


def check_feeds(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each feed with an invalid field."""
    return find_invalid(db, "feeds", StoredFeed)


def check_feed_accounts(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the feeds of each account that does not exist."""
    groups = find_orphans(db, "feeds", "user_id", "users", {})
    return make_violations("feed_account_exists", "The account of the feed does not exist.", groups)


def check_feed_counts(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the feeds of each account that has too many."""
    pipeline: list[Document] = [
        {"$group": {"_id": "$user_id", "ids": {"$push": "$_id"}}},
        {"$match": {f"ids.{MAX_FEEDS}": {"$exists": True}}},
    ]
    groups = find_groups(db, "feeds", pipeline)
    return make_violations("feeds_limited", f"The account has more than {MAX_FEEDS} feeds.", groups)


INVARIANTS = (check_feeds, check_feed_accounts, check_feed_counts)
