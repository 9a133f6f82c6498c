"""The change stream reader: searches see external writes at once, and own writes cause no reindex."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import ObjectId, Timestamp
from pymongo.errors import OperationFailure

from halls.mongo.client import connect
from halls.search import change_stream
from halls.search.change_stream import NEVER, ChangeStreamReader
from halls.search.reindex import find_stale
from tests.api_client import day
from tests.external_documents import insert_booking, insert_venue, venue_document
from tests.search.change_stream_workers import ReindexRecorder, Worker
from tests.tcp_proxy import TcpProxy
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

pytestmark = pytest.mark.usefixtures("short_waits")
MAX_WAIT_SECONDS = 20
OWNER_ID = ObjectId()


def test_every_worker_finds_external_writes_at_once(workers: tuple[Worker, Worker], external_db: Db) -> None:
    def search_all(**parameters: Any) -> list[list[str]]:
        return [worker.search_ids(**parameters) for worker in workers]

    for _ in range(5):
        venue = insert_venue(external_db, OWNER_ID)
        venue_id = str(venue["_id"])
        assert search_all(date=day(5)) == [[venue_id]] * 2
        external_db.venues.update_one({"_id": venue["_id"]}, {"$set": {"capacity": 7}})
        assert search_all(capacity_max=7) == [[venue_id]] * 2
        external_db.venues.replace_one({"_id": venue["_id"]}, venue | {"type": "Lawn"})
        assert search_all(type="Lawn", capacity_min=8) == [[venue_id]] * 2
        booking = insert_booking(external_db, venue["_id"], ObjectId())
        assert search_all(date=day(5)) == [[]] * 2
        external_db.bookings.update_one({"_id": booking["_id"]}, {"$set": {"status": "cancelled"}})
        assert search_all(date=day(5)) == [[venue_id]] * 2
        external_db.bookings.update_one({"_id": booking["_id"]}, {"$set": {"status": "confirmed"}})
        assert search_all(date=day(5)) == [[]] * 2
        external_db.bookings.delete_one({"_id": booking["_id"]})
        assert search_all(date=day(5)) == [[venue_id]] * 2
        external_db.venues.delete_one({"_id": venue["_id"]})
        assert search_all() == [[]] * 2
    assert list(find_stale(external_db)) == []


def test_external_writes_in_a_transaction_are_found_at_once(worker: Worker, external_db: Db) -> None:
    venue = insert_venue(external_db, OWNER_ID)
    with external_db.client.start_session() as session, session.start_transaction():
        external_db.venues.update_one({"_id": venue["_id"]}, {"$set": {"type": "Lawn"}}, session=session)
        booking = {"venue_id": venue["_id"], "user_id": ObjectId(), "date": day(2), "guests": 1, "status": "pending"}
        external_db.bookings.insert_one(booking, session=session)
    assert worker.search_ids(type="Lawn") == [str(venue["_id"])]
    assert worker.search_ids(type="Lawn", date=day(2)) == []


def test_control_a_search_that_does_not_wait_misses_external_writes(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker.search_ids() == []
    monkeypatch.setattr(ChangeStreamReader, "_await", lambda *_: None)
    counts = []
    for _ in range(5):
        insert_venue(external_db, OWNER_ID)
        counts.append(len(worker.search_ids()))
    assert counts != [1, 2, 3, 4, 5]


def test_a_search_sees_a_concurrent_reindex_by_another_worker(
    workers: tuple[Worker, Worker], external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = workers
    assert [first.search_ids(), second.search_ids()] == [[], []]
    venue = insert_venue(external_db, OWNER_ID)
    real, calls = ChangeStreamReader._read, list[str]()  # noqa: SLF001 - to write between read and clock

    def read_slowly(self: ChangeStreamReader, work: Any) -> Any:
        if self is not first.change_stream_reader:
            return real(self, work)
        result, _ = real(self, work)
        if not calls:
            calls.append("once")
            # The search index is up to date by now, but the earlier read of it is not.
            assert second.search_ids() == [str(venue["_id"])]
        return result, real(
            self, lambda session: external_db.catalog.find_one({}) and first.db.catalog.find_one({}, session=session)
        )[1]

    monkeypatch.setattr(ChangeStreamReader, "_read", read_slowly)
    assert first.search_ids() == [str(venue["_id"])]


def test_many_external_writes_are_reindexed_in_batches(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker.search_ids() == []
    monkeypatch.setattr(change_stream, "GATHER_SECONDS", 0.0)
    external_db.venues.insert_many([venue_document(OWNER_ID) for _ in range(150)])
    external_db.venues.update_many({}, {"$set": {"capacity": 7}})
    assert len(worker.search_ids(capacity_max=7)) == 150


def test_writes_to_other_collections_do_not_hide_a_venue_write(worker: Worker, external_db: Db) -> None:
    assert worker.search_ids() == []
    external_db.others.insert_many([{} for _ in range(20_000)])
    venue = insert_venue(external_db, OWNER_ID)
    assert worker.search_ids() == [str(venue["_id"])]


def test_writes_through_the_api_cause_no_reindex(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker.search_ids() == []
    recorder, api = ReindexRecorder(monkeypatch, worker.db.name), worker.api
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking_ids = [api.book(guest, venue_id, day(ahead)).data["booking_id"] for ahead in (1, 2)]
    api.delete(f"/bookings/{booking_ids[1]}", token=guest)
    api.patch(f"/venues/{venue_id}", {"capacity": 300}, token=owner)
    api.delete(f"/venues/{api.list_venue(owner)}", token=owner)
    assert worker.search_ids(date=day(2)) == [venue_id]
    assert (recorder.venue_ids, recorder.full_runs) == ([], 0)
    assert list(find_stale(worker.db)) == []


def test_a_search_does_not_wait_without_new_writes(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker.search_ids() == []
    real, waits = ChangeStreamReader._read, list[Timestamp]()  # noqa: SLF001 - other tests write to this mongod
    monkeypatch.setattr(ChangeStreamReader, "_read", lambda self, work: (real(self, work)[0], self._seen))
    monkeypatch.setattr(ChangeStreamReader, "_await", lambda _, target: waits.append(target))
    assert worker.search_ids() == []
    assert waits == []


def test_a_replaced_or_dropped_collection_is_reindexed(worker: Worker, external_db: Db) -> None:
    assert worker.search_ids() == []
    external_db.draft.insert_many([venue_document(OWNER_ID) for _ in range(3)])
    external_db.draft.aggregate([{"$out": "venues"}])
    assert len(worker.search_ids()) == 3
    external_db.venues.drop()
    assert worker.search_ids() == []


def test_a_dropped_search_index_is_rebuilt_with_its_mongodb_indexes(worker: Worker, external_db: Db) -> None:
    venue_id = str(insert_venue(external_db, OWNER_ID)["_id"])
    assert worker.search_ids() == [venue_id]
    external_db.catalog.drop()
    wait_until(lambda: external_db.catalog.count_documents({}) == 1)
    assert worker.search_ids(date=day(5), type="Banquet") == [venue_id]
    assert worker.search_ids(near_lat=31.55, near_lng=74.35) == [venue_id]


def test_ids_of_any_type_do_not_stop_the_reader(worker: Worker, external_db: Db) -> None:
    assert worker.search_ids() == []
    for odd_id in ([ObjectId()], {"a": [5]}, "a text"):
        booking = {"venue_id": odd_id, "date": day(5), "status": "pending"}
        booking_id = external_db.bookings.insert_one(booking).inserted_id
        external_db.bookings.update_one({"_id": booking_id}, {"$set": {"status": "cancelled"}})
    external_db.bookings.insert_one({"_id": {"a": [5]}, "venue_id": 7, "date": day(5), "status": "pending"})
    external_db.venues.insert_one(venue_document(OWNER_ID) | {"_id": {"a": [5]}})
    venue_id = str(insert_venue(external_db, OWNER_ID)["_id"])
    with structlog.testing.capture_logs() as logs:
        assert worker.search_ids() == [venue_id]
    assert [line for line in logs if line["log_level"] != "info"] == []


def test_the_reader_continues_after_the_database_was_dropped(worker: Worker, external_db: Db) -> None:
    insert_venue(external_db, OWNER_ID)
    assert len(worker.search_ids()) == 1
    external_db.client.drop_database(external_db.name)
    for count in (1, 2):  # only a new stream sees the second insert: the old stream has ended
        insert_venue(external_db, OWNER_ID)
        wait_until(lambda count=count: external_db.catalog.count_documents({}) == count)  # type: ignore[misc]


def test_an_ended_stream_is_reopened_after_a_full_reindex(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker.search_ids() == []
    recorder, real = ReindexRecorder(monkeypatch, external_db.name), ChangeStreamReader._take_in  # noqa: SLF001 - handles the end of a stream

    def end_once(self: ChangeStreamReader, stream: Any) -> None:
        if self is worker.change_stream_reader and not recorder.full_runs:
            stream.close()
        else:
            real(self, stream)

    monkeypatch.setattr(ChangeStreamReader, "_take_in", end_once)
    wait_until(lambda: recorder.full_runs == 1)
    venue = insert_venue(external_db, OWNER_ID)
    assert worker.search_ids() == [str(venue["_id"])]


def test_an_external_write_to_the_search_index_is_repaired(worker: Worker, external_db: Db) -> None:
    venue = insert_venue(external_db, OWNER_ID)
    assert worker.search_ids() == [str(venue["_id"])]
    external_db.catalog.delete_one({})
    assert worker.search_ids() == [str(venue["_id"])]


def test_a_lost_connection_loses_no_change(fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halls.mongo.client.SELECTION_MS", 150)
    proxy = TcpProxy(fresh_uri)
    proxy.open()
    with structlog.testing.capture_logs() as logs, closing(proxy), closing(Worker(proxy.uri)) as worker:
        assert worker.search_ids() == []
        recorder = ReindexRecorder(monkeypatch, external_db.name)
        proxy.close()
        venue = insert_venue(external_db, OWNER_ID)
        wait_until(lambda: any(line["event"] == "change stream interrupted" for line in logs))
        proxy.open()
        wait_until(lambda: worker.api.get("/health/ready").status == 200)
        wait_until(lambda: worker.search_ids() == [str(venue["_id"])])
    # The reader resumes after its last change: a full reindex is not necessary.
    assert venue["_id"] in recorder.venue_ids
    assert recorder.full_runs == 0


@pytest.mark.parametrize("code", [260, 280, 286, 10334])
def test_lost_change_stream_history_causes_a_full_reindex(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    assert worker.search_ids() == []
    recorder, gather, failures = (
        ReindexRecorder(monkeypatch, external_db.name),
        change_stream.Changes.gather,
        list[int](),
    )

    def lose_history(self: Any, stream: Any) -> bool:
        if not failures and threading.current_thread() is worker.thread:
            failures.append(code)
            assert gather(self, stream)
            raise OperationFailure("stored data must not be in the log", code)
        return gather(self, stream)

    monkeypatch.setattr(change_stream.Changes, "gather", lose_history)
    with structlog.testing.capture_logs() as logs:
        venue = insert_venue(external_db, OWNER_ID)
        assert worker.search_ids() == [str(venue["_id"])]
    assert recorder.full_runs == 1
    assert [line["error"] for line in logs if line["event"] == "change stream interrupted"] == ["OperationFailure"]


def test_an_unexpected_error_does_not_end_the_reader_thread(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker.search_ids() == []
    real = change_stream.Changes.reindex

    def fail_once(self: Any, db: Db) -> bool:
        if db.name != external_db.name:
            return real(self, db)
        monkeypatch.setattr(change_stream.Changes, "reindex", real)
        raise ZeroDivisionError

    monkeypatch.setattr(change_stream.Changes, "reindex", fail_once)
    venue = insert_venue(external_db, OWNER_ID)
    assert worker.search_ids() == [str(venue["_id"])]


@contextmanager
def busy_reader(worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the change stream reader busy with an external write until the block ends."""
    started, may_end = threading.Event(), threading.Event()
    real = change_stream.Changes.reindex

    def reindex_slowly(self: Any, db: Db) -> bool:
        if db.name == external_db.name:
            started.set()
            may_end.wait(MAX_WAIT_SECONDS)
        return real(self, db)

    assert worker.search_ids() == []
    monkeypatch.setattr(change_stream, "MAX_WAIT_SECONDS", 0.3)
    monkeypatch.setattr(change_stream.Changes, "reindex", reindex_slowly)
    insert_venue(external_db, OWNER_ID)
    worker.search_ids()
    assert started.wait(MAX_WAIT_SECONDS)
    yield
    may_end.set()


