"""Builds the exact bytes of a request, sends them on a plain socket and reads whatever comes back."""

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from tests.hostile.catalogue import Step
from tests.hostile.filling import body_of, fill, spelled_out

MAX_WAIT_SECONDS = 8.0
# How long a second answer may take to show itself after the first, on a connection that stays open.
QUIET_SECONDS = 0.4
# Where NGINX listens, and by which name it is known.
TLS_PORTS: dict[int, ssl.SSLContext] = {}
SERVER_NAME = "halls.example"

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer as it came."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Give a header's values, joined; None when it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self) -> str:
        """The body as text, whatever it holds."""
        return self.body.decode(errors="replace")


@dataclass(frozen=True)
class Exchange:
    """What a connection brought: the answers, the seconds until the first, and whether the server ended it."""

    answers: list[Answer]
    seconds: float
    closed: bool


def request_bytes(step: Step, names: Mapping[str, str], token: str | None) -> bytes:
    """Write a step's request as it goes over the wire; nothing in it is tidied."""
    if "wire" in step:
        raw: str = fill(spelled_out(step["wire"]), names)
        return raw.encode("latin-1")
    method, target = fill(step["request"], names).split(" ", 1)
    body = body_of(step, names)
    lines = [f"{name}: {value}" for name, value in _headers(step, names, token, body)]
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""])
    return head.encode("latin-1") + (body or b"")


def _headers(step: Step, names: Mapping[str, str], token: str | None, body: bytes | None) -> Headers:
    standing = {"Host": "halls.example", "Connection": "close"}
    if token is not None:
        standing["Authorization"] = f"Bearer {token}"
    if body is not None:
        standing |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    own = fill(step.get("headers", {}), names)
    replaced = {name.lower() for name in own}
    headers = [(name, value) for name, value in standing.items() if name.lower() not in replaced]
    for name, value in own.items():
        if value is not None:
            headers += [(name, item) for item in (value if isinstance(value, list) else [value])]
    return headers


def send(port: int, raw: bytes) -> Exchange:
    """Send the bytes and collect what comes until the server closes, is silent after an answer, or takes too long."""
    head = raw.startswith(b"HEAD ")
    started = monotonic()
    received, first_after, ended = b"", None, False
    with _connect(port) as link:
        # A server may answer and close while we still send: what it said is there to be read.
        with suppress(OSError):
            link.sendall(raw)
        while not ended:
            left = started + MAX_WAIT_SECONDS - monotonic()
            chunk = _receive(link, max(0.01, left) if first_after is None else QUIET_SECONDS)
            if chunk is None:
                break
            received, ended = received + chunk, not chunk
            if first_after is None and parse_answers(received, head=head, ended=ended):
                first_after = monotonic() - started
    seconds = first_after or monotonic() - started
    return Exchange(parse_answers(received, head=head, ended=ended), seconds, ended)


def _connect(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), timeout=MAX_WAIT_SECONDS)
    return TLS_PORTS[port].wrap_socket(link, server_hostname=SERVER_NAME) if port in TLS_PORTS else link


def _receive(link: socket.socket, seconds: float) -> bytes | None:
    """Give the next bytes, none when the connection has ended, None when it stays silent."""
    link.settimeout(seconds)
    try:
        return link.recv(65536)
    except TimeoutError:
        return None
    except OSError:
        return b""


def parse_answers(data: bytes, *, head: bool = False, ended: bool = True) -> list[Answer]:
    """Read the complete answers out of what has come so far; interim ones (1xx) do not count."""
    answers = []
    while b"\r\n\r\n" in data:
        top, rest = data.split(b"\r\n\r\n", 1)
        status_line, *lines = top.decode("latin-1").split("\r\n")
        if not status_line.startswith("HTTP/1."):
            raise ValueError(f"no HTTP answer: {status_line[:80]!r}")
        headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        answer = Answer(int(status_line.split(" ")[1]), headers, b"")
        bodiless = head or answer.status in {204, 304} or answer.status < 200
        framed = (b"", rest) if bodiless else _body(answer, rest, ended=ended)
        if framed is None:
            break
        body, data = framed
        if answer.status >= 200:
            answers.append(Answer(answer.status, headers, body))
    return answers


def _body(answer: Answer, rest: bytes, *, ended: bool) -> tuple[bytes, bytes] | None:
    """Split what follows a head into its body and the rest; None while the body is not whole."""
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
