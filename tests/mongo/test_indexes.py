"""Indexes and validators exist after every start, also a concurrent one; incompatible data stops it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import AutoReconnect, OperationFailure

from halls.app import COLLECTIONS
from halls.mongo import embedded, indexes
from halls.mongo.client import connect
from halls.mongo.indexes import CollectionSpec, IncompatibleDataError, ensure_collections, find_duplicates
from tests.processes import running_process
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db, Document

# Indexes of the specification (1.1, 1.3, 1.4). Each equals a declared index or is a prefix of one.
SPECIFICATION_INDEXES: list[tuple[str, list[tuple[str, Any]]]] = [
    ("users", [("email", 1)]),
    ("venues", [("owner_id", 1)]),
    ("venues", [("type", 1)]),
    ("venues", [("capacity", 1)]),
    ("venues", [("maps_location", "2dsphere")]),
    ("venues", [("pricing.overrides.date", 1)]),
    ("bookings", [("venue_id", 1), ("date", 1), ("status", 1)]),
]
BOOKING = {"venue_id": ObjectId(), "user_id": ObjectId(), "date": "2027-01-05", "status": "pending"}


@pytest.fixture
def bare(fresh_uri: str) -> Iterator[Db]:
    """Return a database without indexes and validators."""
    db = connect(fresh_uri)
    yield db
    db.client.close()


def error_message(db: Db) -> str:
    """Return the error message about incompatible data."""
    with pytest.raises(IncompatibleDataError) as caught:
        ensure_collections(db, COLLECTIONS)
    return str(caught.value)


@pytest.mark.parametrize(("collection", "keys"), SPECIFICATION_INDEXES, ids=str)
def test_every_index_of_the_specification_exists_after_a_start(db: Db, collection: str, keys: list[Any]) -> None:
    indexed_keys = [
        list(index["key"].items()) if hasattr(index["key"], "items") else index["key"]
        for index in db[collection].index_information().values()
    ]
    assert any(index_keys[: len(keys)] == keys for index_keys in indexed_keys)


def test_email_addresses_are_unique_in_any_letter_case(db: Db) -> None:
    index = db.users.index_information()["one_account_per_email"]
    assert index["unique"]
    assert index["collation"]["strength"] == 2


def test_the_unique_index_on_active_bookings_exists(db: Db) -> None:
    index = db.bookings.index_information()["one_active_booking_per_date"]
    assert index["unique"]
    assert index["key"] == [("venue_id", 1), ("date", 1)]
    assert index["partialFilterExpression"] == {"status": {"$gt": "cancelled"}}


def test_every_declared_index_and_validator_exists_after_a_start(bare: Db) -> None:
    ensure_collections(bare, COLLECTIONS)
    for spec in COLLECTIONS:
        assert {index.document["name"] for index in spec.indexes} <= bare[spec.name].index_information().keys()
    options = next(bare.list_collections(filter={"name": "bookings"}))["options"]
    assert options["validator"] == next(spec for spec in COLLECTIONS if spec.name == "bookings").validator


def test_a_second_start_changes_nothing(bare: Db) -> None:
    ensure_collections(bare, COLLECTIONS)
    before = {spec.name: bare[spec.name].index_information() for spec in COLLECTIONS}
    ensure_collections(bare, COLLECTIONS)
    assert {spec.name: bare[spec.name].index_information() for spec in COLLECTIONS} == before


def test_concurrent_starts_can_prepare_one_database(fresh_uri: str) -> None:
    barrier = Barrier(6)

    def prepare(_: int) -> None:
        db = connect(fresh_uri)
        with closing(db.client):
            db.client.admin.command("ping")
            barrier.wait()
            ensure_collections(db, COLLECTIONS)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(prepare, range(6)))
    with closing(connect(fresh_uri).client) as client:
        index_names = client.get_default_database().bookings.index_information()
    assert "one_active_booking_per_date" in index_names


@pytest.mark.parametrize(("collection", "keys"), SPECIFICATION_INDEXES, ids=str)
def test_existing_indexes_of_the_specification_do_not_stop_a_start(bare: Db, collection: str, keys: list[Any]) -> None:
    bare[collection].create_index(keys, unique=collection == "users")
    ensure_collections(bare, COLLECTIONS)
    assert "one_active_booking_per_date" in bare.bookings.index_information()


def test_two_active_bookings_for_a_date_are_named_and_kept(bare: Db) -> None:
    duplicates = [
        str(document_id)
        for document_id in bare.bookings.insert_many([{**BOOKING}, {**BOOKING, "status": "confirmed"}]).inserted_ids
    ]
    other = bare.bookings.insert_one({**BOOKING, "status": "cancelled"}).inserted_id
    message = error_message(bare)
    assert "halls check" in message
    assert "bookings" in message
    assert all(duplicate in message for duplicate in duplicates)
    assert str(other) not in message
    assert bare.bookings.count_documents({}) == 3


def test_accounts_whose_addresses_differ_in_case_are_named_and_kept(bare: Db) -> None:
    documents = [{"email": email} for email in ("ali@example.com", "ALI@Example.com", "bilal@example.com")]
    first, second, other = (str(document_id) for document_id in bare.users.insert_many(documents).inserted_ids)
    message = error_message(bare)
    assert "halls check" in message
    assert first in message
    assert second in message
    assert other not in message
    assert "ali" not in message, "the message may contain ids, not personal data"
    assert bare.users.count_documents({}) == 3


def test_at_most_twenty_documents_are_named(bare: Db) -> None:
    documents = [{**BOOKING, "date": f"2027-01-{number:02}"} for number in range(1, 26) for _ in range(2)]
    bare.bookings.insert_many(documents)
    assert error_message(bare).count(" = ") == 20


@pytest.mark.parametrize(
    "bad",
    [{"status": "Pending"}, {"status": None}, {"date": "2027-1-5"}, {"guests": 0}, {"price_locked": "7"}],
    ids=str,
)
def test_documents_that_fail_validation_are_named_and_kept(bare: Db, bad: Document) -> None:
    valid = bare.bookings.insert_one({**BOOKING}).inserted_id
    invalid = bare.bookings.insert_one({**BOOKING, "date": "2027-01-06", **bad}).inserted_id
    message = error_message(bare)
    assert "halls check" in message
    assert str(invalid) in message
    assert str(valid) not in message
    assert bare.bookings.count_documents({}) == 2


def test_an_existing_collection_gets_the_validator(bare: Db) -> None:
    bare.bookings.insert_one({**BOOKING})
    ensure_collections(bare, COLLECTIONS)
    with pytest.raises(OperationFailure, match="validation"):
        bare.bookings.insert_one({**BOOKING, "status": "Pending"})


@pytest.mark.parametrize(
    ("keys", "options"),
    [
        ([("venue_id", 1), ("date", 1)], {"name": "one_active_booking_per_date"}),
        ([("venue_id", 1), ("date", 1)], {"name": "one_active_booking_per_date", "unique": True}),
        ([("date", 1)], {"name": "one_active_booking_per_date", "unique": True}),
    ],
    ids=["not unique", "without the filter", "other keys"],
)
def test_an_index_with_another_definition_stops_the_start_and_is_kept(
    bare: Db, keys: list[Any], options: dict[str, Any]
) -> None:
    bare.bookings.create_index(keys, **options)
    before = bare.bookings.index_information()
    message = error_message(bare)
    assert 'db.bookings.dropIndex("one_active_booking_per_date")' in message
    assert "halls check" in message
    assert bare.bookings.index_information() == before
    # The advice helps.
    bare.bookings.drop_index("one_active_booking_per_date")
    ensure_collections(bare, COLLECTIONS)


def test_the_index_of_an_older_version_does_not_stop_the_start(bare: Db) -> None:
    keys = [("webhook_id", 1), ("due_at", 1), ("_id", 1)]
    name, pending = "due_deliveries_of_webhook", {"status": "pending"}
    bare.webhook_deliveries.create_index(keys, name=name, partialFilterExpression=pending)
    ensure_collections(bare, COLLECTIONS)
    assert "due_deliveries_by_status" in bare.webhook_deliveries.index_information()


@contextmanager
def standalone_mongod(folder: Path) -> Iterator[str]:
    """Run a mongod without a replica set."""
    port = free_port()
    command = [embedded._find_mongod(), "--port", str(port), "--dbpath", str(folder), "--bind_ip", "127.0.0.1"]  # noqa: SLF001 - the same mongod
    with running_process([*command, "--nounixsocket"], folder / "mongod.log"):
        yield f"mongodb://127.0.0.1:{port}/halls"


def test_a_standalone_mongod_is_rejected(tmp_path: Path) -> None:
    with standalone_mongod(tmp_path) as uri, closing(MongoClient[Any](uri, serverSelectionTimeoutMS=20_000)) as client:
        client.admin.command("ping")
        db = connect(uri)
        with closing(db.client):
            message = error_message(db)
            assert "--replSet" in message
            assert db.list_collection_names() == []


class Cluster:
    """Imitates the responses of a mongos, because the tests have no sharded cluster."""

    def __init__(self, responses: dict[str, Any]) -> None:
        self.responses, self.client, self.admin = responses, self, self

    def command(self, command: str | dict[str, Any]) -> Any:
        """Return the response to a command, or raise the error."""
        response = self.responses[command if isinstance(command, str) else next(iter(command))]
        if isinstance(response, Exception):
            raise response
        return response


LIMIT = "transactionLifetimeLimitSeconds"


@pytest.mark.parametrize(
    ("response", "expected"),
    [({LIMIT: 60}, [60]), ({LIMIT: 5}, []), (OperationFailure("not allowed", code=13), [])],
    ids=["long", "short", "not readable"],
)
def test_a_sharded_cluster_with_a_long_transaction_lifetime_logs_a_warning(
    monkeypatch: pytest.MonkeyPatch, response: Any, expected: list[int]
) -> None:
    recorded: list[int] = []

    class Log:
        """Records warnings."""

        def warning(self, _event: str, *, seconds: int, **_values: Any) -> None:
            """Record the seconds."""
            recorded.append(seconds)

    monkeypatch.setattr(indexes, "log", Log())
    ensure_collections(Cluster({"hello": {"msg": "isdbgrid"}, "getParameter": response}), [])  # type: ignore[arg-type] # imitates a Db
    assert recorded == expected


def test_a_collection_created_concurrently_is_used(bare: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    create = Database.create_collection

    def create_twice(self: Database[Any], name: str, **options: Any) -> Any:
        create(self, name, **options)
        return create(self, name, **options)

    monkeypatch.setattr(Database, "create_collection", create_twice)
    ensure_collections(bare, COLLECTIONS)
    assert "one_active_booking_per_date" in bare.bookings.index_information()


def test_a_collection_that_cannot_be_created_is_an_error(bare: Db) -> None:
    with pytest.raises(OperationFailure):
        ensure_collections(bare, [CollectionSpec("odd", [], {"$nonsense": 1})])
    assert "odd" not in bare.list_collection_names()


def test_an_index_that_cannot_be_created_is_an_error(bare: Db) -> None:
    nonsense = pymongo.IndexModel([("a", "nonsense")], name="a")
    with pytest.raises(OperationFailure):
        ensure_collections(bare, [CollectionSpec("odd", [nonsense])])


def test_an_outage_does_not_count_as_incompatible_data(bare: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AutoReconnect("gone")

    monkeypatch.setattr(pymongo.collection.Collection, "create_indexes", fail)
    with pytest.raises(AutoReconnect):
        ensure_collections(bare, COLLECTIONS)


def test_duplicates_match_all_keys_and_the_filter_of_an_index(bare: Db) -> None:
    documents = [
        {"a": 1, "b": 1},
        {"a": 1, "b": 1},
        {"a": 1, "b": 2},
        {"a": 1, "b": 1, "off": True},
        {"a": 2},
        {"a": 2},
    ]
    ids = [str(document_id) for document_id in bare.things.insert_many(documents).inserted_ids]
    index = pymongo.IndexModel([("a", 1), ("b", 1)], unique=True, partialFilterExpression={"off": {"$exists": False}})
    duplicates = {tuple(sorted(group)) for group in find_duplicates(bare, "things", index)}
    assert duplicates == {(ids[0], ids[1]), (ids[4], ids[5])}
