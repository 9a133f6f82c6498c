"""Start-up: requests are rejected until the indexes exist, and served as soon as they do."""

from __future__ import annotations

import runpy
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import ObjectId
from pymongo.errors import OperationFailure

from halls.app import COLLECTIONS, create_app
from halls.config import Config
from halls.mongo.client import Db, connect
from halls.mongo.indexes import IncompatibleDataError
from halls.mongo.outage_log import OutageLog
from halls.server import startup
from halls.server.startup import make_server_app, prepare_database
from tests.api_client import ApiClient
from tests.conftest import SECRET, make_config
from tests.loggers import preserved_logging
from tests.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask

MAX_WAIT_SECONDS = 30


@pytest.fixture
def proxy(fresh_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TcpProxy]:
    """A closed proxy before the database of this test, with short timeouts."""
    monkeypatch.setattr("halls.mongo.client.SELECTION_MS", 150)
    monkeypatch.setattr(startup, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(startup, "MAX_WAIT_SECONDS", 0.3)
    with closing(TcpProxy(fresh_uri)) as closed_proxy:
        yield closed_proxy


@contextmanager
def started(uri: str) -> Iterator[Flask]:
    """Start an application; its preparation thread ends with the block."""
    app = make_server_app(make_config(mongo_uri=uri))
    context = app.extensions["halls"]
    try:
        yield app
    finally:
        while any(thread.name == "prepare" for thread in threading.enumerate()):
            # Repeatedly: the thread may be about to reset the flag.
            context.is_prepared = True
        context.db.client.close()


def wait_until_prepared() -> None:
    """Wait until the preparation thread ends."""
    for thread in threading.enumerate():
        if thread.name == "prepare":
            thread.join(MAX_WAIT_SECONDS)
            assert not thread.is_alive()


def insert_two_active_bookings(db: Db) -> list[ObjectId]:
    """Insert two active bookings for one date, where the unique index is missing."""
    row = {"venue_id": ObjectId(), "user_id": ObjectId(), "date": "2027-01-05", "status": "pending"}
    return db.bookings.insert_many([{**row}, {**row}]).inserted_ids


class RecordingLog:
    """Records log entries and lets a test wait for an error."""

    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []
        self.error_logged = threading.Event()

    def warning(self, _event: str, **_values: Any) -> None:
        """Ignore a warning."""

    def error(self, _event: str, **values: Any) -> None:
        """Record the error."""
        self.errors.append(values)
        self.error_logged.set()


def test_an_application_with_a_reachable_database_is_ready_at_once(fresh_uri: str) -> None:
    with started(fresh_uri) as app:
        assert ApiClient(app.test_client()).get("/health/ready").status == 200
        db = app.extensions["halls"].db
        assert [spec.name for spec in COLLECTIONS if not db[spec.name].index_information()] == []
        assert [thread.name for thread in threading.enumerate() if thread.name == "prepare"] == []


def test_without_a_database_it_responds_503_and_becomes_ready_later(proxy: TcpProxy) -> None:
    with started(proxy.uri) as app:
        api = ApiClient(app.test_client())
        assert api.get("/health").data == {"status": "up"}
        signup = {"email": "a@example.com", "password": "correct horse 7", "is_venue_owner": True}
        responses = [api.get("/health/ready"), api.get("/venues/search"), api.post("/auth/signup", signup)]
        assert {(response.status, response.code) for response in responses} == {(503, "database_unavailable")}
        assert all(int(response.headers["Retry-After"]) > 0 for response in responses)
        proxy.open()
        wait_until_prepared()
        assert api.get("/health/ready").data == {"status": "ready"}
        assert api.post("/auth/signup", signup).status == 201
        assert "one_active_booking_per_date" in app.extensions["halls"].db.bookings.index_information()


def test_an_outage_at_the_start_is_logged_once_with_the_host_and_its_end(proxy: TcpProxy) -> None:
    with structlog.testing.capture_logs() as lines, started(proxy.uri) as app:
        first = app.extensions["halls"].config.database_uri.partition("/")[2].partition("/")[0]
        # Long enough for several attempts.
        time.sleep(1)
        proxy.open()
        wait_until_prepared()
    outage_lines = [line for line in lines if line["event"].startswith("database ")]
    assert [line["event"] for line in outage_lines] == ["database unavailable", "database available"]
    assert all(first.strip("/") in line["database"] for line in outage_lines)


def test_incompatible_data_keeps_it_unavailable_until_the_data_is_repaired(
    proxy: TcpProxy, fresh_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RecordingLog()
    monkeypatch.setattr(startup, "log", log)
    with closing(connect(fresh_uri).client) as client, started(proxy.uri) as app:
        db = client.get_default_database()
        duplicates = insert_two_active_bookings(db)
        proxy.open()
        assert log.error_logged.wait(MAX_WAIT_SECONDS)
        assert all(str(duplicate) in log.errors[0]["reason"] for duplicate in duplicates)
        time.sleep(0.5)
        assert len(log.errors) == 1, "the same reason is logged once"
        assert ApiClient(app.test_client()).get("/venues/search").status == 503
        db.bookings.delete_one({"_id": duplicates[0]})
        wait_until_prepared()
        assert ApiClient(app.test_client()).get("/venues/search").status == 200


def test_the_text_of_driver_errors_stays_out_of_the_log(proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    log, calls = RecordingLog(), []

    def fail(*_: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OperationFailure("text that a user typed", code=59)

    monkeypatch.setattr(startup, "log", log)
    with started(proxy.uri):
        monkeypatch.setattr(startup, "ensure_collections", fail)
        proxy.open()
        assert log.error_logged.wait(MAX_WAIT_SECONDS)
        wait_until_prepared()
    assert log.errors == [{"reason": "OperationFailure"}]


def test_incompatible_data_stops_the_start(fresh_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = connect(fresh_uri)
    monkeypatch.setattr("halls.app.connect", lambda *_: db)
    insert_two_active_bookings(db)
    with closing(db.client), pytest.raises(IncompatibleDataError):
        make_server_app(make_config(mongo_uri=fresh_uri))


def test_an_invalid_command_does_not_count_as_an_outage(fresh_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OperationFailure("no such command", code=59)

    monkeypatch.setattr(startup, "ensure_collections", fail)
    with closing(connect(fresh_uri).client) as client, pytest.raises(OperationFailure):
        prepare_database(client.get_default_database(), COLLECTIONS, OutageLog("halls"))


def test_halls_wsgi_provides_a_ready_application(
    fresh_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Config.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in {"MONGO_URI": fresh_uri, "JWT_SECRET": SECRET, "LOG_LEVEL": "ERROR"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    # Otherwise this process would share its metrics with the application.
    for name in ("halls.config.name_metrics_folder", "halls.metrics.share_metrics"):
        monkeypatch.setattr(name, lambda _: None)
    warned: list[Config] = []
    monkeypatch.setattr("halls.server.weak_settings.warn_of_weak_settings", lambda config, **_: warned.append(config))
    with preserved_logging():
        app = runpy.run_module("halls.wsgi")["app"]
    assert [str(config.mongo_uri) for config in warned] == [fresh_uri]
    with closing(app.extensions["halls"].db.client):
        assert ApiClient(app.test_client()).get("/health/ready").status == 200


def test_an_unresolvable_host_counts_as_an_outage() -> None:
    app = create_app(make_config(mongo_uri="mongodb+srv://db.nowhere.invalid/halls"))
    with closing(app.extensions["halls"].db.client):
        assert not prepare_database(app.extensions["halls"].db, COLLECTIONS, OutageLog("halls"))
        assert ApiClient(app.test_client()).get("/health").status == 200
