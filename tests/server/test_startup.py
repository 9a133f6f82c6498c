"""Starting: closed until the indexes are known to be there, and open by itself as soon as they are."""

from __future__ import annotations

import runpy
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from pymongo.errors import OperationFailure

from halls.app import COLLECTIONS, create_app
from halls.config import Config
from halls.mongo.client import Db, connect
from halls.mongo.indexes import IncompatibleDataError
from halls.server import startup
from halls.server.startup import make_server_app, prepare_database
from tests.api_client import Api
from tests.conftest import SECRET, make_config
from tests.loggers import preserved_logging
from tests.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask

MAX_WAIT_SECONDS = 30


@pytest.fixture
def gate(fresh_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TcpProxy]:
    """Stand before a database of this test's own, in a time that is short for a test."""
    monkeypatch.setattr("halls.mongo.client.SELECTION_MS", 150)
    monkeypatch.setattr(startup, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(startup, "MAX_WAIT_SECONDS", 0.3)
    with closing(TcpProxy(fresh_uri)) as closed:
        yield closed


@contextmanager
def started(uri: str) -> Iterator[Flask]:
    """Start an application, and let its thread end with the block."""
    app = make_server_app(make_config(mongo_uri=uri))
    service = app.extensions["halls"]
    try:
        yield app
    finally:
        while any(thread.name == "prepare" for thread in threading.enumerate()):
            # Again and again: the thread may be about to say that it is not.
            service.is_prepared = True
        service.db.client.close()


def await_prepared() -> None:
    """Wait for the end of the thread that prepares."""
    for thread in threading.enumerate():
        if thread.name == "prepare":
            thread.join(MAX_WAIT_SECONDS)
            assert not thread.is_alive()


def put_two_active_bookings(db: Db) -> list[ObjectId]:
    """Write two active bookings for one date, where no index stands in the way."""
    row = {"venue_id": ObjectId(), "user_id": ObjectId(), "date": "2027-01-05", "status": "pending"}
    return db.bookings.insert_many([{**row}, {**row}]).inserted_ids


class HeardLog:
    """Remembers what is logged, and lets a test wait for an error."""

    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []
        self.heard = threading.Event()

    def warning(self, _event: str, **_values: Any) -> None:
        """Let it pass."""

    def error(self, _event: str, **values: Any) -> None:
        """Remember it."""
        self.errors.append(values)
        self.heard.set()


def test_an_application_with_its_database_is_ready_at_once(fresh_uri: str) -> None:
    with started(fresh_uri) as app:
        assert Api(app.test_client()).get("/health/ready").status == 200
        db = app.extensions["halls"].db
        assert [plan.name for plan in COLLECTIONS if not db[plan.name].index_information()] == []
        assert [thread.name for thread in threading.enumerate() if thread.name == "prepare"] == []


def test_without_a_database_it_starts_says_so_and_gets_ready_by_itself(gate: TcpProxy) -> None:
    with started(gate.uri) as app:
        api = Api(app.test_client())
        assert api.get("/health").data == {"status": "up"}
        signup = {"email": "a@example.com", "password": "correct horse 7", "is_venue_owner": True}
        asked = [api.get("/health/ready"), api.get("/venues/search"), api.post("/auth/signup", signup)]
        assert {(answer.status, answer.code) for answer in asked} == {(503, "database_unavailable")}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in asked)
        gate.open()
        await_prepared()
        assert api.get("/health/ready").data == {"status": "ready"}
        assert api.post("/auth/signup", signup).status == 201
        assert "one_active_booking_per_date" in app.extensions["halls"].db.bookings.index_information()


def test_data_that_contradicts_keeps_it_closed_until_somebody_mends_it(
    gate: TcpProxy, fresh_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = HeardLog()
    monkeypatch.setattr(startup, "log", log)
    with closing(connect(fresh_uri).client) as client, started(gate.uri) as app:
        db = client.get_default_database()
        twins = put_two_active_bookings(db)
        gate.open()
        assert log.heard.wait(MAX_WAIT_SECONDS)
        assert all(str(twin) in log.errors[0]["reason"] for twin in twins)
        assert Api(app.test_client()).get("/venues/search").status == 503
        db.bookings.delete_one({"_id": twins[0]})
        await_prepared()
        assert Api(app.test_client()).get("/venues/search").status == 200


def test_the_drivers_words_stay_out_of_the_log(gate: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    log, asked = HeardLog(), []

    def fail(*_: Any) -> None:
        asked.append(1)
        if len(asked) == 1:
            raise OperationFailure("what a person typed", code=59)

    monkeypatch.setattr(startup, "log", log)
    with started(gate.uri):
        monkeypatch.setattr(startup, "ensure_collections", fail)
        gate.open()
        assert log.heard.wait(MAX_WAIT_SECONDS)
        await_prepared()
    assert log.errors == [{"reason": "OperationFailure"}]


def test_data_that_contradicts_stops_a_start(fresh_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = connect(fresh_uri)
    monkeypatch.setattr("halls.app.connect", lambda *_: db)
    put_two_active_bookings(db)
    with closing(db.client), pytest.raises(IncompatibleDataError):
        make_server_app(make_config(mongo_uri=fresh_uri))


def test_what_we_ask_wrong_is_no_outage(fresh_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OperationFailure("no such command", code=59)

    monkeypatch.setattr(startup, "ensure_collections", fail)
    with closing(connect(fresh_uri).client) as client, pytest.raises(OperationFailure):
        prepare_database(client.get_default_database(), COLLECTIONS)


def test_a_wsgi_server_finds_a_ready_application(
    fresh_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Config.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in {"MONGO_URI": fresh_uri, "JWT_SECRET": SECRET, "LOG_LEVEL": "ERROR"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    # This process goes on counting for itself.
    for name in ("halls.config.name_metrics_folder", "halls.metrics.share_metrics"):
        monkeypatch.setattr(name, lambda _: None)
    with preserved_logging():
        app = runpy.run_module("halls.wsgi")["app"]
    with closing(app.extensions["halls"].db.client):
        assert Api(app.test_client()).get("/health/ready").status == 200


def test_an_address_that_dns_does_not_tell_is_an_outage() -> None:
    app = create_app(make_config(mongo_uri="mongodb+srv://db.nowhere.invalid/halls"))
    with closing(app.extensions["halls"].db.client):
        assert not prepare_database(app.extensions["halls"].db, COLLECTIONS)
        assert Api(app.test_client()).get("/health").status == 200
