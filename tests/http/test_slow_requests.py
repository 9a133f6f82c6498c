"""Slow clients, sent straight to Gunicorn's worker: a slow request cannot hold a thread without limit."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn

from halls.server import http_worker
from halls.server.gunicorn_app import Server
from halls.server.http_worker import HttpWorker
from tests.conftest import make_config
from tests.hostile.raw_http import RawResponse, parse_responses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.api_client import ApiClient

GRACE_SECONDS = 0.3
POST = b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
UNREAD_REQUEST = b"POST /nowhere HTTP/1.1\r\nHost: x\r\n"


@dataclass
class Connection:
    """The client's end of a connection, and `serve`, which lets a worker's thread handle the other end."""

    client: socket.socket
    serve: Callable[[], Future[object]]

    def trickle(self, served: Future[object], byte: bytes) -> bool:
        """Send a byte now and then until a deadline; return whether the thread stopped serving before."""
        ends_at = time.monotonic() + 20 * GRACE_SECONDS
        while not served.done() and time.monotonic() < ends_at:
            with suppress(OSError):
                self.client.sendall(byte)
            time.sleep(GRACE_SECONDS / 10)
        return served.done()

    def responses(self) -> list[RawResponse]:
        """Return the responses that the client has received so far."""
        self.client.settimeout(0.2)
        with suppress(TimeoutError):
            return parse_responses(self.client.recv(65536), ended=False)
        return []


@contextmanager
def connection_to(app: Flask) -> Iterator[Connection]:
    """Connect a client to a worker with one thread."""
    settings: Any = Server(make_config(mongo_uri="mongodb://db.example/halls"), lambda: None).cfg
    unused: Any = None
    worker: Any = HttpWorker(1, os.getpid(), [], unused, 30, settings, Logger(settings))
    worker.wsgi = app
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        server, address = listener.accept()
        conn = TConn(settings, server, address, listener.getsockname())
        try:
            yield Connection(client, lambda: pool.submit(worker.handle, conn))
        finally:
            # Closing the client frees a thread that still reads; otherwise the test would hang.
            client.close()
    conn.close()
    worker.tmp.close()


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_worker, "GRACE_SECONDS", GRACE_SECONDS)


@pytest.mark.parametrize(
    ("start", "byte"),
    [
        (POST + b"Content-Length: 1000\r\n\r\n{", b" "),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n{", b" "),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    ],
    ids=["length", "chunk", "size of a chunk"],
)
def test_a_slow_body_gets_the_response_of_an_incomplete_body(
    app: Flask, api: ApiClient, start: bytes, byte: bytes
) -> None:
    del api  # only needed for its empty database
    with connection_to(app) as connection:
        connection.client.sendall(start)
        served = connection.serve()
        assert connection.trickle(served, byte)
        [response] = connection.responses()
        assert (response.status, '"code":"bad_json"' in response.text) == (400, True)
        assert served.result() is False, "the worker must close the connection"


@pytest.mark.parametrize(
    ("start", "expected"),
    [(b"G", []), (b"GET /health HTTP/1.1\r\nX-Slow: ", []), (UNREAD_REQUEST + b"Content-Length: 9000\r\n\r\n", [404])],
    ids=["first line", "headers", "an unread body"],
)
def test_a_slow_head_or_unread_body_is_disconnected(
    app: Flask, start: bytes, expected: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    with connection_to(app) as connection:
        connection.client.sendall(start)
        served = connection.serve()
        assert connection.trickle(served, b"a")
        assert served.result() is False
        assert [response.status for response in connection.responses()] == expected
    assert caplog.records == [], "clients must not be able to fill the log"


def test_a_slow_connection_gets_time_for_its_bytes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_worker, "SLOWEST_BYTES", 1000)
    with connection_to(app) as connection:
        connection.client.sendall(UNREAD_REQUEST + b"Content-Length: 5000\r\n\r\n")
        served = connection.serve()
        for _ in range(10):
            connection.client.sendall(bytes(500))
            time.sleep(GRACE_SECONDS / 5)
        assert served.result() is True
        assert [response.status for response in connection.responses()] == [404]


def test_each_request_on_a_connection_has_its_own_deadline(app: Flask) -> None:
    with connection_to(app) as connection:
        for _ in range(3):
            connection.client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.serve().result() is True
            assert [response.status for response in connection.responses()] == [200]
            time.sleep(GRACE_SECONDS)
