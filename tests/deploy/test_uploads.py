"""Uploads through NGINX: large files pass, and slow uploads cannot occupy all slots."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tests.deploy.test_site import assert_error_response
from tests.hostile.raw_http import SERVER_NAME, TLS_PORTS, parse_responses
from tests.uploads.files import make_picture
from tests.waiting import wait_until

if TYPE_CHECKING:
    import ssl

    from tests.deploy.site import Site
    from tests.hostile.raw_http import RawResponse
    from tests.races.race_client import RaceClient

PNG = make_picture("image/png")
# The limit of deploy/nginx/halls.conf for one address.
SLOTS_OF_ONE_ADDRESS = 3


def sign(site: Site, race_client: RaceClient, size: int) -> Any:
    """Return the upload path and the public path of a new owner's picture of `size` bytes."""
    upload = json.dumps({"filename": "a.png", "content_type": "image/png", "size_bytes": size}).encode()
    token = race_client.account(owner=True).token
    signed = json.loads(site.ask("POST /uploads/sign-s3", upload, Authorization=f"Bearer {token}").body)["data"]
    return tuple(signed[name].removeprefix(f"https://{SERVER_NAME}") for name in ("upload_url", "public_url"))


def begin_upload(site: Site, path: str, size: int, address: str = "127.0.0.1") -> ssl.SSLSocket:
    """Send the first bytes of a picture from one of the loopback addresses; return the connection."""
    tcp_connection = socket.create_connection(("127.0.0.1", site.port), timeout=5, source_address=(address, 0))
    connection = TLS_PORTS[site.port].wrap_socket(tcp_connection, server_hostname=SERVER_NAME)
    head = f"PUT {path} HTTP/1.1\r\nHost: {SERVER_NAME}\r\nContent-Type: image/png\r\nContent-Length: {size}\r\n\r\n"
    connection.sendall(head.encode() + PNG)
    return connection


def response_on(connection: ssl.SSLSocket) -> RawResponse:
    """Return the response on a connection."""
    [response] = parse_responses(connection.recv(65536))
    return response


def test_a_large_file_is_uploaded_and_served(site: Site, race_client: RaceClient) -> None:
    # The server removes what follows the picture.
    content = PNG + bytes(10 * 1024 * 1024 - len(PNG))
    path, public = sign(site, race_client, len(content))
    uploaded = site.ask(f"PUT {path}", content, Content_Type="image/png")
    assert uploaded.status == 200, uploaded.text
    served = site.ask(f"GET {public}")
    assert (served.status, served.body[:8]) == (200, PNG[:8])
    forged = site.ask(f"PUT {path}x", content[:100], Content_Type="image/png")
    assert (forged.status, json.loads(forged.body)["code"]) == (403, "bad_signature")


def test_the_log_does_not_contain_upload_signatures(site: Site, race_client: RaceClient) -> None:
    path, _ = sign(site, race_client, len(PNG))
    assert site.ask(f"PUT {path}", b"GIF", Content_Type="image/png", X_Request_ID="of-an-upload").status == 422
    log = site.folder / "halls.log"
    wait_until(lambda: b"of-an-upload" in log.read_bytes())
    [line] = [line for line in log.read_bytes().splitlines() if b"of-an-upload" in line]
    assert json.loads(line)["path"] == "/uploads/local/"
    assert path.rpartition("/")[2].encode() not in log.read_bytes() + site.log_text().encode()


def test_the_log_does_not_contain_the_secrets_of_calendars(site: Site) -> None:
    assert site.ask("GET /calendar/a-secret.ics", X_Request_ID="of-a-calendar").status == 404
    log = site.folder / "halls.log"
    wait_until(lambda: b"of-a-calendar" in log.read_bytes())
    assert b"a-secret" not in log.read_bytes() + site.log_text().encode()


def test_the_log_does_not_contain_unsubscribe_tokens(site: Site) -> None:
    assert site.ask("POST /emails/unsubscribe/a-token", X_Request_ID="of-an-e-mail").status == 200
    log = site.folder / "halls.log"
    wait_until(lambda: b"of-an-e-mail" in log.read_bytes())
    assert b"a-token" not in log.read_bytes() + site.log_text().encode()


def test_one_address_cannot_hold_all_slots_or_one_for_long(site: Site, race_client: RaceClient) -> None:
    size = 10_000
    with ExitStack() as stack:
        started_at = time.monotonic()
        slow_uploads = [
            stack.enter_context(begin_upload(site, sign(site, race_client, size)[0], size))
            for _ in range(SLOTS_OF_ONE_ADDRESS)
        ]
        parts = site.server.log.parent / "uploads" / "incoming"
        wait_until(lambda: len(list(parts.glob("*"))) == SLOTS_OF_ONE_ADDRESS)
        small_path = sign(site, race_client, len(PNG))[0]
        assert_error_response(
            response_on(stack.enter_context(begin_upload(site, small_path, len(PNG)))), 429, "rate_limited"
        )
        assert response_on(stack.enter_context(begin_upload(site, small_path, len(PNG), "127.0.0.2"))).status == 200
        while time.monotonic() - started_at < 29:
            for connection in slow_uploads:
                connection.sendall(b"a")
            time.sleep(1)
        for connection in slow_uploads:
            response = response_on(connection)
            assert (response.status, json.loads(response.body)["code"]) == (400, "bad_json")
            # NGINX lets a client that continues to send finish for some seconds, and counts it against the limit.
            connection.close()
        assert time.monotonic() - started_at < 35
        next_path = sign(site, race_client, len(PNG))[0]
        wait_until(lambda: response_on(stack.enter_context(begin_upload(site, next_path, len(PNG)))).status == 200)
    assert list(parts.glob("*")) == []
