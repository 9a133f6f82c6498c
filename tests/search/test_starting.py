"""What a worker knows of other tools' writing when it starts: nothing, or all up to a time that was noted."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from bson import ObjectId, Timestamp

from halls.search import change_stream as following
from tests.external_documents import put_venue, venue_document
from tests.faults.fault_injection import wait_until
from tests.search.change_stream_workers import Noted, Worker

if TYPE_CHECKING:
    from halls.mongo.client import Db

pytestmark = pytest.mark.usefixtures("hasty")
MAX_WAIT_SECONDS = 20
OWNER_ID = ObjectId()


def test_a_first_search_waits_until_everything_has_been_looked_through(fresh_uri: str, other: Db) -> None:
    ids = [str(put_venue(other, OWNER_ID)["_id"]) for _ in range(60)]
    with closing(Worker(fresh_uri)) as worker:
        assert sorted(worker.found()) == sorted(ids)


def test_until_then_search_and_readiness_say_that_they_are_not_there(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MAX_WAIT_SECONDS", 0.1)
    may_look, looks = threading.Event(), list[int]()

    def look(db: Db) -> int:
        if db.name == worker.db.name:
            looks.append(1)
            may_look.wait(MAX_WAIT_SECONDS)
        return 0

    monkeypatch.setattr(following, "reindex_stale", look)
    for path in ("/venues/search", "/health/ready"):
        refused = worker.api.get(path)
        assert (refused.status, refused.code) == (503, "database_unavailable")
    may_look.set()
    wait_until(lambda: worker.api.get("/health/ready").status == 200)
    assert worker.found() == []
    assert looks == [1]


def test_a_second_start_looks_only_at_what_was_written_since(
    fresh_uri: str, other: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = put_venue(other, OWNER_ID)
    with closing(Worker(fresh_uri)) as worker:
        worker.found()
        wait_until(lambda: other.catalog_state.count_documents({}) == 1)
    monkeypatch.setattr(following, "OVERLAP_SECONDS", 0)
    noted = Noted(monkeypatch, other.name)
    before, meanwhile = kept["_id"], put_venue(other, OWNER_ID)["_id"]
    with closing(Worker(fresh_uri)) as worker:
        assert sorted(worker.found()) == sorted([str(before), str(meanwhile)])
    assert noted.mended == [meanwhile]
    assert noted.looks == 0


def test_what_was_told_late_is_read_after_a_start(fresh_uri: str, other: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Worker(fresh_uri)) as worker:
        worker.found()
        wait_until(lambda: other.catalog_state.count_documents({}) == 1)
    with other.client.start_session() as session:
        other.venues.insert_one(venue_document(OWNER_ID), session=session)
        # As if the note had been taken after this change was made, and before it was told of.
        other.catalog_state.update_one({}, {"$set": {"until": session.operation_time}}, session=session)
        other.catalog_state.update_one({}, {"$set": {"until": session.operation_time}}, session=session)
    noted = Noted(monkeypatch, other.name)
    with closing(Worker(fresh_uri)) as worker:
        assert len(worker.found()) == 1
    assert noted.looks == 0


def test_a_note_that_was_not_trusted_is_replaced(fresh_uri: str, other: Db) -> None:
    ahead = Timestamp(2**32 - 1, 1)
    other.catalog_state.insert_one({"_id": "followed", "until": ahead})
    with closing(Worker(fresh_uri)) as worker:
        worker.found()
        wait_until(lambda: other.catalog_state.find_one({"until": {"$lt": ahead}}) is not None)


@pytest.mark.parametrize("until", [Timestamp(2**32 - 1, 1), Timestamp(5, 1)], ids=["ahead", "long ago"])
def test_a_note_of_another_server_or_of_long_ago_is_not_trusted(fresh_uri: str, other: Db, until: Timestamp) -> None:
    venue = put_venue(other, OWNER_ID)
    other.catalog_state.insert_one({"_id": "followed", "until": until})
    with closing(Worker(fresh_uri)) as worker:
        assert worker.found() == [str(venue["_id"])]
