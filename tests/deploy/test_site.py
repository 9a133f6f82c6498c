"""The NGINX site: TLS only, own name only, error responses of the API, and forwarded address and id."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.commands import PRODUCTION
from tests.deploy.conftest import BEHIND_NGINX
from tests.deploy.site import running_site
from tests.hostile.raw_http import SERVER_NAME
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.site import Site
    from tests.hostile.raw_http import RawResponse

HSTS = "max-age=31536000"
BODY_LIMIT = 256 * 1024


def assert_error_response(response: RawResponse, status: int, code: str) -> None:
    """Check that an error response of NGINX has everything that one of the application has."""
    body = json.loads(response.body)
    assert (response.status, body["ok"], body["code"], body["details"]) == (status, False, code, [])
    assert response.header("Content-Type") == "application/json"
    assert response.header("X-Request-ID")
    assert response.header("X-Content-Type-Options") == "nosniff"
    assert response.header("Strict-Transport-Security") == HSTS
    assert bool(response.header("Retry-After")) == (status in {429, 503})


def test_no_response_names_the_version_of_nginx(site: Site) -> None:
    for row in ("GET /health", "GET /nope", "GET /metrics"):
        assert site.ask(row).header("Server") in {None, "nginx"}


def test_every_response_has_an_hsts_header(site: Site) -> None:
    for row, status in {"GET /health": 200, "GET /nope": 404, "GET /metrics": 404, "POST /bookings": 401}.items():
        response = site.ask(row)
        assert (response.status, response.header("Strict-Transport-Security")) == (status, HSTS)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("newest_version", "is_accepted"), [(ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)]
)
def test_tls_versions_below_1_2_are_rejected(site: Site, newest_version: ssl.TLSVersion, is_accepted: bool) -> None:  # noqa: FBT001 - a row of the table
    context = ssl.create_default_context(cafile=str(site.certificate))
    # Otherwise the client would reject the old version itself.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = newest_version
    handshake_done = False
    with ExitStack() as stack:
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", site.port)))
        try:
            handshake_done = bool(
                stack.enter_context(context.wrap_socket(connection, server_hostname=SERVER_NAME)).version()
            )
        except ssl.SSLError as error:
            assert "PROTOCOL_VERSION" in str(error.reason)  # noqa: PT017 - either end may fail
    assert handshake_done == is_accepted


def test_browsers_get_http_2(site: Site) -> None:
    url = f"https://{SERVER_NAME}:{site.port}/health"
    options = ["--resolve", f"{SERVER_NAME}:{site.port}:127.0.0.1", "--cacert", str(site.certificate)]
    completed = subprocess.run(
        ["curl", "-s", "--http2", *options, "-w", " %{http_version}", url], capture_output=True, text=True, check=True
    )
    assert completed.stdout == '{"ok":true,"data":{"status":"up"}} 2'


def test_long_responses_are_compressed_if_the_client_accepts_gzip(site: Site) -> None:
    compressed = site.ask("GET /openapi.json", Accept_Encoding="gzip")
    uncompressed = site.ask("GET /openapi.json")
    assert (compressed.header("Content-Encoding"), uncompressed.header("Content-Encoding")) == ("gzip", None)
    assert len(compressed.body) * 4 < len(uncompressed.body)
    assert "Accept-Encoding" in str(uncompressed.header("Vary"))


def test_a_request_id_is_forwarded_and_an_invalid_one_replaced(site: Site) -> None:
    assert site.ask("GET /health", X_Request_ID="from-the-caller.1").header("X-Request-ID") == "from-the-caller.1"
    assert '"request_id": "from-the-caller.1"' in site.log_text()
    generated_id = str(site.ask("GET /health", X_Request_ID="no, really?").header("X-Request-ID"))
    assert len(generated_id) == 32
    assert f'"request_id": "{generated_id}"' in site.log_text()
    assert site.ask("GET /metrics", X_Request_ID="mine").header("X-Request-ID") == "mine"


@pytest.mark.parametrize("path", ["/metrics", "/%6detrics", "/./metrics", "/a/../metrics", "/metrics?a=1", "/metrics/"])
def test_metrics_are_not_public(site: Site, path: str) -> None:
    response = site.ask(f"GET {path}", X_Forwarded_For="127.0.0.1")
    assert_error_response(response, 404, "not_found")
    assert "halls_requests_total" in site.server.api.get("/metrics").text, "Prometheus scrapes the application directly"


@pytest.mark.parametrize("path", ["//metrics", "/Metrics"])
def test_similar_paths_of_metrics_are_not_found(site: Site, path: str) -> None:
    assert site.ask(f"GET {path}").status == 404


def test_a_stopped_application_gives_an_error_response_of_the_api(mongo_uri: str, tmp_path: Path) -> None:
    with running_server(mongo_uri=mongo_uri, folder=tmp_path / "app", **BEHIND_NGINX) as server:
        stack = ExitStack()
        site = stack.enter_context(running_site(server, tmp_path / "nginx"))
    with stack:
        assert_error_response(site.ask("GET /health"), 503, "database_unavailable")
        assert_error_response(site.ask("POST /bookings", b"{}"), 503, "database_unavailable")
        for path in ("/calendar/a-secret.ics", "/emails/unsubscribe/a-secret", "/uploads/local/a-secret"):
            assert_error_response(site.ask(f"GET {path}"), 503, "database_unavailable")
        logged = (site.folder / "halls.log").read_text()
        assert "/health" in logged
        assert "a-secret" not in logged + (site.folder / "error.log").read_text()


@pytest.mark.parametrize("size", [BODY_LIMIT, BODY_LIMIT + 1])
def test_nginx_rejects_a_body_over_the_limit(site: Site, size: int) -> None:
    body = b'{"email":"' + b"a" * (size - 12) + b'"}'
    assert len(body) == size
    response = site.ask("POST /auth/login", body)
    if size > BODY_LIMIT:
        assert_error_response(response, 413, "body_too_large")
    else:
        assert response.status == 422


def test_nginx_rejects_a_chunked_body_over_the_limit(site: Site) -> None:
    head = f"POST /auth/login HTTP/1.1\r\nHost: {SERVER_NAME}\r\nContent-Type: application/json\r\n"
    chunks = b"10000\r\n" + b" " * 65536 + b"\r\n"
    exchange = site.exchange(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks * 5 + b"0\r\n\r\n")
    assert_error_response(exchange.answers[0], 413, "body_too_large")


@pytest.mark.parametrize(
    ("row", "headers", "status", "code"),
    [
        ("GET /venues/search?type=" + "a" * 9000, {}, 414, "uri_too_long"),
        ("GET /health", {"X-Large": "a" * 9000}, 431, "headers_too_large"),
        ("GET /health", {f"X-{number}": "a" * 4000 for number in range(10)}, 431, "headers_too_large"),
        ("GET /health", {"Bad Name": "a"}, 400, "bad_request"),
        ("GET /health", {"Content-Length": "a"}, 400, "bad_request"),
        ("GET /%zz", {}, 400, "bad_request"),
        ("GET /a%00b", {}, 400, "bad_request"),
        ("GET /../../etc/passwd", {}, 400, "bad_request"),
        ("TRACE /health", {}, 405, "method_not_allowed"),
        ("POST /health", {"Transfer-Encoding": "gzip"}, 501, "bad_request"),
        ("GET /health HTTP/3.0\r\nX: y\r\nZ:", {}, 505, "bad_request"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_errors_of_nginx_have_the_shape_of_the_api(
    site: Site, row: str, headers: dict[str, str], status: int, code: str
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": SERVER_NAME, **headers}.items())
    [response] = site.exchange(f"{row} HTTP/1.1\r\n{head}Connection: close\r\n\r\n").answers
    assert_error_response(response, status, code)


@pytest.fixture
def strict_site(fresh_uri: str, tmp_path: Path) -> Iterator[Site]:
    """The site with every limit of deploy/, before a server in production mode."""
    settings = {**BEHIND_NGINX, **PRODUCTION, "RATE_LIMITS": "on", "WEB_WORKERS": "1"}
    with (
        running_server(mongo_uri=fresh_uri, folder=tmp_path / "app", **settings) as server,
        running_site(server, tmp_path / "nginx", rate="rate=50r/s") as running,
    ):
        yield running


def test_a_forged_address_does_not_bypass_rate_limits(strict_site: Site) -> None:
    body = json.dumps({"email": "nobody@example.com", "password": "correct horse 7"}).encode()
    headers = ("X_Forwarded_For", "X_Real_IP", "Forwarded")
    responses = [
        strict_site.ask("POST /auth/login", body, plain=False, **dict.fromkeys(headers, f"203.0.113.{number}"))
        for number in range(31)
    ]
    statuses = [response.status for response in responses]
    assert 401 in statuses
    assert statuses[-1] == 429
    assert json.loads(responses[-1].body)["code"] == "rate_limited"


def test_a_flood_is_limited_before_it_reaches_the_application(strict_site: Site) -> None:
    raw = f"GET /health HTTP/1.1\r\nHost: {SERVER_NAME}\r\n\r\n" * 99
    last_request = f"GET /health HTTP/1.1\r\nHost: {SERVER_NAME}\r\nConnection: close\r\n\r\n"
    responses = [response for _ in range(4) for response in strict_site.exchange(raw + last_request).answers]
    limited = [response for response in responses if response.status == 429]
    assert len(responses) == 400
    assert 400 - len(limited) >= 100, "a normal burst must pass"
    assert len(limited) >= 100
    assert_error_response(limited[0], 429, "rate_limited")
    assert strict_site.log_text().count('"route": "/health"') <= 400 - len(limited) + 5


ORIGINS = [
    "https://evil.example",
    "null",
    "https://app.example.evil.example",
    "http://app.example",
    "https://app.example:444",
]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("row", ["GET /venues/search", "OPTIONS /bookings", "GET /metrics", "GET /nope"])
def test_other_origins_get_no_cors_headers(site: Site, origin: str, row: str) -> None:
    response = site.ask(row, Origin=origin, Access_Control_Request_Method="POST")
    assert [name for name, _ in response.headers if name.lower().startswith("access-control-")] == []


def test_a_configured_origin_gets_cors_headers(site: Site) -> None:
    response = site.ask("OPTIONS /bookings", Origin="https://app.example", Access_Control_Request_Method="POST")
    assert response.header("Access-Control-Allow-Origin") == "https://app.example"
    assert "Origin" in str(response.header("Vary"))
    assert response.header("Access-Control-Allow-Credentials") is None