def test_a_search_during_a_long_reindex_returns_the_current_index(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    with busy_reader(worker, external_db, monkeypatch):
        began = time.monotonic()  # only the first search waits
        assert [worker.search_ids() for _ in range(20)] == [[]] * 20
        assert time.monotonic() - began < 20 * change_stream.MAX_WAIT_SECONDS
    wait_until(lambda: len(worker.search_ids()) == 1)


def test_api_bookings_change_search_at_once_during_a_long_reindex(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    with busy_reader(worker, external_db, monkeypatch):
        venue_id, guest = worker.api.list_venue(worker.api.owner()), worker.api.guest()
        assert worker.search_ids(date=day(1)) == [venue_id]
        booking_id = worker.api.book(guest, venue_id, day(1)).data["booking_id"]
        assert worker.search_ids(date=day(1)) == []
        worker.api.delete(f"/bookings/{booking_id}", token=guest)
        assert worker.search_ids(date=day(1)) == [venue_id]


def test_waiting_for_changes_is_not_logged_as_a_slow_command(fresh_uri: str) -> None:
    db = connect(fresh_uri, slow_ms=150)
    change_stream_reader = ChangeStreamReader(db)
    with closing(db.client), structlog.testing.capture_logs() as logs:
        change_stream_reader.wait_for_first_fill()
        time.sleep(change_stream.IDLE_SECONDS)
    assert change_stream_reader._seen > NEVER  # noqa: SLF001 - the last cluster time is not public
    assert [line for line in logs if line["event"] == "slow command"] == []
