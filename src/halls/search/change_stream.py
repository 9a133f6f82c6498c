"""Follows the change stream, and updates the search index after writes of external writers."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pymongo
from bson import ObjectId, Timestamp
from pymongo.errors import PyMongoError

from halls.mongo.client import is_unavailable
from halls.mongo.leases import Lease
from halls.search import index
from halls.search.position import (
    find_resume_time,
    read_operation_time,
    require_full_check,
    save_position,
    save_progress,
)
from halls.search.reindex import list_indexed_ids, rebuild_index, reindex_stale, reindex_venues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.change_stream import ChangeStream

    from halls.config import Config
    from halls.mongo.client import Db, Document

# How long external writes take to appear in search after the death of the process that holds the lease.
LEASE_SECONDS = 5.0
# A run ends after RUN_SECONDS, so that the task saves a heartbeat. A stream is read every POLL_SECONDS.
RUN_SECONDS, POLL_SECONDS = 60.0, 0.5
SAVE_SECONDS = 10.0
# A new primary or a slow shard may deliver a change after the reader has read a later time.
OVERLAP_SECONDS = 10
# How long changes are collected before they are applied: many bookings of one venue then update its entry only once.
COLLECT_SECONDS, READ_SECONDS = 5.0, 10.0
# At most one check of the whole index within this time, in all processes.
CHECK_SECONDS = 6 * 3600
# How often the progress of a fill is saved.
PROGRESS_SECONDS = 1.0
SOURCES = ["venues", "bookings"]
WATCHED = {"$in": [*SOURCES, index.COLLECTION.name]}
FIELDS: Document = {
    "$project": {
        "operationType": 1,
        "ns": 1,
        "documentKey": 1,
        "fullDocument.venue_id": 1,
        "lsid.id": 1,
        "txnNumber": 1,
    }
}
# A rename may replace a watched collection.
CHANGES: list[Document] = [{"$match": {"$or": [{"ns.coll": WATCHED}, {"to.coll": WATCHED}]}}, FIELDS]
# During a fill, without the writes of the fill itself: otherwise the reader would decode each entry once more.
SOURCE_CHANGES: list[Document] = [
    {
        "$match": {
            "$or": [
                {"ns.coll": {"$in": SOURCES}},
                {"ns.coll": WATCHED, "operationType": {"$in": ["drop", "rename"]}},
                {"to.coll": WATCHED},
            ]
        }
    },
    FIELDS,
]


def follow_changes(db: Db, _config: Config, should_stop: Callable[[], bool]) -> None:
    """Fill the index, then apply the changes of external writers for a minute. A periodic task.

    Returns at once if another process does it. After an error, the next run continues from the saved position.
    """
    lease = Lease(db, "search-index", LEASE_SECONDS)
    if not lease.hold():
        return
    try:
        _follow(db, lambda: should_stop() or not lease.hold())
    except Exception as error:
        if not (isinstance(error, PyMongoError) and is_unavailable(error)):
            # The history of the stream is lost, or an error may have skipped changes.
            with pymongo.timeout(READ_SECONDS):
                require_full_check(db)
        raise
    finally:
        with suppress(PyMongoError):  # the lease expires
            lease.release()


def check_index(db: Db, _config: Config, should_stop: Callable[[], bool]) -> None:
    """Check the whole index and rebuild its stale entries. A periodic task.

    Returns at once if a process has done it within CHECK_SECONDS.
    """
    if Lease(db, "search-index-check", CHECK_SECONDS).hold():
        reindex_stale(db, should_stop)


def _follow(db: Db, should_end: Callable[[], bool]) -> None:
    with pymongo.timeout(READ_SECONDS):
        since = _resume_time(db)
    if since is None:
        since = _fill(db, should_end)
    if since is None:
        return
    with db.watch(CHANGES, start_at_operation_time=since, max_await_time_ms=1) as stream:
        _read_stream(db, stream, should_end)


def _fill(db: Db, should_end: Callable[[], bool]) -> Timestamp | None:
    """Rebuild all entries that are missing or stale. Return the time from which changes must be read, None if stopped.

    The changes of external writers are read during the fill, because the fill writes more than a small oplog holds.
    """
    changes, written_at = Changes(), None
    with db.watch(SOURCE_CHANGES, start_at_operation_time=read_operation_time(db), max_await_time_ms=1) as stream:
        venue_ids = list_indexed_ids(db)
        for done in _rebuild_with_progress(db, venue_ids):
            if should_end() or not stream.alive:
                return None
            if written_at is None and done == len(venue_ids):
                # Before the MongoDB indexes are built: the changes after the fill are read from here.
                written_at = read_operation_time(db)
            with pymongo.timeout(READ_SECONDS):
                changes.collect(stream)
        until = read_operation_time(db)
        while not changes.collect(stream):
            if should_end():
                return None
    changes.reindex(db, should_end)
    if should_end():
        return None
    save_position(db, until)
    return written_at


def _rebuild_with_progress(db: Db, venue_ids: list[ObjectId]) -> Iterator[int]:
    """Rebuild the entries, and yield the number of checked ones. Save it every PROGRESS_SECONDS."""
    save_at = 0.0
    for done, _ in rebuild_index(db, venue_ids, only_stale=True):
        if time.monotonic() > save_at:
            save_progress(db, done, len(venue_ids))
            save_at = time.monotonic() + PROGRESS_SECONDS
        yield done


def _resume_time(db: Db) -> Timestamp | None:
    """Return the time from which changes must be read, or None if the whole index must be checked."""
    until = find_resume_time(db)
    # A restored backup may contain a later time of another server.
    if until is None or until > read_operation_time(db):
        return None
    return Timestamp(max(1, until.time - OVERLAP_SECONDS), until.inc)


def _read_stream(db: Db, stream: ChangeStream[Document], should_end: Callable[[], bool]) -> None:
    end, save_at = time.monotonic() + RUN_SECONDS, 0.0
    # The stream ends if the database is dropped.
    while stream.alive and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
        changes = Changes()
        # A database that hangs may never report an error.
        with pymongo.timeout(READ_SECONDS):
            until = read_operation_time(db)
            is_complete = changes.collect(stream)
        changes.reindex(db, should_end)
        if should_end():
            return
        if is_complete and time.monotonic() > save_at:
            with pymongo.timeout(READ_SECONDS):
                save_position(db, until)
            save_at = time.monotonic() + SAVE_SECONDS


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

    def collect(self, stream: ChangeStream[Document]) -> bool:
        """Read the available changes. Return False if the time ran out before the last one."""
        deadline = time.monotonic() + COLLECT_SECONDS
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
        elif change["ns"]["coll"] == "venues" or (
            change["ns"]["coll"] == index.COLLECTION.name and transaction is None
        ):
            self._venues[transaction].append(key["_id"])
        elif change["ns"]["coll"] == index.COLLECTION.name:
            self._entries[transaction].append(key["_id"])
        elif "fullDocument" in change:
            self._venues[transaction].append(change["fullDocument"].get("venue_id"))
        elif change["operationType"] == "delete":
            # The deleted booking's venue is unknown.
            self._needs_full_check = True
        else:
            self._bookings[transaction].append(key["_id"])

    def reindex(self, db: Db, should_end: Callable[[], bool]) -> None:
        """Update the entries of the venues that external writers changed, until `should_end`."""
        if self._needs_full_check:
            _reindex_all(db, should_end)
            return
        for transaction, booking_ids in self._bookings.items():
            self._venues[transaction] += db.bookings.distinct("venue_id", {"_id": {"$in": booking_ids}})
        venue_ids = {one for key, ids in self._venues.items() for one in _only_ids(ids) - _only_ids(self._entries[key])}
        # Entries that look right are written too. A concurrent transaction that read the venue before the change must
        # conflict, otherwise it could write an outdated entry.
        for _ in reindex_venues(db, venue_ids, only_stale=False):
            if should_end():
                return


def _reindex_all(db: Db, should_end: Callable[[], bool]) -> None:
    for _ in rebuild_index(db, list_indexed_ids(db), only_stale=True):
        if should_end():
            return


def _only_ids(values: list[Any]) -> set[ObjectId]:
    return {value for value in values if isinstance(value, ObjectId)}
