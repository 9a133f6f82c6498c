"""The logs of NGINX: no address, no query and no signature, and the real path of what it rejects itself."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.conftest import BEHIND_NGINX
from tests.deploy.site import running_site
from tests.hostile.raw_http import SERVER_NAME
from tests.servers import running_server
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.site import Site

SECRETS = ("127.0.0.1", "a-query", "a-signature")


def send_raw(site: Site, row: str, headers: str = "", body: str = "", *, plain: bool = False) -> int:
    """Send a request and return the status of the response."""
    raw = f"{row} HTTP/1.1\r\nHost: {SERVER_NAME}\r\n{headers}Connection: close\r\n\r\n{body}"
    [response] = site.exchange(raw, plain=plain).answers
    return response.status


def logged(site: Site, request_id: str) -> dict[str, Any]:
    """Return the line of a request in NGINX's log."""
    log = site.folder / "halls.log"
    wait_until(lambda: request_id in log.read_text(errors="replace"))
    [line] = [line for line in log.read_text(errors="replace").splitlines() if request_id in line]
    entry: dict[str, Any] = json.loads(line)
    return entry


@pytest.mark.parametrize(
    ("row", "headers", "status", "path"),
    [
        ("GET /metrics", "", 404, "/metrics"),
        ("GET /metrics?a=a-query", "", 404, "/metrics"),
        ("POST /auth/login?a=a-query", "Content-Length: 9000000\r\n", 413, "/auth/login"),
        ("TRACE /venues/search?a=a-query", "", 405, "/venues/search"),
        ("PUT /uploads/local/a-signature", "Content-Length: 99000000\r\n", 413, "/uploads/local/"),
        ("TRACE /uploads/local/a-signature", "", 405, "/uploads/local/"),
        # NGINX reads these as the path above.
        ("TRACE //uploads/local/a-signature", "", 405, ""),
        ("TRACE /./uploads/local/a-signature", "", 405, ""),
        ("TRACE /%75ploads/local/a-signature", "", 405, ""),
        ("TRACE /calendar/a-signature.ics", "", 405, "/calendar/"),
        ("TRACE /emails/unsubscribe/a-signature", "", 405, "/emails/unsubscribe/"),
        ("GET /venues/1?a=a-query", "", 400, "/venues/1"),
    ],
)
def test_the_log_has_the_real_path_without_query_and_secrets(
    site: Site, row: str, headers: str, status: int, path: str, request: pytest.FixtureRequest
) -> None:
    request_id = f"path-{abs(hash(request.node.name))}"
    assert send_raw(site, row, f"X-Request-ID: {request_id}\r\n{headers}") == status
    entry = logged(site, request_id)
    assert (entry["path"], entry["status"], entry["scheme"]) == (path, status, "https")


@pytest.mark.parametrize("kind", ["a long address", "a flood"])
def test_the_log_has_the_path_of_other_rejections(site: Site, kind: str, fresh_uri: str, tmp_path: Path) -> None:
    if kind == "a long address":
        assert send_raw(site, "GET /venues/long?type=" + "a" * 9000) == 414
        assert '"path":"/venues/long","status":414' in (site.folder / "halls.log").read_text(errors="replace")
        return
    with (
        running_server(mongo_uri=fresh_uri, folder=tmp_path / "app", **BEHIND_NGINX) as server,
        running_site(server, tmp_path / "nginx", rate="rate=1r/s") as strict,
    ):
        raw = f"GET /health?a=a-query HTTP/1.1\r\nHost: {SERVER_NAME}\r\n\r\n"
        assert [each.status for each in strict.exchange(raw * 200).answers][-1] == 429
        log = (strict.folder / "halls.log").read_text(errors="replace")
        assert '"path":"/health","status":429' in log
        assert not [secret for secret in SECRETS if secret in log]


def test_an_unencrypted_request_is_logged_with_its_scheme(site: Site) -> None:
    headers = "X-Request-ID: in-the-clear\r\nAuthorization: Bearer x.y.z\r\n"
    assert send_raw(site, "GET /auth/me?a=a-query", headers, plain=True) == 400
    entry = logged(site, "in-the-clear")
    assert (entry["path"], entry["scheme"], entry["status"]) == ("/auth/me", "http", 400)


def test_no_log_of_nginx_has_an_address_a_query_or_a_signature(mongo_uri: str, tmp_path: Path) -> None:
    stack = ExitStack()
    with running_server(mongo_uri=mongo_uri, folder=tmp_path / "app", **BEHIND_NGINX) as server:
        site = stack.enter_context(running_site(server, tmp_path / "nginx"))
        send_everything(site)
    with stack:
        # The application is stopped: NGINX can't connect to it.
        assert send_raw(site, "GET /health?a=a-query") == 503
        send_everything(site)
    text = "".join(path.read_text(errors="replace") for path in site.folder.glob("*.log"))
    assert '"status":503' in text
    assert "connect() failed" not in text
    assert not [secret for secret in SECRETS if secret in text]


def send_everything(site: Site) -> None:
    """Send requests that NGINX forwards, rejects, can't read, or buffers in a file, on both ports."""
    large = "a" * 200_000
    for plain in (False, True):
        for row, headers, body in [
            ("GET /venues/search?q=a-query", "", ""),
            ("PUT /uploads/local/a-signature?a=a-query", "Content-Length: 3\r\n", "abc"),
            ("PUT /uploads/local/a-signature", "Content-Length: 99000000\r\n", ""),
            ("POST /auth/login?a=a-query", f"Content-Length: {len(large)}\r\n", large),
            ("TRACE /uploads/local/a-signature?a=a-query", "", ""),
            ("GET /%zz?a=a-query", "", ""),
            ("GET /venues/search?a=a-query", "Bad Name: a\r\n", ""),
            ("GET /.well-known/acme-challenge/x?a=a-query", "", ""),
        ]:
            site.exchange(
                f"{row} HTTP/1.1\r\nHost: {SERVER_NAME}\r\n{headers}Connection: close\r\n\r\n{body}", plain=plain
            )
        site.exchange("\x16\x03a-query\r\n\r\n", plain=plain)
