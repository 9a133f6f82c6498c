"""Workers that are killed with `kill -9` between two steps: every event is delivered, with one id (invariant T8)."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.conftest import SECRET
from tests.factories import day
from tests.processes import child_environment, running_process
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.webhooks.world import HookWorld

PROGRAM = """
import time
from datetime import timedelta
from halls.config import load_config
from halls.mongo.client import connect
from halls.webhooks import client, delivery_store, dispatch, sender, store
from tests.hanging import hang, hang_at_second_call

# Longer than an attempt takes on a busy machine.
delivery_store.LEASE = timedelta(seconds=4)

{change}
config = load_config()
db = connect(config.database_uri)
while True:
    dispatch.dispatch_events(db, config, lambda: False)
    sender.send_due_deliveries(db, config, lambda: False)
    time.sleep(0.05)
"""
# Where the worker hangs until it is killed.
STEPS = {
    "before the first delivery": "dispatch.find_sides = hang",
    "between two deliveries": "delivery_store.insert_delivery = hang_at_second_call(delivery_store.insert_delivery)",
    "before the event is marked": "dispatch.notification_store.mark_event_dispatched = hang",
    "before the event of the venue is marked": "dispatch.venue_events.mark_venue_event_dispatched = hang",
    "after the claim": "sender.make_body = hang",
    "before sending": "client.post = hang",
    "between two requests": "client.post = hang_at_second_call(client.post)",
    "before the outcome is stored": "delivery_store.save_attempt = hang",
    "before the webhook is marked": "store.mark_successful = hang",
}
# The worker is killed after it has sent a request, and perhaps before it has stored the outcome.
AFTER_A_REQUEST = {"between two requests", "before the outcome is stored"}


@contextmanager
def worker_process(uri: str, folder: Path, change: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker process, and kill it when the block ends. With a `change`, waits until the worker hangs."""
    settings = child_environment(MONGO_URI=uri, JWT_SECRET=SECRET, PYTHONPATH=os.pathsep.join(sys.path))
    command, log = [sys.executable, "-c", PROGRAM.format(change=change)], folder / "worker.log"

    def is_ready() -> bool:
        return not change or "hangs\n" in log.read_text()

    with running_process(command, log, is_ready, end=subprocess.Popen.kill, env=settings, cwd=folder) as process:
        yield process


@pytest.mark.parametrize("step", STEPS)
def test_every_event_is_delivered_with_one_id(world: HookWorld, worker_uri: str, tmp_path: Path, step: str) -> None:
    world.hook(world.owner, "/owner")
    world.hook(world.guest, "/guest")
    world.book()
    world.api.patch(f"/venues/{world.venue_id}", {"capacity": 300}, token=world.owner)
    with worker_process(worker_uri, tmp_path, STEPS[step]) as killed:
        pass
    assert killed.returncode == -9
    with worker_process(worker_uri, tmp_path):
        wait_until(lambda: world.db.webhook_deliveries.count_documents({"status": "delivered"}) == 3)
    for path, types in (("/owner", {"booking.requested", "venue.changed"}), ("/guest", {"booking.requested"})):
        counts = world.receiver.count(path)
        assert len(counts) == len(types)
        # Of the request whose outcome was not stored, the receiver gets one more, with the same id.
        assert sum(counts.values()) <= len(types) + (step in AFTER_A_REQUEST)
        assert set(world.types(path)) == types
    assert len(world.deliveries()) == 3


# Where the worker hangs after a response 410.
GONE_STEPS = {
    "before the webhook is switched off": "store.mark_switched_off = hang",
    "before the e-mail is queued": "sender.enqueue = hang",
    "before the outcome is stored": "delivery_store.save_attempt = hang",
}


@pytest.mark.parametrize("step", GONE_STEPS)
def test_a_410_switches_off_with_one_email(world: HookWorld, worker_uri: str, tmp_path: Path, step: str) -> None:
    webhook_id = world.hook(world.owner)
    world.book()
    world.receiver.answers["/"] += [(410, {})] * 2
    with worker_process(worker_uri, tmp_path, GONE_STEPS[step]):
        pass
    world.make_due()
    with worker_process(worker_uri, tmp_path):
        wait_until(lambda: world.db.webhook_deliveries.count_documents({"status": "failed"}) == 1)
    assert not world.stored(webhook_id)["is_active"]
    assert world.db.outbox.count_documents({"kind": "webhook_disabled"}) == 1


def test_three_workers_deliver_each_of_500_events_once(world: HookWorld, worker_uri: str, tmp_path: Path) -> None:
    world.hook(world.owner)
    booking_id = world.book(5)
    event = world.db.events.find_one()
    assert event
    copies = [{**event, "_id": None, "seq": seq, "type": "guests_changed"} for seq in range(2, 501)]
    for copy in copies:
        del copy["_id"]
    world.db.events.insert_many(copies)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(worker_process(worker_uri, tmp_path))
        wait_until(lambda: world.db.webhook_deliveries.count_documents({"status": "delivered"}) == 500, 240)
    counts = world.receiver.count()
    assert (len(counts), set(counts.values())) == (500, {1})
    assert {body["data"]["sequence"] for body in world.received()} == set(range(1, 501))
    assert {body["data"]["booking_id"] for body in world.received()} == {booking_id}
    assert {body["data"]["date"] for body in world.received()} == {day(5)}
