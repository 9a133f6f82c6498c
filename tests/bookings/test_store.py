"""How bookings are stored: the unique index, the validator, and a commit with an unknown outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect, DuplicateKeyError, OperationFailure, WriteError

from halls.bookings import store
from halls.mongo.client import in_transaction
from tests.factories import day, insert_booking

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient


@pytest.mark.parametrize(
    ("first", "second", "is_allowed"),
    [
        ("pending", "pending", False),
        ("pending", "confirmed", False),
        ("confirmed", "confirmed", False),
        ("cancelled", "pending", True),
        ("confirmed", "cancelled", True),
        ("cancelled", "cancelled", True),
    ],
)
def test_a_venue_has_at_most_one_active_booking_a_date(db: Db, first: str, second: str, *, is_allowed: bool) -> None:
    venue_id = ObjectId()
    insert_booking(db, venue_id, ObjectId(), status=first)
    if is_allowed:
        insert_booking(db, venue_id, ObjectId(), status=second)
    else:
        with pytest.raises(DuplicateKeyError):
            insert_booking(db, venue_id, ObjectId(), status=second)
    insert_booking(db, venue_id, ObjectId(), status=second, date=day(6))
    insert_booking(db, ObjectId(), ObjectId(), status=second)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "Pending"},
        {"status": None},
        {"status": "done"},
        {"date": "2027-1-5"},
        {"date": "2027-01-05x"},
        {"date": None},
        {"guests": 0},
        {"guests": "5"},
        {"price_locked": -1},
        {"price_locked": "5"},
        {"venue_id": ...},
    ],
)
def test_the_validator_rejects_an_invalid_booking_of_any_writer(db: Db, fields: dict[str, Any]) -> None:
    row = {"venue_id": ObjectId(), "date": day(5), "status": "pending", "guests": 1, "price_locked": None, **fields}
    with pytest.raises(WriteError):
        db.bookings.insert_one({name: value for name, value in row.items() if value is not ...})
    assert db.bookings.count_documents({}) == 0


def commit_then_fail(monkeypatch: pytest.MonkeyPatch, error: Exception, *, commits: bool) -> None:
    """Raise `error` from the transaction: after its commit, or without one."""

    def transaction(db: Db, work: Any) -> None:
        if commits:
            in_transaction(db, work)
        raise error

    monkeypatch.setattr(store, "in_transaction", transaction)


def test_a_committed_booking_is_a_201_despite_a_connection_error(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    commit_then_fail(monkeypatch, AutoReconnect("connection closed"), commits=True)
    answer = api.book(guest, venue_id, day(3))
    assert answer.status == 201
    stored = db.bookings.find_one({})
    assert stored is not None
    assert answer.data["booking_id"] == str(stored["_id"])
    assert api.get(f"/bookings/{stored['_id']}", token=guest).data["booking"] == answer.data["booking"]


def test_a_failed_commit_is_a_503_and_can_be_repeated(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    with monkeypatch.context() as broken:
        commit_then_fail(broken, AutoReconnect("connection closed"), commits=False)
        answer = api.book(guest, venue_id, day(3))
    assert (answer.status, answer.code) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert db.bookings.count_documents({}) == 0
    api.wait_until_ready()
    assert api.book(guest, venue_id, day(3)).status == 201


def test_any_other_error_in_the_transaction_is_a_500(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    commit_then_fail(monkeypatch, OperationFailure("no such operator", code=9), commits=True)
    answer = api.book(guest, venue_id, day(3))
    assert (answer.status, answer.code) == (500, "internal_error")


def test_a_repeat_with_the_key_after_an_unknown_outcome_is_replayed(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    body = {"venue_id": venue_id, "date": day(3), "guests": 100}
    with monkeypatch.context() as broken:
        commit_then_fail(broken, AutoReconnect("connection closed"), commits=True)
        broken.setattr(store, "_is_stored", lambda *_: False)
        lost = api.post("/bookings", body, token=guest, Idempotency_Key="k")
    api.wait_until_ready()
    repeated = api.post("/bookings", body, token=guest, Idempotency_Key="k")
    assert (lost.status, repeated.status) == (503, 201)
    assert repeated.headers["Idempotent-Replayed"] == "true"
    assert db.bookings.count_documents({}) == 1
