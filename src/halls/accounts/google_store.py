"""Queries on the collection `users` that find and link the accounts of people who sign in with Google."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from halls.accounts.link_store import delete_links
from halls.accounts.store import VERIFY, read_account
from halls.mongo.client import in_transaction, increment

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.mongo.client import Db, Document, Session

# Accounts of which the holder of the mailbox has perhaps written nothing. An account without a password that is not
# disowned was made by `halls import`: only the operator has written it.
SQUATTED: Document = {
    "email_verified": {"$ne": True},
    "$or": [{"password_hash": {"$type": "string"}}, {"disowned_at": {"$exists": True}}],
}


def find_account_by_google(db: Db, google_sub: str) -> Account | None:
    """Return the account that signs in with that Google account, or None."""
    return read_account(db.users.find_one({"google_sub": google_sub}))


def link_google(
    db: Db,
    account_id: ObjectId,
    google_sub: str,
    now: datetime,
    on_squatted: Callable[[Session], object] = lambda _session: None,
) -> Account | None:
    """Link the account to a Google account, verify its address, and invalidate its password, tokens and links.

    Return None if one of the two is already linked. The password is removed because the account may have been
    registered by a person who does not own the e-mail address. If its address is not verified, this person's name and
    number are removed, too, and `on_squatted` runs in the transaction.
    """
    try:
        return in_transaction(db, lambda session: _link(db, account_id, google_sub, now, session, on_squatted))
    except DuplicateKeyError:
        return None


def _link(
    db: Db,
    account_id: ObjectId,
    google_sub: str,
    now: datetime,
    session: Session,
    on_squatted: Callable[[Session], object],
) -> Account | None:
    match: Document = {"_id": account_id, "google_sub": None}
    written_by_squatter: Document = {"$set": {"full_name": None, "contact_number": None}}
    if db.users.update_one({**match, **SQUATTED}, written_by_squatter, session=session).matched_count:
        on_squatted(session)
    values = {"google_sub": {"$literal": google_sub}, "auth_provider": "google", "password_hash": None}
    document = db.users.find_one_and_update(
        match,
        [{"$set": {**values, "updated_at": now, **increment("token_version")}}, *VERIFY],
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    if document is not None:
        delete_links(db, account_id, session)
    return read_account(document)
