"""Health: alive whatever happens, ready only while a write reaches the database."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from halls.app import create_app
from halls.clock import utc_now
from tests.api_client import Api
from tests.conftest import make_config
from tests.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    import pytest
    from flask import Flask

    from halls.mongo.client import Db


def test_alive_is_exactly_what_the_specification_says(api: Api) -> None:
    answer = api.get("/health")
    assert (answer.status, answer.json) == (200, {"ok": True, "data": {"status": "up"}})


def test_ready_means_that_something_was_just_written(api: Api, db: Db) -> None:
    before = utc_now()
    answer = api.get("/health/ready")
    assert (answer.status, answer.json) == (200, {"ok": True, "data": {"status": "ready"}})
    written = db["readiness"].find_one({})
    assert written is not None
    assert written["at"] >= before
    api.get("/health/ready")
    assert db["readiness"].count_documents({}) == 1


def dead_app(mongo_uri: str, *, is_prepared: bool) -> Flask:
    """Return an application whose database is away."""
    app = create_app(make_config(mongo_uri=TcpProxy(mongo_uri).uri))
    app.extensions["halls"].is_prepared = is_prepared
    return app


def test_without_a_database_it_is_alive_and_not_ready(mongo_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halls.http.endpoint.REQUEST_SECONDS", 0.2)
    for is_prepared in (False, True):
        app = dead_app(mongo_uri, is_prepared=is_prepared)
        api = Api(app.test_client())
        with closing(app.extensions["halls"].db.client):
            assert api.get("/health").status == 200
            answer = api.get("/health/ready")
            assert (answer.status, answer.code) == (503, "database_unavailable")
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.headers["X-Request-ID"]


def test_to_say_that_it_is_alive_it_asks_nobody(mongo_uri: str) -> None:
    app = dead_app(mongo_uri, is_prepared=False)
    client = app.extensions["halls"].db.client
    with closing(client):
        assert Api(app.test_client()).get("/health").status == 200
        # The driver's monitors start with the first question.
        assert not client._topology._opened  # noqa: SLF001 - nothing public tells it
