"""Workers as processes of their own: many at once, killed in the middle of a letter, and one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import halls
from halls.accounts.emails import PASSWORD_RESET
from halls.clock import utc_now
from halls.outbox.store import enqueue, list_entries
from tests.conftest import SECRET
from tests.external_documents import put_user
from tests.mail.smtp_server import SmtpServer, running_smtp_server, soon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

LEASE_SECONDS = 1.5
PROGRAM = """
import threading, time
from halls.app import WRITERS
from halls.config import load_config
from halls.outbox import store, worker
from halls.mongo.client import connect

store.LONGEST_PAUSE_SECONDS, worker.IDLE_SECONDS = 0.2, 0.05
send_email, complete_entry = worker.send_email, worker.complete_entry

def hang(*_):
    print("hangs", flush=True)
    time.sleep(600)

{change}
config = load_config()
worker.run_worker(connect(config.database_uri), config, WRITERS, threading.Event())
"""
HANG_BEFORE_SENDING = "worker.send_email = hang"
HANG_BEFORE_MARKING = "worker.complete_entry = hang"


@contextmanager
def worker_process(uri: str, port: int, folder: Path, change: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run a worker in a process of its own, and kill it when the block ends."""
    own = {
        "MONGO_URI": uri,
        "JWT_SECRET": SECRET,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "MAIL_LEASE_SECONDS": str(LEASE_SECONDS),
        "PYTHONPATH": str(Path(halls.__file__).parents[1]),
        "PATH": os.environ["PATH"],  # noqa: TID251 - for a child
    }
    command = [sys.executable, "-c", PROGRAM.format(change=change)]
    with (
        (folder / "worker.log").open("a") as log,
        subprocess.Popen(command, env=own, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def until_it_hangs(process: subprocess.Popen[str]) -> None:
    """Wait for the process to stand still where it was told to."""
    assert process.stdout is not None
    assert any(line == "hangs\n" for line in process.stdout)


def queue_resets(db: Db, count: int) -> set[str]:
    """Queue a reset letter to each of so many people; return their addresses."""
    emails = {f"p{number}@example.com" for number in range(count)}
    for email in emails:
        put_user(db, email=email)
        enqueue(db, PASSWORD_RESET, {"email": email}, utc_now())
    return emails


def receivers(office: SmtpServer) -> list[str]:
    """Return to whom letters went, in order."""
    return sorted(receiver for delivery in office.deliveries for receiver in delivery.receivers)


def test_two_workers_deliver_two_hundred_letters_once_each(db: Db, worker_uri: str, tmp_path: Path) -> None:
    emails = queue_resets(db, 200)
    with (
        running_smtp_server() as office,
        worker_process(worker_uri, office.port, tmp_path),
        worker_process(worker_uri, office.port, tmp_path),
    ):
        assert soon(lambda: not list_entries(db), 40)
    assert receivers(office) == sorted(emails)
    assert set(office.copies().values()) == {1}
    assert db.password_resets.count_documents({}) == 200


def test_a_letter_of_a_worker_killed_before_it_was_sent_goes_once_after_the_lease(
    db: Db, worker_uri: str, tmp_path: Path
) -> None:
    (email,) = queue_resets(db, 1)
    with running_smtp_server() as office:
        with worker_process(worker_uri, office.port, tmp_path, HANG_BEFORE_SENDING) as killed:
            until_it_hangs(killed)
            (entry,) = list_entries(db)
        with worker_process(worker_uri, office.port, tmp_path):
            assert soon(lambda: office.deliveries)
            assert utc_now() >= entry["due_at"]
            assert soon(lambda: not list_entries(db))
    assert killed.returncode == -9
    assert receivers(office) == [email]


def test_a_letter_of_a_worker_killed_before_it_was_marked_comes_twice_at_most_and_says_so(
    db: Db, worker_uri: str, tmp_path: Path
) -> None:
    (email,) = queue_resets(db, 1)
    with running_smtp_server() as office:
        with worker_process(worker_uri, office.port, tmp_path, HANG_BEFORE_MARKING) as killed:
            until_it_hangs(killed)
        with worker_process(worker_uri, office.port, tmp_path):
            assert soon(lambda: not list_entries(db))
            time.sleep(0.3)
    assert receivers(office) == [email] * 2
    # Both have the same Message-ID: mailboxes show them as one.
    assert list(office.copies().values()) == [2]
