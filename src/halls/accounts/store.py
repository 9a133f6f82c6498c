"""How MongoDB keeps accounts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from halls.accounts.account import Account, BadResetToken, EmailTaken, account_from_document
from halls.accounts.tokens import TokenRevoked
from halls.mongo.client import ANY_CASE, in_transaction
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bson import ObjectId

    from halls.mongo.client import Db, Document, Session

ONE_ACCOUNT_PER_EMAIL = IndexModel(
    [("email", ASCENDING)], name="one_account_per_email", unique=True, collation=ANY_CASE
)
ONE_ACCOUNT_PER_GOOGLE_SUB = IndexModel(
    [("google_sub", ASCENDING)],
    name="one_account_per_google_sub",
    unique=True,
    partialFilterExpression={"google_sub": {"$type": "string"}},
)
COLLECTION = CollectionSpec("users", [ONE_ACCOUNT_PER_EMAIL, ONE_ACCOUNT_PER_GOOGLE_SUB])
RESETS_COLLECTION = CollectionSpec(
    "password_resets",
    [
        IndexModel([("token", ASCENDING)], name="one_reset_per_token", unique=True),
        IndexModel([("user_id", ASCENDING)], name="resets_of_account"),
        IndexModel([("expires_at", ASCENDING)], name="resets_expire", expireAfterSeconds=0),
    ],
)
EMAIL_PAUSE_SECONDS = 60


def find_account(db: Db, account_id: ObjectId) -> Account | None:
    """Return the account with that id, or None."""
    document = db.users.find_one({"_id": account_id})
    return account_from_document(document) if document else None


def find_account_by_email(db: Db, email: str) -> Account | None:
    """Return the account with that address in whatever case, or None."""
    document = db.users.find_one({"email": email}, collation=ANY_CASE)
    return account_from_document(document) if document else None


def find_accounts(db: Db, account_ids: Iterable[ObjectId | None]) -> dict[ObjectId, Account]:
    """Return those of the accounts that exist, by id."""
    found = db.users.find({"_id": {"$in": list(account_ids)}})
    return {document["_id"]: account_from_document(document) for document in found}


def find_accounts_by_email(db: Db, emails: Iterable[str]) -> dict[str, Account]:
    """Return those of the accounts that exist, by their addresses in lower case."""
    found = db.users.find({"email": {"$in": list(emails)}}, collation=ANY_CASE)
    return {document["email"].lower(): account_from_document(document) for document in found}


def insert_account(db: Db, document: Document) -> Account:
    """Keep a new account. Raises EmailTaken."""
    try:
        db.users.insert_one(document)
    except DuplicateKeyError:
        raise EmailTaken from None
    return account_from_document(document)


def update_account(db: Db, account: Account, changes: dict[str, Any], now: datetime) -> Account | None:
    """Set some fields; return the account as it is then, or None when it is gone or its tokens are void by now."""
    document = db.users.find_one_and_update(
        _unchanged_filter(account), {"$set": {**changes, "updated_at": now}}, return_document=ReturnDocument.AFTER
    )
    return account_from_document(document) if document else None


def _unchanged_filter(account: Account) -> Document:
    # Whoever was let in by a token that is void since must not get a new one, nor anything else, for it.
    return {"_id": account.id, "token_version": {"$in": [account.token_version, None]}}


def replace_password(
    db: Db, account_id: ObjectId, *, old_hash: str | None, new_hash: str, now: datetime, session: Session
) -> Account | None:
    """Set a new password and void all tokens and open resets; None when the old password was replaced meanwhile."""
    document = db.users.find_one_and_update(
        {"_id": account_id, "password_hash": old_hash},
        {"$set": {"password_hash": new_hash, "updated_at": now}, "$inc": {"token_version": 1}},
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    if document is None:
        return None
    db.password_resets.delete_many({"user_id": account_id}, session=session)
    return account_from_document(document)


def update_hash(db: Db, account_id: ObjectId, *, old_hash: str, new_hash: str) -> None:
    """Keep the same password at today's cost, unless it was changed meanwhile."""
    db.users.update_one({"_id": account_id, "password_hash": old_hash}, {"$set": {"password_hash": new_hash}})


