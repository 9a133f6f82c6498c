"""Follows the change stream, and updates the search index after writes of external writers."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

import pymongo
import structlog
from bson import ObjectId, Timestamp
from pymongo.errors import InvalidOperation, PyMongoError

from halls.errors import DatabaseUnavailable
from halls.mongo.client import is_unavailable
from halls.mongo.indexes import ensure_collections
from halls.search import index
from halls.search.reindex import reindex_stale, reindex_venues

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.change_stream import ChangeStream

    from halls.mongo.client import Db, Document, Session

log = structlog.get_logger()
Result = TypeVar("Result")
NEVER = Timestamp(0, 0)
# How long a search waits until the index contains earlier writes. After that it reads the index as it is.
MAX_WAIT_SECONDS = 1.0
# The reader also reads without a search, so that the next search does not wait long.
IDLE_SECONDS = 0.5
SAVE_SECONDS = 10.0
# A new primary or a slow shard may deliver a change after the reader has read a later time.
OVERLAP_SECONDS = 10
AWAY_SECONDS = 1.0
# How long changes are collected before they are applied: many bookings of one venue then update its entry only once.
GATHER_SECONDS, READ_SECONDS = 5.0, 10.0
WATCHED = {"$in": ["venues", "bookings", "catalog"]}
CHANGES: list[Document] = [
    # A rename may replace a watched collection.
    {"$match": {"$or": [{"ns.coll": WATCHED}, {"to.coll": WATCHED}]}},
    {
        "$project": {
            "operationType": 1,
            "ns": 1,
            "documentKey": 1,
            "fullDocument.venue_id": 1,
            "lsid.id": 1,
            "txnNumber": 1,
        }
    },
]


class ChangeStreamReader:
    """Reads the change stream in a background thread of the process, for each search and every half second.

    A search gets the operation time of its read from MongoDB (of majority commits, like change streams). If this time
    is later than the reader's position, the search waits for the reader. If the reader then changed the index, the
    search reads again. So any program may write to the database, and without writes a search has no extra cost.
    """

    def __init__(self, db: Db) -> None:
        self._db = db
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        # Operation times: the index contains all external writes up to the first. Searches wait for the second.
        self._seen = self._requested = NEVER
        self._repairs = 0
        # Monotonic times: when searches stop waiting for the current step, and when the position was last saved.
        self._wait_deadline = self._saved_at = 0.0

    def start(self) -> None:
        """Start the thread, if it is not running. It ends when the client of the database is closed."""
        with self._condition:
            if self._thread is None:
                self._wait_deadline = time.monotonic() + MAX_WAIT_SECONDS
                self._thread = threading.Thread(target=self._run, name="change-stream", daemon=True)
                self._thread.start()

    def wait_for_first_fill(self) -> None:
        """Wait until the whole index has been checked once. Raises DatabaseUnavailable after a timeout."""
        if self._seen == NEVER:
            self.start()
            self._wait_until(lambda: self._seen > NEVER)
            if self._seen == NEVER:
                raise DatabaseUnavailable

    def read(self, work: Callable[[Session], Result]) -> Result:
        """Return the result of `work`, which reads the index with all earlier writes. Raises DatabaseUnavailable."""
        self.wait_for_first_fill()
        repairs = self._repairs
        result, read_at = self._read(work)
        if read_at > self._seen:
            self._await(read_at)
        return result if repairs == self._repairs else self._read(work)[0]

    def _read(self, work: Callable[[Session], Result]) -> tuple[Result, Timestamp]:
        with self._db.client.start_session(causal_consistency=False) as session:
            return work(session), session.operation_time or NEVER

    def _await(self, target: Timestamp) -> None:
        with self._condition:
            self._requested = max(self._requested, target)
            self._condition.notify_all()
        self._wait_until(lambda: self._seen >= target)

    def _wait_until(self, is_reached: Callable[[], bool]) -> None:
        with self._condition:
            self._condition.wait_for(is_reached, max(0.0, self._wait_deadline - time.monotonic()))

    def _run(self) -> None:
        """Read until the client is closed, from this reader's position or from the saved position of any reader."""
        is_lost = False
        while True:
            try:
                self._wait_deadline = time.monotonic() + MAX_WAIT_SECONDS
                since = None if is_lost else self._resume_time()
                with self._db.watch(CHANGES, start_at_operation_time=since, max_await_time_ms=1) as stream:
                    if since is None:
                        _reindex_all(self._db)
                        self._repairs += 1
                    is_lost = False
                    while stream.alive:
                        self._take_in(stream)
                # The stream ends if the database is dropped.
                is_lost = not stream.alive
            except InvalidOperation:  # noqa: PERF203 - the loop must continue after an error
                return
            except Exception as error:  # noqa: BLE001 - the thread must survive every error, or the index stays stale
                log.warning("change stream interrupted", error=type(error).__name__)
                # If the history is lost or unreadable, only a check of the whole index finds the missed changes.
                is_lost = is_lost or not (isinstance(error, PyMongoError) and is_unavailable(error))
                time.sleep(AWAY_SECONDS)

    def _resume_time(self) -> Timestamp | None:
        """Return the time up to which the index contains all writes, or None if it is unknown."""
        until = self._seen
        if until == NEVER:
            saved = self._db.catalog_state.find_one({"_id": "followed"})
            # A restored backup may contain a later time of another server.
            if saved is None or saved["until"] > self._now():
                return None
            until = saved["until"]
        return Timestamp(max(1, until.time - OVERLAP_SECONDS), until.inc)

    def _now(self) -> Timestamp:
        return self._read(lambda session: self._db.catalog_state.find_one({}, session=session))[1]

    def _take_in(self, stream: ChangeStream[Document]) -> None:
        """Wait for a search or for IDLE_SECONDS, then apply the changes up to that time."""
        self._wait_deadline = time.monotonic() + IDLE_SECONDS + MAX_WAIT_SECONDS
        with self._condition:
            self._condition.wait_for(lambda: self._requested > self._seen or self._seen == NEVER, IDLE_SECONDS)
        self._wait_deadline = time.monotonic() + MAX_WAIT_SECONDS
        changes = Changes()
        # A database that hangs may never report an error.
        with pymongo.timeout(READ_SECONDS):
            until = self._requested if self._requested > self._seen else self._now()
            is_complete = changes.gather(stream)
        has_changed = changes.reindex(self._db)
        with self._condition:
            self._repairs += has_changed
            self._seen = max(self._seen, until) if is_complete else self._seen
            self._condition.notify_all()
        with pymongo.timeout(READ_SECONDS):
            self._save()

    def _save(self) -> None:
        """Save the position for the next start."""
        if time.monotonic() - self._saved_at > SAVE_SECONDS and self._seen > NEVER:
            self._saved_at = time.monotonic()
            self._db.catalog_state.update_one({"_id": "followed"}, {"$set": {"until": self._seen}}, upsert=True)


