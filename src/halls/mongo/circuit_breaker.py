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

# With the deadline of a request less than 5 s, after which a client must have its response.
PING_TIMEOUT_SECONDS = 1.0
PING_PAUSE_SECONDS = 0.2


class CircuitBreaker:
    """Opens when no server is found or a ping fails, closes when a ping succeeds.

    Without it every request thread would wait for the server selection timeout. A broken connection and a timeout of
    one query do not open it: a slow query of one client must not reject the requests of the others.
    """

    def __init__(self, db: Db, outages: OutageLog) -> None:
        self._db = db
        self._outages = outages
        self._lock = threading.Lock()
        # True from a failed server selection or ping until a ping succeeds.
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
            probe = self._start_probe(is_away=isinstance(error, ServerSelectionTimeoutError))
            if isinstance(error, NetworkTimeout) and not self.is_open:
                # The query may only be slow. In an outage this thread waits until the circuit breaker is open.
                # Otherwise its next request would wait for the database again.
                probe.join(PING_TIMEOUT_SECONDS)
                with self._lock:
                    # A successful ping has set `probe_thread` to None.
                    self.is_away |= self._is_probing
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

    def _start_probe(self, *, is_away: bool) -> threading.Thread:
        with self._lock:
            self.is_away |= is_away
            if self.probe_thread is None or not self.probe_thread.is_alive():
                self.probe_thread = threading.Thread(target=self._probe, name="probe", daemon=True)
                self.probe_thread.start()
            return self.probe_thread

    @property
    def _is_probing(self) -> bool:
        # Read once: the probe thread sets it to None at any time.
        thread = self.probe_thread
        return thread is not None and thread.is_alive()

    def _probe(self) -> None:
        while not self.ping():
            self.is_away = True
            time.sleep(PING_PAUSE_SECONDS)
