"""Health checks: /health never needs the database; /health/ready needs a write to succeed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from halls.app import create_app
from halls.clock import utc_now
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    import pytest
    from flask import Flask

    from halls.mongo.client import Db


def test_health_responds_exactly_as_specified(api: ApiClient) -> None:
    response = api.get("/health")
    assert (response.status, response.json) == (200, {"ok": True, "data": {"status": "up"}})


def test_ready_means_that_a_write_just_succeeded(api: ApiClient, db: Db) -> None:
    before = utc_now()
    response = api.get("/health/ready")
    assert (response.status, response.json) == (200, {"ok": True, "data": {"status": "ready"}})
    record = db["readiness"].find_one({})
    assert record is not None
    assert record["at"] >= before
    api.get("/health/ready")
    assert db["readiness"].count_documents({}) == 1


def app_without_database(mongo_uri: str, *, is_prepared: bool) -> Flask:
    """Return an application whose database is unreachable."""
    app = create_app(make_config(mongo_uri=TcpProxy(mongo_uri).uri))
    app.extensions["halls"].is_prepared = is_prepared
    return app


def test_without_a_database_the_application_is_up_and_not_ready(
    mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halls.http.endpoint.REQUEST_SECONDS", 0.2)
    for is_prepared in (False, True):
        app = app_without_database(mongo_uri, is_prepared=is_prepared)
        api = ApiClient(app.test_client())
        with closing(app.extensions["halls"].db.client):
            assert api.get("/health").status == 200
            response = api.get("/health/ready")
            assert (response.status, response.code) == (503, "database_unavailable")
            assert int(response.headers["Retry-After"]) > 0
            assert response.headers["X-Request-ID"]


def test_health_does_not_use_the_database(mongo_uri: str) -> None:
    app = app_without_database(mongo_uri, is_prepared=False)
    client = app.extensions["halls"].db.client
    with closing(client):
        assert ApiClient(app.test_client()).get("/health").status == 200
        # The driver starts its monitors with the first operation.
        assert not client._topology._opened  # noqa: SLF001 - no public attribute
