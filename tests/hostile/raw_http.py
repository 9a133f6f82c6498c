"""Builds the exact bytes of a request, sends them over a socket and parses the responses."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers as ResponseHeaders

from tests.api_client import ApiResponse

if TYPE_CHECKING:
    import ssl

MAX_WAIT_SECONDS = 8.0
# On an open connection, a second response counts if it arrives within this time after the first one.
QUIET_SECONDS = 0.4
# The ports of NGINX with the TLS context of a client, and the name in its certificate.
TLS_PORTS: dict[int, ssl.SSLContext] = {}
SERVER_NAME = "halls.example"

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class RawResponse:
    """One HTTP response as received."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the values of a header, joined; None if it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self) -> str:
        """The body as text; invalid UTF-8 is replaced."""
        return self.body.decode(errors="replace")

    @property
    def as_api_response(self) -> ApiResponse:
        """The response of the API."""
        return ApiResponse(self.status, ResponseHeaders(self.headers), self.body)


@dataclass(frozen=True)
class Exchange:
    """The responses on one connection, and whether the server closed it."""

    answers: list[RawResponse]
    closed: bool


def request_bytes(row: str, body: str | bytes = b"", *, token: str | None = None, **headers: Any) -> bytes:
    """Return the bytes of the request `row` ("GET /health"); nothing is normalized.

    An underscore in a header's name stands for a hyphen. None leaves a header out, a list sends it repeatedly.
    """
    data = body.encode() if isinstance(body, str) else body
    all_headers: dict[str, Any] = {"Host": SERVER_NAME, "Connection": "close"}
    if token is not None:
        all_headers["Authorization"] = f"Bearer {token}"
    if data:
        all_headers |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
    all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [
        f"{name}: {value}"
        for name, values in all_headers.items()
        for value in (values if isinstance(values, list) else [values])
        if value is not None
    ]
    return "\r\n".join([f"{row} HTTP/1.1", *lines, "", ""]).encode("latin-1") + data


def send(port: int, raw: bytes) -> Exchange:
    """Send the bytes; read until the server closes, pauses after a response, or exceeds MAX_WAIT_SECONDS."""
    head = raw.startswith(b"HEAD ")
    started = monotonic()
    received, has_response, closed = b"", False, False
    with _connect(port) as connection:
        # The server may respond and close before it has read everything: its response is still readable.
        with suppress(OSError):
            connection.sendall(raw)
        while not closed:
            remaining = started + MAX_WAIT_SECONDS - monotonic()
            chunk = _receive(connection, QUIET_SECONDS if has_response else max(0.01, remaining))
            if chunk is None:
                break
            received, closed = received + chunk, not chunk
            has_response = bool(parse_responses(received, head=head, ended=closed))
    return Exchange(parse_responses(received, head=head, ended=closed), closed)


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=MAX_WAIT_SECONDS)
    return TLS_PORTS[port].wrap_socket(connection, server_hostname=SERVER_NAME) if port in TLS_PORTS else connection


def _receive(connection: socket.socket, seconds: float) -> bytes | None:
    """Return the next bytes; b"" if the connection is closed, None after a timeout."""
    connection.settimeout(seconds)
    try:
        return connection.recv(65536)
    except TimeoutError:
        return None
    except OSError:
        return b""


def parse_responses(data: bytes, *, head: bool = False, ended: bool = True) -> list[RawResponse]:
    """Return the complete responses in the received bytes; interim ones (1xx) are skipped."""
    answers = []
    while b"\r\n\r\n" in data:
        head_bytes, rest = data.split(b"\r\n\r\n", 1)
        status_line, *lines = head_bytes.decode("latin-1").split("\r\n")
        if not status_line.startswith("HTTP/1."):
            raise ValueError(f"not an HTTP response: {status_line[:80]!r}")
        headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        answer = RawResponse(int(status_line.split(" ")[1]), headers, b"")
        has_no_body = head or answer.status in {204, 304} or answer.status < 200
        split = (b"", rest) if has_no_body else _body(answer, rest, ended=ended)
        if split is None:
            break
        body, data = split
        if answer.status >= 200:
            answers.append(RawResponse(answer.status, headers, body))
    return answers


def _body(answer: RawResponse, rest: bytes, *, ended: bool) -> tuple[bytes, bytes] | None:
    """Split the bytes after a head into the body and the rest; None while the body is incomplete."""
    if (answer.header("Transfer-Encoding") or "").lower() == "chunked":
        return _chunks(rest)
    length = answer.header("Content-Length")
    if length is None:
        return (rest, b"") if ended else None
    size = int(length)
    return (rest[:size], rest[size:]) if len(rest) >= size else None


def _chunks(rest: bytes) -> tuple[bytes, bytes] | None:
    body = b""
    while b"\r\n" in rest:
        line, rest = rest.split(b"\r\n", 1)
        size = int(line.split(b";")[0], 16)
        if len(rest) < size + 2:
            return None
        body, rest = body + rest[:size], rest[size + 2 :]
        if size == 0:
            return body, rest
    return None
