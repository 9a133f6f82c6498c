"""CORS headers: only the configured origins get them, without wildcards."""

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
    """A client of an application that allows the listed origins, or the origins that a test passes."""
    origins = getattr(request, "param", ",".join(LISTED))
    app = create_app(make_config(mongo_uri=worker_uri, cors_origins=origins))
    yield app.test_client()
    app.extensions["halls"].db.client.close()


@pytest.mark.parametrize("origin", LISTED)
@pytest.mark.parametrize("path", ["/health", "/nothing", "/auth/me"])
def test_a_listed_origin_gets_its_own_name_in_the_header(browser: FlaskClient, origin: str, path: str) -> None:
    headers = browser.get(path, headers={"Origin": origin}).headers
    assert headers["Access-Control-Allow-Origin"] == origin
    assert headers["Vary"] == "Origin"
    exposed = headers["Access-Control-Expose-Headers"].split(", ")
    assert {"X-Request-ID", "Retry-After", "Idempotent-Replayed"} <= set(exposed)
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
def test_other_origins_get_no_cors_headers(browser: FlaskClient, origin: str, method: str) -> None:
    headers = browser.open("/health", method=method, headers={"Origin": origin}).headers
    assert not [name for name, _ in headers if name.startswith("Access-Control")]
    assert headers["Vary"] == "Origin"


def test_a_request_without_origin_gets_no_cors_headers(browser: FlaskClient) -> None:
    headers = browser.get("/health").headers
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Vary"] == "Origin"


def test_a_preflight_request_of_a_listed_origin_is_allowed(browser: FlaskClient) -> None:
    preflight = {
        "Origin": LISTED[0],
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    response = browser.open("/bookings/0123456789abcdef01234567", method="OPTIONS", headers=preflight)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == LISTED[0]
    methods = response.headers["Access-Control-Allow-Methods"].split(", ")
    assert {"GET", "POST", "PATCH", "DELETE"} <= set(methods)
    allowed = response.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "x-request-id"} <= set(allowed)


@pytest.mark.parametrize("browser", [""], indirect=True)
def test_without_configured_origins_there_are_no_cors_headers(browser: FlaskClient) -> None:
    headers = browser.get("/health", headers={"Origin": LISTED[0]}).headers
    assert "Access-Control-Allow-Origin" not in headers
