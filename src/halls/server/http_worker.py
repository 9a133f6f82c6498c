"""Gunicorn's threaded worker with time limits for slow clients, and error responses in the API's format."""

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
# A request must arrive within GRACE_SECONDS and one more second for each SLOWEST_BYTES: 34 s for the largest JSON body
# (256 KiB), seven minutes for a video of 25 MiB. A client that sends single bytes is disconnected after 30 s.
GRACE_SECONDS, SLOWEST_BYTES = 30.0, 64 * 1024
# The same for a client that reads a response, because telephones are often slow.
SLOWEST_READ_BYTES = 16 * 1024
# Not zero: a timeout of zero makes the socket non-blocking.
MIN_TIMEOUT_SECONDS = 0.001
# The delay before an accept, for each open connection of this worker and at most.
ACCEPT_DELAY_SECONDS, MAX_ACCEPT_DELAY_SECONDS = 0.0001, 0.001
BAD_REQUEST = "400 Bad Request", "bad_request", "This is not a well-formed HTTP request."
SPECIAL = {
    ExpectationFailed: ("417 Expectation Failed", "bad_request", "The Expect header must be 100-continue."),
    UnsupportedTransferCoding: (
        "501 Not Implemented",
        "bad_request",
        "This transfer coding is not supported.",
    ),
    LimitRequestLine: ("414 URI Too Long", "uri_too_long", "The address is too long."),
    LimitRequestHeaders: ("431 Request Header Fields Too Large", "headers_too_large", "The headers are too large."),
}
BROKEN = "500 Internal Server Error", "internal_error", "Something went wrong on our side."


class TimedSocket(socket.socket):
    """A client's connection with a time limit for the whole request.

    A timeout for each read is not enough: a client that sends a byte now and then would occupy a thread for ever.
    """

    ends_at = math.inf
    # How much longer the thread may wait for the client to read: see GRACE_SECONDS.
    send_seconds = math.inf

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Return the received bytes. Raises ConnectionResetError after the time limit."""
        data = None
        if self.gettimeout() is None and monotonic() < self.ends_at:
            # Most requests are already there. A time limit would take two system calls. On a socket with a timeout,
            # Python would wait in spite of the flag.
            with suppress(BlockingIOError):
                data = super().recv(bufsize, flags | socket.MSG_DONTWAIT)
        if data is None:
            data = self._wait_for_bytes(bufsize, flags)
        self.ends_at += len(data) / SLOWEST_BYTES
        return data

    def _wait_for_bytes(self, bufsize: int, flags: int) -> bytes:
        timeout = self.gettimeout()
        remaining = max(self.ends_at - monotonic(), MIN_TIMEOUT_SECONDS)
        self.settimeout(min(remaining, SILENCE_SECONDS if timeout is None else timeout))
        try:
            return super().recv(bufsize, flags)
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self.settimeout(timeout)

    def sendall(self, data: Any, *_: Any) -> None:
        """Send the bytes. Raises ConnectionResetError if the client reads too slowly, or not at all.

        The time that the application needs for the next bytes does not count.
        """
        unsent = memoryview(data)
        if self.gettimeout() is None:
            with suppress(BlockingIOError):
                sent = self.send(unsent, socket.MSG_DONTWAIT)
                self.send_seconds += sent / SLOWEST_READ_BYTES
                unsent = unsent[sent:]
        if unsent:
            self._send_slowly(unsent)

    def _send_slowly(self, unsent: memoryview) -> None:
        timeout = self.gettimeout()
        try:
            while unsent:
                started_at = monotonic()
                self.settimeout(max(min(self.send_seconds, SILENCE_SECONDS), MIN_TIMEOUT_SECONDS))
                sent = self.send(unsent)
                self.send_seconds += sent / SLOWEST_READ_BYTES - (monotonic() - started_at)
                unsent = unsent[sent:]
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self.settimeout(timeout)


def _too_slow() -> ConnectionResetError:
    # Gunicorn does not log a ConnectionResetError.
    return ConnectionResetError(errno.ECONNRESET, "too slow")


class HttpWorker(ThreadWorker):
    """Answers requests that do not reach Flask, and leaves new connections to workers that have fewer."""

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection. The time limits cover its head, its whole body, and the response."""
        if type(conn.sock) is socket.socket:  # not a TLS socket
            conn.sock = TimedSocket(fileno=conn.sock.detach())
        conn.sock.ends_at = monotonic() + GRACE_SECONDS
        conn.sock.send_seconds = GRACE_SECONDS
        try:
            return super().handle(conn)
        finally:
            # Gunicorn has its own time limit for closing a connection.
            conn.sock.ends_at = math.inf

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, after a delay that grows with the number of connections of this worker.

        NGINX keeps its connections open. Without the delay one worker could get all of them.
        """
        sleep(min(self.nr_conns * ACCEPT_DELAY_SECONDS, MAX_ACCEPT_DELAY_SECONDS))
        super().accept(listener)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Stop the worker in the next iteration of its loop, and only once.

        The signal may interrupt the loop while it holds a lock that the stop needs: a deadlock. A second signal during
        the stop would have the same effect.
        """
        ignore_signals()
        self.method_queue.defer(super().handle_quit, sig, frame)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Send an error response. Only the type of the error is logged: its message may contain any client data."""
        del req, addr
        is_client_error = isinstance(exc, ParseException)
        status, code, message = SPECIAL.get(type(exc), BAD_REQUEST) if is_client_error else BROKEN
        request_id = secrets.token_hex(8)
        log.log(
            30 if is_client_error else 40,
            "request not parsed",
            request_id=request_id,
            code=code,
            error=type(exc).__name__,
        )
        with suppress(OSError):
            client.sendall(_write_error_response(status, code, message, request_id))


def ignore_signals() -> None:
    """Ignore further stop signals. A worker gets Ctrl-C twice: from the terminal and from its master process."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        # Not SIG_IGN: Python reports an error for a signal that arrived just before the change.
        signal.signal(number, lambda *_: None)


def _write_error_response(status: str, code: str, message: str, request_id: str) -> bytes:
    body = orjson.dumps({"ok": False, "error": message, "code": code, "details": []})
    lines = (
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"X-Request-ID: {request_id}",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode() + body
