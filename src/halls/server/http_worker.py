"""Gunicorn's threaded worker, but it waits for nobody for ever, and refuses in the API's own shape and not in HTML."""

from __future__ import annotations

import errno
import math
import secrets
import signal
import socket
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

import orjson
import structlog
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import ThreadWorker

from halls.http.body_stream import SILENCE_SECONDS

log = structlog.get_logger()
# A request may take so long to come, and a second for each so many of its bytes: the largest JSON (256 KiB) has 46 s,
# a picture of 10 MiB eleven minutes, and what comes byte by byte is cut off after the first.
GRACE_SECONDS, SLOWEST_BYTES = 30.0, 16 * 1024
# Zero would be another kind of socket.
LEAST_SECONDS = 0.001
MODESTY_SECONDS, MODESTY_MOST_SECONDS = 0.0001, 0.001
BAD_REQUEST = "400 Bad Request", "bad_request", "This is not a well-formed HTTP request."
SPECIAL = {
    ExpectationFailed: ("417 Expectation Failed", "bad_request", "What the header Expect asks for is not offered."),
    UnsupportedTransferCoding: ("501 Not Implemented", "bad_request", "This transfer coding is not offered."),
    LimitRequestLine: ("414 URI Too Long", "uri_too_long", "The address is too long."),
    LimitRequestHeaders: ("431 Request Header Fields Too Large", "headers_too_large", "The headers are too large."),
}
BROKEN = "500 Internal Server Error", "internal_error", "Something went wrong on our side."


class TimedSocket(socket.socket):
    """A client's connection. One byte now and then is no silence, and would keep one of the few threads for ever."""

    ends_at = math.inf

    def recv(self, *args: Any) -> bytes:
        """Return what has come. Raises ConnectionResetError when it takes too long: as if the client had gone."""
        patience = self.gettimeout()
        left = max(self.ends_at - monotonic(), LEAST_SECONDS)
        self.settimeout(min(left, SILENCE_SECONDS if patience is None else patience))
        try:
            data = super().recv(*args)
        except TimeoutError:
            # Of these Gunicorn makes no entry in the log.
            raise ConnectionResetError(errno.ECONNRESET, "too slow") from None
        finally:
            self.settimeout(patience)
        self.ends_at += len(data) / SLOWEST_BYTES
        return data


class HttpWorker(ThreadWorker):
    """Answers what Flask never gets to see, and leaves new connections to workers that have fewer."""

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection, if it comes in time: its head, its body, and what nobody reads of it."""
        if type(conn.sock) is socket.socket:  # not one that speaks TLS
            conn.sock = TimedSocket(fileno=conn.sock.detach())
        conn.sock.ends_at = monotonic() + GRACE_SECONDS
        try:
            return super().handle(conn)
        finally:
            # How long it may linger when it is closed Gunicorn bounds itself.
            conn.sock.ends_at = math.inf

    def accept(self, listener: socket.socket) -> None:
        """Accept later the more connections there are: NGINX keeps its own, and all could end up with one worker."""
        sleep(min(self.nr_conns * MODESTY_SECONDS, MODESTY_MOST_SECONDS))
        super().accept(listener)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End as soon as the loop is back, and only once.

        At this instant a request may be on its way to a thread, and the end would wait for the lock that this holds.
        A second signal in the midst of the end would do the same.
        """
        ignore_signals()
        self.method_queue.defer(super().handle_quit, sig, frame)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Refuse the request; its words stay out of the log, they may hold anything."""
        del req, addr
        is_theirs = isinstance(exc, ParseException)
        status, code, words = SPECIAL.get(type(exc), BAD_REQUEST) if is_theirs else BROKEN
        request_id = secrets.token_hex(8)
        log.log(30 if is_theirs else 40, "no request", request_id=request_id, error=type(exc).__name__)
        with suppress(OSError):
            client.sendall(_write_error_response(status, code, words, request_id))


def ignore_signals() -> None:
    """Let no signal interrupt what is ending: Ctrl-C comes to a worker from the terminal, and again from its master."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        # Not SIG_IGN: of a signal that came just before it Python would complain.
        signal.signal(number, lambda *_: None)


def _write_error_response(status: str, code: str, words: str, request_id: str) -> bytes:
    body = orjson.dumps({"ok": False, "error": words, "code": code, "details": []})
    lines = (
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"X-Request-ID: {request_id}",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode() + body
