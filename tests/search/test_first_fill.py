"""The first fill of the search index: in several threads, with the MongoDB indexes last, while others write."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import ObjectId
from pymongo.errors import OperationFailure

from halls.search import change_stream, index, reindex
from halls.search.change_stream import follow_changes
from halls.search.index import COLLECTION, make_entry
from halls.search.position import find_position, is_filled, record_empty_index
from halls.search.reindex import find_stale, list_indexed_ids, list_specs_at_start, rebuild_index, reindex_stale
from halls.server.startup import make_server_app
from tests.api_client import ApiClient
from tests.commands import run_halls
from tests.conftest import make_config
from tests.data_transfer.rows import write_lines
from tests.factories import OWNER_EMAIL, day, insert_booking, insert_owner, insert_venue, venue_document, venue_row
from tests.search.change_stream_workers import ReindexRecorder, Worker
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from halls.mongo.client import Db, Document

pytestmark = pytest.mark.usefixtures("short_waits")
VENUES = 60
MAX_WAIT_SECONDS = 20
OWNER_ID = ObjectId()


@pytest.fixture
def existing(fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ApiClient, Db]]:
    """An application that starts on VENUES venues of an external writer. Nothing fills its index yet."""
    # A stop then comes before the last batch.
    monkeypatch.setattr(reindex, "REBUILD_BATCH", 1)
    monkeypatch.setattr(change_stream, "RUN_SECONDS", 0.0)
    external_db.venues.insert_many([venue_document(OWNER_ID) for _ in range(VENUES)])
    app = make_server_app(make_config(mongo_uri=fresh_uri))
    db: Db = app.extensions["halls"].db
    with closing(db.client):
        yield ApiClient(app.test_client()), db


@pytest.fixture
def api(existing: tuple[ApiClient, Db]) -> ApiClient:
    """A client of that application."""
    return existing[0]


@pytest.fixture
def db(existing: tuple[ApiClient, Db]) -> Db:
    """The database of that application."""
    return existing[1]


def fill(db: Db, should_stop: Callable[[], bool] = lambda: False) -> None:
    """Run the background task once."""
    follow_changes(db, make_config(), should_stop)


def stop_after(checks: int) -> Callable[[], bool]:
    """Return a function that returns True from the call after `checks` calls on."""
    remaining = iter(range(checks))
    return lambda: next(remaining, None) is None


def index_names(db: Db) -> set[str]:
    """Return the names of the MongoDB indexes of the search index."""
    return set(db[COLLECTION.name].index_information()) - {"_id_"}


def read_editions(db: Db) -> dict[Any, Any]:
    """Return the edition of each entry: it changes with every write."""
    return {entry["_id"]: entry["edition"] for entry in db[COLLECTION.name].find({}, {"edition": 1})}


def run_during_fill(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Run `action` once, in the middle of a fill."""
    reindex_batch, lock, batches = reindex._reindex_batch, threading.Lock(), iter(range(10**6))  # noqa: SLF001

    def reindex_and_act(*args: Any, **options: Any) -> int:
        with lock:
            if next(batches) == VENUES // 2:
                action()
        return reindex_batch(*args, **options)

    monkeypatch.setattr(reindex, "_reindex_batch", reindex_and_act)


def test_the_mongodb_indexes_are_built_after_the_entries(api: ApiClient, db: Db) -> None:
    insert_booking(db, db.venues.find_one({})["_id"], ObjectId())  # type: ignore[index] # there are venues
    assert index_names(db) == set()
    fill(db)
    assert index_names(db) == {index.document["name"] for index in COLLECTION.indexes}
    assert list(find_stale(db)) == []
    assert len(api.get("/venues/search?limit=100").data["venues"]) == VENUES
    assert len(api.get(f"/venues/search?date={day(5)}&limit=100").data["venues"]) == VENUES - 1
    near = "near_lat=31.55&near_lng=74.35&limit=100"
    assert len(api.get(f"/venues/search?{near}").data["venues"]) == VENUES


def test_without_venues_the_start_builds_the_indexes(fresh_uri: str, external_db: Db) -> None:
    make_server_app(make_config(mongo_uri=fresh_uri)).extensions["halls"].db.client.close()
    assert len(index_names(external_db)) == len(COLLECTION.indexes)


