"""Port 80: pages of browsers are redirected to HTTPS, and every API call is rejected, so that a client notices it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.hostile.raw_http import SERVER_NAME

if TYPE_CHECKING:
    from tests.deploy.site import Site
    from tests.hostile.raw_http import RawResponse

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def assert_rejected(response: RawResponse, status: int = 400, code: str = "bad_request") -> None:
    """Check that the response is an error of the API, and that it does not name the version of NGINX."""
    body = json.loads(response.body)
    assert (response.status, body["ok"], body["code"], body["details"]) == (status, False, code, [])
    assert response.header("Content-Type") == "application/json"
    assert response.header("X-Request-ID")
    assert response.header("Cache-Control") == "no-store"
    assert response.header("Location") is None
    assert response.header("Server") == "nginx"


@pytest.mark.parametrize("row", ["GET /", "GET /docs", "HEAD /docs", "GET /?from=mail"])
@pytest.mark.parametrize("host", [SERVER_NAME, "evil.example"])
def test_pages_are_redirected_to_the_own_name(site: Site, row: str, host: str) -> None:
    response = site.ask(row, plain=True, Host=host)
    assert (response.status, response.header("Location")) == (308, f"https://{SERVER_NAME}{row.split(' ')[1]}")
    assert response.header("Server") == "nginx"


@pytest.mark.parametrize("row", ["GET /hall/1?date=2027-01-05", "HEAD /venues/search"])
def test_any_address_in_a_browser_is_redirected(site: Site, row: str) -> None:
    response = site.ask(row, plain=True, Accept=BROWSER)
    assert (response.status, response.header("Location")) == (308, f"https://{SERVER_NAME}{row.split(' ')[1]}")


@pytest.mark.parametrize(
    "row",
    [
        *("GET /venues/search?type=Hall", "GET /auth/me", "POST /bookings", "POST /auth/login", "DELETE /auth/me"),
        *("POST /", "OPTIONS /docs", "PUT /uploads/local/a", "GET /docs/x", "GET /calendar/secret.ics"),
    ],
)
def test_calls_of_the_api_are_rejected(site: Site, row: str) -> None:
    body = b"{}" if row.startswith(("POST", "PUT")) else b""
    response = site.ask(row, body, plain=True, Accept="application/json")
    assert_rejected(response)
    assert f"https://{SERVER_NAME}" in response.text


@pytest.mark.parametrize("row", ["GET /", "GET /docs", "GET /venues/search"])
def test_a_token_is_never_redirected(site: Site, row: str) -> None:
    response = site.ask(row, plain=True, Accept=BROWSER, Authorization="Bearer x.y.z")
    assert_rejected(response)
    assert "not encrypted" in response.text


@pytest.mark.parametrize(
    ("row", "headers", "status", "code"),
    [
        ("GET /" + "a" * 9000, "", 414, "uri_too_long"),
        ("GET /docs", "X-Large: " + "a" * 9000 + "\r\n", 431, "headers_too_large"),
        ("GET /%zz", "", 400, "bad_request"),
        ("TRACE /docs", "", 405, "method_not_allowed"),
        ("POST /bookings", "Transfer-Encoding: gzip\r\n", 501, "bad_request"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_errors_on_port_80_have_the_shape_of_the_api(
    site: Site, row: str, headers: str, status: int, code: str
) -> None:
    raw = f"{row} HTTP/1.1\r\nHost: {SERVER_NAME}\r\n{headers}Connection: close\r\n\r\n"
    [response] = site.exchange(raw, plain=True).answers
    assert_rejected(response, status, code)
