"""Runs NGINX with the site of deploy/, on loopback ports and with a self-signed certificate."""

from __future__ import annotations

import socket
import ssl
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.architecture.source import ROOT
from tests.hostile.raw_http import SERVER_NAME, TLS_PORTS, Exchange, RawResponse, send
from tests.processes import running_process
from tests.servers import RunningServer, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SITE = ROOT / "deploy" / "nginx" / "halls.conf"
CERTIFICATE = "/etc/letsencrypt/live/halls.example/fullchain.pem"
KEY = "/etc/letsencrypt/live/halls.example/privkey.pem"
# High enough that only the tests of the limit reach it.
HIGH_RATE = "rate=5000r/s"
NGINX_CONF = """
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
    """A running NGINX and the server behind it."""

    server: RunningServer
    port: int
    plain_port: int
    folder: Path

    @property
    def certificate(self) -> Path:
        """The certificate that clients must trust."""
        return self.folder / "fullchain.pem"

    def log_text(self) -> str:
        """The log of the application so far."""
        return self.server.log_text()

    def exchange(self, raw: str | bytes, *, plain: bool = False) -> Exchange:
        """Send the raw bytes of a request."""
        data = raw.encode("latin-1") if isinstance(raw, str) else raw
        return send(self.plain_port if plain else self.port, data)

    def ask(self, row: str, body: bytes = b"", *, plain: bool = False, **headers: str) -> RawResponse:
        """Send a well-formed request ("GET /health") and return its only response."""
        all_headers = {"Host": SERVER_NAME, "Connection": "close"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        if body:
            all_headers |= {"Content-Length": str(len(body))} | (
                {} if "Content-Type" in all_headers else {"Content-Type": JSON}
            )
        head = "\r\n".join([f"{row} HTTP/1.1", *(f"{name}: {value}" for name, value in all_headers.items()), "", ""])
        exchange = self.exchange(head.encode("latin-1") + body, plain=plain)
        [response] = exchange.answers
        return response


JSON = "application/json"


@contextmanager
def running_site(
    server: RunningServer, folder: Path, *, rate: str = HIGH_RATE, edit: Callable[[str], str] = str
) -> Iterator[Site]:
    """Run NGINX before a server until the block ends. `edit` changes the text of the site."""
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(server, free_port(), free_port(), folder)
    make_certificate(folder)
    (folder / "halls.conf").write_text(_adapt_to_machine(edit(SITE.read_text()), site, rate))
    (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder))
    command = ["nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    TLS_PORTS[site.port] = ssl.create_default_context(cafile=str(site.certificate))
    try:
        with running_process(command, folder / "nginx.log", lambda: _is_listening(site.port)):
            yield site
    finally:
        del TLS_PORTS[site.port]


def make_certificate(folder: Path) -> None:
    """Create a key and a self-signed certificate for the server name."""
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", f"/CN={SERVER_NAME}", "-addext", f"subjectAltName=DNS:{SERVER_NAME}"]
    subprocess.run(["openssl", "req", "-x509", *kind, *files, *name], check=True, capture_output=True)


def _adapt_to_machine(text: str, site: Site, rate: str) -> str:
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
    for original, replacement in changes.items():
        assert original in text, f"the site does not contain {original!r}"
        text = text.replace(original, replacement)
    return text


def _is_listening(port: int) -> bool:
    with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
