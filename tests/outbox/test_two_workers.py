"""Workers as separate processes: several at once, and killed while they send an e-mail."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from halls.accounts.emails import PASSWORD_RESET
from halls.clock import utc_now
from halls.outbox.store import enqueue, list_entries
from tests.factories import insert_user
from tests.mail.smtp_server import SmtpServer, running_smtp_server
from tests.outbox.worker_processes import HANG_BEFORE_COMPLETING, HANG_BEFORE_SENDING, worker_process
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db


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
