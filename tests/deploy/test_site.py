"""The site: only TLS, only our addresses, answers in the API's shape, the caller's address and request id."""

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
    from tests.hostile.raw_http import Answer

HSTS = "max-age=31536000"
LIMIT = 256 * 1024


def assert_refused(answer: Answer, status: int, code: str) -> None:
    """Check that a refusal has all that one of the application has."""
    said = json.loads(answer.body)
    assert (answer.status, said["ok"], said["code"], said["details"]) == (status, False, code, [])
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("X-Request-ID")
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("Strict-Transport-Security") == HSTS
    assert bool(answer.header("Retry-After")) == (status in {429, 503})


@pytest.mark.parametrize("row", ["GET /venues/search?type=Hall", "POST /bookings"])
@pytest.mark.parametrize("host", [SERVER_NAME, "evil.example"])
def test_without_tls_there_is_only_the_way_to_tls_and_to_our_own_name(site: Site, row: str, host: str) -> None:
    answer = site.ask(row, plain=True, Host=host)
    path = row.split(" ")[1]
    assert (answer.status, answer.header("Location")) == (308, f"https://{SERVER_NAME}{path}")


def test_every_answer_asks_browsers_to_stay_with_tls(site: Site) -> None:
    for row, status in {"GET /health": 200, "GET /nope": 404, "GET /metrics": 404, "POST /bookings": 401}.items():
        answer = site.ask(row)
        assert (answer.status, answer.header("Strict-Transport-Security")) == (status, HSTS)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(("newest", "is_spoken"), [(ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)])
def test_nothing_older_than_tls_1_2_is_spoken(site: Site, newest: ssl.TLSVersion, is_spoken: bool) -> None:  # noqa: FBT001 - a row of the table
    context = ssl.create_default_context(cafile=str(site.certificate))
    # Or this side would be the one that refuses.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = newest
    spoken = False
    with ExitStack() as stack:
        link = stack.enter_context(socket.create_connection(("127.0.0.1", site.port)))
        try:
            spoken = bool(stack.enter_context(context.wrap_socket(link, server_hostname=SERVER_NAME)).version())
        except ssl.SSLError as error:
            assert "PROTOCOL_VERSION" in str(error.reason)  # noqa: PT017 - of two ends this is one
    assert spoken == is_spoken


def test_browsers_get_http_2(site: Site) -> None:
    url = f"https://{SERVER_NAME}:{site.port}/health"
    to_here = ["--resolve", f"{SERVER_NAME}:{site.port}:127.0.0.1", "--cacert", str(site.certificate)]
    done = subprocess.run(
        ["curl", "-s", "--http2", *to_here, "-w", " %{http_version}", url], capture_output=True, text=True, check=True
    )
    assert done.stdout == '{"ok":true,"data":{"status":"up"}} 2'


def test_long_answers_are_compressed_for_who_can_read_that(site: Site) -> None:
    short = site.ask("GET /openapi.json", Accept_Encoding="gzip")
    whole = site.ask("GET /openapi.json")
    assert (short.header("Content-Encoding"), whole.header("Content-Encoding")) == ("gzip", None)
    assert len(short.body) * 4 < len(whole.body)
    assert "Accept-Encoding" in str(whole.header("Vary"))


def test_the_callers_request_id_goes_all_the_way_and_nonsense_is_replaced(site: Site) -> None:
    assert site.ask("GET /health", X_Request_ID="from-the-caller.1").header("X-Request-ID") == "from-the-caller.1"
    assert '"request_id": "from-the-caller.1"' in site.log_text()
    made = str(site.ask("GET /health", X_Request_ID="no, really?").header("X-Request-ID"))
    assert len(made) == 32
    assert f'"request_id": "{made}"' in site.log_text()
    assert site.ask("GET /metrics", X_Request_ID="mine").header("X-Request-ID") == "mine"


@pytest.mark.parametrize("path", ["/metrics", "/%6detrics", "/./metrics", "/a/../metrics", "/metrics?a=1", "/metrics/"])
def test_what_was_counted_is_not_for_the_public(site: Site, path: str) -> None:
    answer = site.ask(f"GET {path}", X_Forwarded_For="127.0.0.1")
    assert_refused(answer, 404, "not_found")
    assert "halls_requests_total" in site.server.ask("/metrics"), "Prometheus asks the application itself"


@pytest.mark.parametrize("path", ["//metrics", "/Metrics"])
def test_near_names_of_it_are_nothing_at_all(site: Site, path: str) -> None:
    assert site.ask(f"GET {path}").status == 404


