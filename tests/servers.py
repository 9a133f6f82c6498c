"""Runs `halls serve` and `halls worker` as processes of their own."""

from __future__ import annotations

import socket
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING

from tests.api_client import ApiClient
from tests.conftest import SECRET
from tests.processes import child_environment, running_process

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

HALLS = (sys.executable, "-m", "halls.cli")


@dataclass
class RunningServer:
    """A running server that answers requests."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """The URL that it listens on."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> ApiClient:
        """A client of the server."""
        return ApiClient(self.url)

    def log_text(self) -> str:
        """The server's log so far."""
        return self.log.read_text()


def free_port() -> int:
    """Return a loopback port that is free at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running_server(*, mongo_uri: str | None, folder: Path, **settings: str) -> Iterator[RunningServer]:
    """Run `halls serve` with its data in `folder` until the block ends; waits for /health, not for readiness."""
    port = int(settings.pop("PORT", 0)) or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    log, api = folder / "server.log", ApiClient(f"http://127.0.0.1:{port}")
    options = {"HOST": "127.0.0.1", "PORT": str(port), "RATE_LIMITS": "off", "MAX_PENDING_PER_GUEST": "0", **settings}
    with running_halls("serve", mongo_uri, log, lambda: responds(api), **options) as process:
        yield RunningServer(process, port, log)


@contextmanager
def running_halls(
    command: str, mongo_uri: str | None, log: Path, is_ready: Callable[[], object] = lambda: True, /, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a `halls` command, with its data beside its log, until the block ends."""
    environment = child_environment(**{"DATA_DIR": str(log.parent), "JWT_SECRET": SECRET, **settings})
    if mongo_uri is not None:
        environment["MONGO_URI"] = mongo_uri
    with running_process([*HALLS, command], log, is_ready, env=environment, cwd=log.parent) as process:
        yield process


def responds(api: ApiClient) -> bool:
    """Return whether GET /health succeeds. Without a database, a server opens its port seconds before it responds."""
    try:
        return api.get("/health").status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
