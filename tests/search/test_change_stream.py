"""What other tools write search shows at once, on every worker; what we write ourselves costs it nothing."""

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
from halls.search import change_stream as following
from halls.search.change_stream import NEVER, ChangeStreamReader
from halls.search.reindex import find_stale
from tests.api_client import day
from tests.external_documents import put_booking, put_venue, venue_document
from tests.faults.fault_injection import wait_until
from tests.search.change_stream_workers import Noted, Worker
from tests.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

pytestmark = pytest.mark.usefixtures("hasty")
MAX_WAIT_SECONDS = 20
OWNER_ID = ObjectId()


def test_what_another_tool_writes_every_worker_shows_at_once(workers: tuple[Worker, Worker], other: Db) -> None:
    def shown(**asked: Any) -> list[list[str]]:
        return [worker.found(**asked) for worker in workers]

    for _ in range(5):
        venue = put_venue(other, OWNER_ID)
        venue_id = str(venue["_id"])
        assert shown(date=day(5)) == [[venue_id]] * 2
        other.venues.update_one({"_id": venue["_id"]}, {"$set": {"capacity": 7}})
        assert shown(capacity_max=7) == [[venue_id]] * 2
        other.venues.replace_one({"_id": venue["_id"]}, venue | {"type": "Lawn"})
        assert shown(type="Lawn", capacity_min=8) == [[venue_id]] * 2
        booking = put_booking(other, venue["_id"], ObjectId())
        assert shown(date=day(5)) == [[]] * 2
        other.bookings.update_one({"_id": booking["_id"]}, {"$set": {"status": "cancelled"}})
        assert shown(date=day(5)) == [[venue_id]] * 2
        other.bookings.update_one({"_id": booking["_id"]}, {"$set": {"status": "confirmed"}})
        assert shown(date=day(5)) == [[]] * 2
        other.bookings.delete_one({"_id": booking["_id"]})
        assert shown(date=day(5)) == [[venue_id]] * 2
        other.venues.delete_one({"_id": venue["_id"]})
        assert shown() == [[]] * 2
    assert list(find_stale(other)) == []


def test_what_it_writes_in_a_transaction_too(worker: Worker, other: Db) -> None:
    venue = put_venue(other, OWNER_ID)
    with other.client.start_session() as session, session.start_transaction():
        other.venues.update_one({"_id": venue["_id"]}, {"$set": {"type": "Lawn"}}, session=session)
        booking = {"venue_id": venue["_id"], "user_id": ObjectId(), "date": day(2), "guests": 1, "status": "pending"}
        other.bookings.insert_one(booking, session=session)
    assert worker.found(type="Lawn") == [str(venue["_id"])]
    assert worker.found(type="Lawn", date=day(2)) == []


