"""CORS: the listed origins exactly, never a star, never somebody else's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.app import create_app
from tests.conftest import make_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

LISTED = ["https://app.example", "http://localhost:3000"]


@pytest.fixture
def browser(worker_uri: str, request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    """Make an application that allows the listed origins, or those that a test names."""
    origins = getattr(request, "param", ",".join(LISTED))
    app = create_app(make_config(mongo_uri=worker_uri, cors_origins=origins))
    yield app.test_client()
    app.extensions["halls"].db.client.close()


@pytest.mark.parametrize("origin", LISTED)
@pytest.mark.parametrize("path", ["/health", "/nothing", "/auth/me"])
def test_a_listed_origin_is_answered_by_its_own_name(browser: FlaskClient, origin: str, path: str) -> None:
    headers = browser.get(path, headers={"Origin": origin}).headers
    assert headers["Access-Control-Allow-Origin"] == origin
    assert headers["Vary"] == "Origin"
    readable = headers["Access-Control-Expose-Headers"].split(", ")
    assert {"X-Request-ID", "Retry-After", "Idempotent-Replayed"} <= set(readable)
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "https://app.example.evil.example", "https://xapp.example", "http://app.example"),
        *("https://app.example:8443", "https://app.example/", "https://APP.example", "https://appXexample", "null"),
        *("*", "", "http://localhost:30000", "https://app.example, http://localhost:3000"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_other_origin_is_answered(browser: FlaskClient, origin: str, method: str) -> None:
    headers = browser.open("/health", method=method, headers={"Origin": origin}).headers
    assert not [name for name, _ in headers if name.startswith("Access-Control")]
    assert headers["Vary"] == "Origin"


def test_a_caller_that_is_no_browser_gets_no_headers_for_one(browser: FlaskClient) -> None:
    headers = browser.get("/health").headers
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Vary"] == "Origin"


def test_a_browser_may_ask_before_it_sends(browser: FlaskClient) -> None:
    asked = {
        "Origin": LISTED[0],
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    answer = browser.open("/bookings/0123456789abcdef01234567", method="OPTIONS", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == LISTED[0]
    methods = answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert {"GET", "POST", "PATCH", "DELETE"} <= set(methods)
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "x-request-id"} <= set(allowed)


@pytest.mark.parametrize("browser", [""], indirect=True)
def test_without_a_list_no_origin_is_answered(browser: FlaskClient) -> None:
    headers = browser.get("/health", headers={"Origin": LISTED[0]}).headers
    assert "Access-Control-Allow-Origin" not in headers
