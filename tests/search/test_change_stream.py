"""The change stream reader: search shows external writes soon, and own writes cause no reindex."""

from __future__ import annotations

import threading
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import ObjectId
from pymongo.errors import OperationFailure

from halls.search import change_stream
from halls.search.reindex import find_stale
from tests.factories import day, insert_booking, insert_venue, venue_document
from tests.search.change_stream_workers import ReindexRecorder, Worker
from tests.tcp_proxy import TcpProxy
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db

MAX_WAIT_SECONDS = 20
OWNER_ID = ObjectId()


def test_search_shows_every_kind_of_external_write(worker: Worker, external_db: Db) -> None:
    venue = insert_venue(external_db, OWNER_ID)
    venue_id = str(venue["_id"])
    worker.wait_for_ids([venue_id], date=day(5))
    external_db.venues.update_one({"_id": venue["_id"]}, {"$set": {"capacity": 7}})
    worker.wait_for_ids([venue_id], capacity_max=7)
    external_db.venues.replace_one({"_id": venue["_id"]}, venue | {"type": "Lawn"})
    worker.wait_for_ids([venue_id], type="Lawn", capacity_min=8)
    booking = insert_booking(external_db, venue["_id"], ObjectId())
    worker.wait_for_ids([], date=day(5))
    external_db.bookings.update_one({"_id": booking["_id"]}, {"$set": {"status": "cancelled"}})
    worker.wait_for_ids([venue_id], date=day(5))
    external_db.bookings.update_one({"_id": booking["_id"]}, {"$set": {"status": "confirmed"}})
    worker.wait_for_ids([], date=day(5))
    external_db.bookings.delete_one({"_id": booking["_id"]})
    worker.wait_for_ids([venue_id], date=day(5))
    external_db.venues.delete_one({"_id": venue["_id"]})
    worker.wait_for_ids([])
    assert list(find_stale(external_db)) == []


def test_control_without_a_reader_external_writes_stay_hidden(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_stream.Changes, "_add", lambda *_: None)
    insert_venue(external_db, OWNER_ID)
    with pytest.raises(AssertionError, match="still false"):
        wait_until(worker.search_ids, seconds=2)


def test_external_writes_in_a_transaction_are_found(worker: Worker, external_db: Db) -> None:
    venue = insert_venue(external_db, OWNER_ID)
    with external_db.client.start_session() as session, session.start_transaction():
        external_db.venues.update_one({"_id": venue["_id"]}, {"$set": {"type": "Lawn"}}, session=session)
        booking = {"venue_id": venue["_id"], "user_id": ObjectId(), "date": day(2), "guests": 1, "status": "pending"}
        external_db.bookings.insert_one(booking, session=session)
    worker.wait_for_ids([str(venue["_id"])], type="Lawn")
    worker.wait_for_ids([], type="Lawn", date=day(2))


def test_many_external_writes_are_reindexed_in_batches(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_stream, "COLLECT_SECONDS", 0.0)
    external_db.venues.insert_many([venue_document(OWNER_ID) for _ in range(150)])
    external_db.venues.update_many({}, {"$set": {"capacity": 7}})
    wait_until(lambda: len(worker.search_ids(capacity_max=7)) == 150)


def test_writes_to_other_collections_do_not_hide_a_venue_write(worker: Worker, external_db: Db) -> None:
    external_db.others.insert_many([{} for _ in range(20_000)])
    venue = insert_venue(external_db, OWNER_ID)
    worker.wait_for_ids([str(venue["_id"])])


