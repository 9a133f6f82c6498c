"""Queries on the collections `users` and `password_resets`, and their indexes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from bson import ObjectId
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from halls.accounts.account import Account, BadResetToken, EmailTaken, account_from_document
from halls.accounts.tokens import Claims, TokenRevoked
from halls.mongo.client import ANY_CASE, in_transaction, increment
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from halls.accounts.account import AccountDocument, PasswordResetDocument, RevokedToken
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
# Each request reads the list with the account. 200 tokens take 0.3 ms.
MAX_REVOKED_TOKENS = 200


def find_account_of_token(db: Db, claims: Claims) -> Account | None:
    """Return the account of a token, or None if it is deleted or the token was logged out."""
    # The list is compared here: a query by anything else than the id costs each request 0.1 ms more.
    document = db.users.find_one({"_id": claims.account_id})
    revoked: list[RevokedToken] = (document or {}).get("revoked_tokens") or []
    return None if any(token["jti"] == claims.token_id for token in revoked) else _read_account(document)


def _read_account(document: Document | None) -> Account | None:
    return account_from_document(cast("AccountDocument", document)) if document else None


def find_account_by_email(db: Db, email: str) -> Account | None:
    """Return the account with that e-mail address, compared without case, or None."""
    return _read_account(db.users.find_one({"email": email}, collation=ANY_CASE))


def find_accounts(db: Db, account_ids: Iterable[ObjectId | None]) -> dict[ObjectId, Account]:
    """Return the accounts that exist, by id."""
    found = cast("Iterable[AccountDocument]", db.users.find({"_id": {"$in": list(account_ids)}}))
    return {document["_id"]: account_from_document(document) for document in found}


def find_accounts_by_email(db: Db, emails: Iterable[str]) -> dict[str, Account]:
    """Return the accounts that exist, by e-mail address in lower case."""
    match = {"email": {"$in": list(emails)}}
    found = cast("Iterable[AccountDocument]", db.users.find(match, collation=ANY_CASE))
    accounts = [account_from_document(document) for document in found]
    return {account.email.lower(): account for account in accounts}


def has_accounts(db: Db) -> bool:
    """Return whether there is any account."""
    return db.users.find_one({}, {"_id": 1}) is not None


def insert_accounts(db: Db, documents: Sequence[AccountDocument], session: Session) -> None:
    """Insert generated accounts. Raises BulkWriteError, which must leave the transaction of the caller."""
    db.users.insert_many(cast("Sequence[Document]", documents), session=session)


def insert_account(db: Db, document: AccountDocument) -> Account:
    """Insert a new account. Raises EmailTaken."""
    try:
        db.users.insert_one(cast("Document", document))
    except DuplicateKeyError:
        raise EmailTaken from None
    return account_from_document(document)


def update_account(db: Db, account: Account, changes: dict[str, Any], now: datetime) -> Account | None:
    """Set some fields and return the changed account, or None if it is deleted or its tokens are no longer valid."""
    document = db.users.find_one_and_update(
        _unchanged_filter(account), {"$set": {**changes, "updated_at": now}}, return_document=ReturnDocument.AFTER
    )
    return _read_account(document)


def _unchanged_filter(account: Account) -> Document:
    # A request whose token was invalidated after its authentication must not change anything or get a new token.
    # An account of an external writer has version 0: no field, or a value that is not a positive number.
    version: Any = account.token_version or {"$not": {"$gt": 0}}
    return {"_id": account.id, "token_version": version}


def revoke_token(db: Db, account: Account, claims: Claims, now: datetime) -> bool:
    """Make one token of the account invalid.

    Return False and change nothing if too many unexpired tokens are revoked already, or the account has changed.
    """
    unexpired = {
        "$filter": {
            "input": {"$cond": [{"$isArray": "$revoked_tokens"}, "$revoked_tokens", []]},
            "cond": {"$gt": ["$$this.expires_at", now]},
        }
    }
    revoked: RevokedToken = {"jti": claims.token_id, "expires_at": claims.expires_at}
    changed = db.users.update_one(
        {**_unchanged_filter(account), "$expr": {"$lt": [{"$size": unexpired}, MAX_REVOKED_TOKENS]}},
        # A set: the same token can be logged out by two concurrent requests.
        [{"$set": {"revoked_tokens": {"$setUnion": [unexpired, [{"$literal": revoked}]]}}}],
    )
    return changed.matched_count == 1


def revoke_all_tokens(db: Db, account: Account) -> None:
    """Make all tokens of the account invalid. Raises TokenRevoked if another request did so, or deleted the account."""
    changed = db.users.update_one(
        _unchanged_filter(account),
        {"$set": {"token_version": account.token_version + 1}, "$unset": {"revoked_tokens": 1}},
    )
    if changed.matched_count == 0:
        raise TokenRevoked


def replace_password(
    db: Db, account_id: ObjectId, *, old_hash: str | None, new_hash: str, now: datetime, session: Session
) -> Account | None:
    """Set a new password, and invalidate all tokens and open resets.

    Return None and change nothing if the old password was replaced meanwhile.
    """
    document = db.users.find_one_and_update(
        {"_id": account_id, "password_hash": old_hash},
        _new_password(new_hash, now),
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    if document is None:
        return None
    db.password_resets.delete_many({"user_id": account_id}, session=session)
    return _read_account(document)


def _new_password(new_hash: str, now: datetime) -> list[Document]:
    """Return the update that sets a password and invalidates all tokens."""
    values = {"password_hash": {"$literal": new_hash}, "updated_at": now}
    return [{"$set": values | increment("token_version")}]


def update_hash(db: Db, account_id: ObjectId, *, old_hash: str, new_hash: str) -> None:
    """Store another hash of the same password, unless the password was changed meanwhile."""
    db.users.update_one({"_id": account_id, "password_hash": old_hash}, {"$set": {"password_hash": new_hash}})


def lock_account(db: Db, account_id: ObjectId, session: Session) -> None:
    """Write the account in the caller's transaction, so that the transaction conflicts with a concurrent deletion.

    Raises TokenRevoked if the account is deleted.
    """
    lock_accounts(db, {account_id}, session)


def lock_accounts(db: Db, account_ids: set[ObjectId], session: Session) -> None:
    """Lock several accounts like `lock_account`. Raises TokenRevoked if one of them is deleted."""
    found = db.users.update_many({"_id": {"$in": list(account_ids)}}, [{"$set": increment("rev")}], session=session)
    if found.matched_count < len(account_ids):
        raise TokenRevoked


def delete_account(db: Db, account: Account, session: Session) -> None:
    """Delete the account and its open resets.

    Raises TokenRevoked if the account is already deleted or its tokens are no longer valid.
    """
    if db.users.delete_one(_unchanged_filter(account), session=session).deleted_count == 0:
        raise TokenRevoked
    db.password_resets.delete_many({"user_id": account.id}, session=session)


def insert_reset(db: Db, account_id: ObjectId, token_hash: str, *, expires_at: datetime, now: datetime) -> None:
    """Insert a password reset. Only the hash of its token is stored."""
    reset: PasswordResetDocument = {
        "_id": ObjectId(),
        "user_id": account_id,
        "token": token_hash,
        "expires_at": expires_at,
        "created_at": now,
    }
    db.password_resets.insert_one(cast("Document", reset))


def get_reset(db: Db, token_hash: str, now: datetime) -> PasswordResetDocument:
    """Return the open reset. Raises BadResetToken."""
    # The filter checks the expiry, because the TTL index deletes expired resets only once a minute.
    reset = db.password_resets.find_one({"token": token_hash, "expires_at": {"$gt": now}})
    if reset is None:
        raise BadResetToken
    return cast("PasswordResetDocument", reset)


def consume_reset(db: Db, reset: PasswordResetDocument, new_hash: str, now: datetime, session: Session) -> None:
    """Set the new password, and invalidate the reset with all tokens and other resets of the account.

    Raises BadResetToken if another request used the reset, or the account is deleted.
    """
    spent = db.password_resets.delete_one({"_id": reset["_id"]}, session=session).deleted_count
    changed = (
        spent
        and db.users.update_one(
            {"_id": reset["user_id"]},
            _new_password(new_hash, now),
            session=session,
        ).matched_count
    )
    if not changed:
        raise BadResetToken
    db.password_resets.delete_many({"user_id": reset["user_id"]}, session=session)


def claim_reset_email(db: Db, email: str, entry_id: ObjectId, now: datetime, *, limited: bool) -> Account | None:
    """Return the account that gets a reset e-mail, or None. `entry_id` is the outbox entry of the e-mail.

    None without an account, or if `limited` and another e-mail was claimed for it within the last minute.
    A retry of the same entry may claim again.
    """
    match: Document = {"email": email}
    if limited:
        recent = now - timedelta(seconds=EMAIL_PAUSE_SECONDS)
        match["$or"] = [{"reset_letter.at": {"$not": {"$gt": recent}}}, {"reset_letter.id": entry_id}]
    update = {"$set": {"reset_letter": {"id": entry_id, "at": now}}}
    return _read_account(db.users.find_one_and_update(match, update, collation=ANY_CASE))


def find_account_by_google(db: Db, google_sub: str) -> Account | None:
    """Return the account that signs in with that Google account, or None."""
    return _read_account(db.users.find_one({"google_sub": google_sub}))


def link_google(db: Db, account_id: ObjectId, google_sub: str, now: datetime) -> Account | None:
    """Link the account to a Google account, and invalidate its password, tokens and resets.

    Return None if one of the two is already linked. The password is removed because the account may have been
    registered by a person who does not own the e-mail address.
    """

    def link(session: Session) -> Document | None:
        values = {"google_sub": {"$literal": google_sub}, "auth_provider": "google", "password_hash": None}
        document = db.users.find_one_and_update(
            {"_id": account_id, "google_sub": None},
            [{"$set": {**values, "updated_at": now, **increment("token_version")}}],
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
    return _read_account(document)
