"""What is no HTTP request is refused in the API's own shape, and what it said stays out of the log."""

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
from tests.hostile.raw_http import parse_answers
from tests.loggers import preserved_logging


def refuse(error: BaseException) -> Any:
    """Return the answer to a request that failed so before Flask saw it."""
    worker = HttpWorker.__new__(HttpWorker)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        worker.handle_error(None, ours, ("127.0.0.1", 1), error)
        ours.shutdown(socket.SHUT_WR)
        [answer] = parse_answers(theirs.recv(65536))
        return answer


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
def test_a_malformed_request_gets_the_envelope(
    error: BaseException, status: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with preserved_logging():
        configure_logging("INFO")
        answer = refuse(error)
    said = json.loads(answer.body)
    assert (answer.status, said["ok"], said["code"], said["details"]) == (status, False, code, [])
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("X-Request-ID")
    captured = capsys.readouterr()
    assert "a secret" not in answer.text + captured.out + captured.err
    assert type(error).__name__ in captured.out + captured.err


def test_who_has_gone_already_gets_nothing() -> None:
    worker = HttpWorker.__new__(HttpWorker)
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        worker.handle_error(None, ours, None, RuntimeError())


def test_a_signal_to_quit_interrupts_neither_the_loop_nor_an_earlier_one(monkeypatch: pytest.MonkeyPatch) -> None:
    ending: list[str] = []

    class Pool:
        """Ends its threads, while the terminal's signal is followed by the master's."""

        def shutdown(self, *, wait: bool) -> None:
            ending.append(f"shutdown, wait={wait}")
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
                signal.raise_signal(number)
            ending.append("over")

    worker = HttpWorker.__new__(HttpWorker)
    worker.method_queue = PollableMethodQueue()
    worker.method_queue.init()
    monkeypatch.setattr(worker, "tpool", Pool(), raising=False)
    monkeypatch.setattr(worker, "cfg", SimpleNamespace(worker_int=lambda _: None), raising=False)
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)}
    try:
        for number in kept:
            signal.signal(number, worker.handle_quit)
        worker.handle_quit(signal.SIGINT, None)
        assert ending == []
        with pytest.raises(SystemExit):
            worker.method_queue.run_callbacks(None)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
        worker.method_queue.close()
    assert ending == ["shutdown, wait=False", "over"]


@pytest.mark.parametrize(("connections", "seconds"), [(0, 0.0), (1, 0.0001), (8, 0.0008), (500, 0.001)])
def test_who_has_more_connections_lets_others_take_a_new_one(
    monkeypatch: pytest.MonkeyPatch, connections: int, seconds: float
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("halls.server.http_worker.sleep", waits.append)
    monkeypatch.setattr(ThreadWorker, "accept", lambda _, __: waits.append(-1))
    worker = HttpWorker.__new__(HttpWorker)
    worker.nr_conns = connections
    with socket.socket() as listener:
        worker.accept(listener)
    assert waits == [pytest.approx(seconds), -1]
