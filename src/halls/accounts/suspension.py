"""Operators suspend an account with its venues, and restore it. Both can be repeated after an interruption."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymongo

from halls.accounts import operator_store as store
from halls.errors import OperatorError
from halls.mongo.client import in_transaction
from halls.search.index import refresh_entries
from halls.venues.event_store import insert_venue_event
from halls.venues.store import list_venue_ids, mark_venues

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bson import ObjectId

    from halls.mongo.client import Db, Session

# The venues of one transaction. Each may have 1 000 dates and prices.
BATCH = 10
# Also while a guest books one of the venues, so that the transaction starts again.
BATCH_SECONDS = 10


class AccountChanged(OperatorError):
    """Another request or operator changed the account meanwhile, or deleted it."""

    def __init__(self) -> None:
        super().__init__("The account was changed or deleted meanwhile. Look at it with `halls account show`.")


def suspend_account(db: Db, account_id: ObjectId, now: datetime) -> int:
    """Reject the logins and tokens of the account, and take its venues out of search and new bookings.

    The bookings stay. Return the number of venues that were taken out. An account that is suspended already keeps its
    `suspended_at`, and only venues that an interrupted command left are taken out. Raises AccountChanged.
    """
    # First the account: from then on `lock_account` stops its requests, so it gets no more venues.
    store.mark_suspended(db, account_id, now)
    return _mark_venues(db, account_id, now, is_suspended=True)


def restore_account(db: Db, account_id: ObjectId, now: datetime) -> int:
    """End the suspension of the account and its venues. Return the number of venues. Raises AccountChanged.

    The holder has to log in again. Venues that the owner had paused or an operator had hidden stay so.
    """
    store.mark_restored(db, account_id, now)
    return _mark_venues(db, account_id, now, is_suspended=False)


def _mark_venues(db: Db, account_id: ObjectId, now: datetime, *, is_suspended: bool) -> int:
    venue_ids = list_venue_ids(db, account_id)
    # Also without venues, so that AccountChanged is raised.
    batches = [venue_ids[start : start + BATCH] for start in range(0, max(len(venue_ids), 1), BATCH)]
    return sum(_mark_batch(db, account_id, batch, now, is_suspended=is_suspended) for batch in batches)


def _mark_batch(
    db: Db, account_id: ObjectId, venue_ids: Sequence[ObjectId], now: datetime, *, is_suspended: bool
) -> int:
    """Copy the suspension of the account to some of its venues. Return the number of changed venues."""

    def mark(session: Session) -> int:
        # Conflicts with the opposite command of another operator. Otherwise the venues could differ from the account.
        account = store.lock_suspension(db, account_id, is_suspended=is_suspended, session=session)
        if account is None:
            raise AccountChanged
        changed = mark_venues(db, venue_ids, "suspended_at", account.get("suspended_at"), session)
        for venue in changed:
            insert_venue_event(db, venue, "venue_changed", now, session)
        refresh_entries(db, venue_ids, session)
        return len(changed)

    with pymongo.timeout(BATCH_SECONDS):
        return in_transaction(db, mark)
