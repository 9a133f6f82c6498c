"""Workers as separate processes: several at once, and killed while they send an e-mail."""

from __future__ import annotations

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
from tests.factories import insert_user
from tests.mail.smtp_server import SmtpServer, running_smtp_server
from tests.processes import child_environment, running_process
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

LEASE_SECONDS = 1.5
PROGRAM = """
import time
from halls.app import OUTBOX_HANDLERS
from halls.config import load_config
from halls.mail import handler
from halls.outbox import store, worker
from halls.mongo.client import connect

store.MAX_PAUSE_SECONDS = worker.MAX_OUTAGE_PAUSE_SECONDS = 0.2
send_email, complete_entry = handler.send_email, worker.complete_entry

def hang(*_):
    print("hangs", flush=True)
    time.sleep(600)

{change}
config = load_config()
db = connect(config.database_uri)
while True:
    worker.handle_due_entries(db, config, lambda: False, OUTBOX_HANDLERS)
    time.sleep(0.05)
"""
HANG_BEFORE_SENDING = "handler.send_email = hang"
HANG_BEFORE_COMPLETING = "worker.complete_entry = hang"


@contextmanager
def worker_process(uri: str, port: int, folder: Path, change: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker process, and kill it when the block ends. With a `change`, waits until the worker hangs."""
    settings = child_environment(
        MONGO_URI=uri,
        JWT_SECRET=SECRET,
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=str(port),
        MAIL_LEASE_SECONDS=str(LEASE_SECONDS),
        PYTHONPATH=str(Path(halls.__file__).parents[1]),
    )
    command, log = [sys.executable, "-c", PROGRAM.format(change=change)], folder / "worker.log"
    with running_process(
        command,
        log,
        lambda: not change or "hangs\n" in log.read_text(),
        end=subprocess.Popen.kill,
        env=settings,
        cwd=folder,
    ) as process:
        yield process


def queue_resets(db: Db, count: int) -> set[str]:
    """Enqueue a reset e-mail to each of `count` accounts. Return their addresses."""
    emails = {f"p{number}@example.com" for number in range(count)}
    for email in emails:
        insert_user(db, email=email)
        enqueue(db, PASSWORD_RESET, {"email": email}, utc_now())
    return emails


def receivers(server: SmtpServer) -> list[str]:
    """Return the recipients, sorted."""
    return sorted(receiver for delivery in server.deliveries for receiver in delivery.receivers)


def test_two_workers_send_two_hundred_emails_once_each(db: Db, worker_uri: str, tmp_path: Path) -> None:
    emails = queue_resets(db, 200)
    with (
        running_smtp_server() as server,
        worker_process(worker_uri, server.port, tmp_path),
        worker_process(worker_uri, server.port, tmp_path),
    ):
        wait_until(lambda: not list_entries(db), 100)
    assert receivers(server) == sorted(emails)
    assert set(server.copies().values()) == {1}
    assert db.password_resets.count_documents({}) == 200


def test_an_email_of_a_worker_killed_before_sending_is_sent_after_the_lease(
    db: Db, worker_uri: str, tmp_path: Path
) -> None:
    (email,) = queue_resets(db, 1)
    with running_smtp_server() as server:
        with worker_process(worker_uri, server.port, tmp_path, HANG_BEFORE_SENDING) as killed:
            (entry,) = list_entries(db)
        with worker_process(worker_uri, server.port, tmp_path):
            wait_until(lambda: server.deliveries)
            assert utc_now() >= entry["due_at"]
            wait_until(lambda: not list_entries(db))
    assert killed.returncode == -9
    assert receivers(server) == [email]


def test_an_email_of_a_worker_killed_after_sending_arrives_at_most_twice(
    db: Db, worker_uri: str, tmp_path: Path
) -> None:
    (email,) = queue_resets(db, 1)
    with running_smtp_server() as server:
        with worker_process(worker_uri, server.port, tmp_path, HANG_BEFORE_COMPLETING):
            pass
        with worker_process(worker_uri, server.port, tmp_path):
            wait_until(lambda: not list_entries(db))
            time.sleep(0.3)
    assert receivers(server) == [email] * 2
    # Both copies have the same Message-ID, so mailboxes show one.
    assert list(server.copies().values()) == [2]
