"""The deletion of an account: what happens before the response. The worker clears the rest of an owner's account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.accounts import deletion_store
from halls.accounts import store as accounts
from halls.accounts.account import Account, WrongPassword
from halls.accounts.block_store import delete_blocks
from halls.accounts.passwords import password_matches
from halls.bookings.changes import cancel_bookings_of, delete_texts_of
from halls.bookings.store import find_active_dates_at
from halls.clock import day_in_karachi
from halls.errors import invalid
from halls.feeds.store import delete_feeds_of
from halls.http.idempotency import delete_keys
from halls.mongo.client import in_transaction
from halls.outbox.store import delete_entries_to
from halls.search.index import refresh_entries
from halls.venues import store as venues
from halls.venues.venue import HasBookings
from halls.webhooks.delivery_store import delete_deliveries_of
from halls.webhooks.store import delete_webhooks_of

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.mongo.client import Db, Session

# Search loses at most this many venues in the transaction: a calendar has thousands of index keys, and a transaction
# may take five seconds. The change stream reader removes the venues of a larger account within seconds.
MAX_ENTRIES = 50


def delete_account(db: Db, account: Account, password: str | None, now: datetime) -> None:
    """Delete the account. From then on its tokens are invalid, and its venues are neither found nor booked.

    Its upcoming bookings are cancelled. The other data of an owner is deleted by the worker (accounts/clearing.py).
    Raises Invalid if the account has a password and `password` is None, WrongPassword, TokenRevoked, and HasBookings
    if one of its venues has upcoming bookings. Then nothing is changed.
    """
    if account.password_hash is not None:
        if password is None:
            raise invalid("password", "This field is required.", "required")
        if not password_matches(account.password_hash, password):
            raise WrongPassword

    def delete(session: Session) -> None:
        # The account is deleted first. Concurrent transactions of the account commit before this one, or fail.
        accounts.delete_account(db, account, session)
        venue_ids = _mark_venues(db, account.id, now, session)
        cancel_bookings_of(db, account.id, now=now, session=session)
        delete_feeds_of(db, account.id, session)
        delete_webhooks_of(db, account.id, session)
        delete_blocks(db, account.id, session)
        delete_entries_to(db, account.id, account.email, session)
        if account.is_venue_owner or venue_ids:
            deletion_store.insert_deletion(db, account.id, now, session)
        else:
            delete_traces(db, account.id, session)

    in_transaction(db, delete)


def _mark_venues(db: Db, owner_id: ObjectId, now: datetime, session: Session) -> list[ObjectId]:
    """Mark all venues of the owner as deleted, and return their ids. Raises HasBookings."""
    venue_ids = venues.list_venue_ids(db, owner_id, session)
    if not venue_ids:
        return []
    # The venues are written before their bookings are read, so that a concurrent booking of one conflicts.
    venues.mark_venues(db, venue_ids, "deleted_at", now, session)
    if booked := find_active_dates_at(db, venue_ids, from_date=day_in_karachi(now), session=session):
        raise HasBookings(sorted(booked))
    refresh_entries(db, venue_ids[:MAX_ENTRIES], session)
    return venue_ids


def delete_traces(db: Db, account_id: ObjectId, session: Session | None) -> None:
    """Delete the data of a deleted account that nothing shows any more. It can be repeated."""
    delete_texts_of(db, account_id, session)
    delete_deliveries_of(db, account_id, session)
    delete_keys(db, account_id, session)