def lock_account(db: Db, account_id: ObjectId, session: Session) -> None:
    """Write the account in the caller's transaction, so that it can't be closed in the same instant.

    Raises TokenRevoked when it is gone.
    """
    lock_accounts(db, {account_id}, session)


def lock_accounts(db: Db, account_ids: set[ObjectId], session: Session) -> None:
    """Do what `lock_account` does with each. Raises TokenRevoked when one is gone."""
    found = db.users.update_many({"_id": {"$in": list(account_ids)}}, {"$inc": {"rev": 1}}, session=session)
    if found.matched_count < len(account_ids):
        raise TokenRevoked


def delete_account(db: Db, account: Account, session: Session) -> None:
    """Remove the account and its open resets. Raises TokenRevoked when it is gone or its tokens are void by now."""
    if db.users.delete_one(_unchanged_filter(account), session=session).deleted_count == 0:
        raise TokenRevoked
    db.password_resets.delete_many({"user_id": account.id}, session=session)


def insert_reset(db: Db, account_id: ObjectId, token_hash: str, *, expires_at: datetime, now: datetime) -> None:
    """Keep the hash of a reset token."""
    reset = {"user_id": account_id, "token": token_hash, "expires_at": expires_at, "created_at": now}
    db.password_resets.insert_one(reset)


def get_reset(db: Db, token_hash: str, now: datetime) -> Document:
    """Return the open reset. Raises BadResetToken. The TTL index sweeps once a minute: expiry is asked for here."""
    reset = db.password_resets.find_one({"token": token_hash, "expires_at": {"$gt": now}})
    if reset is None:
        raise BadResetToken
    return reset


def consume_reset(db: Db, reset: Document, new_hash: str, now: datetime, session: Session) -> None:
    """Use up a reset: the new password stands, older tokens and all resets of the account are void.

    Raises BadResetToken when another request used it, or the account is gone.
    """
    spent = db.password_resets.delete_one({"_id": reset["_id"]}, session=session).deleted_count
    changed = (
        spent
        and db.users.update_one(
            {"_id": reset["user_id"]},
            {"$set": {"password_hash": new_hash, "updated_at": now}, "$inc": {"token_version": 1}},
            session=session,
        ).matched_count
    )
    if not changed:
        raise BadResetToken
    db.password_resets.delete_many({"user_id": reset["user_id"]}, session=session)


def claim_reset_email(db: Db, email: str, letter_id: ObjectId, now: datetime, *, limited: bool) -> Account | None:
    """Return the account to write a reset letter to, or None: nobody's address, or one went there a minute ago.

    A second try of the same letter is let through.
    """
    match: Document = {"email": email}
    if limited:
        recent = now - timedelta(seconds=EMAIL_PAUSE_SECONDS)
        match["$or"] = [{"reset_letter.at": {"$not": {"$gt": recent}}}, {"reset_letter.id": letter_id}]
    document = db.users.find_one_and_update(
        match, {"$set": {"reset_letter": {"id": letter_id, "at": now}}}, collation=ANY_CASE
    )
    return account_from_document(document) if document else None


def find_account_by_google(db: Db, google_sub: str) -> Account | None:
    """Return the account that signs in with that Google account, or None."""
    document = db.users.find_one({"google_sub": google_sub})
    return account_from_document(document) if document else None


def link_google(db: Db, account_id: ObjectId, google_sub: str, now: datetime) -> Account | None:
    """Make the account Google's: its password, tokens and resets are void. None when either has another by now.

    Whoever registered somebody else's address first gains nothing by it.
    """

    def link(session: Session) -> Document | None:
        document = db.users.find_one_and_update(
            {"_id": account_id, "google_sub": None},
            {
                "$set": {"google_sub": google_sub, "auth_provider": "google", "password_hash": None, "updated_at": now},
                "$inc": {"token_version": 1},
            },
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        if document is not None:
            db.password_resets.delete_many({"user_id": account_id}, session=session)
        return document

    try:
        document = in_transaction(db, link)
    except DuplicateKeyError:
        return None
    return account_from_document(document) if document else None
