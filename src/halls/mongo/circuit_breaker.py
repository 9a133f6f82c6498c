"""Circuit breaker: while the database is away, requests are rejected at once and one thread pings it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pymongo
from pymongo.errors import ConnectionFailure, NetworkTimeout, PyMongoError, ServerSelectionTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db
    from halls.mongo.outage_log import OutageLog

PING_TIMEOUT_SECONDS = 1.0
PING_PAUSE_SECONDS = 0.2


class CircuitBreaker:
    """Opens when the database does not answer, closes when a ping succeeds.

    Without it every request thread would wait for the server selection timeout.
    """

    def __init__(self, db: Db, outages: OutageLog) -> None:
        self._db = db
        self._outages = outages
        self._lock = threading.Lock()
        # True from a missing answer until a ping succeeds.
        self.is_away = False
        self.probe_thread: threading.Thread | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests are rejected. Without a running probe thread the next request reaches the database."""
        return self.is_away and self._is_probing

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Watch the driver errors of a request, and start the probe thread after a connection failure."""
        try:
            yield
        except ConnectionFailure as error:
            with self._lock:
                # A single broken connection does not prove an outage. A timeout does.
                self.is_away |= isinstance(error, NetworkTimeout | ServerSelectionTimeoutError)
                if not self._is_probing:
                    self.probe_thread = threading.Thread(target=self._probe, name="probe", daemon=True)
                    self.probe_thread.start()
            raise

    def ping(self) -> bool:
        """Return whether the database answers. A successful ping closes the circuit breaker."""
        try:
            with pymongo.timeout(PING_TIMEOUT_SECONDS):
                self._db.client.admin.command("ping")
        except PyMongoError as error:
            self._outages.record_failure(error)
            return False
        with self._lock:
            self.is_away, self.probe_thread = False, None
        self._outages.record_success()
        return True

    @property
    def _is_probing(self) -> bool:
        return self.probe_thread is not None and self.probe_thread.is_alive()

    def _probe(self) -> None:
        while not self.ping():
            self.is_away = True
            time.sleep(PING_PAUSE_SECONDS)
