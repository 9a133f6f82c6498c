"""Queries on the collections `password_resets` and `email_links`: the hashes of the tokens in links of e-mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bson import ObjectId
from pymongo import ASCENDING, IndexModel

from halls.accounts.account import BadLink, BadResetToken
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account, EmailLinkDocument, PasswordResetDocument
    from halls.mongo.client import Db, Document, Session

RESETS_COLLECTION = CollectionSpec(
    "password_resets",
    [
        IndexModel([("token", ASCENDING)], name="one_reset_per_token", unique=True),
        IndexModel([("user_id", ASCENDING)], name="resets_of_account"),
        IndexModel([("expires_at", ASCENDING)], name="resets_expire", expireAfterSeconds=0),
    ],
)
LINKS_COLLECTION = CollectionSpec(
    "email_links",
    [
        IndexModel([("token", ASCENDING)], name="one_link_per_token", unique=True),
        IndexModel([("user_id", ASCENDING)], name="links_of_account"),
        IndexModel([("expires_at", ASCENDING)], name="links_expire", expireAfterSeconds=0),
    ],
)


def insert_reset(
    db: Db,
    account_id: ObjectId,
    token_hash: str,
    *,
    expires_at: datetime,
    now: datetime,
    by_operator: bool = False,
    session: Session | None = None,
) -> None:
    """Insert a password reset, and make the older ones of the account invalid. Only the hash of its token is stored.

    `by_operator`: no e-mail has the link.
    """
    delete_resets(db, account_id, session)
    reset: PasswordResetDocument = {
        "_id": ObjectId(),
        "user_id": account_id,
        "token": token_hash,
        "expires_at": expires_at,
        "created_at": now,
    }
    if by_operator:
        reset["by_operator"] = True
    db.password_resets.insert_one(cast("Document", reset), session=session)


def get_reset(db: Db, token_hash: str, now: datetime) -> PasswordResetDocument:
    """Return the open reset. Raises BadResetToken."""
    # The filter checks the expiry, because the TTL index deletes expired resets only once a minute.
    reset = db.password_resets.find_one({"token": token_hash, "expires_at": {"$gt": now}})
    if reset is None:
        raise BadResetToken
    return cast("PasswordResetDocument", reset)


def delete_reset(db: Db, reset: PasswordResetDocument, session: Session) -> bool:
    """Delete the reset. Return False if another request has used it."""
    return db.password_resets.delete_one({"_id": reset["_id"]}, session=session).deleted_count == 1


def delete_resets(db: Db, account_id: ObjectId, session: Session | None) -> None:
    """Make all reset links of the account invalid."""
    db.password_resets.delete_many({"user_id": account_id}, session=session)


def insert_link(
    db: Db, account: Account, token_hash: str, *, expires_at: datetime, now: datetime, session: Session
) -> None:
    """Insert a verification link for the address of the account. Only the hash of its token is stored."""
    link: EmailLinkDocument = {
        "_id": ObjectId(),
        "user_id": account.id,
        "token": token_hash,
        "email": account.email,
        "expires_at": expires_at,
        "created_at": now,
    }
    db.email_links.insert_one(cast("Document", link), session=session)


def consume_link(db: Db, token_hash: str, now: datetime, session: Session) -> EmailLinkDocument:
    """Delete a verification link and return it. Raises BadLink."""
    match = {"token": token_hash, "expires_at": {"$gt": now}}
    link = db.email_links.find_one_and_delete(match, session=session)
    if link is None:
        raise BadLink
    return cast("EmailLinkDocument", link)


def delete_links(db: Db, account_id: ObjectId, session: Session) -> None:
    """Make the links of all e-mails to the account invalid."""
    delete_resets(db, account_id, session)
    db.email_links.delete_many({"user_id": account_id}, session=session)
