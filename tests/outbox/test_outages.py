"""Outages of the mail server: no e-mail is lost or dead, and all arrive oldest first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from halls.clock import utc_now
from halls.outbox import store, worker
from halls.outbox.store import enqueue, list_entries
from halls.outbox.worker import handle_due_entries, handle_next
from halls.server import tasks
from tests.mail.smtp_server import running_smtp_server
from tests.outbox.test_worker import HANDLERS, mail_config, queue_news, running_worker
from tests.servers import free_port
from tests.waiting import wait_until

if TYPE_CHECKING:
    from halls.mongo.client import Db


COUNT = 300


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "MIN_ERROR_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(store, "MAX_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(worker, "MAX_OUTAGE_PAUSE_SECONDS", 0.1)


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_a_rejection_for_now_uses_up_no_try_and_delays_no_other_email(db: Db, step: str) -> None:
    first, _ = queue_news(db), queue_news(db, email="bilal@example.com")
    with running_smtp_server() as server:
        server.errors = ["421 later"] if step == "DATA" else []
        server.recipient_errors = {"ayesha@example.com": "450 later"} if step == "RCPT" else {}
        assert [handle_next(db, mail_config(server.port), HANDLERS) for _ in range(2)] == ["failed", "sent"]
        (entry,) = list_entries(db)
        assert (entry["_id"], entry["status"], entry["tries"], entry["deferrals"]) == (first, "due", 0, 1)
        server.recipient_errors = {}
        with running_worker(db, mail_config(server.port)):
            wait_until(lambda: not list_entries(db))
    assert sorted(server.copies().values()) == [1, 1]


def test_every_email_arrives_once_after_an_outage(db: Db) -> None:
    names = {str(queue_news(db)) for _ in range(5)}
    port = free_port()
    with running_worker(db, mail_config(port)):
        wait_until(lambda: any(entry.get("deferrals", 0) > 1 for entry in list_entries(db)))
        assert {entry["tries"] for entry in list_entries(db)} <= {0, 1}
        with running_smtp_server(port=port) as server:
            wait_until(lambda: not list_entries(db))
    assert set(server.copies().values()) == {1}
    assert {delivery.id.split("@")[0].strip("<") for delivery in server.deliveries} == names


def test_three_hours_of_outage_lose_no_email_and_all_arrive_oldest_first(db: Db) -> None:
    """Invariant T3. During the outage the worker tries only the oldest e-mail."""
    port, began, count = free_port(), utc_now(), COUNT
    for number in range(count):
        enqueue(db, "news", {"email": f"p{number}@example.com"}, began + timedelta(milliseconds=number // 2))
    for minute in range(1, 3 * 60):
        with time_machine.travel(began + timedelta(minutes=minute), tick=False):
            assert handle_next(db, mail_config(port), HANDLERS) == "unavailable"
    assert {entry["tries"] for entry in list_entries(db)} == {0}
    with (
        running_smtp_server(port=port) as server,
        time_machine.travel(began + timedelta(hours=3), tick=False),
    ):
        while handle_next(db, mail_config(port), HANDLERS) == "sent":
            pass
    assert [delivery.receivers for delivery in server.deliveries] == [
        [f"p{number}@example.com"] for number in range(count)
    ]
    assert list_entries(db) == []


def test_the_pause_between_tries_grows_during_an_outage(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_news(db)
    pauses: list[float] = []
    monkeypatch.setattr(worker, "MAX_OUTAGE_PAUSE_SECONDS", 60.0)
    monkeypatch.setattr(worker, "_wait", lambda _stop, seconds: pauses.append(seconds))
    handle_due_entries(db, mail_config(free_port()), lambda: len(pauses) > 6, HANDLERS)
    assert pauses == [2, 4, 8, 16, 32, 60, 60]


def test_a_worker_stops_at_once_during_an_outage(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_OUTAGE_PAUSE_SECONDS", 60.0)
    queue_news(db)
    with running_worker(db, mail_config(free_port())):
        wait_until(lambda: list_entries(db)[0].get("deferrals"))
