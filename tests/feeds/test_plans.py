"""The queries of a feed read bookings in the order of an index, without a sort and without old bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from pymongo.collection import Collection

from halls.accounts.store import find_accounts
from halls.bookings import store as bookings
from halls.clock import utc_now
from halls.feeds import service
from halls.mongo.client import connect
from halls.mongo.indexes import ensure_collections
from halls.venues import store as venues
from tests.bookings.test_listing import explained
from tests.factories import day, insert_booking, insert_owner, insert_venue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.feeds.feed import FeedDocument
    from halls.mongo.client import Db


@pytest.fixture
def indexed(fresh_uri: str) -> Iterator[Db]:
    """A new database with the indexes. One array makes an index multikey for ever, and other tests insert some."""
    fresh = connect(fresh_uri)
    ensure_collections(fresh, [bookings.COLLECTION, venues.COLLECTION])
    yield fresh
    fresh.client.close()


@pytest.mark.parametrize("kind", ["guest", "owner", "venue"])
def test_a_feed_reads_only_the_bookings_of_its_days(indexed: Db, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    owner_id: ObjectId = insert_owner(indexed)["_id"]
    venue = insert_venue(indexed, owner_id)
    document = insert_booking(indexed, venue["_id"], owner_id, date=day(1))
    rows = [{**document, "_id": ObjectId(), "date": day(-100 - ahead), "status": "confirmed"} for ahead in range(300)]
    others = [{**row, "_id": ObjectId(), "venue_id": ObjectId(), "user_id": ObjectId()} for row in rows]
    indexed.bookings.insert_many([*rows, *others, {**document, "_id": ObjectId(), "date": day(-1)}])
    feed: FeedDocument = {
        "_id": ObjectId(),
        "user_id": owner_id,
        "kind": kind,
        "venue_id": venue["_id"] if kind == "venue" else None,
        "detail": "full",
        "name": None,
        "token": "a" * 64,
        "created_at": utc_now(),
        "last_read_at": None,
    }
    account = find_accounts(indexed, [owner_id])[owner_id]
    plans: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(Collection, "find", explained(plans))
        events = service.list_feed_events(indexed, feed, account, utc_now())
    assert len(events) == 2
    assert len(plans) == 2
    for plan in plans:
        assert plan["executionStats"]["totalDocsExamined"] < 20
        assert "'SORT'" not in repr(plan["queryPlanner"]["winningPlan"])
