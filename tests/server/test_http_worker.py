"""Malformed HTTP requests get an error response of the API; their content stays out of the log."""

from __future__ import annotations

import json
import signal
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.http import errors
from gunicorn.workers.gthread import PollableMethodQueue, ThreadWorker

from halls.logs import configure_logging
from halls.server.http_worker import HttpWorker
from tests.hostile.raw_http import parse_responses
from tests.loggers import preserved_logging


def response_to(error: BaseException) -> Any:
    """Return the response to a request that failed with `error` before Flask saw it."""
    worker = HttpWorker.__new__(HttpWorker)
    server_socket, client_socket = socket.socketpair()
    with server_socket, client_socket:
        worker.handle_error(None, server_socket, ("127.0.0.1", 1), error)
        server_socket.shutdown(socket.SHUT_WR)
        [response] = parse_responses(client_socket.recv(65536))
        return response


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.InvalidHeader("a secret"), 400, "bad_request"),
        (errors.InvalidChunkSize(b"a secret"), 400, "bad_request"),
        (errors.LimitRequestLine(9000, 4096), 414, "uri_too_long"),
        (errors.LimitRequestHeaders("a secret"), 431, "headers_too_large"),
        (errors.UnsupportedTransferCoding("a secret"), 501, "bad_request"),
        (errors.ExpectationFailed("a secret"), 417, "bad_request"),
        (RuntimeError("a secret"), 500, "internal_error"),
    ],
)
def test_a_malformed_request_gets_an_error_response(
    error: BaseException, status: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with preserved_logging():
        configure_logging("INFO")
        response = response_to(error)
    body = json.loads(response.body)
    assert (response.status, body["ok"], body["code"], body["details"]) == (status, False, code, [])
    assert response.header("Content-Type") == "application/json"
    assert response.header("X-Request-ID")
    captured = capsys.readouterr()
    assert "a secret" not in response.text + captured.out + captured.err
    line = json.loads(captured.err)
    assert (line["code"], line["error"]) == (code, type(error).__name__)


def test_a_closed_connection_gets_no_response() -> None:
    worker = HttpWorker.__new__(HttpWorker)
    server_socket, client_socket = socket.socketpair()
    client_socket.close()
    with server_socket:
        worker.handle_error(None, server_socket, None, RuntimeError())


def test_a_quit_signal_does_not_interrupt_the_loop_or_a_running_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    class Pool:
        """A thread pool whose shutdown receives a signal from the terminal and one from the Gunicorn master."""

        def shutdown(self, *, wait: bool) -> None:
            events.append(f"shutdown, wait={wait}")
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
                signal.raise_signal(number)
            events.append("over")

    worker = HttpWorker.__new__(HttpWorker)
    worker.method_queue = PollableMethodQueue()
    worker.method_queue.init()
    monkeypatch.setattr(worker, "tpool", Pool(), raising=False)
    monkeypatch.setattr(worker, "cfg", SimpleNamespace(worker_int=lambda _: None), raising=False)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)}
    try:
        for number in handlers:
            signal.signal(number, worker.handle_quit)
        worker.handle_quit(signal.SIGINT, None)
        assert events == []
        with pytest.raises(SystemExit):
            worker.method_queue.run_callbacks(None)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        worker.method_queue.close()
    assert events == ["shutdown, wait=False", "over"]


@pytest.mark.parametrize(("connections", "wait_seconds"), [(0, 0.0), (1, 0.0001), (8, 0.0008), (500, 0.001)])
def test_a_worker_with_more_connections_waits_longer_before_it_accepts(
    monkeypatch: pytest.MonkeyPatch, connections: int, wait_seconds: float
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("halls.server.http_worker.sleep", waits.append)
    monkeypatch.setattr(ThreadWorker, "accept", lambda _, __: waits.append(-1))
    worker = HttpWorker.__new__(HttpWorker)
    worker.nr_conns = connections
    with socket.socket() as listener:
        worker.accept(listener)
    assert waits == [pytest.approx(wait_seconds), -1]
