"""Lets search show at once what other tools write to venues and bookings, which the catalog cannot know by itself."""

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
# How long a search waits for what others wrote; while they write a great deal, it answers with what is there.
MAX_WAIT_SECONDS = 1.0
# Nobody asks: it looks all the same, so that the next search has not much to wait for.
IDLE_SECONDS = 0.5
SAVE_SECONDS = 10.0
# A new primary, and a shard that is slow, may tell of a change when a later time has been read already.
OVERLAP_SECONDS = 10
AWAY_SECONDS = 1.0
# So long it gathers changes before it mends: who writes a whole calendar of bookings has its venue mended once.
GATHER_SECONDS, TURN_SECONDS = 5.0, 10.0
FOLLOWED = {"$in": ["venues", "bookings", "catalog"]}
CHANGES: list[Document] = [
    # A collection may be put in the place of another.
    {"$match": {"$or": [{"ns.coll": FOLLOWED}, {"to.coll": FOLLOWED}]}},
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
    """Reads the change stream of one process, in a thread of its own, whenever a search asks or a moment has passed.

    A search learns from the database's answer how far that had written by then (the operation time; by majority, as
    change streams are). When that is further than the follower has read, it waits for it, and asks again if
    another tool's writing was among what it read. So nothing is assumed about who writes what, and while nobody
    writes no search costs anything more.
    """

    def __init__(self, db: Db) -> None:
        self._db = db
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None
        # Operation times: up to which all of other tools is in the catalog, and up to which somebody wants it.
        self._seen = self._wanted = NEVER
        self._mends = 0
        # Instants of the process's clock: from when on nobody waits for the work at hand, and when it last took a note.
        self._late_at = self._saved_at = 0.0

    def start(self) -> None:
        """Begin to follow, unless it has. It ends when the database's client is closed."""
        with self._turn:
            if self._thread is None:
                self._late_at = time.monotonic() + MAX_WAIT_SECONDS
                self._thread = threading.Thread(target=self._run, name="change-stream", daemon=True)
                self._thread.start()

    def wait_for_first_fill(self) -> None:
        """Wait until everything has been looked through once. Raises DatabaseUnavailable if that takes long."""
        if self._seen == NEVER:
            self.start()
            self._wait_until(lambda: self._seen > NEVER)
            if self._seen == NEVER:
                raise DatabaseUnavailable

    def read(self, work: Callable[[Session], Result]) -> Result:
        """Return what `work` reads of the catalog, with all that was written before. Raises DatabaseUnavailable."""
        self.wait_for_first_fill()
        mends = self._mends
        result, read_at = self._read(work)
        if read_at > self._seen:
            self._await(read_at)
        return result if mends == self._mends else self._read(work)[0]

    def _read(self, work: Callable[[Session], Result]) -> tuple[Result, Timestamp]:
        with self._db.client.start_session(causal_consistency=False) as session:
            return work(session), session.operation_time or NEVER

    def _await(self, wanted: Timestamp) -> None:
        with self._turn:
            self._wanted = max(self._wanted, wanted)
            self._turn.notify_all()
        self._wait_until(lambda: self._seen >= wanted)

    def _wait_until(self, is_there: Callable[[], bool]) -> None:
        with self._turn:
            self._turn.wait_for(is_there, max(0.0, self._late_at - time.monotonic()))

    def _run(self) -> None:
        """Follow until the client is closed; from where it was, or else from where any follower last was."""
        is_lost = False
        while True:
            try:
                self._late_at = time.monotonic() + MAX_WAIT_SECONDS
                since = None if is_lost else self._known()
                with self._db.watch(CHANGES, start_at_operation_time=since, max_await_time_ms=1) as stream:
                    if since is None:
                        _look_through(self._db)
                        self._mends += 1
                    is_lost = False
                    while stream.alive:
                        self._take_in(stream)
                # A database that is dropped ends it.
                is_lost = not stream.alive
            except InvalidOperation:  # noqa: PERF203 - to come through is what it is for
                return
            except Exception as error:  # noqa: BLE001 - this thread must survive every error, or search stays stale
                log.warning("nobody follows other tools", error=type(error).__name__)
                # The history is lost, or can't be read: what was missed only a look at everything tells.
                is_lost = is_lost or not (isinstance(error, PyMongoError) and is_unavailable(error))
                time.sleep(AWAY_SECONDS)

    def _known(self) -> Timestamp | None:
        """Return the time up to which the catalog is known to hold everything, or None."""
        until = self._seen
        if until == NEVER:
            saved = self._db.catalog_state.find_one({"_id": "followed"})
            # A backup may come from another server, whose time was ahead.
            if saved is None or saved["until"] > self._now():
                return None
            until = saved["until"]
        return Timestamp(max(1, until.time - OVERLAP_SECONDS), until.inc)

    def _now(self) -> Timestamp:
        return self._read(lambda session: self._db.catalog_state.find_one({}, session=session))[1]

    def _take_in(self, stream: ChangeStream[Document]) -> None:
        """Wait until somebody asks or a moment has passed; mend what others have changed by then."""
        self._late_at = time.monotonic() + IDLE_SECONDS + MAX_WAIT_SECONDS
        with self._turn:
            self._turn.wait_for(lambda: self._wanted > self._seen or self._seen == NEVER, IDLE_SECONDS)
        self._late_at = time.monotonic() + MAX_WAIT_SECONDS
        changes = Changes()
        # A database that hangs may never say so.
        with pymongo.timeout(TURN_SECONDS):
            until = self._wanted if self._wanted > self._seen else self._now()
            is_all = changes.gather(stream)
        is_any = changes.mend(self._db)
        with self._turn:
            self._mends += is_any
            self._seen = max(self._seen, until) if is_all else self._seen
            self._turn.notify_all()
        with pymongo.timeout(TURN_SECONDS):
            self._save()

    def _save(self) -> None:
        """Note for the next start how far the catalog is true."""
        if time.monotonic() - self._saved_at > SAVE_SECONDS and self._seen > NEVER:
            self._saved_at = time.monotonic()
            self._db.catalog_state.update_one({"_id": "followed"}, {"$set": {"until": self._seen}}, upsert=True)


class Changes:
    """What a change stream told, by transaction: there we write the entry along with what it is made of."""

    def __init__(self) -> None:
        # Lists, as other tools' ids may be of any kind: not all of them go into a set.
        self._venues: defaultdict[Any, list[Any]] = defaultdict(list)
        self._bookings: defaultdict[Any, list[Any]] = defaultdict(list)
        self._entries: defaultdict[Any, list[Any]] = defaultdict(list)
        self._is_anything = False

    def gather(self, stream: ChangeStream[Document]) -> bool:
        """Read what there is; return whether that was all."""
        deadline = time.monotonic() + GATHER_SECONDS
        while (change := stream.try_next()) is not None:
            self._note(change)
            if time.monotonic() > deadline:
                return False
        return True

    def _note(self, change: Document) -> None:
        transaction = (change["lsid"]["id"], change["txnNumber"]) if "txnNumber" in change else None
        about = change.get("documentKey")
        if about is None:
            # A collection is gone, or another has its name now.
            self._is_anything = True
        elif change["ns"]["coll"] == "venues" or (change["ns"]["coll"] == "catalog" and transaction is None):
            self._venues[transaction].append(about["_id"])
        elif change["ns"]["coll"] == "catalog":
            self._entries[transaction].append(about["_id"])
        elif "fullDocument" in change:
            self._venues[transaction].append(change["fullDocument"].get("venue_id"))
        elif change["operationType"] == "delete":
            # Of which venue it was nobody can tell any more.
            self._is_anything = True
        else:
            self._bookings[transaction].append(about["_id"])

    def mend(self, db: Db) -> bool:
        """Mend the entries of all that another than us changed; tell whether there was any."""
        if self._is_anything:
            _look_through(db)
            return True
        for transaction, booking_ids in self._bookings.items():
            self._venues[transaction] += db.bookings.distinct("venue_id", {"_id": {"$in": booking_ids}})
        others = {one for key, ids in self._venues.items() for one in _only_ids(ids) - _only_ids(self._entries[key])}
        for _ in reindex_venues(db, others):
            pass
        return bool(others)


def _look_through(db: Db) -> None:
    # The catalog itself may be gone, and its indexes with it.
    ensure_collections(db, [index.COLLECTION])
    reindex_stale(db)


def _only_ids(values: list[Any]) -> set[ObjectId]:
    return {value for value in values if isinstance(value, ObjectId)}
