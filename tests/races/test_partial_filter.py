"""The unique index and the validator of bookings reject invalid direct writes too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from pymongo.errors import DuplicateKeyError, WriteError

from halls.app import COLLECTIONS
from halls.mongo.client import connect
from halls.mongo.indexes import ensure_collections
from tests.races.race_client import DATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

ACTIVE = ("pending", "confirmed")
# Unknown statuses that sort after "cancelled": the index counts such a booking as active.
UNKNOWN_STATUSES = ("cancelled_late", "checked_in", "reserved", "waiting")
DOCUMENT_VALIDATION_FAILURE = 121


@pytest.fixture(scope="module")
def indexed_db(mongo_uri: str) -> Iterator[Db]:
    """An empty database with the indexes and validators."""
    db = connect(mongo_uri).client.get_database(f"filter_{ObjectId()}")
    ensure_collections(db, COLLECTIONS)
    yield db
    db.client.drop_database(db.name)
    db.client.close()


def insert(db: Db, venue_id: ObjectId, *, unchecked: bool = False, **fields: Any) -> None:
    """Insert a booking as an external writer could; `unchecked` bypasses the validator."""
    booking = {"venue_id": venue_id, "date": DATE, "guests": 1, "price_locked": None, **fields}
    db.bookings.insert_one(booking, bypass_document_validation=unchecked)


@pytest.mark.parametrize("second", ACTIVE)
@pytest.mark.parametrize("first", ACTIVE)
def test_the_index_rejects_a_second_active_booking(first: str, second: str, indexed_db: Db) -> None:
    venue_id = ObjectId()
    insert(indexed_db, venue_id, status=first)
    with pytest.raises(DuplicateKeyError):
        insert(indexed_db, venue_id, status=second)


def test_the_index_allows_other_dates_other_venues_and_cancelled_bookings(indexed_db: Db) -> None:
    venue_id = ObjectId()
    insert(indexed_db, venue_id, status="confirmed")
    insert(indexed_db, venue_id, status="confirmed", date="2099-01-01")
    insert(indexed_db, ObjectId(), status="confirmed")
    for _ in range(3):
        insert(indexed_db, venue_id, status="cancelled")
    assert indexed_db.bookings.count_documents({"venue_id": venue_id}) == 5


def test_the_index_rejects_reactivating_a_booking_on_a_booked_date(indexed_db: Db) -> None:
    venue_id = ObjectId()
    insert(indexed_db, venue_id, status="cancelled")
    insert(indexed_db, venue_id, status="pending")
    with pytest.raises(DuplicateKeyError):
        indexed_db.bookings.update_one({"venue_id": venue_id, "status": "cancelled"}, {"$set": {"status": "pending"}})


@pytest.mark.parametrize("status", UNKNOWN_STATUSES)
def test_a_booking_with_an_unknown_status_counts_as_active(status: str, indexed_db: Db) -> None:
    venue_id = ObjectId()
    insert(indexed_db, venue_id, status=status, unchecked=True)
    for other in (*ACTIVE, status):
        with pytest.raises(DuplicateKeyError):
            insert(indexed_db, venue_id, status=other, unchecked=True)


@pytest.mark.parametrize(
    "fields",
    [
        *[{"status": status} for status in (*UNKNOWN_STATUSES, "Pending", "archived", "", None, 1, ["pending"])],
        {},
        {"status": "pending", "date": "2027-1-5"},
        {"status": "pending", "date": None},
        {"status": "pending", "guests": 0},
        {"status": "pending", "price_locked": -1},
        {"status": "pending", "price_locked": "100"},
    ],
)
def test_the_validator_rejects_documents_that_the_index_could_miss(fields: dict[str, Any], indexed_db: Db) -> None:
    venue_id = ObjectId()
    with pytest.raises(WriteError) as error:
        insert(indexed_db, venue_id, **fields)
    assert error.value.code == DOCUMENT_VALIDATION_FAILURE
    insert(indexed_db, venue_id, status="pending")
    with pytest.raises(WriteError) as error:
        indexed_db.bookings.update_one({"venue_id": venue_id}, {"$set": {"status": "Pending"}})
    assert error.value.code == DOCUMENT_VALIDATION_FAILURE


def test_the_index_of_the_application_has_the_tested_definition(indexed_db: Db) -> None:
    index = indexed_db.bookings.index_information()["one_active_booking_per_date"]
    assert index["unique"]
    assert index["key"] == [("venue_id", 1), ("date", 1)]
    assert index["partialFilterExpression"] == {"status": {"$gt": "cancelled"}}
