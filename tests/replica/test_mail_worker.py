"""`halls worker` is killed again and again: every letter arrives in the end."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from halls.mongo.client import connect
from halls.outbox.store import list_entries
from tests.conftest import SECRET
from tests.faults.fault_injection import wait_until
from tests.mail.smtp_server import running_smtp_server
from tests.outbox.test_two_workers import queue_resets, receivers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LETTERS, KILLS = 60, 3
LEASE_SECONDS = "2"


@contextmanager
def halls_worker(uri: str, smtp_port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `halls worker` until the block ends, and then kill it."""
    own = {"MONGO_URI": uri, "JWT_SECRET": SECRET, "DATA_DIR": str(folder), "MAIL_LEASE_SECONDS": LEASE_SECONDS}
    smtp = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp_port), "PATH": os.environ["PATH"]}  # noqa: TID251 - for a child
    with (folder / "worker.log").open("ab") as log:
        command = [sys.executable, "-m", "halls.cli", "worker"]
        process = subprocess.Popen(command, env=own | smtp, cwd=folder, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_a_worker_killed_again_and_again_loses_no_letter(fresh_uri: str, tmp_path: Path) -> None:
    with closing((db := connect(fresh_uri)).client), running_smtp_server() as office:
        emails = queue_resets(db, LETTERS)
        for number in range(1, KILLS + 1):
            with halls_worker(fresh_uri, office.port, tmp_path):
                wait_until(lambda so_far=number * 10: len(office.deliveries) >= so_far)  # type: ignore[misc] # bound early
        with halls_worker(fresh_uri, office.port, tmp_path):
            wait_until(lambda: not list_entries(db))
        assert set(receivers(office)) == emails
        # Who was killed between sending and marking sends again; nobody else does.
        assert len(office.deliveries) <= LETTERS + KILLS
