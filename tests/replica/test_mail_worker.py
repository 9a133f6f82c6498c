"""`halls worker` is killed repeatedly: every e-mail arrives."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from halls.mongo.client import connect
from halls.outbox.store import list_entries
from tests.mail.smtp_server import running_smtp_server
from tests.outbox.test_two_workers import queue_resets, receivers
from tests.servers import running_halls
from tests.waiting import wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

EMAILS, KILLS = 60, 3
LEASE_SECONDS = "2"


@contextmanager
def halls_worker(uri: str, smtp_port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `halls worker` until the block ends; then kill it."""
    smtp = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp_port), "MAIL_LEASE_SECONDS": LEASE_SECONDS}
    with running_halls("worker", uri, folder / "worker.log", **smtp) as process:
        yield process
        process.kill()


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
