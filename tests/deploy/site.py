"""Runs Debian's NGINX with the site of deploy/, on ports of this machine and with a certificate made on the spot."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.architecture.source import ROOT
from tests.hostile.raw_http import SERVER_NAME, TLS_PORTS, Answer, Exchange, send
from tests.servers import RunningServer, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITE = ROOT / "deploy" / "nginx" / "halls.conf"
CERTIFICATE = "/etc/letsencrypt/live/halls.example/fullchain.pem"
KEY = "/etc/letsencrypt/live/halls.example/privkey.pem"
START_SECONDS = 10
# So high that it is met only where a test wants to meet it.
NO_FLOOD = "rate=5000r/s"
MAIN = """
user root;
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/halls.conf;
}}
"""


@dataclass
class Site:
    """A running NGINX, and the server behind it."""

    server: RunningServer
    port: int
    plain_port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def certificate(self) -> Path:
        """What clients have to trust."""
        return self.folder / "fullchain.pem"

    def log_text(self) -> str:
        """All that the application wrote so far."""
        return self.server.log_text()

    def exchange(self, raw: str | bytes, *, plain: bool = False) -> Exchange:
        """Send the bytes of a request, whatever they are."""
        data = raw.encode("latin-1") if isinstance(raw, str) else raw
        return send(self.plain_port if plain else self.port, data)

    def ask(self, row: str, body: bytes = b"", *, plain: bool = False, **headers: str) -> Answer:
        """Send a well-formed request ("GET /health") and return its only answer."""
        given = {"Host": SERVER_NAME, "Connection": "close"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        if body:
            given |= {"Content-Length": str(len(body))} | ({} if "Content-Type" in given else {"Content-Type": JSON})
        head = "\r\n".join([f"{row} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items()), "", ""])
        exchange = self.exchange(head.encode("latin-1") + body, plain=plain)
        [answer] = exchange.answers
        return answer


JSON = "application/json"


@contextmanager
def running_site(server: RunningServer, folder: Path, *, rate: str = NO_FLOOD) -> Iterator[Site]:
    """Run NGINX before a server until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(server, free_port(), free_port(), folder, None)  # type: ignore[arg-type] # it comes below
    make_certificate(folder)
    (folder / "halls.conf").write_text(_place_here(SITE.read_text(), site, rate))
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    command = ["nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    site.process = subprocess.Popen(command)
    TLS_PORTS[site.port] = ssl.create_default_context(cafile=str(site.certificate))
    try:
        _await_port(site.port)
        yield site
    finally:
        del TLS_PORTS[site.port]
        site.process.send_signal(signal.SIGTERM)
        site.process.wait(START_SECONDS)


def make_certificate(folder: Path) -> None:
    """Make a key and a certificate for our name that nobody else trusts."""
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", f"/CN={SERVER_NAME}", "-addext", f"subjectAltName=DNS:{SERVER_NAME}"]
    subprocess.run(["openssl", "req", "-x509", *kind, *files, *name], check=True, capture_output=True)


def _place_here(text: str, site: Site, rate: str) -> str:
    changes = {
        "listen 80": f"listen 127.0.0.1:{site.plain_port}",
        "listen 443": f"listen 127.0.0.1:{site.port}",
        "127.0.0.1:5000": f"127.0.0.1:{site.server.port}",
        CERTIFICATE: str(site.folder / "fullchain.pem"),
        KEY: str(site.folder / "privkey.pem"),
        "/var/log/nginx": str(site.folder),
        "rate=50r/s": rate,
    }
    text = "\n".join(line for line in text.splitlines() if "listen [::]" not in line)
    for there, here in changes.items():
        assert there in text, f"the site has no {there!r}"
        text = text.replace(there, here)
    return text


def _await_port(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        assert time.monotonic() < deadline, "NGINX does not listen"
        time.sleep(0.05)
