"""The client of webhooks: pinned addresses, no redirects and proxies, certificates, and deadlines."""

from __future__ import annotations

import socket
import ssl
import time
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook

from halls.clock import utc_now
from halls.webhooks import client
from halls.webhooks.sender import send_due_deliveries
from tests.conftest import make_config
from tests.servers import free_port
from tests.webhooks.receiver import make_certificates, running_receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.webhooks.receiver import Receiver
    from tests.webhooks.world import HookWorld

NAME = "hooks.example.com"
SPELLINGS = ("127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost", "[::ffff:127.0.0.1]", "0")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver over HTTP."""
    with running_receiver() as running:
        yield running


def post(url: str, **options: Any) -> client.Outcome:
    """Send a small body."""
    return client.post(url, b'{"a":1}', {"webhook-id": "1"}, **{"allow_loopback": True, **options})


def test_an_answer_of_2xx_is_a_success(receiver: Receiver) -> None:
    outcome = post(receiver.url("/halls?a=b"))
    assert (outcome.status, outcome.reason, outcome.is_success) == (204, None, True)
    (request,) = receiver.requests
    assert (request.path, request.body) == ("/halls?a=b", b'{"a":1}')
    assert request.headers["user-agent"].startswith("Halls/")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize(
    ("status", "headers", "reason", "seconds"),
    [
        (301, {"Location": "/other"}, "redirect", None),
        (307, {"Location": "http://127.0.0.1:1/"}, "redirect", None),
        (410, {}, "error_status", None),
        (429, {"Retry-After": "120"}, "error_status", 120),
        (503, {"Retry-After": "Fri, 31 Dec 2027 23:59:59"}, "error_status", None),
        (503, {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, "error_status", 0),
        (503, {"Retry-After": "in an hour"}, "error_status", None),
        (503, {"Retry-After": "9" * 400}, "error_status", None),
        (500, {"Retry-After": "-5"}, "error_status", None),
    ],
)
def test_other_answers_are_failures(
    receiver: Receiver, status: int, headers: dict[str, str], reason: str, seconds: int | None
) -> None:
    receiver.answers["/"].append((status, headers))
    outcome = post(receiver.url())
    assert (outcome.status, outcome.reason, outcome.is_success) == (status, reason, False)
    assert outcome.retry_after == (None if seconds is None else timedelta(seconds=seconds))
    assert len(receiver.requests) == 1


def test_a_server_may_name_the_date_of_the_next_attempt(receiver: Receiver) -> None:
    receiver.answers["/"].append((503, {"Retry-After": format_datetime(utc_now() + timedelta(hours=2), usegmt=True)}))
    retry_after = post(receiver.url()).retry_after
    assert retry_after is not None
    assert timedelta(minutes=119) < retry_after <= timedelta(hours=2)


@pytest.mark.parametrize("host", SPELLINGS)
def test_a_private_address_in_any_spelling_is_not_reached(receiver: Receiver, host: str) -> None:
    outcome = post(receiver.url(host=host), allow_loopback=False)
    assert (outcome.status, outcome.reason) == (None, "address_not_public")
    assert receiver.requests == []


@pytest.mark.parametrize("address", ["::7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "240.0.0.1", "192.0.0.9"])
def test_names_with_special_addresses_are_not_reached(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert post("https://special.example/", allow_loopback=False).reason == "address_not_public"


def test_a_name_that_changes_its_address_is_looked_up_once(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebinding name is public at the check and private at the connection."""
    lookups: list[str] = []

    def rebind(host: str, port: int, *_: Any, **__: Any) -> Any:
        lookups.append(host)
        # 192.0.1.1 is public and does not answer.
        address = host if host.startswith("192.") else "192.0.1.1" if len(lookups) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.3)
    outcome = post(receiver.url(host="rebinding.example"), allow_loopback=False)
    assert outcome.status is None
    assert receiver.requests == []
    assert lookups.count("rebinding.example") == 1


def test_an_address_that_may_not_be_reached_is_not_logged(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    assert post(receiver.url(), allow_loopback=False).status is None
    assert "127.0.0.1" not in caplog.text


def test_proxies_and_passwords_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert post(receiver.url()).status == 204
    assert "authorization" not in receiver.requests[0].headers


def test_a_closed_port_is_no_connection() -> None:
    assert post(f"http://127.0.0.1:{free_port()}/").reason == "no_connection"


def test_a_silent_server_is_a_timeout(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ATTEMPT_SECONDS", 0.5)
    receiver.silent.add("/")
    outcome = post(receiver.url())
    assert (outcome.status, outcome.reason) == (None, "timeout")
    assert outcome.ms < 5_000


def test_a_server_that_sends_byte_after_byte_is_cut_off(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ATTEMPT_SECONDS", 2.0)
    receiver.dripping.add("/")
    started = time.monotonic()
    assert post(receiver.url()).reason == "timeout"
    assert time.monotonic() - started < 10


def test_a_slow_lookup_does_not_lengthen_an_attempt(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is over before the connection exists. Without its end, the dripping response takes 100 seconds."""
    monkeypatch.setattr(client, "ATTEMPT_SECONDS", 1.0)
    receiver.dripping.add("/")
    real = socket.getaddrinfo

    def find_slowly(*arguments: Any, **options: Any) -> Any:
        time.sleep(1.5)
        return real(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find_slowly)
    started = time.monotonic()
    assert post(receiver.url()).reason == "timeout"
    assert time.monotonic() - started < 10


def test_https_checks_the_certificate_and_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = make_certificates(tmp_path, NAME)
    trusting = ssl.create_default_context(cafile=str(authority))
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *args, **options: real("127.0.0.1", *args, **options))
    with running_receiver(tmp_path) as receiver:
        assert post(receiver.url(host=NAME), tls=trusting).status == 204
        assert receiver.requests[0].headers["host"] == f"{NAME}:{receiver.port}"
        assert post(receiver.url(host="other.example.com"), tls=trusting).reason == "bad_certificate"
        assert post(receiver.url(host=NAME)).reason == "bad_certificate"
        assert len(receiver.requests) == 1


def test_a_receiver_over_https_verifies_the_signature(
    world: HookWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an authority of its own, and the independent library standardwebhooks."""
    trusting = ssl.create_default_context(cafile=str(make_certificates(tmp_path, NAME)))
    real = socket.getaddrinfo

    def find(host: str, *arguments: Any, **options: Any) -> Any:
        return real("127.0.0.1" if host == NAME else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find)
    with running_receiver(tmp_path) as receiver:
        made = world.api.post("/webhooks", {"url": receiver.url(host=NAME)}, token=world.owner)
        assert made.status == 201, made.json
        world.book()
        world.dispatch()
        send_due_deliveries(world.db, make_config(), lambda: False, partial(client.post, tls=trusting))
    (request,) = receiver.requests
    body: Any = Webhook(made.data["secret"]).verify(request.body, request.headers)
    assert body["type"] == "booking.requested"
    assert [each["status"] for each in world.deliveries()] == ["delivered"]
