"""Starts and stops the servers of a benchmark, each on its own port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
SECRET = "a secret of the benchmarks that is long enough"  # noqa: S105 - opens nothing
START_SECONDS = 900
STOP_SECONDS = 30
# Any worker may answer a request: one ready response does not show that all workers are ready.
READY_ANSWERS = 20
# The same for each server. MongoDB and wrk need the rest of the processor.
WORKERS, THREADS = "2", "8"
GUNICORN = ("-m", "gunicorn", "-k", "gthread", "-w", WORKERS, "--threads", THREADS)
PEERS = {
    "halls": ("-m", "halls.cli", "serve"),
    "literal": (*GUNICORN, "literal:app", "-b"),
    "bare": (*GUNICORN, "bare:bare", "-b"),
    "asking": (*GUNICORN, "bare:asking", "-b"),
    "modern": (
        "-m",
        "uvicorn",
        "modern:app",
        "--workers",
        WORKERS,
        "--no-access-log",
        "--log-level",
        "warning",
        "--port",
    ),
}


@dataclass(frozen=True)
class Running:
    """A server that is ready."""

    name: str
    address: str
    pid: int

    def worker_megabytes(self) -> list[int]:
        """Return the resident memory of each worker in MB; empty without /proc."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        if not path.exists():
            return []
        statuses = [Path(f"/proc/{child}/status").read_text() for child in path.read_text().split()]
        sizes = [line.split()[1] for status in statuses for line in status.splitlines() if line.startswith("VmRSS")]
        return [int(size) // 1024 for size in sizes]


def begin() -> None:
    """Exit if wrk is missing. Make SIGTERM stop all started processes, as Ctrl-C does."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing. On Debian and Ubuntu: apt-get install wrk")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))


@contextmanager
def running(name: str, uri: str, folder: Path, workers: Sequence[str] = (WORKERS, THREADS)) -> Iterator[Running]:
    """Run the server of that name on the database; yield it when it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}  # noqa: TID251 - for a child process
    ours = {
        # As in production: another process sends e-mail and cleans up uploads.
        "HALLS_ENV": "production",
        "APP_URL": "https://www.bench.example.com",
        "PUBLIC_URL": "https://bench.example.com",
        "CORS_ORIGINS": "https://www.bench.example.com",
        "SMTP_HOST": "smtp.bench.example.com",
        "SMTP_FROM": "no-reply@bench.example.com",
        "MONGO_URI": uri,
        "JWT_SECRET": SECRET,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA_DIR": str(folder),
        "RATE_LIMITS": "off",
        "LOG_LEVEL": "INFO",
        "WEB_WORKERS": workers[0],
        "WEB_THREADS": workers[1],
        "PYTHONPATH": str(HERE),
    }
    where = {"halls": [], "modern": [str(port)]}.get(name, [f"127.0.0.1:{port}"])
    log = (folder / f"{name}.log").open("wb")
    command = [sys.executable, *PEERS[name], *where]
    with log, subprocess.Popen(command, env=kept | ours, cwd=folder, stdout=log, stderr=log) as server:  # noqa: S603
        try:
            _wait(server, f"http://127.0.0.1:{port}/health/ready")
            yield Running(name, f"http://127.0.0.1:{port}", server.pid)
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(STOP_SECONDS)
            server.kill()


def _wait(server: subprocess.Popen[bytes], url: str) -> None:
    """Return when all workers are ready, or when /health/ready does not exist (404). Stops the run after a timeout."""
    deadline = time.monotonic() + START_SECONDS
    answers = 0
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(url, timeout=5):  # noqa: S310 - our server
                answers += 1
        except HTTPError as answer:
            if answer.code == HTTPStatus.NOT_FOUND:
                return
            answers = 0
        except (URLError, ConnectionError):
            answers = 0
        if answers == READY_ANSWERS:
            return
        if not answers:
            time.sleep(0.2)
    sys.exit(f"the server did not become ready (exit code {server.poll()})")
