"""Finds what in the catalog is not what venues and bookings say, and makes it anew."""

from __future__ import annotations

import random
from itertools import islice
from typing import TYPE_CHECKING

import pymongo
import structlog
from bson.errors import BSONError
from pymongo.errors import PyMongoError

from halls.mongo.client import in_transaction, is_unavailable
from halls.search.index import compare_entries, make_entries, refresh_entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bson import ObjectId

    from halls.mongo.client import Db, Session

log = structlog.get_logger()
# So many venues at once are no slower than more, far below what a transaction may take, and 25 MB less for good.
BATCH = 10
BATCH_SECONDS = 10


def list_indexed_ids(db: Db) -> list[ObjectId]:
    """Return the ids of all venues and of all entries, but for other tools' of another kind, which no route takes."""
    return sorted(_list_ids(db, "venues") | _list_ids(db, "catalog"))


def _list_ids(db: Db, name: str) -> set[ObjectId]:
    return {row["_id"] for row in db[name].find({"_id": {"$type": "objectId"}}, {"_id": 1})}


def find_stale(db: Db) -> Iterator[ObjectId]:
    """Yield the id of each venue whose entry is missing, is not what it should be, or should not be."""
    waiting = iter(list_indexed_ids(db))
    while batch := set(islice(waiting, BATCH)):
        # All of a batch as of one instant: others write meanwhile.
        with db.client.start_session(snapshot=True) as session:
            entries = {entry["_id"]: entry for entry in make_entries(db, batch, session)}
            yield from sorted(compare_entries(db, batch, entries, session))


def reindex_venues(db: Db, venue_ids: Iterable[ObjectId], *, only_stale: bool = True) -> Iterator[tuple[int, int]]:
    """Make entries anew, some at a time; yield after each time how many were looked at and how many written."""
    waiting, seen, written = iter(venue_ids), 0, 0
    while batch := list(islice(waiting, BATCH)):
        seen += len(batch)
        written += _reindex_batch(db, batch, only_stale=only_stale)
        yield seen, written


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
            log.error("a venue can't be indexed", venue_id=str(venue_ids[0]), error=type(error).__name__)  # noqa: TRY400 - its words may hold what is stored
            return 0
        # One that no index takes shall not keep the others out.
        return sum(_reindex_batch(db, [one], only_stale=only_stale) for one in venue_ids)


def reindex_stale(db: Db) -> int:
    """Make every entry anew that is not what it should be; return how many."""
    venue_ids = list_indexed_ids(db)
    # Others that start at the same time begin elsewhere, and find right what this one has mended.
    random.shuffle(venue_ids)
    written = max((count for _, count in reindex_venues(db, venue_ids)), default=0)
    if written:
        log.info("mended the catalog", venues=written)
    return written
