"""The start of a change stream reader: a first fill, or the changes since the saved position; one reader at a time."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from bson import ObjectId, Timestamp

from halls.mongo.heartbeats import list_heartbeats
from halls.mongo.leases import Lease
from halls.search import change_stream, reindex
from halls.search.change_stream import check_index, follow_changes
from halls.search.position import find_position, read_operation_time, save_position
from halls.server.startup import make_server_app
from tests.api_client import ApiClient
from tests.commands import PRODUCTION
from tests.conftest import make_config
from tests.factories import insert_venue, venue_document
from tests.search.change_stream_workers import ReindexRecorder, Worker
from tests.servers import running_halls, running_server
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from halls.mongo.client import Db

pytestmark = pytest.mark.usefixtures("short_waits")
OWNER_ID = ObjectId()


def insert_and_fill(uri: str, db: Db) -> ObjectId:
    """Insert a venue, and run a worker until the search index has it."""
    venue_id: ObjectId = insert_venue(db, OWNER_ID)["_id"]
    with closing(Worker(uri)) as worker:
        assert worker.search_ids() == [str(venue_id)]
    return venue_id


def stop_after(checks: int) -> Callable[[], bool]:
    """Return a function that returns True from the call after `checks` calls on."""
    remaining = iter(range(checks))
    return lambda: next(remaining, None) is None


def test_search_and_readiness_return_503_until_the_first_fill(
    fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "REBUILD_BATCH", 1)
    ids = [str(insert_venue(external_db, OWNER_ID)["_id"]) for _ in range(60)]
    config = make_config(mongo_uri=fresh_uri)
    app = make_server_app(config)
    api, db = ApiClient(app.test_client()), app.extensions["halls"].db
    # A fill that was stopped is not complete.
    follow_changes(db, config, stop_after(2))
    assert 0 < db.search_entries.count_documents({}) < 60
    for path in ("/venues/search", "/health/ready"):
        response = api.get(path)
        assert (response.status, response.code) == (503, "search_not_ready")
        assert response.headers["Retry-After"]
    with closing(Worker(fresh_uri)) as worker:
        assert sorted(worker.search_ids(limit=100)) == sorted(ids)
    assert api.get("/health/ready").status == 200
    db.client.close()


def test_search_without_venues_needs_no_worker(fresh_uri: str, external_db: Db) -> None:
    app = make_server_app(make_config(mongo_uri=fresh_uri))
    api = ApiClient(app.test_client())
    assert api.get("/venues/search").data["venues"] == []
    # A later start keeps the position.
    position = find_position(external_db)
    make_server_app(make_config(mongo_uri=fresh_uri)).extensions["halls"].db.client.close()
    assert find_position(external_db) == position
    app.extensions["halls"].db.client.close()


def test_a_second_start_reindexes_only_later_writes(
    fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = insert_and_fill(fresh_uri, external_db)
    monkeypatch.setattr(change_stream, "OVERLAP_SECONDS", 0)
    recorder = ReindexRecorder(monkeypatch, external_db.name)
    since = insert_venue(external_db, OWNER_ID)["_id"]
    with closing(Worker(fresh_uri)) as worker:
        worker.wait_for_ids([str(before), str(since)])
    assert recorder.venue_ids == [since]
    assert recorder.full_runs == 0


def test_a_change_reported_late_is_indexed_after_a_start(
    fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Worker(fresh_uri)):
        pass
    external_db.venues.insert_one(venue_document(OWNER_ID))
    # This simulates a time that was saved after the insert but before the stream reported it.
    save_position(external_db, read_operation_time(external_db))
    recorder = ReindexRecorder(monkeypatch, external_db.name)
    with closing(Worker(fresh_uri)) as worker:
        wait_until(lambda: len(worker.search_ids()) == 1)
    assert recorder.full_runs == 0


@pytest.mark.parametrize(("is_older", "full_runs"), [(True, 1), (False, 0)])
def test_the_entries_of_an_older_version_are_all_checked(
    fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch, *, is_older: bool, full_runs: int
) -> None:
    with closing(Worker(fresh_uri)):
        wait_until(lambda: "until" in find_position(external_db))
    if is_older:
        # What a reader of the version before writes.
        until = read_operation_time(external_db)
        external_db.search_state.replace_one({"_id": "followed"}, {"until": until})
    recorder = ReindexRecorder(monkeypatch, external_db.name)
    with closing(Worker(fresh_uri)) as worker:
        venue = insert_venue(external_db, OWNER_ID)
        worker.wait_for_ids([str(venue["_id"])])
    assert recorder.full_runs == full_runs


@pytest.mark.parametrize("until", [Timestamp(2**32 - 1, 1), Timestamp(5, 1)], ids=["ahead", "long ago"])
def test_a_position_in_the_future_or_far_past_is_replaced(fresh_uri: str, external_db: Db, until: Timestamp) -> None:
    venue = insert_venue(external_db, OWNER_ID)
    save_position(external_db, until)
    with closing(Worker(fresh_uri)) as worker:
        worker.wait_for_ids([str(venue["_id"])])
        wait_until(lambda: Timestamp(5, 1) < find_position(external_db)["until"] < Timestamp(2**32 - 1, 1))


def test_another_worker_takes_over_from_a_stopped_one(fresh_uri: str, external_db: Db) -> None:
    first = Worker(fresh_uri)
    with closing(Worker(fresh_uri)) as second:
        first.close()
        venue = insert_venue(external_db, OWNER_ID)
        second.wait_for_ids([str(venue["_id"])])


def test_another_worker_takes_over_from_a_killed_one(fresh_uri: str, external_db: Db) -> None:
    assert Lease(external_db, "search-index", 2).hold()
    with closing(Worker(fresh_uri)) as worker:
        venue = insert_venue(external_db, OWNER_ID)
        worker.wait_for_ids([str(venue["_id"])])


def test_a_run_ends_so_that_the_task_saves_a_heartbeat(
    fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_stream, "RUN_SECONDS", 0.1)
    config = make_config(mongo_uri=fresh_uri)
    follow_changes(external_db, config, lambda: False)
    assert "until" in find_position(external_db)
    assert external_db.leases.count_documents({}) == 0


def test_a_second_reader_returns_at_once(fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Worker(fresh_uri)):
        wait_until(lambda: external_db.leases.count_documents({}) == 1)
        monkeypatch.setattr(change_stream, "_follow", lambda *_: pytest.fail("two readers"))
        follow_changes(external_db, make_config(), lambda: False)


def test_a_stopped_reader_saves_no_position_beyond_its_work(fresh_uri: str, external_db: Db) -> None:
    insert_and_fill(fresh_uri, external_db)
    position = find_position(external_db)
    external_db.venues.insert_many([venue_document(OWNER_ID) for _ in range(30)])
    follow_changes(external_db, make_config(), stop_after(1))
    assert find_position(external_db) == position
    with closing(Worker(fresh_uri)) as worker:
        wait_until(lambda: len(worker.search_ids(limit=100)) == 31)


def test_the_periodic_check_repairs_what_the_reader_missed_once_in_a_while(db: Db) -> None:
    db["leases"].delete_many({})
    config = make_config()
    insert_venue(db, OWNER_ID)
    check_index(db, config, lambda: False)
    assert db.search_entries.count_documents({}) == 1
    db.search_entries.delete_many({})
    check_index(db, config, lambda: False)  # another worker, soon after
    assert db.search_entries.count_documents({}) == 0


def test_in_production_only_the_worker_reads_and_it_releases_the_lease(
    fresh_uri: str, external_db: Db, tmp_path: Path
) -> None:
    with running_server(mongo_uri=fresh_uri, folder=tmp_path / "server", **PRODUCTION) as server:
        server.api.wait_until_ready()
        venue_id = str(insert_venue(external_db, OWNER_ID)["_id"])
        assert server.api.get("/venues/search").data["venues"] == []
        assert list_heartbeats(external_db) == {}
        (tmp_path / "worker").mkdir()
        with running_halls("worker", fresh_uri, tmp_path / "worker" / "log"):
            wait_until(lambda: [found["id"] for found in server.api.get("/venues/search").data["venues"]] == [venue_id])
            assert external_db.leases.find_one({"_id": "search-index"}) is not None
    assert external_db.leases.find_one({"_id": "search-index"}) is None


def test_a_stopped_development_server_releases_the_lease(fresh_uri: str, external_db: Db, tmp_path: Path) -> None:
    with running_server(mongo_uri=fresh_uri, folder=tmp_path):
        wait_until(lambda: external_db.leases.find_one({"_id": "search-index"}))
    assert external_db.leases.find_one({"_id": "search-index"}) is None
