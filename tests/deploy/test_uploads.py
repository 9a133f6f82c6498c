"""Uploads through the site: whole files, few of one address at a time, and none for ever."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tests.deploy.test_site import assert_refused
from tests.faults.fault_injection import wait_until
from tests.hostile.raw_http import SERVER_NAME, TLS_PORTS, parse_answers

if TYPE_CHECKING:
    import ssl

    from tests.deploy.site import Site
    from tests.hostile.raw_http import Answer
    from tests.races.race_client import RaceClient

PNG = b"\x89PNG\r\n\x1a\n"
# deploy/nginx/halls.conf
OF_ONE_ADDRESS = 3


def sign(site: Site, race_client: RaceClient, size: int) -> Any:
    """Return where a new owner may put a picture of that size, and where it is then: paths."""
    wish = json.dumps({"filename": "a.png", "content_type": "image/png", "size_bytes": size}).encode()
    token = race_client.person(owner=True).token
    signed = json.loads(site.ask("POST /uploads/sign-s3", wish, Authorization=f"Bearer {token}").body)["data"]
    return tuple(signed[name].removeprefix(f"https://{SERVER_NAME}") for name in ("upload_url", "public_url"))


def begin(site: Site, path: str, size: int, address: str = "127.0.0.1") -> ssl.SSLSocket:
    """Send the first bytes of a picture from one of this machine's addresses; return the connection."""
    plain = socket.create_connection(("127.0.0.1", site.port), timeout=5, source_address=(address, 0))
    link = TLS_PORTS[site.port].wrap_socket(plain, server_hostname=SERVER_NAME)
    head = f"PUT {path} HTTP/1.1\r\nHost: {SERVER_NAME}\r\nContent-Type: image/png\r\nContent-Length: {size}\r\n\r\n"
    link.sendall(head.encode() + PNG)
    return link


def answer_on(link: ssl.SSLSocket) -> Answer:
    """Return what comes."""
    [answer] = parse_answers(link.recv(65536))
    return answer


def test_a_large_file_is_uploaded_and_served_through_it(site: Site, race_client: RaceClient) -> None:
    content = PNG + bytes(10 * 1024 * 1024 - len(PNG))
    path, public = sign(site, race_client, len(content))
    taken = site.ask(f"PUT {path}", content, Content_Type="image/png")
    assert taken.status == 200, taken.text
    served = site.ask(f"GET {public}")
    assert (served.status, served.body) == (200, content)
    forged = site.ask(f"PUT {path}x", content[:100], Content_Type="image/png")
    assert (forged.status, json.loads(forged.body)["code"]) == (403, "bad_signature")


def test_the_log_does_not_tell_what_would_let_its_reader_upload(site: Site, race_client: RaceClient) -> None:
    path, _ = sign(site, race_client, len(PNG))
    assert site.ask(f"PUT {path}", b"GIF", Content_Type="image/png", X_Request_ID="of-an-upload").status == 422
    log = site.folder / "halls.log"
    wait_until(lambda: b"of-an-upload" in log.read_bytes())
    [line] = [line for line in log.read_bytes().splitlines() if b"of-an-upload" in line]
    assert json.loads(line)["path"] == "/uploads/local/"
    assert path.rpartition("/")[2].encode() not in log.read_bytes() + site.log_text().encode()


def test_one_address_can_not_hold_all_slots_and_none_for_long(site: Site, race_client: RaceClient) -> None:
    size = 10_000
    with ExitStack() as stack:
        began = time.monotonic()
        slow = [stack.enter_context(begin(site, sign(site, race_client, size)[0], size)) for _ in range(OF_ONE_ADDRESS)]
        parts = site.server.log.parent / "uploads" / "incoming"
        wait_until(lambda: len(list(parts.glob("*"))) == OF_ONE_ADDRESS)
        small = sign(site, race_client, len(PNG))[0]
        assert_refused(answer_on(stack.enter_context(begin(site, small, len(PNG)))), 429, "rate_limited")
        assert answer_on(stack.enter_context(begin(site, small, len(PNG), "127.0.0.2"))).status == 200
        while time.monotonic() - began < 29:
            for link in slow:
                link.sendall(b"a")
            time.sleep(1)
        for link in slow:
            answer = answer_on(link)
            assert (answer.status, json.loads(answer.body)["code"]) == (400, "bad_json")
            # NGINX lets who goes on sending all the same finish for some seconds, and that is one of his three.
            link.close()
        assert time.monotonic() - began < 35
        again = sign(site, race_client, len(PNG))[0]
        wait_until(lambda: answer_on(stack.enter_context(begin(site, again, len(PNG)))).status == 200)
    assert list(parts.glob("*")) == []
