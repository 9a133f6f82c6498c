"""Clients that read slowly or not at all, without NGINX: the worker's thread is free again."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, send_file

from halls.http.file_stream import stream_file
from halls.server import http_worker
from tests.http.test_slow_requests import connection_to

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from flask import Response

    from tests.http.test_slow_requests import Connection

# More than the buffers of a connection hold: 4 MB for sending and 6 MB for receiving, at most.
SIZE = 32 * 1024 * 1024
PIECE = bytes(64 * 1024)
SILENCE_SECONDS = 0.3
WAIT_SECONDS = 10


@pytest.fixture(autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_worker, "SILENCE_SECONDS", SILENCE_SECONDS)
    monkeypatch.setattr(http_worker, "GRACE_SECONDS", 2 * SILENCE_SECONDS)


class LargeAnswers:
    """An application with one large answer of each kind; it counts the streams that were closed."""

    def __init__(self, folder: Path) -> None:
        self.app = Flask(__name__)
        self.closed = 0
        (folder / "video").write_bytes(bytes(SIZE))
        self.app.add_url_rule("/whole", "whole", lambda: bytes(SIZE))
        self.app.add_url_rule("/file", "file", lambda: send_file(folder / "video"))
        self.app.add_url_rule("/stream", "stream", self.stream)

    def stream(self) -> Response:
        """Return an answer like that of an export."""
        return stream_file(self.pieces(), content_type="text/csv", file_name="a.csv")

    def pieces(self) -> Generator[bytes, None, None]:
        """Yield the answer in pieces."""
        try:
            for _ in range(SIZE // len(PIECE)):
                yield PIECE
        finally:
            self.closed += 1


@pytest.fixture
def answers(tmp_path: Path) -> LargeAnswers:
    """The application with large answers."""
    return LargeAnswers(tmp_path)


def ask(connection: Connection, path: str) -> Any:
    """Send a request, and let the thread answer it."""
    connection.client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection.serve()


def wait_for(served: Any, connection: Connection, size: int) -> float:
    """Read `size` bytes now and then until the thread is free; return the seconds."""
    started_at = time.monotonic()
    connection.client.settimeout(0.01)
    while not served.done() and time.monotonic() < started_at + WAIT_SECONDS:
        if size:
            with suppress(OSError):
                connection.client.recv(size)
        time.sleep(0.05)
    return time.monotonic() - started_at


@pytest.mark.parametrize("path", ["/whole", "/file", "/stream"])
def test_a_client_that_reads_nothing_frees_the_thread(
    answers: LargeAnswers, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connection_to(answers.app) as connection:
        served = ask(connection, path)
        assert wait_for(served, connection, 0) < WAIT_SECONDS
        assert served.result() is False, "the worker must close the connection"
    assert answers.closed == (path == "/stream")
    assert caplog.records == [], "clients must not be able to fill the log"


@pytest.mark.parametrize("path", ["/whole", "/file", "/stream"])
def test_a_client_that_reads_a_little_now_and_then_frees_the_thread(
    answers: LargeAnswers, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The rate that is fast enough: more than this client reads.
    monkeypatch.setattr(http_worker, "SLOWEST_READ_BYTES", 64 * 1024 * 1024)
    with connection_to(answers.app) as connection:
        served = ask(connection, path)
        assert wait_for(served, connection, 100_000) < WAIT_SECONDS
        assert served.result() is False


@pytest.mark.parametrize("path", ["/whole", "/file", "/stream"])
def test_a_client_that_reads_gets_the_whole_answer(answers: LargeAnswers, path: str) -> None:
    with connection_to(answers.app) as connection:
        served = ask(connection, path)
        received = 0
        while received < SIZE:
            received += len(connection.client.recv(1024 * 1024))
        assert served.result(WAIT_SECONDS) is True


def test_the_time_of_the_application_does_not_count(monkeypatch: pytest.MonkeyPatch, answers: LargeAnswers) -> None:
    def pieces() -> Generator[bytes, None, None]:
        yield b"a"
        time.sleep(3 * SILENCE_SECONDS)
        yield b"b"

    monkeypatch.setattr(answers, "pieces", pieces)
    with connection_to(answers.app) as connection:
        assert ask(connection, "/stream").result(WAIT_SECONDS) is True
        assert connection.client.recv(4096).endswith(b"1\r\nb\r\n0\r\n\r\n")
