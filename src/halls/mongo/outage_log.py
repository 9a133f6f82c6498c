"""Logs that the database is unavailable: once, then rarely, and when it is available again."""

from __future__ import annotations

import functools
import threading
import time
from typing import TYPE_CHECKING

import structlog

from halls.mongo.address import describe_database

if TYPE_CHECKING:
    from halls.config import Config

log = structlog.get_logger()
# A condition that stays is logged again after this time, so that the last day of a log shows it.
REPEAT_SECONDS = 600.0
AVAILABLE = "available"


class StateFilter:
    """Tells whether a state deserves a log entry: it has changed, or it was logged REPEAT_SECONDS ago."""

    def __init__(self, state: str) -> None:
        self._lock = threading.Lock()
        self._state = state
        self._logged_at = time.monotonic()

    def is_due(self, state: str) -> bool:
        """Return whether to log `state`, and remember it."""
        with self._lock:
            now = time.monotonic()
            if state == self._state and (state == AVAILABLE or now - self._logged_at < REPEAT_SECONDS):
                return False
            self._state, self._logged_at = state, now
            return True


class OutageLog:
    """The log entries about the availability of one database, shared by all threads of a process."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._filter = StateFilter(AVAILABLE)

    def record_failure(self, error: Exception) -> None:
        """Log that the database is unavailable, if that is due. The text of the error may contain stored values."""
        if self._filter.is_due("unavailable"):
            advice = "Check that MongoDB runs there, and MONGO_URI. Halls retries and needs no restart."
            name = type(error).__name__
            log.warning("database unavailable", database=self._address, error=name, advice=advice)

    def record_success(self) -> None:
        """Log that the database is available again, after an outage."""
        if self._filter.is_due(AVAILABLE):
            log.info("database available", database=self._address)


def outage_log(config: Config) -> OutageLog:
    """Return the log of the configured database. Forked workers inherit it, so that they do not repeat its entries."""
    return _outage_log(config.database_uri)


@functools.cache
def _outage_log(uri: str) -> OutageLog:
    return OutageLog(describe_database(uri))