def test_writes_through_the_api_show_at_once_and_cause_no_reindex(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, api = ReindexRecorder(monkeypatch, worker.db.name), worker.api
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking_ids = [api.book(guest, venue_id, day(ahead)).data["booking_id"] for ahead in (1, 2)]
    api.delete(f"/bookings/{booking_ids[1]}", token=guest)
    api.patch(f"/venues/{venue_id}", {"capacity": 300}, token=owner)
    api.delete(f"/venues/{api.list_venue(owner)}", token=owner)
    assert worker.search_ids(date=day(2)) == [venue_id]
    assert list(find_stale(worker.db)) == []
    # The reader has read all of them once it has read this later write.
    last = insert_venue(external_db, OWNER_ID)
    worker.wait_for_ids([venue_id, str(last["_id"])])
    assert (recorder.venue_ids, recorder.full_runs) == ([last["_id"]], 0)


def test_an_entry_that_looks_right_is_written_after_an_external_change(worker: Worker, external_db: Db) -> None:
    venue = insert_venue(external_db, OWNER_ID)
    worker.wait_for_ids([str(venue["_id"])])
    first = external_db.search_entries.find_one({})
    external_db.venues.update_one({"_id": venue["_id"]}, {"$set": {"a field that search does not read": 1}})
    wait_until(lambda: external_db.search_entries.find_one({}) != first)


def test_a_replaced_or_dropped_collection_is_reindexed(worker: Worker, external_db: Db) -> None:
    external_db.draft.insert_many([venue_document(OWNER_ID) for _ in range(3)])
    external_db.draft.aggregate([{"$out": "venues"}])
    wait_until(lambda: len(worker.search_ids()) == 3)
    external_db.venues.drop()
    worker.wait_for_ids([])


def test_a_dropped_search_index_is_rebuilt_with_its_mongodb_indexes(worker: Worker, external_db: Db) -> None:
    venue_id = str(insert_venue(external_db, OWNER_ID)["_id"])
    worker.wait_for_ids([venue_id])
    external_db.search_entries.drop()
    wait_until(lambda: external_db.search_entries.count_documents({}) == 1)
    # The count reads the newest write. A search reads it a moment later, after its majority commit.
    wait_until(lambda: worker.search_ids(date=day(5), type="Banquet") == [venue_id])
    assert worker.search_ids(near_lat=31.55, near_lng=74.35) == [venue_id]


def test_ids_of_any_type_do_not_stop_the_reader(worker: Worker, external_db: Db) -> None:
    for odd_id in ([ObjectId()], {"a": [5]}, "a text"):
        booking = {"venue_id": odd_id, "date": day(5), "status": "pending"}
        booking_id = external_db.bookings.insert_one(booking).inserted_id
        external_db.bookings.update_one({"_id": booking_id}, {"$set": {"status": "cancelled"}})
    external_db.bookings.insert_one({"_id": {"a": [5]}, "venue_id": 7, "date": day(5), "status": "pending"})
    external_db.venues.insert_one(venue_document(OWNER_ID) | {"_id": {"a": [5]}})
    venue_id = str(insert_venue(external_db, OWNER_ID)["_id"])
    with structlog.testing.capture_logs() as logs:
        worker.wait_for_ids([venue_id])
    assert [line for line in logs if line["log_level"] != "info"] == []


def test_the_reader_continues_after_the_database_was_dropped(worker: Worker, external_db: Db) -> None:
    insert_venue(external_db, OWNER_ID)
    wait_until(lambda: len(worker.search_ids()) == 1)
    external_db.client.drop_database(external_db.name)
    for count in (1, 2):  # only a new stream sees the second insert: the old stream has ended
        insert_venue(external_db, OWNER_ID)
        wait_until(lambda count=count: external_db.search_entries.count_documents({}) == count)  # type: ignore[misc]


def test_an_external_write_to_the_search_index_is_repaired(worker: Worker, external_db: Db) -> None:
    venue = insert_venue(external_db, OWNER_ID)
    worker.wait_for_ids([str(venue["_id"])])
    external_db.search_entries.delete_one({})
    worker.wait_for_ids([str(venue["_id"])])


@pytest.mark.usefixtures("short_waits")
def test_a_lost_connection_loses_no_change(fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halls.mongo.client.SELECTION_MS", 150)
    # Only the reader is a task here: other parts of the application record their failures elsewhere.
    failures: list[Exception] = []
    monkeypatch.setattr(
        "halls.server.tasks.outage_log", lambda _: SimpleNamespace(record_failure=failures.append, record_success=str)
    )
    proxy = TcpProxy(fresh_uri)
    proxy.open()
    with closing(proxy), closing(Worker(proxy.uri)) as worker:
        earlier = insert_venue(external_db, OWNER_ID)
        worker.wait_for_ids([str(earlier["_id"])])
        recorder = ReindexRecorder(monkeypatch, external_db.name)
        proxy.close()
        venue = insert_venue(external_db, OWNER_ID)
        wait_until(lambda: failures)
        proxy.open()
        worker.api.wait_until_ready()
        worker.wait_for_ids([str(earlier["_id"]), str(venue["_id"])])
    # The reader resumes after its last change: a full reindex is not necessary.
    assert venue["_id"] in recorder.venue_ids
    assert recorder.full_runs == 0


def run_before_collecting(monkeypatch: pytest.MonkeyPatch, db: Db, action: Callable[[], None]) -> None:
    """Run `action` once, when the reader of this database has read changes and has not applied them."""
    collect, may_run = change_stream.Changes.collect, threading.Lock()

    def collect_and_act(self: change_stream.Changes, stream: Any) -> bool:
        is_complete = collect(self, stream)
        if stream._target.name == db.name and self._venues and may_run.acquire(blocking=False):  # noqa: SLF001 - readers of other databases run too
            action()
        return is_complete

    monkeypatch.setattr(change_stream.Changes, "collect", collect_and_act)


@pytest.mark.parametrize(
    "error",
    [*(OperationFailure("stored data", code) for code in (260, 280, 286, 10334)), ZeroDivisionError("stored data")],
    ids=["invalid token", "fatal", "history lost", "too large", "defect"],
)
def test_changes_lost_by_an_error_are_found_by_a_full_reindex(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail() -> None:
        raise error

    recorder = ReindexRecorder(monkeypatch, external_db.name)
    run_before_collecting(monkeypatch, external_db, fail)
    with structlog.testing.capture_logs() as logs:
        venue = insert_venue(external_db, OWNER_ID)
        worker.wait_for_ids([str(venue["_id"])])
    assert recorder.full_runs == 1
    assert [line["error"] for line in logs if line["event"] == "task failed"] == [type(error).__name__]
    assert "stored data" not in str(logs)


def test_api_bookings_change_search_at_once_during_a_long_reindex(
    worker: Worker, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, may_end = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        may_end.wait(MAX_WAIT_SECONDS)

    run_before_collecting(monkeypatch, external_db, wait)
    external_id = str(insert_venue(external_db, OWNER_ID)["_id"])
    assert started.wait(MAX_WAIT_SECONDS)
    venue_id, guest = worker.api.list_venue(worker.api.owner()), worker.api.guest()
    assert worker.search_ids(date=day(1)) == [venue_id]
    booking_id = worker.api.book(guest, venue_id, day(1)).data["booking_id"]
    assert worker.search_ids(date=day(1)) == []
    worker.api.delete(f"/bookings/{booking_id}", token=guest)
    assert worker.search_ids(date=day(1)) == [venue_id]
    may_end.set()
    worker.wait_for_ids([venue_id, external_id])
