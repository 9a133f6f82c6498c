"""Finds stale entries of the search index, and rebuilds them from venues and bookings."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING

import pymongo
import structlog
from bson.errors import BSONError
from pymongo.errors import OperationFailure, PyMongoError

from halls.mongo.client import in_transaction, is_unavailable
from halls.mongo.indexes import CollectionSpec, ensure_collections
from halls.search.index import COLLECTION, compare_entries, make_entries, refresh_entries
from halls.search.position import awaits_first_fill, is_filled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bson import ObjectId

    from halls.mongo.client import Db, Session

log = structlog.get_logger()
# Larger batches are not faster, and keep 25 MB more of memory. This size is far below the limit of a transaction.
BATCH = 10
BATCH_SECONDS = 10
# While the index is rebuilt, it is the main work of the process: one thread makes entries while others wait for
# MongoDB. MongoDB sorts the keys of one index on one processor.
REBUILD_BATCH, REBUILD_THREADS, INDEX_THREADS = 100, 3, 2
# How often a rebuild yields at least, so that its caller can renew a lease.
YIELD_SECONDS = 0.5
# Collections of older versions of the search index.
OLD_COLLECTIONS = ("catalog", "catalog_state")
Progress = tuple[int, int]


def list_indexed_ids(db: Db) -> list[ObjectId]:
    """Return the ids of all venues and entries. Ids that are not ObjectIds are left out: routes do not accept them."""
    match, fields = {"_id": {"$type": "objectId"}}, {"_id": 1}
    return sorted({row["_id"] for row in (*db.venues.find(match, fields), *db.search_entries.find(match, fields))})


def find_stale(db: Db) -> Iterator[ObjectId]:
    """Yield the id of each venue whose entry is missing, stale, or left over from a deleted venue."""
    remaining = iter(list_indexed_ids(db))
    while batch := set(islice(remaining, BATCH)):
        # A snapshot, because other transactions write at the same time.
        with db.client.start_session(snapshot=True) as session:
            entries = {entry["_id"]: entry for entry in make_entries(db, batch, session)}
            yield from sorted(compare_entries(db, batch, entries, session))


def reindex_venues(db: Db, venue_ids: Iterable[ObjectId], *, only_stale: bool = True) -> Iterator[Progress]:
    """Rebuild entries, batch by batch. Yield after each batch the number of checked and of written entries."""
    remaining, checked, written = iter(venue_ids), 0, 0
    while batch := list(islice(remaining, BATCH)):
        checked += len(batch)
        written += _reindex_batch(db, batch, only_stale=only_stale)
        yield checked, written


def _reindex_batch(db: Db, venue_ids: list[ObjectId], *, only_stale: bool) -> int:
    def refresh(session: Session) -> int:
        return refresh_entries(db, venue_ids, session, only_stale=only_stale)

    try:
        with pymongo.timeout(BATCH_SECONDS):
            return in_transaction(db, refresh)
    except (PyMongoError, BSONError) as error:
        if isinstance(error, PyMongoError) and is_unavailable(error):
            raise
        if len(venue_ids) == 1:
            log.error("a venue can't be indexed", venue_id=str(venue_ids[0]), error=type(error).__name__)  # noqa: TRY400 - the error text may contain stored values
            return 0
        # An entry that an index rejects must not keep the others of its batch out.
        return sum(_reindex_batch(db, [one], only_stale=only_stale) for one in venue_ids)


def reindex_stale(db: Db, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Rebuild every stale entry, until `should_stop`. Return the number of written entries."""
    written = 0
    for _, count in reindex_venues(db, list_indexed_ids(db)):
        written = count
        if should_stop():
            break
    if written:
        log.info("search index repaired", venues=written)
    return written


def rebuild_index(db: Db, venue_ids: Sequence[ObjectId], *, only_stale: bool) -> Iterator[Progress]:
    """Rebuild entries in several threads, and build the missing MongoDB indexes.

    Yield the number of checked and of written entries after each batch, and at least every YIELD_SECONDS. A caller that
    stops iterating waits for the batches at hand.
    """
    if not awaits_first_fill(db):
        # Search is served meanwhile, and needs the indexes.
        ensure_collections(db, [COLLECTION])
    # Nothing is to be compared before the first fill.
    is_empty = db.search_entries.find_one({}, {"_id": 1}) is None
    yield from _reindex_in_threads(db, venue_ids, only_stale=only_stale and not is_empty)
    try:
        yield from _build_indexes(db, (len(venue_ids), 0))
    except OperationFailure as error:
        if is_unavailable(error):
            raise
        log.warning("an entry can't be indexed", error=type(error).__name__)
        # With the indexes in place, `_reindex_batch` leaves out the venue that an index rejects.
        db.search_entries.delete_many({})
        ensure_collections(db, [COLLECTION])
        yield from _reindex_in_threads(db, venue_ids, only_stale=False)


def _reindex_in_threads(db: Db, venue_ids: Sequence[ObjectId], *, only_stale: bool) -> Iterator[Progress]:
    starts = iter(range(0, len(venue_ids), REBUILD_BATCH))
    checked = written = 0
    sizes: dict[Future[int], int] = {}
    with ThreadPoolExecutor(REBUILD_THREADS, "reindex") as pool:
        try:
            while True:
                for start in islice(starts, 2 * REBUILD_THREADS - len(sizes)):
                    batch = list(venue_ids[start : start + REBUILD_BATCH])
                    sizes[pool.submit(_reindex_batch, db, batch, only_stale=only_stale)] = len(batch)
                if not sizes:
                    return
                for future in wait(sizes, YIELD_SECONDS, FIRST_COMPLETED).done:
                    checked += sizes.pop(future)
                    written += future.result()
                yield checked, written
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _build_indexes(db: Db, progress: Progress) -> Iterator[Progress]:
    """Build the missing MongoDB indexes. Yield `progress` at least every YIELD_SECONDS."""
    parts = [COLLECTION.indexes[number::INDEX_THREADS] for number in range(INDEX_THREADS)]
    pending = {_start_build(db, CollectionSpec(COLLECTION.name, indexes)) for indexes in parts}
    while pending:
        done, pending = wait(pending, YIELD_SECONDS, FIRST_COMPLETED)
        for future in done:
            future.result()
        yield progress


def _start_build(db: Db, spec: CollectionSpec) -> Future[None]:
    """Create the indexes of `spec` in a daemon thread: a process that stops does not wait for it."""
    future: Future[None] = Future()

    def build() -> None:
        try:
            future.set_result(ensure_collections(db, [spec]))  # type: ignore[func-returns-value] # None
        except Exception as error:  # noqa: BLE001 - `result` raises it
            future.set_exception(error)

    threading.Thread(target=build, name="index", daemon=True).start()
    return future


def list_specs_at_start(db: Db, specs: Sequence[CollectionSpec]) -> list[CollectionSpec]:
    """Return `specs` without the search index before its first fill, which builds the MongoDB indexes last.

    To update them with each entry takes several times as long.
    """
    is_left_out = awaits_first_fill(db)
    return [spec for spec in specs if not (is_left_out and spec.name == COLLECTION.name)]


def drop_old_collections(db: Db) -> list[str] | None:
    """Drop the collections of older versions. Return their names, or None if the search index is not filled yet."""
    if not is_filled(db):
        return None
    present = sorted(set(OLD_COLLECTIONS) & set(db.list_collection_names()))
    for name in present:
        db.drop_collection(name)
    return present
