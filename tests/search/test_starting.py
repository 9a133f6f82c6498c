"""The start of a change stream reader: a full check, or only the changes since the saved position."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from bson import ObjectId, Timestamp

from halls.search import change_stream
from tests.external_documents import insert_venue, venue_document
from tests.search.change_stream_workers import ReindexRecorder, Worker
from tests.waiting import wait_until

if TYPE_CHECKING:
    from halls.mongo.client import Db

pytestmark = pytest.mark.usefixtures("short_waits")
MAX_WAIT_SECONDS = 20
OWNER_ID = ObjectId()


def test_the_first_search_waits_for_the_full_reindex(fresh_uri: str, external_db: Db) -> None:
    ids = [str(insert_venue(external_db, OWNER_ID)["_id"]) for _ in range(60)]
    with closing(Worker(fresh_uri)) as worker:
        assert sorted(worker.search_ids()) == sorted(ids)


def test_search_and_readiness_return_503_until_the_first_reindex_ends(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_stream, "MAX_WAIT_SECONDS", 0.1)
    may_reindex, full_runs = threading.Event(), list[int]()

    def reindex_stale(db: Db) -> int:
        if db.name == worker.db.name:
            full_runs.append(1)
            may_reindex.wait(MAX_WAIT_SECONDS)
        return 0

    monkeypatch.setattr(change_stream, "reindex_stale", reindex_stale)
    for path in ("/venues/search", "/health/ready"):
        response = worker.api.get(path)
        assert (response.status, response.code) == (503, "database_unavailable")
    may_reindex.set()
    wait_until(lambda: worker.api.get("/health/ready").status == 200)
    assert worker.search_ids() == []
    assert full_runs == [1]


def test_a_second_start_reindexes_only_later_writes(
    fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed = insert_venue(external_db, OWNER_ID)
    with closing(Worker(fresh_uri)) as worker:
        worker.search_ids()
        wait_until(lambda: external_db.catalog_state.count_documents({}) == 1)
    monkeypatch.setattr(change_stream, "OVERLAP_SECONDS", 0)
    recorder = ReindexRecorder(monkeypatch, external_db.name)
    before, since = indexed["_id"], insert_venue(external_db, OWNER_ID)["_id"]
    with closing(Worker(fresh_uri)) as worker:
        assert sorted(worker.search_ids()) == sorted([str(before), str(since)])
    assert recorder.venue_ids == [since]
    assert recorder.full_runs == 0


def test_a_change_reported_late_is_indexed_after_a_start(
    fresh_uri: str, external_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Worker(fresh_uri)) as worker:
        worker.search_ids()
        wait_until(lambda: external_db.catalog_state.count_documents({}) == 1)
    with external_db.client.start_session() as session:
        external_db.venues.insert_one(venue_document(OWNER_ID), session=session)
        # This simulates a time that was stored after the insert but before the stream reported it.
        external_db.catalog_state.update_one({}, {"$set": {"until": session.operation_time}}, session=session)
        external_db.catalog_state.update_one({}, {"$set": {"until": session.operation_time}}, session=session)
    recorder = ReindexRecorder(monkeypatch, external_db.name)
    with closing(Worker(fresh_uri)) as worker:
        assert len(worker.search_ids()) == 1
    assert recorder.full_runs == 0


def test_an_invalid_resume_time_is_replaced(fresh_uri: str, external_db: Db) -> None:
    ahead = Timestamp(2**32 - 1, 1)
    external_db.catalog_state.insert_one({"_id": "followed", "until": ahead})
    with closing(Worker(fresh_uri)) as worker:
        worker.search_ids()
        wait_until(lambda: external_db.catalog_state.find_one({"until": {"$lt": ahead}}) is not None)


@pytest.mark.parametrize("until", [Timestamp(2**32 - 1, 1), Timestamp(5, 1)], ids=["ahead", "long ago"])
def test_a_resume_time_in_the_future_or_far_past_is_not_used(fresh_uri: str, external_db: Db, until: Timestamp) -> None:
    venue = insert_venue(external_db, OWNER_ID)
    external_db.catalog_state.insert_one({"_id": "followed", "until": until})
    with closing(Worker(fresh_uri)) as worker:
        assert worker.search_ids() == [str(venue["_id"])]
