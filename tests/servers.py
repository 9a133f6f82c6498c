"""Starts `halls serve` as a process of its own and sends it HTTP requests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from tests.conftest import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS = 30
STOP_SECONDS = 30


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

    def ask(self, path: str) -> str:
        """Return the response text of GET `path`."""
        return requests.get(self.url + path, timeout=START_SECONDS).text

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
def running_server(*, mongo_uri: str | None, folder: Path, **environment: str) -> Iterator[RunningServer]:
    """Run `halls serve` with its data in `folder` until the block ends; waits for /health, not for readiness."""
    port = int(environment.pop("PORT", 0)) or free_port()
    settings = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA_DIR": str(folder),
        "JWT_SECRET": SECRET,
        "RATE_LIMITS": "off",
        **environment,
    }
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - for a child
    if mongo_uri is not None:
        settings["MONGO_URI"] = mongo_uri
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    with log.open("ab") as output:
        command = [sys.executable, "-m", "halls.cli", "serve"]
        process = subprocess.Popen(command, env=inherited | settings, stdout=output, stderr=output, cwd=folder)
    server = RunningServer(process, port, log)
    try:
        _wait_until_it_responds(server)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def _wait_until_it_responds(server: RunningServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            requests.get(f"{server.url}/health", timeout=2)
        except (requests.ConnectionError, requests.Timeout):  # noqa: PERF203 - expected while it starts
            assert server.process.poll() is None, f"the server has ended:\n{server.log_text()}"
            assert time.monotonic() < deadline, f"the server does not respond:\n{server.log_text()}"
            time.sleep(0.05)
        else:
            return
