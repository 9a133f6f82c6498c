"""Runs the periodic background tasks, each in its own thread with its own period and heartbeat."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pymongo
import structlog
from pymongo.errors import ConnectionFailure, PyMongoError

from halls.clock import utc_now
from halls.mongo.heartbeats import save_heartbeat
from halls.mongo.outage_log import outage_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from halls.config import Config
    from halls.mongo.client import Db
    from halls.mongo.outage_log import OutageLog

log = structlog.get_logger()
HEARTBEAT_SECONDS = 10.0
HEARTBEAT_TIMEOUT_SECONDS = 5.0
# The pause after an error: not shorter, otherwise the log fills while the database is away, and not longer, otherwise
# an hourly task that failed once would look dead for an hour.
MIN_ERROR_PAUSE_SECONDS, MAX_ERROR_PAUSE_SECONDS = 2.0, 60.0


@dataclass(frozen=True)
class PeriodicTask:
    """A function that runs every `period_seconds`, the first time after `delay_seconds`.

    `run` gets a function that tells whether the process stops. A long run calls it between its steps; each call also
    saves a heartbeat if one is due.
    """

    name: str
    period_seconds: float
    run: Callable[[Db, Config, Callable[[], bool]], None]
    delay_seconds: float = 0


def start_tasks(db: Db, config: Config, tasks: Iterable[PeriodicTask], stop: threading.Event) -> list[threading.Thread]:
    """Start a daemon thread for each task, and return the threads. They end when `stop` is set."""
    threads = [
        threading.Thread(target=_run_periodically, args=(db, config, task, stop), name=task.name, daemon=True)
        for task in tasks
    ]
    for thread in threads:
        thread.start()
    return threads


def _run_periodically(db: Db, config: Config, task: PeriodicTask, stop: threading.Event) -> None:
    heartbeat = _Heartbeat(db, task.name, outage_log(config))
    pause = task.delay_seconds
    while not _wait(stop, pause, heartbeat):
        heartbeat.is_well = _run_once(db, config, task, lambda: _beat_and_check(heartbeat, stop))
        pause = task.period_seconds if heartbeat.is_well else _error_pause(task)


def _error_pause(task: PeriodicTask) -> float:
    return min(max(task.period_seconds, MIN_ERROR_PAUSE_SECONDS), MAX_ERROR_PAUSE_SECONDS)


def _beat_and_check(heartbeat: _Heartbeat, stop: threading.Event) -> bool:
    heartbeat.beat()
    return stop.is_set()


def _run_once(db: Db, config: Config, task: PeriodicTask, should_stop: Callable[[], bool]) -> bool:
    """Run the task and return whether it raised no error."""
    try:
        task.run(db, config, should_stop)
    except ConnectionFailure as error:
        # One entry for all tasks: otherwise each task would log the outage every few seconds.
        outage_log(config).record_failure(error)
        return False
    except Exception as error:  # noqa: BLE001 - the next run may succeed, and a dead thread would be silent
        # Only the type: the text of a driver error may contain stored values.
        log.warning("task failed", task=task.name, error=type(error).__name__)
        return False
    return True


def _wait(stop: threading.Event, seconds: float, heartbeat: _Heartbeat) -> bool:
    """Wait, beating meanwhile, and return whether `stop` was set."""
    end = time.monotonic() + seconds
    while not stop.is_set():
        heartbeat.beat()
        left = end - time.monotonic()
        if left <= 0:
            return False
        stop.wait(min(left, HEARTBEAT_SECONDS))
    return True


class _Heartbeat:
    """Saves a heartbeat at most every HEARTBEAT_SECONDS, while the last run of the task succeeded."""

    def __init__(self, db: Db, task: str, outages: OutageLog) -> None:
        self._db = db
        self._task = task
        self._outages = outages
        self._saved_at = float("-inf")
        self.is_well = True

    def beat(self) -> None:
        """Save a heartbeat if one is due."""
        if not self.is_well or time.monotonic() - self._saved_at < HEARTBEAT_SECONDS:
            return
        self._saved_at = time.monotonic()
        try:
            with pymongo.timeout(HEARTBEAT_TIMEOUT_SECONDS):
                save_heartbeat(self._db, self._task, utc_now())
            self._outages.record_success()
        except ConnectionFailure as error:
            self._outages.record_failure(error)
        except PyMongoError as error:
            log.warning("heartbeat not saved", task=self._task, error=type(error).__name__)
