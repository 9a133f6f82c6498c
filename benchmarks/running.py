"""Starts and stops the servers of a benchmark, each on its own port."""

from __future__ import annotations

import shutil
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from tests.processes import child_environment, running_process
from tests.servers import free_port

from benchmarks.data import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
START_SECONDS = 900
# Any worker may answer a request: one ready response does not show that all workers are ready.
READY_ANSWERS = 20
# The same for each server. MongoDB and wrk need the rest of the processor.
WORKERS, THREADS = "2", "8"
# Settings of Halls for a benchmark with few accounts.
WITHOUT_LIMITS = {"RATE_LIMITS": "off", "MAX_PENDING_PER_GUEST": "0"}
# After 2 s, the default, it closes a connection that a rival is about to use.
KEEP_ALIVE = ("--keep-alive", "60")
GUNICORN = ("-m", "gunicorn", "-k", "gthread", "-w", WORKERS, "--threads", THREADS, *KEEP_ALIVE)
BIND = ("-b", "127.0.0.1:{port}")
# The arguments of Python. `halls serve` reads its port from the environment.
COMMANDS: dict[str, tuple[str, ...]] = {
    "halls": ("-m", "halls.cli", "serve"),
    "asking": (*GUNICORN, "benchmarks.asking:app", *BIND),
    "eve": (*GUNICORN, "benchmarks.eve_peer:app", *BIND),
    "literal": (*GUNICORN, "benchmarks.literal:app", *BIND),
    "modern": (
        *("-m", "uvicorn", "benchmarks.modern:app", "--workers", WORKERS, "--no-access-log"),
        *("--log-level", "warning", "--port", "{port}"),
    ),
    "safe": (*GUNICORN, "benchmarks.safe:app", *BIND),
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
def running(
    name: str, uri: str, folder: Path, command: Sequence[str] | None = None, **settings: str
) -> Iterator[Running]:
    """Run a server on the database; yield it when it is ready. Without a `command`, it is the one of that name."""
    port = free_port()
    ours = {
        # As in production: another process sends e-mail and cleans up uploads.
        "HALLS_ENV": "production",
        "APP_URL": "https://www.bench.example.com",
        "PUBLIC_URL": "https://bench.example.com",
        "CORS_ORIGINS": "https://www.bench.example.com",
        "SMTP_HOST": "smtp.bench.example.com",
        "SMTP_FROM": "no-reply@bench.example.com",
        "MONGO_URI": uri,
        # Of the safe peer.
        "POSTGRES_URI": uri,
        "JWT_SECRET": SECRET,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA_DIR": str(folder),
        "LOG_LEVEL": "INFO",
        "WEB_WORKERS": WORKERS,
        "WEB_THREADS": THREADS,
        "PYTHONPATH": str(HERE.parent),
    }
    arguments = [argument.format(port=port) for argument in command or COMMANDS[name]]
    address = f"http://127.0.0.1:{port}"
    with running_process(
        [sys.executable, *arguments],
        folder / f"{name.replace(' ', '-')}.log",
        lambda: _is_ready(f"{address}/health/ready"),
        seconds=START_SECONDS,
        env=child_environment(**{**ours, **settings}),
        cwd=folder,
    ) as process:
        yield Running(name, address, process.pid)


def _is_ready(url: str) -> bool:
    """Return whether all workers are ready, or /health/ready does not exist (404)."""
    try:
        statuses = {requests.get(url, timeout=5).status_code for _ in range(READY_ANSWERS)}
    except requests.RequestException:
        return False
    return statuses in ({HTTPStatus.OK}, {HTTPStatus.NOT_FOUND})
