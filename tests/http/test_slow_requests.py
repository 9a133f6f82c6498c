"""Clients that send their request by and by, straight to Gunicorn's worker: none holds a thread of it for ever."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn

from halls.server import http_worker
from halls.server.http_worker import HttpWorker
from tests.hostile.raw_http import Answer, parse_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.api_client import Api

GRACE_SECONDS = 0.3
POST = b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
UNREAD = b"POST /nowhere HTTP/1.1\r\nHost: x\r\n"


@dataclass
class Line:
    """The client's end of a connection, and what a worker's thread does at the other."""

    client: socket.socket
    serve: Callable[[], Future[object]]

    def trickle(self, served: Future[object], byte: bytes) -> bool:
        """Send a byte now and then for long; tell whether the thread had enough of it before."""
        ends_at = time.monotonic() + 20 * GRACE_SECONDS
        while not served.done() and time.monotonic() < ends_at:
            with suppress(OSError):
                self.client.sendall(byte)
            time.sleep(GRACE_SECONDS / 10)
        return served.done()

    def answers(self) -> list[Answer]:
        """Return what the client has been told by now."""
        self.client.settimeout(0.2)
        with suppress(TimeoutError):
            return parse_answers(self.client.recv(65536), ended=False)
        return []


@contextmanager
def line_to(app: Flask) -> Iterator[Line]:
    """Connect a client to a worker that has one thread."""
    settings: Any = Config()
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
            yield Line(client, lambda: pool.submit(worker.handle, conn))
        finally:
            # A thread that is still held goes on here, or the test would hang.
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
def test_a_body_that_trickles_is_refused_like_one_that_breaks_off(
    app: Flask, api: Api, start: bytes, byte: bytes
) -> None:
    del api  # an empty database, ready to be asked
    with line_to(app) as line:
        line.client.sendall(start)
        served = line.serve()
        assert line.trickle(served, byte)
        [answer] = line.answers()
        assert (answer.status, '"code":"bad_json"' in answer.text) == (400, True)
        assert served.result() is False, "the connection is of no more use"


@pytest.mark.parametrize(
    ("start", "told"),
    [(b"G", []), (b"GET /health HTTP/1.1\r\nX-Slow: ", []), (UNREAD + b"Content-Length: 9000\r\n\r\n", [404])],
    ids=["first line", "headers", "a body that nobody reads"],
)
def test_whatever_else_trickles_is_cut_off_without_a_word(
    app: Flask, start: bytes, told: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    with line_to(app) as line:
        line.client.sendall(start)
        served = line.serve()
        assert line.trickle(served, b"a")
        assert served.result() is False
        assert [answer.status for answer in line.answers()] == told
    assert caplog.records == [], "strangers fill no log"


def test_a_slow_line_has_the_time_that_it_needs(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_worker, "SLOWEST_BYTES", 1000)
    with line_to(app) as line:
        line.client.sendall(UNREAD + b"Content-Length: 5000\r\n\r\n")
        served = line.serve()
        for _ in range(10):
            line.client.sendall(bytes(500))
            time.sleep(GRACE_SECONDS / 5)
        assert served.result() is True
        assert [answer.status for answer in line.answers()] == [404]


def test_each_request_on_a_connection_has_its_own_time(app: Flask) -> None:
    with line_to(app) as line:
        for _ in range(3):
            line.client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert line.serve().result() is True
            assert [answer.status for answer in line.answers()] == [200]
            time.sleep(GRACE_SECONDS)
