"""`halls check` finds feeds that violate an invariant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.clock import utc_now
from halls.feeds.invariants import INVARIANTS
from tests.feeds.feed_client import make_feed

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient


def broken(db: Db) -> list[str]:
    """Return the names of the violated invariants."""
    return [violation.invariant for check in INVARIANTS for violation in check(db, "2026-11-29")]


def test_feeds_made_by_the_api_violate_nothing(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    make_feed(api, owner, "venue", venue_id=api.list_venue(owner), detail="busy")
    make_feed(api, owner)
    assert broken(db) == []


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"kind": "all"}, "feed_kind_known"),
        ({"detail": None}, "feed_detail_known"),
        ({"token": "a plain secret"}, "feed_token_hashed"),
        ({"venue_id": "x"}, "feed_venue_valid"),
        ({"user_id": ObjectId()}, "feed_account_exists"),
    ],
)
def test_each_invalid_feed_is_found(api: ApiClient, db: Db, fields: Any, name: str) -> None:
    make_feed(api, api.guest())
    db.feeds.update_one({}, {"$set": fields})
    assert broken(db) == [name]


def test_too_many_feeds_of_an_account_are_found(api: ApiClient, db: Db) -> None:
    make_feed(api, api.guest())
    feed: Any = db.feeds.find_one()
    copies = [{**feed, "_id": ObjectId(), "token": f"{number:064x}", "created_at": utc_now()} for number in range(10)]
    db.feeds.insert_many(copies)
    assert broken(db) == ["feeds_limited"]
