"""Finds stale entries of the search index, and rebuilds them from venues and bookings."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pymongo
import structlog
from bson.errors import BSONError
from pymongo.errors import PyMongoError

from halls.mongo.client import in_transaction, is_unavailable
from halls.search.index import compare_entries, make_entries, refresh_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bson import ObjectId

    from halls.mongo.client import Db, Session

log = structlog.get_logger()
# Larger batches are not faster, and keep 25 MB more of memory. This size is far below the limit of a transaction.
BATCH = 10
BATCH_SECONDS = 10


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


def reindex_venues(db: Db, venue_ids: Iterable[ObjectId], *, only_stale: bool = True) -> Iterator[tuple[int, int]]:
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
