"""Saves batches of imported documents in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from halls.accounts.operator_store import find_suspensions
from halls.accounts.store import insert_accounts, lock_accounts
from halls.accounts.tokens import TokenRevoked
from halls.bookings.store import has_booking, insert_bookings
from halls.data_transfer.known_venues import key_of
from halls.data_transfer.rows import take_batches
from halls.documents import read_id
from halls.errors import Invalid
from halls.mongo.client import in_transaction, is_unavailable
from halls.search.index import refresh_entries
from halls.venues.service import change_venue_in_transaction
from halls.venues.store import claim_date, has_venue, insert_venues, mark_venues, read_places
from halls.venues.venue import DateBooked, VenueNotFound
from halls.venues.visibility import HiddenByOperator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from bson import ObjectId
    from bson.raw_bson import RawBSONDocument

    from halls.accounts.account import AccountDocument
    from halls.data_transfer.known_venues import VenueKey
    from halls.data_transfer.rows import Part
    from halls.mongo.client import Db, Session

# Twice the 5 s after which the embedded mongod aborts a transaction. Otherwise the driver retries for two minutes.
SAVE_SECONDS = 10
SECOND_LOOK_SECONDS = 5
# The entries of the search index are made in memory, for so many venues at a time.
REFRESH_VENUES = 50
DUPLICATE_KEY = 11000
# TransactionTooLargeForCache, TransactionExceededLifetimeLimitSeconds
TOO_LARGE_CODES = frozenset({388, 290})


class NotSaved(Exception):
    """The transaction did not commit. The message says why."""


class TransactionTooLarge(NotSaved):
    """The transaction is too large, or takes too long."""

    def __init__(self) -> None:
        super().__init__("The file is too large for one transaction of the database.")


@dataclass(frozen=True)
class VenueUpdate:
    """Fields to set in a stored venue."""

    venue_id: ObjectId
    changes: dict[str, Any]
    now: datetime


@dataclass(frozen=True)
class Batch:
    """Documents to insert and venues to update, with conditions that the transaction checks.

    The stored venues must offer the dates in `claims`, the `accounts` must exist, and no other venue may have one of
    the `new_keys`.
    """

    part: Part
    documents: Sequence[RawBSONDocument]
    claims: Sequence[tuple[ObjectId, str]] = ()
    accounts: Sequence[ObjectId] = ()
    new_accounts: Sequence[AccountDocument] = ()
    updates: Sequence[VenueUpdate] = ()
    new_keys: AbstractSet[VenueKey] = frozenset()

    @property
    def size(self) -> int:
        """Return the number of bytes of the documents."""
        return sum(len(document.raw) for document in self.documents)


def save_batches(db: Db, batches: Sequence[Batch]) -> None:
    """Insert all batches, or none of them. Raises NotSaved."""
    try:
        with pymongo.timeout(SAVE_SECONDS):
            in_transaction(db, lambda session: _insert(db, batches, session))
    except PyMongoError as error:
        codes = _codes_of(error)
        if DUPLICATE_KEY in codes:
            raise _conflict() from error
        is_too_large = is_unavailable(error) or bool(codes & TOO_LARGE_CODES)
        if isinstance(error, BulkWriteError) and not is_too_large:
            reason = error.details["writeErrors"][0]["errmsg"]
            raise NotSaved(f"The database rejects a record of the file: {reason}.") from error
        if not is_too_large:
            raise
        # The error may have come after the commit, so a read decides.
        if not _is_stored(db, batches):
            raise TransactionTooLarge from error


def _insert(db: Db, batches: Sequence[Batch], session: Session) -> None:
    for batch in batches:
        if not all(claim_date(db, venue_id, date, session) for venue_id, date in batch.claims):
            raise _conflict()
        _update(db, batch.updates, session)
        if batch.new_accounts:
            insert_accounts(db, batch.new_accounts, session)
        if batch.documents:
            insert = insert_venues if batch.part == "venues" else insert_bookings
            insert(db, batch.documents, session)
    _lock_accounts(db, {one for batch in batches for one in batch.accounts}, session)
    _check_keys(db, batches, session)
    _copy_suspensions(db, batches, session)
    id_of = {"venues": "_id", "bookings": "venue_id"}
    venue_ids = {one[id_of[batch.part]] for batch in batches for one in batch.documents}
    for some in take_batches(venue_ids, REFRESH_VENUES):
        refresh_entries(db, some, session)


def _copy_suspensions(db: Db, batches: Sequence[Batch], session: Session) -> None:
    """Suspend the inserted venues exactly if their owners are. The file may be an export of another time."""
    venues = [one for batch in batches if batch.part == "venues" for one in batch.documents]
    if not venues:
        return
    owner_of = {one["_id"]: read_id(one.get("owner_id")) for one in venues}
    moments = find_suspensions(db, set(owner_of.values()), session)
    restored = [venue_id for venue_id, owner_id in owner_of.items() if owner_id not in moments]
    mark_venues(db, restored, "suspended_at", None, session)
    for owner_id, moment in moments.items():
        venue_ids = [venue_id for venue_id, each in owner_of.items() if each == owner_id]
        mark_venues(db, venue_ids, "suspended_at", moment, session)


def _update(db: Db, updates: Sequence[VenueUpdate], session: Session) -> None:
    try:
        for update in updates:
            change_venue_in_transaction(db, update.venue_id, update.changes, update.now, session)
    except (DateBooked, VenueNotFound, HiddenByOperator, Invalid):
        raise _conflict() from None


def _check_keys(db: Db, batches: Sequence[Batch], session: Session) -> None:
    """Check that no other import has stored the same venues meanwhile.

    The accounts are locked. So two imports for one owner conflict, and MongoDB restarts one of them, which then finds
    the venues of the other one here.
    """
    keys = {key for batch in batches for key in batch.new_keys}
    if not keys:
        return
    own_ids = {one["_id"] for batch in batches for one in batch.documents}
    for venue in read_places(db, {key[0] for key in keys}, session):
        if venue["_id"] not in own_ids and key_of(venue) in keys:
            raise _conflict()


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


def _is_stored(db: Db, batches: Sequence[Batch]) -> bool:
    """Return whether the first document is stored. An import that only updates can be started again in any case."""
    for batch in batches:
        if batch.documents:
            is_stored = has_venue if batch.part == "venues" else has_booking
            with pymongo.timeout(SECOND_LOOK_SECONDS):
                return is_stored(db, batch.documents[0]["_id"])
    return False
