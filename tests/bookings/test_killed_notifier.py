"""A worker that is killed with `kill -9` between two steps: every e-mail of an event arrives (invariant T1)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from halls.clock import utc_now
from halls.outbox.store import list_entries
from tests.bookings.email_world import GUEST_ID, EmailWorld
from tests.factories import day
from tests.mail.smtp_server import running_smtp_server
from tests.outbox.worker_processes import HANG_BEFORE_COMPLETING, HANG_BEFORE_SENDING, worker_process
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db

# Where the worker hangs until it is killed. A program that hangs after the e-mail was sent doubles at most one.
STEPS = {
    "before the first entry": "notifications.find_sides = hang",
    "between two entries": "notifications.enqueue_once = hang_at_second_call(notifications.enqueue_once)",
    "before the event is marked": "notifications.mark_processed = hang",
    "before sending": HANG_BEFORE_SENDING,
    "between two e-mails": "handler.send_email = hang_at_second_call(handler.send_email)",
    "before completing": HANG_BEFORE_COMPLETING,
}


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
