"""Which addresses webhooks may have: only public ones, in every spelling."""

from __future__ import annotations

import socket
import threading
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from halls.errors import Invalid
from halls.webhooks import addresses
from halls.webhooks.addresses import check_url, is_allowed
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - not bound
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::10.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "2001::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
]
SPELLINGS = [
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0x7f.1/",
    "https://0/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://169.254.169.254/latest",
    "https://2852039166/",
    "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
    "https://[fe80::1]/",
    "https://10.0.0.1:8443/",
    "https://192.168.0.1/",
]


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_not_allowed(text: str) -> None:
    assert not is_allowed(ip_address(text), allow_loopback=False)


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_allowed(text: str) -> None:
    assert is_allowed(ip_address(text), allow_loopback=False)


def test_development_allows_this_machine_only() -> None:
    allowed = {text for text in NOT_PUBLIC if is_allowed(ip_address(text), allow_loopback=True)}
    assert allowed == {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}


@pytest.mark.parametrize("url", SPELLINGS)
def test_each_spelling_of_a_private_address_is_rejected(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url, allow_loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://1.1.1.1/",
            "https://",
            "https:///path",
            "http://1.1.1.1/",
            "https://u@1.1.1.1/",
            "https://u:p@1.1.1.1/",
        ),
        *("https://[::1", "https://1.1.1.1:99999/", "https://no-such-name.invalid/", "javascript:alert(1)", "1.1.1.1"),
        *("https://" + "a" * 70 + ".example/", "https://:p@1.1.1.1/"),
    ],
)
def test_a_url_of_another_form_is_rejected(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_url(url, allow_loopback=False)
    assert [fault["field"] for fault in caught.value.details] == ["url"]


@pytest.mark.parametrize("url", ["https://1.1.1.1/", "https://1.1.1.1:8443/a?b=c", "https://[2606:4700::1111]/"])
def test_a_public_https_url_is_accepted_with_any_port(url: str) -> None:
    check_url(url, allow_loopback=False)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "https://localhost/", "http://[::1]:80/"])
def test_development_accepts_urls_of_this_machine(url: str) -> None:
    check_url(url, allow_loopback=True)


def test_one_private_address_of_a_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(*_: Any, **__: Any) -> Any:
        return [(0, 0, 0, "", (text, 443)) for text in ("1.1.1.1", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    with pytest.raises(Invalid):
        check_url("https://both.example/", allow_loopback=False)


@pytest.fixture
def lookups() -> Iterator[None]:
    """All lookups of this process are free, and free again before the next test."""
    wait_for_lookups()
    yield
    wait_for_lookups()


def wait_for_lookups() -> None:
    """Wait until all lookups are free."""
    for _ in range(addresses.LOOKUPS):
        assert addresses._free_lookups.acquire(timeout=30)  # noqa: SLF001 - nothing else tells
    for _ in range(addresses.LOOKUPS):
        addresses._free_lookups.release()  # noqa: SLF001 - as above


@pytest.mark.usefixtures("lookups")
def test_a_slow_lookup_counts_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "LOOKUP_SECONDS", 0.01)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(0.2))
    with pytest.raises(Invalid):
        check_url("https://slow.example/", allow_loopback=False)


@pytest.mark.usefixtures("lookups")
def test_name_servers_that_do_not_answer_hold_few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    asked: list[str] = []

    def wait(host: str, *_: Any, **__: Any) -> Any:
        asked.append(host)
        answered.wait()
        return [(0, 0, 0, "", ("1.1.1.1", 443))]

    monkeypatch.setattr(addresses, "LOOKUP_SECONDS", 0.01)
    monkeypatch.setattr(socket, "getaddrinfo", wait)
    try:
        for number in range(addresses.LOOKUPS):
            with pytest.raises(Invalid):
                check_url(f"https://silent-{number}.example/", allow_loopback=False)
        with pytest.raises(addresses.TooManyLookups):
            check_url("https://third.example/", allow_loopback=False)
        assert len(asked) == addresses.LOOKUPS
    finally:
        answered.set()
    monkeypatch.setattr(addresses, "LOOKUP_SECONDS", 10)
    wait_until(lambda: is_accepted("https://honest.example/"))


def is_accepted(url: str) -> bool:
    """Return whether the URL is accepted, and not rejected because of other lookups."""
    try:
        check_url(url, allow_loopback=False)
    except addresses.TooManyLookups:
        return False
    return True
