"""Indexes and validators: there after every start, made by whoever comes first, and never against the data."""

from __future__ import annotations

import subprocess
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
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db, Document

# The specification's (1.1, 1.3, 1.4): each is one of ours, or the beginning of one.
OF_THE_SPECIFICATION: list[tuple[str, list[tuple[str, Any]]]] = [
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
    """Return a database that nobody has prepared."""
    db = connect(fresh_uri)
    yield db
    db.client.close()


def refused(db: Db) -> str:
    """Return why the data is refused."""
    with pytest.raises(IncompatibleDataError) as caught:
        ensure_collections(db, COLLECTIONS)
    return str(caught.value)


@pytest.mark.parametrize(("collection", "keys"), OF_THE_SPECIFICATION, ids=str)
def test_every_index_of_the_specification_is_there_after_a_start(db: Db, collection: str, keys: list[Any]) -> None:
    made = [
        list(index["key"].items()) if hasattr(index["key"], "items") else index["key"]
        for index in db[collection].index_information().values()
    ]
    assert any(found[: len(keys)] == keys for found in made)


def test_an_address_is_unique_in_any_case(db: Db) -> None:
    index = db.users.index_information()["one_account_per_email"]
    assert index["unique"]
    assert index["collation"]["strength"] == 2


def test_the_index_that_keeps_two_people_out_of_one_hall_is_there(db: Db) -> None:
    index = db.bookings.index_information()["one_active_booking_per_date"]
    assert index["unique"]
    assert index["key"] == [("venue_id", 1), ("date", 1)]
    assert index["partialFilterExpression"] == {"status": {"$gt": "cancelled"}}


def test_every_index_of_ours_is_there_after_a_start(bare: Db) -> None:
    ensure_collections(bare, COLLECTIONS)
    for plan in COLLECTIONS:
        assert {index.document["name"] for index in plan.indexes} <= bare[plan.name].index_information().keys()
    options = next(bare.list_collections(filter={"name": "bookings"}))["options"]
    assert options["validator"] == next(plan for plan in COLLECTIONS if plan.name == "bookings").validator


def test_a_second_start_changes_nothing(bare: Db) -> None:
    ensure_collections(bare, COLLECTIONS)
    before = {plan.name: bare[plan.name].index_information() for plan in COLLECTIONS}
    ensure_collections(bare, COLLECTIONS)
    assert {plan.name: bare[plan.name].index_information() for plan in COLLECTIONS} == before


def test_many_may_prepare_one_database_at_once(fresh_uri: str) -> None:
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
        found = client.get_default_database().bookings.index_information()
    assert "one_active_booking_per_date" in found


@pytest.mark.parametrize(("collection", "keys"), OF_THE_SPECIFICATION, ids=str)
def test_a_tool_that_made_the_indexes_of_the_specification_is_no_hindrance(
    bare: Db, collection: str, keys: list[Any]
) -> None:
    bare[collection].create_index(keys, unique=collection == "users")
    ensure_collections(bare, COLLECTIONS)
    assert "one_active_booking_per_date" in bare.bookings.index_information()


def test_two_active_bookings_for_a_date_are_named_and_stay(bare: Db) -> None:
    twins = [
        str(found)
        for found in bare.bookings.insert_many([{**BOOKING}, {**BOOKING, "status": "confirmed"}]).inserted_ids
    ]
    other = bare.bookings.insert_one({**BOOKING, "status": "cancelled"}).inserted_id
    said = refused(bare)
    assert "halls check" in said
    assert "bookings" in said
    assert all(twin in said for twin in twins)
    assert str(other) not in said
    assert bare.bookings.count_documents({}) == 3


def test_two_accounts_of_one_address_in_another_case_are_named_and_stay(bare: Db) -> None:
    rows = [{"email": email} for email in ("ali@example.com", "ALI@Example.com", "bilal@example.com")]
    first, second, other = (str(found) for found in bare.users.insert_many(rows).inserted_ids)
    said = refused(bare)
    assert "halls check" in said
    assert first in said
    assert second in said
    assert other not in said
    assert "ali" not in said, "ids, not personal data"
    assert bare.users.count_documents({}) == 3


def test_at_most_twenty_are_named(bare: Db) -> None:
    rows = [{**BOOKING, "date": f"2027-01-{number:02}"} for number in range(1, 26) for _ in range(2)]
    bare.bookings.insert_many(rows)
    assert refused(bare).count(" = ") == 20


@pytest.mark.parametrize(
    "bad",
    [{"status": "Pending"}, {"status": None}, {"date": "2027-1-5"}, {"guests": 0}, {"price_locked": "7"}],
    ids=str,
)
def test_documents_that_break_a_rule_are_named_and_stay(bare: Db, bad: Document) -> None:
    good = bare.bookings.insert_one({**BOOKING}).inserted_id
    found = bare.bookings.insert_one({**BOOKING, "date": "2027-01-06", **bad}).inserted_id
    said = refused(bare)
    assert "halls check" in said
    assert str(found) in said
    assert str(good) not in said
    assert bare.bookings.count_documents({}) == 2


def test_a_collection_that_another_tool_made_gets_the_rules(bare: Db) -> None:
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
def test_an_index_of_ours_under_another_definition_stops_the_start_and_stays(
    bare: Db, keys: list[Any], options: dict[str, Any]
) -> None:
    bare.bookings.create_index(keys, **options)
    before = bare.bookings.index_information()
    said = refused(bare)
    assert "one_active_booking_per_date" in said
    assert "halls check" in said
    assert bare.bookings.index_information() == before


@contextmanager
def standalone_mongod(folder: Path) -> Iterator[str]:
    """Run a mongod that is no replica set."""
    port = free_port()
    command = [embedded._find_mongod(), "--port", str(port), "--dbpath", str(folder), "--bind_ip", "127.0.0.1"]  # noqa: SLF001 - the same mongod
    process = subprocess.Popen([*command, "--nounixsocket"], stdout=subprocess.DEVNULL)
    try:
        yield f"mongodb://127.0.0.1:{port}/halls"
    finally:
        process.terminate()
        process.wait(30)


def test_a_mongod_that_runs_alone_is_refused(tmp_path: Path) -> None:
    with standalone_mongod(tmp_path) as uri, closing(MongoClient[Any](uri, serverSelectionTimeoutMS=20_000)) as client:
        client.admin.command("ping")
        db = connect(uri)
        with closing(db.client):
            said = refused(db)
            assert "--replSet" in said
            assert db.list_collection_names() == []


class Cluster:
    """Answers as a mongos does, which cannot be had here."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.client, self.admin = answers, self, self

    def command(self, asked: str | dict[str, Any]) -> Any:
        """Give the answer to a command, or the error."""
        answer = self.answers[asked if isinstance(asked, str) else next(iter(asked))]
        if isinstance(answer, Exception):
            raise answer
        return answer


LIMIT = "transactionLifetimeLimitSeconds"


@pytest.mark.parametrize(
    ("answer", "warned"),
    [({LIMIT: 60}, [60]), ({LIMIT: 5}, []), (OperationFailure("not allowed", code=13), [])],
    ids=["long", "short", "nobody tells"],
)
def test_a_sharded_cluster_is_taken_and_a_long_life_of_transactions_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, answer: Any, warned: list[int]
) -> None:
    heard: list[int] = []

    class Log:
        """Hears warnings."""

        def warning(self, _event: str, *, seconds: int, **_values: Any) -> None:
            """Remember how long."""
            heard.append(seconds)

    monkeypatch.setattr(indexes, "log", Log())
    ensure_collections(Cluster({"hello": {"msg": "isdbgrid"}, "getParameter": answer}), [])  # type: ignore[arg-type] # answers like one
    assert heard == warned


def test_whoever_makes_the_collection_second_uses_the_first_ones(bare: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    create = Database.create_collection

    def lose(self: Database[Any], name: str, **options: Any) -> Any:
        create(self, name, **options)
        return create(self, name, **options)

    monkeypatch.setattr(Database, "create_collection", lose)
    ensure_collections(bare, COLLECTIONS)
    assert "one_active_booking_per_date" in bare.bookings.index_information()


def test_a_collection_that_can_not_be_made_is_an_error(bare: Db) -> None:
    with pytest.raises(OperationFailure):
        ensure_collections(bare, [CollectionSpec("odd", [], {"$nonsense": 1})])
    assert "odd" not in bare.list_collection_names()


def test_an_index_that_can_not_be_made_is_an_error(bare: Db) -> None:
    nonsense = pymongo.IndexModel([("a", "nonsense")], name="a")
    with pytest.raises(OperationFailure):
        ensure_collections(bare, [CollectionSpec("odd", [nonsense])])


def test_a_database_that_is_away_is_no_contradiction(bare: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AutoReconnect("gone")

    monkeypatch.setattr(pymongo.collection.Collection, "create_indexes", fail)
    with pytest.raises(AutoReconnect):
        ensure_collections(bare, COLLECTIONS)


def test_duplicates_are_found_by_all_keys_of_an_index_within_its_filter(bare: Db) -> None:
    rows = [{"a": 1, "b": 1}, {"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 1, "off": True}, {"a": 2}, {"a": 2}]
    ids = [str(found) for found in bare.things.insert_many(rows).inserted_ids]
    index = pymongo.IndexModel([("a", 1), ("b", 1)], unique=True, partialFilterExpression={"off": {"$exists": False}})
    found = {tuple(sorted(group)) for group in find_duplicates(bare, "things", index)}
    assert found == {(ids[0], ids[1]), (ids[4], ids[5])}
