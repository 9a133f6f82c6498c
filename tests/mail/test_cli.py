"""`halls mail` lists and requeues outbox entries; `halls worker` sends them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from halls.accounts.emails import PASSWORD_RESET
from halls.clock import utc_now
from halls.outbox.store import enqueue
from tests.commands import PRODUCTION, run_halls
from tests.factories import insert_user
from tests.mail.smtp_server import running_smtp_server
from tests.servers import running_halls
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from bson import ObjectId

    from halls.config import Config
    from halls.mongo.client import Db

LATER = timedelta(minutes=5)


@pytest.fixture
def dead(db: Db) -> ObjectId:
    """A dead entry, beside a due and a scheduled one."""
    enqueue(db, PASSWORD_RESET, {"email": "due@example.com"}, utc_now())
    enqueue(db, PASSWORD_RESET, {"email": "scheduled@example.com"}, utc_now(), due_at=utc_now() + LATER)
    entry_id = enqueue(db, PASSWORD_RESET, {"email": "dead@example.com"}, utc_now())
    db.outbox.update_one({"_id": entry_id}, {"$set": {"status": "dead", "tries": 15, "reason": "550"}})
    return entry_id


def test_due_scheduled_and_dead_entries_are_listed_without_address(dead: ObjectId, worker_uri: str) -> None:
    shown = run_halls(worker_uri, "mail")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[-1] == "1 due, 1 scheduled, 1 dead"
    row = next(line for line in shown.stdout.splitlines() if str(dead) in line)
    assert row.split()[1:4] == ["password_reset", "dead", "15"]
    assert "example.com" not in shown.stdout
    listed = json.loads(run_halls(worker_uri, "mail", "--json").stdout)
    assert [(email["status"], email["reason"]) for email in listed] == [
        ("due", ""),
        ("scheduled", ""),
        ("dead", "550"),
    ]


def test_dead_entries_are_requeued_by_id_or_all(dead: ObjectId, worker_uri: str, db: Db) -> None:
    other = "0123456789abcdef01234567"
    assert run_halls(worker_uri, "mail", "--requeue", other).stdout == "due again: 0\n"
    assert run_halls(worker_uri, "mail", "--requeue", str(dead)).stdout == "due again: 1\n"
    db.outbox.update_many({}, {"$set": {"status": "dead"}})
    assert run_halls(worker_uri, "mail", "--requeue").stdout == "due again: 3\n"
    assert db.outbox.distinct("status") == ["due"]


def test_a_malformed_id_is_rejected(worker_uri: str) -> None:
    result = run_halls(worker_uri, "mail", "--requeue", "7")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "not an id of an e-mail: 7" in result.stderr


def test_the_worker_gets_the_database_and_the_configuration(worker_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[tuple[str, str | None]] = []

    def note(db: Db, config: Config) -> None:
        worked.append((db.name, config.mongo_uri))

    monkeypatch.setattr("halls.server.cli.work", note)
    assert run_halls(worker_uri, "worker").exit_code == 0
    assert [uri for _, uri in worked] == [worker_uri]


def test_a_worker_sends_due_emails_until_sigterm(db: Db, worker_uri: str, tmp_path: Path) -> None:
    insert_user(db, email="ayesha@example.com")
    with running_smtp_server() as server:
        settings = {**PRODUCTION, "SMTP_PORT": str(server.port)}
        with running_halls("worker", worker_uri, tmp_path / "worker.log", **settings) as worker:
            enqueue(db, PASSWORD_RESET, {"email": "ayesha@example.com"}, utc_now())
            wait_until(lambda: len(server.deliveries) == 1)
    assert worker.returncode == 0
    assert db.outbox.count_documents({}) == 0
