"""A worker that is killed with `kill -9` between two steps: every e-mail of an event arrives (invariant T1)."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import halls
from halls.clock import utc_now
from halls.outbox.store import list_entries
from tests.bookings.email_world import GUEST_ID, EmailWorld
from tests.conftest import SECRET
from tests.factories import day
from tests.mail.smtp_server import running_smtp_server
from tests.processes import child_environment, running_process
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

LEASE_SECONDS = 1.5
PROGRAM = """
import time
from halls.app import OUTBOX_HANDLERS
from halls.bookings import notifications
from halls.config import load_config
from halls.mail import handler
from halls.mongo.client import connect
from halls.outbox import worker

def hang(*_, **__):
    print("hangs", flush=True)
    time.sleep(600)

def hang_at_second_call(function):
    calls = []
    def call(*args, **options):
        calls.append(args)
        return hang() if len(calls) > 1 else function(*args, **options)
    return call

{change}
config = load_config()
db = connect(config.database_uri)
while True:
    notifications.queue_notifications(db, config, lambda: False)
    worker.handle_due_entries(db, config, lambda: False, OUTBOX_HANDLERS)
    time.sleep(0.05)
"""
# Where the worker hangs until it is killed. A program that hangs after the e-mail was sent doubles at most one.
STEPS = {
    "before the first entry": "notifications.find_sides = hang",
    "between two entries": "notifications.enqueue_once = hang_at_second_call(notifications.enqueue_once)",
    "before the event is marked": "notifications.mark_told = hang",
    "before sending": "handler.send_email = hang",
    "between two e-mails": "handler.send_email = hang_at_second_call(handler.send_email)",
    "before completing": "worker.complete_entry = hang",
}


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


@pytest.fixture
def world(db: Db) -> EmailWorld:
    """A booking in a month."""
    world = EmailWorld(db)
    world.change(date=day(30), hold_until=None)
    return world


@pytest.mark.parametrize("step", STEPS)
def test_no_email_of_an_event_is_lost_or_has_a_second_message_id(
    world: EmailWorld, worker_uri: str, tmp_path: Path, step: str
) -> None:
    world.add_event("placed", "guest", date=day(30), at=utc_now())
    with running_smtp_server() as server:
        with worker_process(worker_uri, server.port, tmp_path, STEPS[step]) as killed:
            pass
        assert killed.returncode == -9
        with worker_process(worker_uri, server.port, tmp_path):
            wait_until(lambda: world.db.outbox.count_documents({"status": "done"}) == 2)
            time.sleep(0.3)
    receivers = {delivery.receivers[0] for delivery in server.deliveries}
    assert receivers == {"guest@example.com", "owner@example.com"}
    assert len(server.copies()) == 2
    assert sum(server.copies().values()) <= (3 if step == "before completing" else 2)
    assert list_entries(world.db) == []


def test_two_workers_tell_each_of_many_changes_once(world: EmailWorld, worker_uri: str, tmp_path: Path) -> None:
    world.change(status="confirmed")
    for _ in range(40):
        world.add_event("confirmed", "owner", date=day(30), at=utc_now())
    with (
        running_smtp_server() as server,
        worker_process(worker_uri, server.port, tmp_path),
        worker_process(worker_uri, server.port, tmp_path),
    ):
        wait_until(lambda: world.db.outbox.count_documents({"status": "done"}) == 40, 60)
    assert (len(server.copies()), set(server.copies().values())) == (40, {1})


def test_an_unverified_address_gets_one_email_also_if_the_worker_is_killed_while_it_sends(
    world: EmailWorld, worker_uri: str, tmp_path: Path
) -> None:
    """The retry of an entry does not count as a second e-mail, and no other entry sends one that day."""
    world.change_account(GUEST_ID, email_verified=False)
    world.change(status="confirmed")
    for _ in range(2):
        world.add_event("confirmed", "owner", date=day(30), at=utc_now())
    with running_smtp_server() as server:
        with worker_process(worker_uri, server.port, tmp_path, STEPS["before sending"]):
            pass
        with worker_process(worker_uri, server.port, tmp_path):
            wait_until(lambda: world.db.outbox.count_documents({"status": "done"}) == 2)
    assert [delivery.receivers for delivery in server.deliveries] == [["guest@example.com"]]