def test_after_the_first_fill_every_start_builds_missing_indexes(fresh_uri: str, db: Db) -> None:
    fill(db)
    db[COLLECTION.name].drop_indexes()
    assert COLLECTION in list_specs_at_start(db, [COLLECTION])
    make_server_app(make_config(mongo_uri=fresh_uri)).extensions["halls"].db.client.close()
    assert len(index_names(db)) == len(COLLECTION.indexes)


def test_readers_learn_how_far_the_first_fill_is(api: ApiClient, db: Db) -> None:
    assert api.get("/health/ready").json["error"] == "Search is being prepared. Try again in a moment."
    fill(db, stop_after(4))
    for path in ("/health/ready", "/venues/search"):
        response = api.get(path)
        assert (response.status, response.code) == (503, "search_not_ready")
        words = response.json["error"].split()
        assert (words[:4], words[5:8]) == (["Search", "is", "being", "prepared:"], ["of", str(VENUES), "venues"])
        assert 0 <= int(words[4]) <= VENUES
    fill(db)
    assert api.get("/health/ready").status == 200
    assert "progress" not in find_position(db)


def test_a_stopped_fill_is_continued_without_writing_entries_again(db: Db) -> None:
    fill(db, stop_after(5))
    before = read_editions(db)
    assert 0 < len(before) < VENUES
    assert not is_filled(db)
    fill(db)
    assert is_filled(db)
    after = read_editions(db)
    assert len(after) == VENUES
    assert {one: after[one] for one in before} == before


