"""The deletion of an account with its personal data, venues and upcoming bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.accounts import store as accounts
from halls.accounts.account import Account, WrongPassword
from halls.accounts.passwords import password_matches
from halls.bookings.changes import cancel_bookings_of, delete_texts_of
from halls.errors import invalid
from halls.http.idempotency import delete_keys
from halls.mongo.client import in_transaction
from halls.outbox.store import delete_entries_to
from halls.venues import store as venues
from halls.venues.service import delete_venue_in_transaction

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db, Session


def delete_account(db: Db, account: Account, password: str | None, now: datetime) -> None:
    """Delete the account, its personal data and its venues, and cancel its upcoming bookings.

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
        for venue_id in venues.list_venue_ids(db, account.id, session):
            delete_venue_in_transaction(db, venue_id, now, session)
        cancel_bookings_of(db, account.id, now=now, session=session)
        delete_texts_of(db, account.id, session)
        delete_keys(db, account.id, session)
        delete_entries_to(db, account.id, account.email, session)

    in_transaction(db, delete)
