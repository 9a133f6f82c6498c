"""Slow clients wait in NGINX, do not occupy the application's threads, and are disconnected."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from tests.hostile.raw_http import SERVER_NAME, TLS_PORTS

if TYPE_CHECKING:
    from tests.deploy.site import Site

# The connection limit of NGINX for one address.
CONNECTIONS = 90
DISCONNECT_SECONDS = 14.0
HEAD = f"POST /auth/login HTTP/1.1\r\nHost: {SERVER_NAME}\r\n".encode()
BODY = HEAD + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"


def is_closed(connection: socket.socket) -> bool:
    """Tell whether the server has closed the connection."""
    with suppress(BlockingIOError):
        try:
            while connection.recv(4096):
                pass
        except OSError as error:
            if isinstance(error, BlockingIOError | TimeoutError) or "read operation" in str(error):
                return False
    return True


def send_one_byte(connections: list[socket.socket]) -> None:
    """Send one more byte on each open connection."""
    for connection in connections:
        with suppress(OSError):
            connection.sendall(b"a")


def test_slow_clients_delay_no_other_client_and_are_disconnected(site: Site) -> None:
    log_length = len(site.log_text())
    with ExitStack() as stack:
        connections: list[socket.socket] = []
        for number in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", site.port), timeout=5)
            connection = stack.enter_context(TLS_PORTS[site.port].wrap_socket(connection, server_hostname=SERVER_NAME))
            connection.sendall(HEAD if number % 2 else BODY)
            connections.append(connection)
        started_at = time.monotonic()
        while time.monotonic() - started_at < 8:
            send_one_byte(connections)
            sent_at = time.monotonic()
            assert site.ask("GET /venues/search").status == 200
            assert time.monotonic() - sent_at < 2
            time.sleep(0.5)
        while time.monotonic() - started_at < DISCONNECT_SECONDS:
            # NGINX limits the total time of a head, and the silence within a body.
            send_one_byte(connections[1::2])
            time.sleep(0.5)
        time.sleep(6)
        for connection in connections:
            connection.settimeout(0.05)
        assert sum(is_closed(connection) for connection in connections) == CONNECTIONS
    assert site.log_text()[log_length:].count('"route": "/auth/login"') == 0
