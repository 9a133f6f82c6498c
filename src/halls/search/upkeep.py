"""Keeps the catalog true to what stands in venues and bookings, where other tools have written that."""

from __future__ import annotations

import random
from itertools import islice
from typing import TYPE_CHECKING, Any

import bson
import pymongo
import structlog
from pymongo.errors import PyMongoError

from halls.bookings.catalog import make_entries, refresh_entries
from halls.mongo.client import in_transaction, is_unavailable

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator

    from bson import ObjectId
    from pymongo.change_stream import ChangeStream

    from halls.mongo.client import Db, Document, Session

log = structlog.get_logger()
# So many venues at once stay far below what a transaction may take.
BATCH = 50
BATCH_SECONDS = 10
PART = 5_000
AWAY_SECONDS = 2.0
LISTEN_MS = 500
# So many changes at a time: they are mended while others still come.
BURST = 200
FOLLOWED = {"$in": ["venues", "bookings"]}
# What we write ourselves we write in transactions, with the entries. A collection may be put in the place of another.
BY_OTHERS: list[Document] = [
    {"$match": {"$or": [{"ns.coll": FOLLOWED}, {"to.coll": FOLLOWED}]}},
    # Computed: a plain match MongoDB 6 moves to the oplog, where retryable writes have a txnNumber as well.
    {"$set": {"transaction": {"$ifNull": ["$txnNumber", None]}}},
    {"$match": {"transaction": None}},
    {"$project": {"ns": 1, "documentKey": 1, "operationType": 1, "fullDocument.venue_id": 1}},
]


def fill_catalog(db: Db) -> None:
    """Make the entries that are missing, and remove those of no venue."""
    tried: set[ObjectId] = set()
    # One that can't be shown stays without.
    while wrong := (_list_ids(db, "venues") ^ _list_ids(db, "catalog")) - tried:
        log.info("filling the catalog", venues=len(wrong))
        # Others that start at the same time do another part of it.
        part = random.sample(list(wrong), min(len(wrong), PART))
        tried |= {*part}
        _drain(refresh_venues(db, part))


def refresh_venues(db: Db, venue_ids: Iterable[ObjectId]) -> Iterator[int]:
    """Make the entries of venues anew, some at a time; yield after each time how many are done."""
    waiting, done = iter(venue_ids), 0
    while batch := list(islice(waiting, BATCH)):

        def refresh(session: Session, batch: list[ObjectId] = batch) -> None:
            refresh_entries(db, batch, session)

        with pymongo.timeout(BATCH_SECONDS):
            in_transaction(db, refresh)
        done += len(batch)
        yield done


def list_catalogued(db: Db) -> list[ObjectId]:
    """Return the ids of all venues and of all entries."""
    # Another tool's ids may be of another kind.
    return sorted(_list_ids(db, "venues") | _list_ids(db, "catalog"), key=str)


def _list_ids(db: Db, name: str) -> set[ObjectId]:
    return {row["_id"] for row in db[name].find({}, {"_id": 1})}


def find_stale(db: Db) -> Iterator[ObjectId]:
    """Yield the id of each venue whose entry is missing, is not what it should be, or should not be."""
    waiting = iter(list_catalogued(db))
    while batch := list(islice(waiting, BATCH)):
        # All of a batch as of one instant: others write meanwhile.
        with db.client.start_session(snapshot=True) as session:
            wanted = {entry["_id"]: entry for entry in make_entries(db, batch, session)}
            kept = db.catalog.find({"_id": {"$in": batch}}, {"edition": 0}, session=session)
            found = {entry["_id"]: entry for entry in kept}
        yield from (one for one in batch if _as_stored(wanted.get(one)) != _as_stored(found.get(one)))


def _as_stored(entry: Document | None) -> bytes | None:
    """Return what can be compared: a number that is none (NaN) is not even equal to itself."""
    return None if entry is None else bson.encode(entry)


def mend_catalog(db: Db) -> int:
    """Make every entry anew that is not what it should be; return how many."""
    mended = _drain(refresh_venues(db, find_stale(db)))
    if mended:
        log.info("mended the catalog", venues=mended)
    return mended


def follow_other_tools(db: Db, stop: threading.Event, *, from_now: bool = False) -> None:
    """Mend the entry of each venue that another tool writes, or whose bookings it writes, until `stop` is set.

    Unless `from_now` is asked for, it first mends what was written before it listened.
    """
    token: Any = None
    while not stop.is_set():
        try:
            with _listen(db, token) as stream:
                if token is None and not from_now:
                    mend_catalog(db)
                token = stream.resume_token
                # A database that is dropped ends it.
                while stream.alive and not stop.is_set():
                    _mend_changed(db, stream)
                    token = stream.resume_token
        except PyMongoError as error:  # noqa: PERF203 - away is what it waits for
            log.warning("nobody follows other tools", error=type(error).__name__)
            if not is_unavailable(error):
                # Lost history, or a change that can't be read: what was missed only a look at everything tells.
                token, from_now = None, False
            stop.wait(AWAY_SECONDS)


def _listen(db: Db, token: Any) -> ChangeStream[Document]:
    return db.watch(BY_OTHERS, full_document="updateLookup", resume_after=token, max_await_time_ms=LISTEN_MS)


def _mend_changed(db: Db, stream: ChangeStream[Document]) -> None:
    """Wait a moment for changes, and mend what they are about."""
    changed: set[ObjectId | None] = set()
    for _ in range(BURST):
        change = stream.try_next()
        if change is None:
            break
        changed.add(_venue_of(change))
    if None in changed:
        mend_catalog(db)
    else:
        _drain(refresh_venues(db, (one for one in changed if one)))


def _venue_of(change: Document) -> ObjectId | None:
    """Return which venue a change is about; of a booking or a collection that is gone nobody tells."""
    of_venue = change["ns"]["coll"] == "venues"
    about = change.get("documentKey") if of_venue else change.get("fullDocument")
    venue_id: ObjectId | None = (about or {}).get("_id" if of_venue else "venue_id")
    return venue_id


def _drain(done: Iterator[int]) -> int:
    """Let the work be done, and return how much it was."""
    return max(done, default=0)
