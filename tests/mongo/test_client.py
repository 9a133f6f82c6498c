"""The connection: write and read concerns, transactions, and the errors that count as an outage."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from pymongo import ReadPreference
from pymongo.errors import (
    AutoReconnect,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteError,
    WTimeoutError,
)

from halls.mongo.client import connect, in_transaction, is_unavailable, wait_for_majority_commit

if TYPE_CHECKING:
    from halls.mongo.client import Db, Session


def test_acknowledged_writes_are_journaled_on_a_majority(db: Db) -> None:
    assert db.write_concern.document == {"w": "majority", "j": True}
    assert db.read_concern.document == {"level": "majority"}
    assert db.read_preference == ReadPreference.PRIMARY
    assert db.bookings.write_concern == db.write_concern


def test_datetimes_are_timezone_aware(db: Db) -> None:
    assert db.codec_options.tz_aware


@pytest.mark.parametrize(
    ("uri", "name"), [("mongodb://127.0.0.1:1", "halls"), ("mongodb://127.0.0.1:1/wedding?replicaSet=rs0", "wedding")]
)
def test_the_uri_names_the_database(uri: str, name: str) -> None:
    db = connect(uri)
    with closing(db.client):
        assert db.name == name


def test_connect_does_not_open_a_connection() -> None:
    db = connect("mongodb://127.0.0.1:1/halls")
    with closing(db.client):
        assert not db.client._topology._opened  # noqa: SLF001 - no public attribute


def test_a_transaction_is_atomic_and_returns_the_callbacks_result(db: Db) -> None:
    def work(session: Session) -> str:
        db.venues.insert_one({"_id": 1}, session=session)
        db.users.insert_one({"_id": 1, "email": "a"}, session=session)
        assert db.venues.find_one({"_id": 1}) is None, "the write must not be visible outside the transaction"
        return "done"

    assert in_transaction(db, work) == "done"
    assert (db.venues.count_documents({}), db.users.count_documents({})) == (1, 1)


@pytest.mark.parametrize("error", [ValueError("x"), DuplicateKeyError("x")])
def test_a_failed_transaction_is_rolled_back(db: Db, error: Exception) -> None:
    def work(session: Session) -> None:
        db.venues.insert_one({"_id": 1}, session=session)
        raise error

    with pytest.raises(type(error)):
        in_transaction(db, work)
    assert db.venues.count_documents({}) == 0


def test_a_transaction_is_retried_after_a_write_conflict(db: Db) -> None:
    row_id = db.venues.insert_one({"n": 0}).inserted_id
    conflicts = iter([True, True, False])

    def work(session: Session) -> Any:
        db.venues.find_one({"_id": row_id}, session=session)
        if next(conflicts):
            db.venues.update_one({"_id": row_id}, {"$inc": {"n": 10}})
        return db.venues.find_one_and_update({"_id": row_id}, {"$inc": {"n": 1}}, session=session)

    assert in_transaction(db, work)["n"] == 20
    assert db.venues.find_one({"_id": row_id}) == {"_id": row_id, "n": 21}


def test_a_snapshot_sees_writes_after_waiting_for_the_majority_commit(db: Db) -> None:
    row_id = db.venues.insert_one({}).inserted_id
    wait_for_majority_commit(db)
    with db.client.start_session(snapshot=True) as session:
        assert db.venues.find_one({"_id": row_id}, session=session) == {"_id": row_id}


def labelled_error(label: str) -> PyMongoError:
    """Return an error with an error label of the server or the driver."""
    return OperationFailure("x", code=112, details={"errorLabels": [label]})


@pytest.mark.parametrize(
    ("error", "is_outage"),
    [
        (AutoReconnect("x"), True),
        (NetworkTimeout("x"), True),
        (NotPrimaryError("x"), True),
        (ServerSelectionTimeoutError("x"), True),
        (ExecutionTimeout("x", code=50), True),
        (WTimeoutError("x", code=64), True),
        (OperationFailure("disk full", code=14031), True),
        (OperationFailure("interrupted", code=11600), True),
        (labelled_error("TransientTransactionError"), True),
        (labelled_error("RetryableWriteError"), True),
        (OperationFailure("no such operator", code=2), False),
        (OperationFailure("unauthorized", code=13), False),
        (WriteError("document failed validation", code=121), False),
        (DuplicateKeyError("x", code=11000), False),
        (PyMongoError("x"), False),
    ],
    ids=repr,
)
def test_outages_and_invalid_commands_are_told_apart(error: PyMongoError, *, is_outage: bool) -> None:
    assert is_unavailable(error) is is_outage


def test_a_transaction_that_times_out_releases_its_documents_at_once(db: Db, worker_uri: str) -> None:
    venue_id = db.venues.insert_one({"capacity": 1}).inserted_id

    def work(session: Session) -> None:
        db.venues.update_one({"_id": venue_id}, {"$set": {"capacity": 2}}, session=session)
        time.sleep(0.6)
        db.venues.find_one({"_id": venue_id}, session=session)

    with pymongo.timeout(0.5), pytest.raises(PyMongoError) as raised:
        in_transaction(db, work)
    assert raised.value.timeout
    # From another client: the next write of this client would end the transaction by itself.
    with connect(worker_uri).client as other, pymongo.timeout(1):
        other[db.name].venues.update_one({"_id": venue_id}, {"$inc": {"capacity": 10}})
    venue = db.venues.find_one({"_id": venue_id})
    assert venue is not None
    assert venue["capacity"] == 11
