"""A receiver of webhooks over HTTP or HTTPS: records the requests and answers as the test says."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Received:
    """A request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """A running receiver. `answers` are its next responses by path; then it answers 204."""

    port: int
    scheme: str = "http"
    requests: list[Received] = field(default_factory=list)
    answers: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=lambda: defaultdict(list))
    # Paths that never answer.
    silent: set[str] = field(default_factory=set)
    # A path that answers one byte in half a second.
    dripping: set[str] = field(default_factory=set)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Return the address of a path."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def count(self, path: str = "/") -> dict[str, int]:
        """Return the number of requests to a path by webhook-id."""
        counts: dict[str, int] = defaultdict(int)
        for each in self.requests:
            if each.path == path:
                counts[each.headers["webhook-id"]] += 1
        return counts


class Handler(BaseHTTPRequestHandler):
    """Records a request and answers it."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        """Answer a request."""
        receiver = self.server.receiver
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            # The worker was killed while it sent the request.
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.requests.append(Received(self.path, headers, body))
        if self.path in receiver.silent:
            self.server.stopped.wait(60)
        elif self.path in receiver.dripping:
            self._drip()
        else:
            self._answer(*(receiver.answers[self.path].pop(0) if receiver.answers[self.path] else (204, {})))

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200:
            if self.server.stopped.wait(0.5):
                return
            self.wfile.write(bytes([letter]))
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


class Server(ThreadingHTTPServer):
    """The server of a receiver."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.receiver = Receiver(self.server_port)
        self.stopped = threading.Event()

    def handle_error(self, *_: Any) -> None:
        """Ignore clients that close early."""


@contextmanager
def running_receiver(certificate: Path | None = None) -> Iterator[Receiver]:
    """Run a receiver until the block ends, over HTTPS with the certificate in a folder."""
    server = Server()
    if certificate is not None:
        server.receiver.scheme = "https"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "fullchain.pem", certificate / "privkey.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.receiver
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def make_certificates(folder: Path, name: str) -> Path:
    """Create an own authority and a certificate for a name. Return the file of the authority."""

    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Halls test authority")
    run(
        *("req", "-x509", *key, "-keyout", "privkey.pem", "-out", "fullchain.pem", "-subj", f"/CN={name}"),
        *("-addext", f"subjectAltName=DNS:{name}", "-CA", "ca.pem", "-CAkey", "ca.key"),
        *("-addext", "basicConstraints=critical,CA:FALSE"),
    )
    return folder / "ca.pem"
