"""Clients that send a byte now and then wait in NGINX, not in the application's few threads, and are cut off."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from tests.hostile.raw_http import SERVER_NAME, TLS_PORTS

if TYPE_CHECKING:
    from tests.deploy.site import Site

# As many as NGINX lets one address have.
MANY = 90
CUT_SECONDS = 14.0
HEAD = f"POST /auth/login HTTP/1.1\r\nHost: {SERVER_NAME}\r\n".encode()
BODY = HEAD + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"


def is_cut(link: socket.socket) -> bool:
    """Tell whether the server has closed, with or without a word."""
    with suppress(BlockingIOError):
        try:
            while link.recv(4096):
                pass
        except OSError as error:
            if isinstance(error, BlockingIOError | TimeoutError) or "read operation" in str(error):
                return False
    return True


def drip(links: list[socket.socket]) -> None:
    """Send one byte more on each connection that still takes it."""
    for link in links:
        with suppress(OSError):
            link.sendall(b"a")


def test_slow_clients_hold_nobody_up_and_are_cut_off(site: Site) -> None:
    before = len(site.log_text())
    with ExitStack() as stack:
        links: list[socket.socket] = []
        for number in range(MANY):
            link = socket.create_connection(("127.0.0.1", site.port), timeout=5)
            link = stack.enter_context(TLS_PORTS[site.port].wrap_socket(link, server_hostname=SERVER_NAME))
            link.sendall(HEAD if number % 2 else BODY)
            links.append(link)
        began = time.monotonic()
        while time.monotonic() - began < 8:
            drip(links)
            sent = time.monotonic()
            assert site.ask("GET /venues/search").status == 200
            assert time.monotonic() - sent < 2
            time.sleep(0.5)
        while time.monotonic() - began < CUT_SECONDS:
            # Heads are cut by how long they take in all; a body, by its silence.
            drip(links[1::2])
            time.sleep(0.5)
        time.sleep(6)
        for link in links:
            link.settimeout(0.05)
        assert sum(is_cut(link) for link in links) == MANY
    assert site.log_text()[before:].count('"route": "/auth/login"') == 0