def test_control_who_does_not_wait_for_the_follower_misses_it(
    worker: Worker, other: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker.found() == []
    monkeypatch.setattr(ChangeStreamReader, "_await", lambda *_: None)
    found = []
    for _ in range(5):
        put_venue(other, OWNER_ID)
        found.append(len(worker.found()))
    assert found != [1, 2, 3, 4, 5]


def test_a_mending_of_another_worker_between_two_looks_is_not_missed(
    workers: tuple[Worker, Worker], other: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = workers
    assert [first.found(), second.found()] == [[], []]
    venue = put_venue(other, OWNER_ID)
    real, asked = ChangeStreamReader._read, list[str]()  # noqa: SLF001 - the instant between reading and looking at the time

    def read_slowly(self: ChangeStreamReader, work: Any) -> Any:
        if self is not first.follower:
            return real(self, work)
        result, _ = real(self, work)
        if not asked:
            asked.append("once")
            # The catalog is true by now, but what was read of it before is not.
            assert second.found() == [str(venue["_id"])]
        return result, real(
            self, lambda session: other.catalog.find_one({}) and first.db.catalog.find_one({}, session=session)
        )[1]

    monkeypatch.setattr(ChangeStreamReader, "_read", read_slowly)
    assert first.found() == [str(venue["_id"])]


def test_many_writes_are_taken_in_part_by_part(worker: Worker, other: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker.found() == []
    monkeypatch.setattr(following, "GATHER_SECONDS", 0.0)
    other.venues.insert_many([venue_document(OWNER_ID) for _ in range(150)])
    other.venues.update_many({}, {"$set": {"capacity": 7}})
    assert len(worker.found(capacity_max=7)) == 150


def test_writes_that_are_none_of_search_hide_none_that_is(worker: Worker, other: Db) -> None:
    assert worker.found() == []
    other.others.insert_many([{} for _ in range(20_000)])
    venue = put_venue(other, OWNER_ID)
    assert worker.found() == [str(venue["_id"])]


def test_what_we_write_ourselves_is_no_work(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker.found() == []
    noted, api = Noted(monkeypatch, worker.db.name), worker.api
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking_ids = [api.book(guest, venue_id, day(ahead)).data["booking_id"] for ahead in (1, 2)]
    api.delete(f"/bookings/{booking_ids[1]}", as_=guest)
    api.patch(f"/venues/{venue_id}", {"capacity": 300}, as_=owner)
    api.delete(f"/venues/{api.list_venue(owner)}", as_=owner)
    assert worker.found(date=day(2)) == [venue_id]
    assert (noted.mended, noted.looks) == ([], 0)
    assert list(find_stale(worker.db)) == []


def test_a_search_waits_for_nothing_while_nobody_writes(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker.found() == []
    real, waits = ChangeStreamReader._read, list[Timestamp]()  # noqa: SLF001 - others write into this mongod all the time
    monkeypatch.setattr(ChangeStreamReader, "_read", lambda self, work: (real(self, work)[0], self._seen))
    monkeypatch.setattr(ChangeStreamReader, "_await", lambda _, wanted: waits.append(wanted))
    assert worker.found() == []
    assert waits == []


def test_a_collection_that_another_takes_the_place_of_is_looked_through(worker: Worker, other: Db) -> None:
    assert worker.found() == []
    other.draft.insert_many([venue_document(OWNER_ID) for _ in range(3)])
    other.draft.aggregate([{"$out": "venues"}])
    assert len(worker.found()) == 3
    other.venues.drop()
    assert worker.found() == []


def test_a_dropped_catalog_is_there_again_with_its_indexes(worker: Worker, other: Db) -> None:
    venue_id = str(put_venue(other, OWNER_ID)["_id"])
    assert worker.found() == [venue_id]
    other.catalog.drop()
    wait_until(lambda: other.catalog.count_documents({}) == 1)
    assert worker.found(date=day(5), type="Banquet") == [venue_id]
    assert worker.found(near_lat=31.55, near_lng=74.35) == [venue_id]


def test_ids_of_any_kind_stop_nobody(worker: Worker, other: Db) -> None:
    assert worker.found() == []
    for odd in ([ObjectId()], {"a": [5]}, "a text"):
        booking = {"venue_id": odd, "date": day(5), "status": "pending"}
        booking_id = other.bookings.insert_one(booking).inserted_id
        other.bookings.update_one({"_id": booking_id}, {"$set": {"status": "cancelled"}})
    other.bookings.insert_one({"_id": {"a": [5]}, "venue_id": 7, "date": day(5), "status": "pending"})
    other.venues.insert_one(venue_document(OWNER_ID) | {"_id": {"a": [5]}})
    venue_id = str(put_venue(other, OWNER_ID)["_id"])
    with structlog.testing.capture_logs() as logged:
        assert worker.found() == [venue_id]
    assert [line for line in logged if line["log_level"] != "info"] == []


def test_a_dropped_database_is_followed_again_when_it_comes_back(worker: Worker, other: Db) -> None:
    put_venue(other, OWNER_ID)
    assert len(worker.found()) == 1
    other.client.drop_database(other.name)
    for count in (1, 2):  # the second only a new stream tells of: the old one has ended
        put_venue(other, OWNER_ID)
        wait_until(lambda count=count: other.catalog.count_documents({}) == count)  # type: ignore[misc]


def test_a_stream_that_has_ended_is_opened_anew_and_all_looked_through(
    worker: Worker, other: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker.found() == []
    noted, real = Noted(monkeypatch, other.name), ChangeStreamReader._take_in  # noqa: SLF001 - where a stream's end comes to light

    def end_once(self: ChangeStreamReader, stream: Any) -> None:
        if self is worker.follower and not noted.looks:
            stream.close()
        else:
            real(self, stream)

    monkeypatch.setattr(ChangeStreamReader, "_take_in", end_once)
    wait_until(lambda: noted.looks == 1)
    venue = put_venue(other, OWNER_ID)
    assert worker.found() == [str(venue["_id"])]


def test_whoever_spoils_the_catalog_itself_is_followed_too(worker: Worker, other: Db) -> None:
    venue = put_venue(other, OWNER_ID)
    assert worker.found() == [str(venue["_id"])]
    other.catalog.delete_one({})
    assert worker.found() == [str(venue["_id"])]


def test_a_connection_that_breaks_costs_no_change(fresh_uri: str, other: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halls.mongo.client.SELECTION_MS", 150)
    gate = TcpProxy(fresh_uri)
    gate.open()
    with structlog.testing.capture_logs() as logged, closing(gate), closing(Worker(gate.uri)) as worker:
        assert worker.found() == []
        noted = Noted(monkeypatch, other.name)
        gate.close()
        venue = put_venue(other, OWNER_ID)
        wait_until(lambda: any(line["event"] == "nobody follows other tools" for line in logged))
        gate.open()
        wait_until(lambda: worker.api.get("/health/ready").status == 200)
        wait_until(lambda: worker.found() == [str(venue["_id"])])
    # It goes on where it was: nothing has to be looked through.
    assert venue["_id"] in noted.mended
    assert noted.looks == 0


@pytest.mark.parametrize("code", [260, 280, 286, 10334])
def test_where_the_history_is_lost_everything_is_looked_through(
    worker: Worker, other: Db, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    assert worker.found() == []
    noted, gather, failures = Noted(monkeypatch, other.name), following.Changes.gather, list[int]()

    def lose_history(self: Any, stream: Any) -> bool:
        if not failures and threading.current_thread() is worker.thread:
            failures.append(code)
            assert gather(self, stream)
            raise OperationFailure("what is stored stays out of the log", code)
        return gather(self, stream)

    monkeypatch.setattr(following.Changes, "gather", lose_history)
    with structlog.testing.capture_logs() as logged:
        venue = put_venue(other, OWNER_ID)
        assert worker.found() == [str(venue["_id"])]
    assert noted.looks == 1
    assert [line["error"] for line in logged if line["event"] == "nobody follows other tools"] == ["OperationFailure"]


def test_no_defect_ends_the_thread(worker: Worker, other: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker.found() == []
    real = following.Changes.mend

    def fail_once(self: Any, db: Db) -> bool:
        if db.name != other.name:
            return real(self, db)
        monkeypatch.setattr(following.Changes, "mend", real)
        raise ZeroDivisionError

    monkeypatch.setattr(following.Changes, "mend", fail_once)
    venue = put_venue(other, OWNER_ID)
    assert worker.found() == [str(venue["_id"])]


@contextmanager
def busy(worker: Worker, other: Db, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the follower be at a work of another tool that does not end within the block."""
    begun, may_end = threading.Event(), threading.Event()
    real = following.Changes.mend

    def mend_for_long(self: Any, db: Db) -> bool:
        if db.name == other.name:
            begun.set()
            may_end.wait(MAX_WAIT_SECONDS)
        return real(self, db)

    assert worker.found() == []
    patch.setattr(following, "MAX_WAIT_SECONDS", 0.3)
    patch.setattr(following.Changes, "mend", mend_for_long)
    put_venue(other, OWNER_ID)
    worker.found()
    assert begun.wait(MAX_WAIT_SECONDS)
    yield
    may_end.set()


def test_during_a_long_work_of_another_tool_search_answers_with_what_is_there(
    worker: Worker, other: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    with busy(worker, other, monkeypatch):
        began = time.monotonic()  # it waits once, not each time
        assert [worker.found() for _ in range(20)] == [[]] * 20
        assert time.monotonic() - began < 20 * following.MAX_WAIT_SECONDS
    wait_until(lambda: len(worker.found()) == 1)


def test_our_own_bookings_are_right_meanwhile(worker: Worker, other: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    with busy(worker, other, monkeypatch):
        venue_id, guest = worker.api.list_venue(worker.api.owner()), worker.api.guest()
        assert worker.found(date=day(1)) == [venue_id]
        booking_id = worker.api.book(guest, venue_id, day(1)).data["booking_id"]
        assert worker.found(date=day(1)) == []
        worker.api.delete(f"/bookings/{booking_id}", as_=guest)
        assert worker.found(date=day(1)) == [venue_id]


def test_waiting_for_others_is_no_slow_command(fresh_uri: str) -> None:
    db = connect(fresh_uri, slow_ms=150)
    follower = ChangeStreamReader(db)
    with closing(db.client), structlog.testing.capture_logs() as logged:
        follower.wait_for_first_fill()
        time.sleep(following.IDLE_SECONDS)
    assert follower._seen > NEVER  # noqa: SLF001 - that it was there at all
    assert [line for line in logged if line["event"] == "slow command"] == []
