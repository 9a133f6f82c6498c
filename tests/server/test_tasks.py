"""Periodic tasks: their threads, periods and heartbeats."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import ObjectId
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError

from halls.app import TASKS
from halls.clock import utc_now
from halls.mongo.heartbeats import list_heartbeats, save_heartbeat
from halls.server import tasks
from halls.server.tasks import PeriodicTask, start_tasks
from tests.conftest import make_config
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from halls.config import Config
    from halls.mongo.client import Db


class Runner:
    """Starts tasks, and counts their runs."""

    def __init__(self, db: Db) -> None:
        self.db = db
        # Its own address, so that each test has its own outage log.
        self.config = make_config(mongo_uri=f"mongodb://db.example/{ObjectId()}")
        self.stop = threading.Event()
        self.threads: list[threading.Thread] = []
        self.runs = 0
        self.error: Exception | None = None

    def start(self, *tasks_: PeriodicTask) -> None:
        """Start the tasks."""
        self.threads += start_tasks(self.db, self.config, tasks_, self.stop)

    def run(self, _db: Db, _config: Config, _should_stop: Callable[[], bool]) -> None:
        """Count the run, and fail if that is set."""
        self.runs += 1
        if (error := self.error) is not None:
            raise error

    def heartbeat(self, task: str) -> datetime | None:
        """Return the last heartbeat of a task."""
        return list_heartbeats(self.db).get(task)


@pytest.fixture
def runner(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    """Yield a runner, and stop its tasks after the test."""
    monkeypatch.setattr(tasks, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(tasks, "MIN_ERROR_PAUSE_SECONDS", 0.05)
    runner = Runner(db)
    yield runner
    runner.stop.set()
    for thread in runner.threads:
        thread.join(10)
        assert not thread.is_alive()


def test_a_task_runs_again_and_again_and_beats(runner: Runner) -> None:
    began = utc_now() - timedelta(seconds=1)
    runner.start(PeriodicTask("count", 0.01, runner.run))
    wait_until(lambda: runner.runs > 3)
    wait_until(lambda: (at := runner.heartbeat("count")) is not None and at > began)


def test_a_task_beats_between_its_runs(runner: Runner) -> None:
    runner.start(PeriodicTask("hourly", 3600, runner.run))
    wait_until(lambda: runner.heartbeat("hourly"))
    first = runner.heartbeat("hourly")
    assert first is not None
    wait_until(lambda: (at := runner.heartbeat("hourly")) is not None and at > first)
    assert runner.runs == 1


def test_a_task_beats_during_a_long_run_and_is_told_to_stop(runner: Runner) -> None:
    def run_long(_db: Db, _config: Config, should_stop: Callable[[], bool]) -> None:
        while not should_stop():
            time.sleep(0.02)
        runner.runs += 1

    runner.start(PeriodicTask("long", 3600, run_long))
    wait_until(lambda: runner.heartbeat("long"))
    first = runner.heartbeat("long")
    wait_until(lambda: runner.heartbeat("long") != first)
    runner.stop.set()
    wait_until(lambda: runner.runs == 1)


def test_the_first_run_waits_for_the_delay(runner: Runner) -> None:
    runner.start(PeriodicTask("later", 0.01, runner.run, delay_seconds=3600))
    wait_until(lambda: runner.heartbeat("later"))
    assert runner.runs == 0


def test_a_failing_task_is_logged_stops_beating_and_recovers(runner: Runner) -> None:
    runner.error = ValueError("ayesha@example.com")
    with structlog.testing.capture_logs() as lines:
        runner.start(PeriodicTask("broken", 0.01, runner.run))
        wait_until(lambda: runner.runs > 2)
    assert {"event": "task failed", "task": "broken", "error": "ValueError", "log_level": "warning"} in lines
    assert "ayesha" not in str(lines)
    last = runner.heartbeat("broken")
    runs = runner.runs
    wait_until(lambda: runner.runs > runs + 3)
    assert runner.heartbeat("broken") == last
    runner.error = None
    wait_until(lambda: runner.heartbeat("broken") != last)


def test_an_hourly_task_is_retried_soon_after_an_error(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "MAX_ERROR_PAUSE_SECONDS", 0.05)
    runner.error = ValueError()
    runner.start(PeriodicTask("hourly", 3600, runner.run))
    wait_until(lambda: runner.runs > 1)


def test_a_task_does_not_wait_for_another(runner: Runner) -> None:
    def hang(_db: Db, _config: Config, _should_stop: Callable[[], bool]) -> None:
        runner.stop.wait()

    runner.start(PeriodicTask("hanging", 0.01, hang), PeriodicTask("count", 0.01, runner.run))
    wait_until(lambda: runner.runs > 3)


def test_a_heartbeat_that_can_not_be_saved_stops_no_task(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OperationFailure("no rights", code=13)

    monkeypatch.setattr(tasks, "save_heartbeat", fail)
    with structlog.testing.capture_logs() as lines:
        runner.start(PeriodicTask("count", 0.01, runner.run))
        wait_until(lambda: runner.runs > 3)
    assert {
        "event": "heartbeat not saved",
        "task": "count",
        "error": "OperationFailure",
        "log_level": "warning",
    } in lines


def test_an_outage_is_logged_once_for_all_tasks_and_when_it_ends(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner.error = AutoReconnect("ayesha@example.com")
    monkeypatch.setattr(tasks, "save_heartbeat", lambda *_: runner.run(runner.db, runner.config, lambda: False))
    with structlog.testing.capture_logs() as lines:
        runner.start(PeriodicTask("one", 0.01, runner.run), PeriodicTask("two", 0.01, runner.run))
        wait_until(lambda: runner.runs > 6)
        runner.error = None
        wait_until(lambda: len(lines) > 1)
    unavailable, available = lines[:2]
    assert (unavailable["event"], available["event"]) == ("database unavailable", "database available")
    assert unavailable["database"].endswith(" at db.example:27017")
    assert "MONGO_URI" in unavailable["advice"]
    assert "ayesha" not in str(lines)


def test_an_outage_is_logged_if_a_heartbeat_can_not_be_saved(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ServerSelectionTimeoutError("away")

    monkeypatch.setattr(tasks, "save_heartbeat", fail)
    with structlog.testing.capture_logs() as lines:
        runner.start(PeriodicTask("count", 0.01, runner.run))
        wait_until(lambda: runner.runs > 20)
    assert [(line["event"], line["error"]) for line in lines] == [
        ("database unavailable", "ServerSelectionTimeoutError")
    ]


def test_an_older_heartbeat_does_not_replace_a_newer_one(db: Db) -> None:
    now = utc_now().replace(microsecond=0)
    save_heartbeat(db, "two workers", now)
    save_heartbeat(db, "two workers", now - timedelta(minutes=1))
    assert list_heartbeats(db)["two workers"] == now


def test_every_task_of_the_application_beats(runner: Runner) -> None:
    runner.start(*TASKS)
    wait_until(lambda: {task.name for task in TASKS} <= list_heartbeats(runner.db).keys())
