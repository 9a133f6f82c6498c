"""How MongoDB keeps an imported file: all of it in one transaction, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pymongo
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from halls.accounts.store import lock_accounts
from halls.accounts.tokens import TokenRevoked
from halls.bookings.store import insert_bookings
from halls.mongo.client import in_transaction, is_unavailable
from halls.search.index import refresh_entries
from halls.venues.store import claim_date, insert_venues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bson import ObjectId
    from bson.raw_bson import RawBSONDocument

    from halls.data_transfer.files import Part
    from halls.mongo.client import Db, Session

# Twice the 5 s after which our mongod gives a transaction up: what takes longer is not tried for two minutes.
SAVE_SECONDS = 10
SECOND_LOOK_SECONDS = 5
DUPLICATE_KEY = 11000
# TransactionTooLargeForCache, TransactionExceededLifetimeLimitSeconds
TOO_LARGE_CODES = frozenset({388, 290})


class NotSaved(Exception):
    """The database took nothing of what was to be kept together; the message says why."""


class TransactionTooLarge(NotSaved):
    """More than one transaction can hold, or hold in time."""


@dataclass(frozen=True)
class Batch:
    """Documents to keep, at least one, and what must be true at that very moment.

    Venues kept earlier offer the dates in `claims`, and the accounts are there.
    """

    part: Part
    documents: Sequence[RawBSONDocument]
    claims: Sequence[tuple[ObjectId, str]] = ()
    accounts: Sequence[ObjectId] = ()


def save_batches(db: Db, batches: Sequence[Batch]) -> None:
    """Keep all batches or, whatever breaks and whoever dies, none. Raises NotKept."""
    try:
        with pymongo.timeout(SAVE_SECONDS):
            in_transaction(db, lambda session: _insert(db, batches, session))
    except PyMongoError as error:
        codes = _codes_of(error)
        if DUPLICATE_KEY in codes:
            raise _conflict() from error
        if not is_unavailable(error) and not codes & TOO_LARGE_CODES:
            raise
        # It may have broken just behind the commit: one more look tells.
        if not _is_stored(db, batches[0]):
            raise TransactionTooLarge("This is too much for one transaction of the database.") from error


def _insert(db: Db, batches: Sequence[Batch], session: Session) -> None:
    for batch in batches:
        if not all(claim_date(db, venue_id, date, session) for venue_id, date in batch.claims):
            raise _conflict()
        insert = insert_venues if batch.part == "venues" else insert_bookings
        insert(db, batch.documents, session)
    _lock_accounts(db, {one for batch in batches for one in batch.accounts}, session)
    id_of = {"venues": "_id", "bookings": "venue_id"}
    refresh_entries(db, {one[id_of[batch.part]] for batch in batches for one in batch.documents}, session)


def _lock_accounts(db: Db, account_ids: set[ObjectId], session: Session) -> None:
    try:
        lock_accounts(db, account_ids, session)
    except TokenRevoked:
        raise NotSaved("Somebody closed an account while the file was read.") from None


def _conflict() -> NotSaved:
    return NotSaved("Somebody else wrote or booked the same while the file was read.")


def _codes_of(error: PyMongoError) -> set[int | None]:
    if not isinstance(error, OperationFailure):
        return set()
    return {error.code, *(fault["code"] for fault in (error.details or {}).get("writeErrors", ()))}


def _is_stored(db: Db, batch: Batch) -> bool:
    # Linearizable: it waits for a commit that this node has heard of and the majority not yet.
    collection = db.get_collection(batch.part, read_concern=ReadConcern("linearizable"))
    with pymongo.timeout(SECOND_LOOK_SECONDS):
        return collection.find_one({"_id": batch.documents[0]["_id"]}) is not None