def test_a_fill_that_is_stopped_while_it_reads_changes_saves_no_position(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if there were always more changes.
    monkeypatch.setattr(change_stream.Changes, "collect", lambda *_: False)
    fill(db, stop_after(VENUES))
    assert db[COLLECTION.name].count_documents({}) == VENUES
    assert not is_filled(db)


def test_a_fill_reads_changes_until_none_are_left(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    # More than while the entries and the indexes are written, so the last ones are read after them.
    left = iter(range(2 * VENUES))
    monkeypatch.setattr(change_stream.Changes, "collect", lambda *_: next(left, None) is None)
    fill(db)
    assert list(left) == []
    assert is_filled(db)


def test_a_fill_that_is_stopped_while_it_applies_changes_saves_no_position(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    monkeypatch.setattr(change_stream.Changes, "reindex", lambda *_: stop.set())
    fill(db, stop.is_set)
    assert stop.is_set()
    assert not is_filled(db)


def test_what_others_write_during_the_fill_is_in_the_index(
    api: ApiClient, db: Db, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = list_indexed_ids(db)
    guest, token = api.guest(), api.owner()
    owner_id = ObjectId(api.get("/auth/me", token=token).data["profile"]["id"])
    first, last = ids[0], ids[-1]
    external_db.venues.update_many({"_id": {"$in": [ids[1], ids[-2]]}}, {"$set": {"owner_id": owner_id}})
    cancelled = api.book(guest, str(last), day(2)).data["booking_id"]
    # The booking's transaction has written the entry.
    db[COLLECTION.name].delete_many({})

    def write() -> None:
        for venue_id in (first, last):
            assert api.book(guest, str(venue_id), day(5)).status == 201
        assert api.delete(f"/bookings/{cancelled}", token=guest).status == 200
        for venue_id in (ids[1], ids[-2]):
            assert api.delete(f"/venues/{venue_id}", token=token).status == 200
        assert api.list_venue(api.owner())
        external_db.venues.update_many({"_id": {"$in": [ids[2], ids[-3]]}}, {"$set": {"capacity": 7}})
        insert_booking(external_db, ids[3], ObjectId())
        external_db.venues.delete_one({"_id": ids[4]})
        insert_venue(external_db, OWNER_ID)

    run_during_fill(monkeypatch, write)
    fill(db)
    assert is_filled(db)
    assert list(find_stale(db)) == []
    assert len(api.get("/venues/search?capacity_max=7").data["venues"]) == 2


def test_a_write_between_the_fill_and_the_next_stream_is_not_missed(
    db: Db, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_position, first_save = change_stream.save_position, iter([True])

    def write_and_save(*args: Any) -> None:
        if next(first_save, False):
            external_db.venues.update_one({}, {"$set": {"capacity": 7}})
        save_position(*args)

    monkeypatch.setattr(change_stream, "save_position", write_and_save)
    monkeypatch.setattr(change_stream, "RUN_SECONDS", 1.0)
    fill(db)
    assert list(find_stale(db)) == []


def test_control_without_the_change_stream_external_writes_are_missed(
    db: Db, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = list_indexed_ids(db)[0]
    monkeypatch.setattr(change_stream.Changes, "_add", lambda *_: None)
    run_during_fill(monkeypatch, lambda: external_db.venues.update_one({"_id": first}, {"$set": {"capacity": 7}}))
    fill(db)
    assert list(find_stale(db)) == [first]


def test_the_entries_of_the_fill_are_not_written_again_by_the_reader(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = ReindexRecorder(monkeypatch, db.name)
    monkeypatch.setattr(change_stream, "RUN_SECONDS", 0.3)
    monkeypatch.setattr(change_stream, "OVERLAP_SECONDS", 0)
    fill(db)
    fill(db)
    assert (recorder.venue_ids, recorder.full_runs) == ([], 1)


def test_a_venue_that_an_index_rejects_does_not_block_the_fill(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    bad_id = list_indexed_ids(db)[7]

    def make_bad_entry(venue: Any, booked: Any) -> Document:
        return dict(make_entry(venue, booked)) | ({"maps_location": "nowhere"} if venue["_id"] == bad_id else {})

    monkeypatch.setattr(index, "make_entry", make_bad_entry)
    with structlog.testing.capture_logs() as logs:
        fill(db)
    assert is_filled(db)
    assert db[COLLECTION.name].count_documents({}) == VENUES - 1
    assert len(index_names(db)) == len(COLLECTION.indexes)
    assert [line["venue_id"] for line in logs if "venue_id" in line] == [str(bad_id)]


def test_an_outage_during_the_build_of_the_indexes_is_raised(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OperationFailure("shutdown", code=11600)

    monkeypatch.setattr(reindex, "ensure_collections", fail)
    with pytest.raises(OperationFailure, match="shutdown"):
        list(rebuild_index(db, list_indexed_ids(db), only_stale=True))
    assert db[COLLECTION.name].count_documents({}) == VENUES


def test_a_long_build_of_the_indexes_yields_often(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()
    monkeypatch.setattr(reindex, "YIELD_SECONDS", 0.01)
    monkeypatch.setattr(reindex, "ensure_collections", lambda *_: may_end.wait(MAX_WAIT_SECONDS))
    rebuild = rebuild_index(db, list_indexed_ids(db), only_stale=True)
    assert (VENUES, 0) in rebuild
    assert [next(rebuild) for _ in range(3)] == [(VENUES, 0)] * 3
    may_end.set()
    assert list(rebuild)[-1] == (VENUES, 0)


def test_a_drop_of_the_database_stops_the_fill(db: Db, external_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "save_progress", lambda *_: external_db.client.drop_database(external_db.name))
    fill(db)
    assert not is_filled(external_db)


def test_an_index_without_venues_is_recorded_as_filled_once(external_db: Db) -> None:
    record_empty_index(external_db)
    assert is_filled(external_db)
    assert COLLECTION in list_specs_at_start(external_db, [COLLECTION])


def test_a_full_check_and_a_repair_end_when_the_process_stops(db: Db) -> None:
    fill(db)
    db[COLLECTION.name].delete_many({})
    reindex_stale(db, lambda: True)
    assert db[COLLECTION.name].count_documents({}) == reindex.BATCH
    changes = change_stream.Changes()
    changes._needs_full_check = True  # noqa: SLF001 - as after a drop of a collection
    changes.reindex(db, lambda: True)
    assert db[COLLECTION.name].count_documents({}) < VENUES


@pytest.mark.parametrize("is_external", [False, True])
def test_search_stays_available_during_a_large_import(
    fresh_uri: str, external_db: Db, tmp_path: Path, *, is_external: bool
) -> None:
    insert_owner(external_db, email=OWNER_EMAIL)
    count, statuses, is_done = 300, set(), threading.Event()
    with closing(Worker(fresh_uri)) as worker:

        def search() -> None:
            while not is_done.is_set():
                for path in ("/venues/search", "/health/ready"):
                    statuses.add(worker.api.get(path).status)

        thread = threading.Thread(target=search)
        thread.start()
        try:
            if is_external:
                external_db.venues.insert_many([venue_document(OWNER_ID) for _ in range(count)])
            else:
                names = (f"Hall {number}" for number in range(count))
                file = write_lines(tmp_path / "rows", *(venue_row(venue_name=name) for name in names))
                assert run_halls(fresh_uri, "import", file).exit_code == 0
            wait_until(lambda: len(worker.search_ids()) == count)
        finally:
            is_done.set()
            thread.join()
    assert statuses == {200}
