"""Deleting an owner with 2 000 venues: dead at once, cleared in batches, also if the worker is killed in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId
from pymongo.errors import AutoReconnect

from halls.accounts import clearing, deletion_store
from halls.accounts.clearing import clear_deleted_accounts
from halls.accounts.invariants import check_deletions
from halls.clock import utc_now
from halls.data_transfer.exporting import export_lines
from halls.venues.invariants import check_deleted, check_owners
from tests.accounts.concurrency import start_rival
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.factories import LIMITS, PASSWORD, booking_body, day, index_all, insert_booking, venue_document
from tests.processes import child_environment
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from halls.config import Config
    from halls.mongo.client import Db

EMAIL = "ayesha@example.com"
MANY = 2_000
WORKER = """
import sys
from pathlib import Path
from halls.accounts.clearing import clear_deleted_accounts
from halls.config import Config
from halls.mongo.client import connect
config = Config(_env_file=None, mongo_uri=sys.argv[1], data_dir=Path(sys.argv[2]), jwt_secret="x" * 40)
clear_deleted_accounts(connect(config.database_uri), config, lambda: False)
"""


@pytest.fixture
def config(tmp_path: Path, worker_uri: str) -> Config:
    """The settings of the worker."""
    return make_config(mongo_uri=worker_uri, data_dir=tmp_path)


def insert_venues(db: Db, owner_id: str, count: int) -> list[ObjectId]:
    """Insert venues of an owner, each with 30 free days, into the search index too. Return their ids."""
    days = [day(ahead) for ahead in range(1, 31)]
    prices = {"overrides": [{"date": date, "price": 1_000} for date in days]}
    venues = [venue_document(ObjectId(owner_id), dates_available=days, pricing=prices) for _ in range(count)]
    db.venues.insert_many(venues)
    index_all(db)
    return [venue["_id"] for venue in venues]


def delete(api: ApiClient, token: str) -> int:
    """Delete an account. Return the status."""
    return api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=token).status


def violations(db: Db) -> list[str]:
    """Return the violated invariants of deleted accounts."""
    checks = (check_deletions, check_deleted, check_owners)
    return [violation.invariant for check in checks for violation in check(db, "")]


def test_an_account_with_2000_venues_is_deleted(api: ApiClient, db: Db, config: Config) -> None:
    session = api.sign_up(owner=True, email=EMAIL)
    token, owner_id = session["token"], session["profile"]["id"]
    venue_ids = insert_venues(db, owner_id, MANY)
    guest = api.guest()
    past = insert_booking(
        db, venue_ids[0], ObjectId(api.get("/auth/me", token=guest).data["profile"]["id"]), date=day(-1)
    )
    assert delete(api, token) == 200
    # Dead at once, before a worker has done anything.
    assert api.get("/auth/me", token=token).code == "token_revoked"
    assert delete(api, token) == 401
    assert api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).code == "bad_credentials"
    for venue_id in (venue_ids[0], venue_ids[-1]):
        assert api.get(f"/venues/{venue_id}").status == 404
        assert api.get(f"/venues/{venue_id}/availability?date={day(1)}").status == 404
        order = api.post("/bookings", booking_body(venue_id, day(1)), token=guest)
        assert (order.status, order.code) == (404, "not_found")
    assert db.venues.count_documents({"deleted_at": {"$ne": None}}) == MANY
    assert violations(db) == []
    # The address is free at once, and the new account has nothing of the old one.
    new = api.sign_up(owner=True, email=EMAIL)["token"]
    assert api.get("/venues/mine", token=new).data["venues"] == []
    clear_deleted_accounts(db, config, lambda: False)
    assert [db[name].count_documents({}) for name in ("venues", "search_entries")] == [0, 0]
    assert deletion_store.count_deletions(db) == 0
    booking = api.get(f"/bookings/{past['_id']}", token=guest).data["booking"]
    assert booking["venue"]["venue_name"] == "Shalimar Banquet"
    assert api.get("/auth/me", token=new).status == 200


def test_search_shows_no_venue_of_an_owner_within_the_quota(api: ApiClient, db: Db) -> None:
    session = api.sign_up(owner=True, email=EMAIL)
    insert_venues(db, session["profile"]["id"], 50)
    assert len(api.get("/venues/search?limit=100").data["venues"]) == 50
    assert delete(api, session["token"]) == 200
    assert api.get("/venues/search?limit=100").data["venues"] == []


def test_the_change_stream_reader_hides_the_venues_of_a_larger_account(api: ApiClient, db: Db) -> None:
    session = api.sign_up(owner=True, email=EMAIL)
    insert_venues(db, session["profile"]["id"], 60)
    assert delete(api, session["token"]) == 200
    index_all(db)
    assert api.get("/venues/search?limit=100").data["venues"] == []


def test_an_outage_ends_the_run(api: ApiClient, db: Db, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AutoReconnect

    assert delete(api, api.sign_up(owner=True)["token"]) == 200
    monkeypatch.setattr(clearing, "delete_traces", fail)
    with pytest.raises(AutoReconnect):
        clear_deleted_accounts(db, config, lambda: False)
    assert deletion_store.count_deletions(db) == 1


def test_after_a_kill_another_worker_continues(api: ApiClient, db: Db, config: Config, tmp_path: Path) -> None:
    session = api.sign_up(owner=True)
    insert_venues(db, session["profile"]["id"], 300)
    assert delete(api, session["token"]) == 200
    command = [sys.executable, "-c", WORKER, config.database_uri, str(tmp_path)]
    with subprocess.Popen(command, env=child_environment("COVERAGE_PROCESS_CONFIG")) as worker:
        wait_until(lambda: db.venues.count_documents({}) < 290)
        worker.send_signal(signal.SIGKILL)
    left = db.venues.count_documents({})
    assert 0 < left < 290
    # The killed worker has claimed the account for some seconds.
    clear_deleted_accounts(db, config, lambda: False)
    assert db.venues.count_documents({}) == left
    with time_machine.travel(utc_now() + deletion_store.CLAIM):
        clear_deleted_accounts(db, config, lambda: False)
    assert db.venues.count_documents({}) == 0
    assert violations(db) == []


def test_an_export_leaves_out_the_venues_of_a_deleted_account(api: ApiClient, db: Db) -> None:
    gone, kept = api.sign_up(owner=True), api.sign_up(owner=True)
    insert_venues(db, gone["profile"]["id"], 2)
    (kept_id,) = insert_venues(db, kept["profile"]["id"], 1)
    assert delete(api, gone["token"]) == 200
    exported = json.loads(b"".join(export_lines(db, utc_now(), LIMITS)))
    assert [venue["id"] for venue in exported["venues"]] == [str(kept_id)]


def test_a_stopping_worker_finishes_its_batch_only(api: ApiClient, db: Db, config: Config) -> None:
    session = api.sign_up(owner=True)
    insert_venues(db, session["profile"]["id"], 25)
    assert delete(api, session["token"]) == 200
    answers = iter([False, True, True])
    clear_deleted_accounts(db, config, lambda: next(answers))
    assert db.venues.count_documents({}) == 25 - clearing.BATCH


def test_an_upcoming_booking_of_an_external_writer_does_not_stop_the_worker(
    api: ApiClient, db: Db, config: Config
) -> None:
    session = api.sign_up(owner=True)
    (venue_id,) = insert_venues(db, session["profile"]["id"], 1)
    assert delete(api, session["token"]) == 200
    insert_booking(db, venue_id, ObjectId(), date=day(3))
    clear_deleted_accounts(db, config, lambda: False)
    assert db.venues.count_documents({}) == 0


def test_an_account_that_fails_does_not_stop_the_next_one(
    api: ApiClient, db: Db, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = api.sign_up(owner=True), api.sign_up(owner=True)
    for session in (first, second):
        assert delete(api, session["token"]) == 200
    real = clearing.delete_files_of

    def fail_for_the_first(settings: Config, owner_id: ObjectId) -> None:
        if str(owner_id) == first["profile"]["id"]:
            raise PermissionError
        real(settings, owner_id)

    monkeypatch.setattr(clearing, "delete_files_of", fail_for_the_first)
    clear_deleted_accounts(db, config, lambda: False)
    assert [str(one["_id"]) for one in db.account_deletions.find({"cleared_at": None})] == [first["profile"]["id"]]
    with time_machine.travel(utc_now() + timedelta(minutes=11)):
        assert violations(db) == ["deleted_account_cleared"]
        monkeypatch.setattr(clearing, "delete_files_of", real)
        clear_deleted_accounts(db, config, lambda: False)
        assert violations(db) == []


def test_a_marked_venue_without_a_deletion_is_a_violation(api: ApiClient, db: Db) -> None:
    session = api.sign_up(owner=True)
    insert_venues(db, session["profile"]["id"], 1)
    db.venues.update_many({}, {"$set": {"deleted_at": utc_now()}})
    assert violations(db) == ["venue_deleted_with_owner"]


def order_during_deletion(
    app: Flask, api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch, pause: tuple[Any, str]
) -> list[int]:
    """Delete an owner between the first checks of an order and the end of its transaction. Return both statuses."""
    session = api.sign_up(owner=True)
    (venue_id,) = insert_venues(db, session["profile"]["id"], 1)
    guest, statuses = api.guest(), []
    rival = ApiClient(app.test_client())
    thread = start_rival(monkeypatch, pause[0], pause[1], lambda: statuses.append(delete(rival, session["token"])))
    statuses.append(api.book(guest, str(venue_id), day(1)).status)
    thread.join()
    return sorted(statuses)


def count_stranded(db: Db) -> int:
    """Return the number of active bookings at venues of deleted accounts."""
    gone = [venue["_id"] for venue in db.venues.find({"deleted_at": {"$ne": None}})]
    return db.bookings.count_documents({"venue_id": {"$in": gone}, "status": "pending"})


def test_of_an_order_and_the_deletion_of_the_owner_one_fails(
    app: Flask, api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    from halls.bookings import changes, service  # noqa: PLC0415 - the modules that this race pauses

    # The deletion ends before the order writes the venue.
    assert order_during_deletion(app, api, db, monkeypatch, (service, "_claim_date")) == [200, 404]
    # The order has written the venue, so the deletion waits for it.
    assert order_during_deletion(app, api, db, monkeypatch, (changes, "insert_booking")) == [201, 409]
    assert count_stranded(db) == 0


def test_control_without_writing_the_venues_a_booking_is_stranded(
    app: Flask, api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    from halls.accounts import deletion  # noqa: PLC0415 - the module without its guard
    from halls.bookings import changes  # noqa: PLC0415 - as above
    from halls.venues import store as venues  # noqa: PLC0415 - as above

    real = venues.mark_venues

    def mark_after_the_commit(database: Db, venue_ids: Any, field: Any, moment: Any, session: Any) -> Any:
        del session
        thread_marks.append(lambda: real(database, venue_ids, field, moment, None))  # type: ignore[arg-type]
        return []

    thread_marks: list[Any] = []
    monkeypatch.setattr(venues, "mark_venues", mark_after_the_commit)
    monkeypatch.setattr(deletion, "refresh_entries", lambda *_: 0)
    assert order_during_deletion(app, api, db, monkeypatch, (changes, "insert_booking")) == [200, 201]
    for mark in thread_marks:
        mark()
    assert count_stranded(db) == 1
