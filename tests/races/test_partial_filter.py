"""The index and the validator under all else: what they refuse, whoever writes and by whatever way."""

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
# Not one of the three, but after "cancelled" in the order of strings: such a status holds its date.
UNHEARD_OF = ("cancelled_late", "checked_in", "reserved", "waiting")
BROKEN_DOCUMENT = 121


@pytest.fixture(scope="module")
def prepared(mongo_uri: str) -> Iterator[Db]:
    """A database with our indexes and validators and nothing in it."""
    db = connect(mongo_uri).client.get_database(f"filter_{ObjectId()}")
    ensure_collections(db, COLLECTIONS)
    yield db
    db.client.drop_database(db.name)
    db.client.close()


def insert(db: Db, venue_id: ObjectId, *, unchecked: bool = False, **fields: Any) -> None:
    """Write a booking as any tool could; `unchecked` goes around the validator."""
    booking = {"venue_id": venue_id, "date": DATE, "guests": 1, "price_locked": None, **fields}
    db.bookings.insert_one(booking, bypass_document_validation=unchecked)


@pytest.mark.parametrize("second", ACTIVE)
@pytest.mark.parametrize("first", ACTIVE)
def test_the_index_refuses_a_second_active_booking(first: str, second: str, prepared: Db) -> None:
    venue_id = ObjectId()
    insert(prepared, venue_id, status=first)
    with pytest.raises(DuplicateKeyError):
        insert(prepared, venue_id, status=second)


def test_the_index_lets_other_dates_other_venues_and_many_cancelled_ones_be(prepared: Db) -> None:
    venue_id = ObjectId()
    insert(prepared, venue_id, status="confirmed")
    insert(prepared, venue_id, status="confirmed", date="2099-01-01")
    insert(prepared, ObjectId(), status="confirmed")
    for _ in range(3):
        insert(prepared, venue_id, status="cancelled")
    assert prepared.bookings.count_documents({"venue_id": venue_id}) == 5


def test_the_index_refuses_to_bring_a_cancelled_booking_back_to_a_taken_date(prepared: Db) -> None:
    venue_id = ObjectId()
    insert(prepared, venue_id, status="cancelled")
    insert(prepared, venue_id, status="pending")
    with pytest.raises(DuplicateKeyError):
        prepared.bookings.update_one({"venue_id": venue_id, "status": "cancelled"}, {"$set": {"status": "pending"}})


@pytest.mark.parametrize("status", UNHEARD_OF)
def test_a_status_unheard_of_holds_its_date(status: str, prepared: Db) -> None:
    venue_id = ObjectId()
    insert(prepared, venue_id, status=status, unchecked=True)
    for other in (*ACTIVE, status):
        with pytest.raises(DuplicateKeyError):
            insert(prepared, venue_id, status=other, unchecked=True)


@pytest.mark.parametrize(
    "fields",
    [
        *[{"status": status} for status in (*UNHEARD_OF, "Pending", "archived", "", None, 1, ["pending"])],
        {},
        {"status": "pending", "date": "2027-1-5"},
        {"status": "pending", "date": None},
        {"status": "pending", "guests": 0},
        {"status": "pending", "price_locked": -1},
        {"status": "pending", "price_locked": "100"},
    ],
)
def test_the_validator_keeps_out_what_the_index_might_not_see(fields: dict[str, Any], prepared: Db) -> None:
    venue_id = ObjectId()
    with pytest.raises(WriteError) as error:
        insert(prepared, venue_id, **fields)
    assert error.value.code == BROKEN_DOCUMENT
    insert(prepared, venue_id, status="pending")
    with pytest.raises(WriteError) as error:
        prepared.bookings.update_one({"venue_id": venue_id}, {"$set": {"status": "Pending"}})
    assert error.value.code == BROKEN_DOCUMENT


def test_the_index_that_a_running_server_has_is_the_one_tested_here(prepared: Db) -> None:
    found = prepared.bookings.index_information()["one_active_booking_per_date"]
    assert found["unique"]
    assert found["key"] == [("venue_id", 1), ("date", 1)]
    assert found["partialFilterExpression"] == {"status": {"$gt": "cancelled"}}