def test_the_application_away_is_told_in_its_own_shape(mongo_uri: str, tmp_path: Path) -> None:
    with running_server(mongo_uri=mongo_uri, folder=tmp_path / "app", **BEHIND_NGINX) as server:
        stack = ExitStack()
        site = stack.enter_context(running_site(server, tmp_path / "nginx"))
    with stack:
        assert_refused(site.ask("GET /health"), 503, "database_unavailable")
        assert_refused(site.ask("POST /bookings", b"{}"), 503, "database_unavailable")


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
def test_too_large_a_body_is_refused_where_it_arrives(site: Site, size: int) -> None:
    body = b'{"email":"' + b"a" * (size - 12) + b'"}'
    assert len(body) == size
    answer = site.ask("POST /auth/login", body)
    if size > LIMIT:
        assert_refused(answer, 413, "body_too_large")
    else:
        assert answer.status == 422


def test_too_large_a_body_in_chunks_is_refused_too(site: Site) -> None:
    head = f"POST /auth/login HTTP/1.1\r\nHost: {SERVER_NAME}\r\nContent-Type: application/json\r\n"
    chunks = b"10000\r\n" + b" " * 65536 + b"\r\n"
    exchange = site.exchange(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks * 5 + b"0\r\n\r\n")
    assert_refused(exchange.answers[0], 413, "body_too_large")


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
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_nginx_refuses_it_refuses_in_our_shape(
    site: Site, row: str, headers: dict[str, str], status: int, code: str
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": SERVER_NAME, **headers}.items())
    [answer] = site.exchange(f"{row} HTTP/1.1\r\n{head}Connection: close\r\n\r\n").answers
    assert_refused(answer, status, code)


@pytest.fixture
def strict_site(fresh_uri: str, tmp_path: Path) -> Iterator[Site]:
    """A site as it is shipped, with every limit on, in production's own mode."""
    settings = {**BEHIND_NGINX, **PRODUCTION, "RATE_LIMITS": "on", "WEB_WORKERS": "1"}
    with (
        running_server(mongo_uri=fresh_uri, folder=tmp_path / "app", **settings) as server,
        running_site(server, tmp_path / "nginx", rate="rate=50r/s") as found,
    ):
        yield found


def test_a_forged_address_does_not_help_against_rate_limits(strict_site: Site) -> None:
    body = json.dumps({"email": "nobody@example.com", "password": "correct horse 7"}).encode()
    headers = ("X_Forwarded_For", "X_Real_IP", "Forwarded")
    answers = [
        strict_site.ask("POST /auth/login", body, plain=False, **dict.fromkeys(headers, f"203.0.113.{number}"))
        for number in range(31)
    ]
    statuses = [answer.status for answer in answers]
    assert 401 in statuses
    assert statuses[-1] == 429
    assert json.loads(answers[-1].body)["code"] == "rate_limited"


def test_a_flood_is_limited_before_it_reaches_the_application(strict_site: Site) -> None:
    raw = f"GET /health HTTP/1.1\r\nHost: {SERVER_NAME}\r\n\r\n" * 99
    last = f"GET /health HTTP/1.1\r\nHost: {SERVER_NAME}\r\nConnection: close\r\n\r\n"
    answers = [answer for _ in range(4) for answer in strict_site.exchange(raw + last).answers]
    refused = [answer for answer in answers if answer.status == 429]
    assert len(answers) == 400
    assert 400 - len(refused) >= 100, "a burst that people may make"
    assert len(refused) >= 100
    assert_refused(refused[0], 429, "rate_limited")
    assert strict_site.log_text().count('"route": "/health"') <= 400 - len(refused) + 5


ORIGINS = [
    "https://evil.example",
    "null",
    "https://app.example.evil.example",
    "http://app.example",
    "https://app.example:444",
]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("row", ["GET /venues/search", "OPTIONS /bookings", "GET /metrics", "GET /nope"])
def test_pages_of_others_are_let_in_nowhere(site: Site, origin: str, row: str) -> None:
    answer = site.ask(row, Origin=origin, Access_Control_Request_Method="POST")
    assert [name for name, _ in answer.headers if name.lower().startswith("access-control-")] == []


def test_our_own_page_is_let_in(site: Site) -> None:
    answer = site.ask("OPTIONS /bookings", Origin="https://app.example", Access_Control_Request_Method="POST")
    assert answer.header("Access-Control-Allow-Origin") == "https://app.example"
    assert "Origin" in str(answer.header("Vary"))
    assert answer.header("Access-Control-Allow-Credentials") is None
