"""Saves batches of imported documents in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from halls.accounts.store import lock_accounts
from halls.accounts.tokens import TokenRevoked
from halls.bookings.store import has_booking, insert_bookings
from halls.mongo.client import in_transaction, is_unavailable
from halls.search.index import refresh_entries
from halls.venues.store import claim_date, has_venue, insert_venues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bson import ObjectId
    from bson.raw_bson import RawBSONDocument

    from halls.data_transfer.files import Part
    from halls.mongo.client import Db, Session

# Twice the 5 s after which the embedded mongod aborts a transaction. Otherwise the driver retries for two minutes.
SAVE_SECONDS = 10
SECOND_LOOK_SECONDS = 5
DUPLICATE_KEY = 11000
# TransactionTooLargeForCache, TransactionExceededLifetimeLimitSeconds
TOO_LARGE_CODES = frozenset({388, 290})


class NotSaved(Exception):
    """The transaction did not commit. The message says why."""


class TransactionTooLarge(NotSaved):
    """The transaction is too large, or takes too long."""


@dataclass(frozen=True)
class Batch:
    """Documents to insert, at least one, with conditions that the transaction checks.

    The stored venues must offer the dates in `claims`, and the `accounts` must exist.
    """

    part: Part
    documents: Sequence[RawBSONDocument]
    claims: Sequence[tuple[ObjectId, str]] = ()
    accounts: Sequence[ObjectId] = ()


def save_batches(db: Db, batches: Sequence[Batch]) -> None:
    """Insert all batches, or none of them. Raises NotSaved."""
    try:
        with pymongo.timeout(SAVE_SECONDS):
            in_transaction(db, lambda session: _insert(db, batches, session))
    except PyMongoError as error:
        codes = _codes_of(error)
        if DUPLICATE_KEY in codes:
            raise _conflict() from error
        if not is_unavailable(error) and not codes & TOO_LARGE_CODES:
            raise
        # The error may have come after the commit, so a read decides.
        if not _is_stored(db, batches[0]):
            raise TransactionTooLarge("The file is too large for one transaction of the database.") from error


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
        raise NotSaved("An account in the file was deleted while the file was read.") from None


def _conflict() -> NotSaved:
    return NotSaved("Another process stored or booked the same while the file was read.")


def _codes_of(error: PyMongoError) -> set[int | None]:
    if not isinstance(error, OperationFailure):
        return set()
    return {error.code, *(fault["code"] for fault in (error.details or {}).get("writeErrors", ()))}


def _is_stored(db: Db, batch: Batch) -> bool:
    is_stored = has_venue if batch.part == "venues" else has_booking
    with pymongo.timeout(SECOND_LOOK_SECONDS):
        return is_stored(db, batch.documents[0]["_id"])
