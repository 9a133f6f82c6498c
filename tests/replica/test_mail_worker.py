"""`halls worker` is killed repeatedly: every e-mail arrives."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from halls.mongo.client import connect
from halls.outbox.store import list_entries
from tests.conftest import SECRET
from tests.mail.smtp_server import running_smtp_server
from tests.outbox.test_two_workers import queue_resets, receivers
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EMAILS, KILLS = 60, 3
LEASE_SECONDS = "2"


@contextmanager
def halls_worker(uri: str, smtp_port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `halls worker` until the block ends; then kill it."""
    settings = {"MONGO_URI": uri, "JWT_SECRET": SECRET, "DATA_DIR": str(folder), "MAIL_LEASE_SECONDS": LEASE_SECONDS}
    smtp = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp_port), "PATH": os.environ["PATH"]}  # noqa: TID251 - for a child
    with (folder / "worker.log").open("ab") as log:
        command = [sys.executable, "-m", "halls.cli", "worker"]
        process = subprocess.Popen(command, env=settings | smtp, cwd=folder, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_a_worker_killed_repeatedly_loses_no_email(fresh_uri: str, tmp_path: Path) -> None:
    with closing((db := connect(fresh_uri)).client), running_smtp_server() as server:
        addresses = queue_resets(db, EMAILS)
        for number in range(1, KILLS + 1):
            with halls_worker(fresh_uri, server.port, tmp_path):
                wait_until(lambda expected=number * 10: len(server.deliveries) >= expected)  # type: ignore[misc] # bound early
        with halls_worker(fresh_uri, server.port, tmp_path):
            wait_until(lambda: not list_entries(db))
        assert set(receivers(server)) == addresses
        # Only an e-mail of a worker killed between sending and marking arrives twice.
        assert len(server.deliveries) <= EMAILS + KILLS
