"""CORS headers: only the configured origins get them, without wildcards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.app import create_app
from tests.commands import PRODUCTION
from tests.conftest import make_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

LISTED = ["https://app.example", "capacitor://localhost"]
LOCAL = [
    *("http://localhost", "http://localhost:3000", "http://localhost:30000", "https://localhost:5173"),
    *("http://127.0.0.1:8080", "http://127.0.0.1", "http://[::1]:3000"),
]


@pytest.fixture
def browser(worker_uri: str, request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    """A client of an application in development or production, with the listed origins or those of a test."""
    settings = {"cors_origins": ",".join(LISTED), **getattr(request, "param", {})}
    app = create_app(make_config(mongo_uri=worker_uri, **settings))
    yield app.test_client()
    app.extensions["halls"].db.client.close()


PRODUCTION_SETTINGS = {name.lower(): value for name, value in PRODUCTION.items()}
IN_PRODUCTION = pytest.mark.parametrize("browser", [PRODUCTION_SETTINGS], indirect=True)
WITHOUT_ORIGINS = {"cors_origins": ""}


def preflight(browser: FlaskClient, path: str, origin: str, headers: str = "authorization") -> TestResponse:
    """Send the preflight request of a PATCH (Fetch standard)."""
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": headers}
    return browser.open(path, method="OPTIONS", headers={"Origin": origin, **asked})


@pytest.mark.parametrize("origin", LISTED)
@pytest.mark.parametrize("path", ["/health", "/nothing", "/auth/me"])
def test_a_listed_origin_gets_its_own_name_in_the_header(browser: FlaskClient, origin: str, path: str) -> None:
    headers = browser.get(path, headers={"Origin": origin}).headers
    assert headers["Access-Control-Allow-Origin"] == origin
    assert headers["Vary"] == "Origin"
    exposed = headers["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "Link", "Retry-After", "Idempotent-Replayed", "X-Request-ID"} <= set(exposed)
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "https://app.example.evil.example", "https://xapp.example", "http://app.example"),
        *("https://app.example:8443", "https://app.example/", "https://APP.example", "https://appXexample", "null"),
        *("*", "", "https://app.example, http://localhost:3000", "ionic://localhost", "capacitor://app.example"),
        *("http://localhost.evil.example", "http://localhost:3000.evil.example", "http://127.0.0.10:3000"),
        *("ftp://localhost", "http://localhost:", "http://localhost:3000/", "http://192.168.1.5:3000"),
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


@pytest.mark.parametrize("browser", [{}, WITHOUT_ORIGINS], indirect=True, ids=["origins", "no origins"])
@pytest.mark.parametrize("origin", LOCAL)
def test_development_allows_the_pages_of_this_machine(browser: FlaskClient, origin: str) -> None:
    assert browser.get("/health", headers={"Origin": origin}).headers["Access-Control-Allow-Origin"] == origin
    assert preflight(browser, "/bookings", origin).headers["Access-Control-Allow-Origin"] == origin


@IN_PRODUCTION
@pytest.mark.parametrize("origin", LOCAL)
def test_production_allows_only_the_listed_origins(browser: FlaskClient, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in browser.get("/health", headers={"Origin": origin}).headers
    assert preflight(browser, "/nothing", origin).status_code == 404
    headers = browser.get("/health", headers={"Origin": LISTED[0]}).headers
    assert headers["Access-Control-Allow-Origin"] == LISTED[0]


@pytest.mark.parametrize(
    "path", ["/bookings/0123456789abcdef01234567", "/nothing", "/health", "/venues/x", "/docs/", "//", "/a/%00/b"]
)
def test_a_preflight_request_of_a_listed_origin_is_answered_for_any_path(browser: FlaskClient, path: str) -> None:
    asked = (
        "authorization,baggage,content-type,idempotency-key,if-match,if-none-match,sentry-trace,traceparent,"
        "tracestate,x-request-id,x-requested-with"
    )
    response = preflight(browser, path, LISTED[0], asked)
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Access-Control-Allow-Origin"] == LISTED[0]
    assert response.headers["X-Request-ID"]
    methods = response.headers["Access-Control-Allow-Methods"].split(", ")
    assert {"GET", "POST", "PATCH", "PUT", "DELETE"} <= set(methods)
    assert set(asked.split(",")) <= set(response.headers["Access-Control-Allow-Headers"].lower().split(", "))


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/health", 200)])
def test_a_preflight_request_of_another_origin_gets_no_cors_headers(
    browser: FlaskClient, path: str, status: int
) -> None:
    response = preflight(browser, path, "https://evil.example")
    assert response.status_code == status
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


def test_an_options_request_that_is_not_a_preflight_is_routed(browser: FlaskClient) -> None:
    headers = {"Origin": LISTED[0]}
    assert browser.open("/nothing", method="OPTIONS", headers=headers).status_code == 404
    assert "Allow" in browser.open("/bookings", method="OPTIONS", headers=headers).headers


@pytest.mark.parametrize("browser", [PRODUCTION_SETTINGS | WITHOUT_ORIGINS], indirect=True)
def test_without_configured_origins_there_are_no_cors_headers(browser: FlaskClient) -> None:
    headers = browser.get("/health", headers={"Origin": LISTED[0]}).headers
    assert "Access-Control-Allow-Origin" not in headers
    assert "Vary" not in headers