class Changes:
    """The changes of a change stream, by transaction.

    Halls writes venues and bookings together with their entry in one transaction. A transaction that lacks the entry
    is from an external writer.
    """

    def __init__(self) -> None:
        # Lists, because ids of external writers may have any type, also unhashable ones.
        self._venues: defaultdict[Any, list[Any]] = defaultdict(list)
        self._bookings: defaultdict[Any, list[Any]] = defaultdict(list)
        self._entries: defaultdict[Any, list[Any]] = defaultdict(list)
        self._needs_full_check = False

    def gather(self, stream: ChangeStream[Document]) -> bool:
        """Read the available changes. Return False if the time ran out before the last one."""
        deadline = time.monotonic() + GATHER_SECONDS
        while (change := stream.try_next()) is not None:
            self._add(change)
            if time.monotonic() > deadline:
                return False
        return True

    def _add(self, change: Document) -> None:
        transaction = (change["lsid"]["id"], change["txnNumber"]) if "txnNumber" in change else None
        key = change.get("documentKey")
        if key is None:
            # A collection was dropped or renamed.
            self._needs_full_check = True
        elif change["ns"]["coll"] == "venues" or (change["ns"]["coll"] == "catalog" and transaction is None):
            self._venues[transaction].append(key["_id"])
        elif change["ns"]["coll"] == "catalog":
            self._entries[transaction].append(key["_id"])
        elif "fullDocument" in change:
            self._venues[transaction].append(change["fullDocument"].get("venue_id"))
        elif change["operationType"] == "delete":
            # The deleted booking's venue is unknown.
            self._needs_full_check = True
        else:
            self._bookings[transaction].append(key["_id"])

    def reindex(self, db: Db) -> bool:
        """Update the entries of venues that external writers changed. Return whether there were any."""
        if self._needs_full_check:
            _reindex_all(db)
            return True
        for transaction, booking_ids in self._bookings.items():
            self._venues[transaction] += db.bookings.distinct("venue_id", {"_id": {"$in": booking_ids}})
        venue_ids = {one for key, ids in self._venues.items() for one in _only_ids(ids) - _only_ids(self._entries[key])}
        for _ in reindex_venues(db, venue_ids):
            pass
        return bool(venue_ids)


def _reindex_all(db: Db) -> None:
    # The collection and its indexes may have been dropped.
    ensure_collections(db, [index.COLLECTION])
    reindex_stale(db)


def _only_ids(values: list[Any]) -> set[ObjectId]:
    return {value for value in values if isinstance(value, ObjectId)}
