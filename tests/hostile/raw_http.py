"""Builds the exact bytes of a request, sends them over a socket and parses the responses."""

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from tests.hostile.catalogue import Step
from tests.hostile.filling import body_of, expand, fill

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


@dataclass(frozen=True)
class Exchange:
    """The responses on one connection, the seconds until the first, and whether the server closed it."""

    answers: list[RawResponse]
    seconds: float
    closed: bool


def request_bytes(step: Step, names: Mapping[str, str], token: str | None) -> bytes:
    """Return the exact bytes of a step's request; nothing is normalized."""
    if "wire" in step:
        raw: str = fill(expand(step["wire"]), names)
        return raw.encode("latin-1")
    method, target = fill(step["request"], names).split(" ", 1)
    body = body_of(step, names)
    lines = [f"{name}: {value}" for name, value in _headers(step, names, token, body)]
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""])
    return head.encode("latin-1") + (body or b"")


def _headers(step: Step, names: Mapping[str, str], token: str | None, body: bytes | None) -> Headers:
    defaults = {"Host": "halls.example", "Connection": "close"}
    if token is not None:
        defaults["Authorization"] = f"Bearer {token}"
    if body is not None:
        defaults |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    overrides = fill(step.get("headers", {}), names)
    replaced = {name.lower() for name in overrides}
    headers = [(name, value) for name, value in defaults.items() if name.lower() not in replaced]
    for name, value in overrides.items():
        if value is not None:
            headers += [(name, item) for item in (value if isinstance(value, list) else [value])]
    return headers


def send(port: int, raw: bytes) -> Exchange:
    """Send the bytes; read until the server closes, pauses after a response, or exceeds MAX_WAIT_SECONDS."""
    head = raw.startswith(b"HEAD ")
    started = monotonic()
    received, first_seconds, closed = b"", None, False
    with _connect(port) as connection:
        # The server may respond and close before it has read everything: its response is still readable.
        with suppress(OSError):
            connection.sendall(raw)
        while not closed:
            remaining = started + MAX_WAIT_SECONDS - monotonic()
            chunk = _receive(connection, max(0.01, remaining) if first_seconds is None else QUIET_SECONDS)
            if chunk is None:
                break
            received, closed = received + chunk, not chunk
            if first_seconds is None and parse_responses(received, head=head, ended=closed):
                first_seconds = monotonic() - started
    seconds = first_seconds or monotonic() - started
    return Exchange(parse_responses(received, head=head, ended=closed), seconds, closed)


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
