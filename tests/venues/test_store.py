"""How venues are stored: claimed dates, revisions, and the list of an owner's venues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.clock import utc_now
from halls.mongo.client import in_transaction
from halls.venues import store
from halls.venues.venue import VenueNotFound
from tests.factories import day, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db


def test_an_unknown_venue_cannot_be_read_changed_or_deleted(db: Db) -> None:
    with pytest.raises(VenueNotFound):
        store.get_venue(db, ObjectId())
    with pytest.raises(VenueNotFound):
        store.update_venue(db, ObjectId(), {"capacity": 1}, utc_now())
    with pytest.raises(VenueNotFound):
        in_transaction(db, lambda session: store.delete_venue(db, ObjectId(), utc_now(), session))


def test_claiming_a_date_writes_the_venue_so_that_rivals_conflict(db: Db) -> None:
    venue = insert_venue(db, ObjectId())
    claimed = in_transaction(db, lambda session: store.claim_date(db, venue["_id"], day(5), session))
    assert claimed == venue | {"rev": 1}
    assert store.get_venue(db, venue["_id"])["rev"] == 1


def test_a_date_that_is_not_offered_cannot_be_claimed(db: Db) -> None:
    venue = insert_venue(db, ObjectId())
    assert in_transaction(db, lambda session: store.claim_date(db, venue["_id"], day(6), session)) is None
    assert store.get_venue(db, venue["_id"]) == venue


def test_a_change_increments_the_revision_and_returns_the_old_document(db: Db) -> None:
    venue = insert_venue(db, ObjectId())
    before: Any = store.update_venue(db, venue["_id"], {"amenities.water": False}, utc_now())
    assert before == venue
    after: Any = store.get_venue(db, venue["_id"])
    assert after["rev"] == 1
    assert after["amenities"] == venue["amenities"] | {"water": False}
    assert after["updated_at"] > venue["updated_at"]


def test_an_owner_lists_only_own_venues_newest_first(db: Db) -> None:
    owner, other = ObjectId(), ObjectId()
    own_ids = [insert_venue(db, owner)["_id"] for _ in range(3)]
    insert_venue(db, other)
    newest_first = sorted(own_ids, reverse=True)
    assert [venue["_id"] for venue in store.read_own_venues(db, owner, before=None, limit=2)] == newest_first[:2]
    rest = store.read_own_venues(db, owner, before=newest_first[1], limit=2)
    assert [venue["_id"] for venue in rest] == newest_first[2:]
    assert sorted(store.list_venue_ids(db, owner)) == sorted(own_ids)


def test_a_venue_of_a_deleted_account_is_neither_locked_nor_changed(db: Db) -> None:
    venue = insert_venue(db, ObjectId(), deleted_at=utc_now())
    before = db.venues.find_one()
    with pytest.raises(VenueNotFound):
        store.update_venue(db, venue["_id"], {"capacity": 1}, utc_now())
    with pytest.raises(VenueNotFound):
        in_transaction(db, lambda session: store.lock_venue(db, venue["_id"], session))
    assert db.venues.find_one() == before
    assert db.venue_events.count_documents({}) == 0
