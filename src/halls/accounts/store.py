"""Queries on the collection `users`, and its indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from halls.accounts.account import Account, BadResetToken, EmailTaken, account_from_document
from halls.accounts.link_store import delete_links, delete_reset, delete_resets
from halls.accounts.tokens import Claims, TokenRevoked
from halls.mongo.client import ANY_CASE, in_transaction, increment
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from bson import ObjectId

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
# The stages of an update that makes the address of an account verified.
VERIFY: list[Document] = [
    {"$set": {"email_verified": True}},
    {"$unset": ["disowned_at", "news_emails", "verify_emails"]},
]
NOT_DISOWNED: Document = {"disowned_at": {"$exists": False}}
# Also matches null, like `Account.is_suspended`.
NOT_SUSPENDED: Document = {"suspended_at": None}
# Each request reads the list with the account. 200 tokens take 0.3 ms.
MAX_REVOKED_TOKENS = 200


def find_account_of_token(db: Db, claims: Claims) -> Account | None:
    """Return the account of a token, or None if it is deleted or the token was logged out."""
    # The list is compared here: a query by anything else than the id costs each request 0.1 ms more.
    document = db.users.find_one({"_id": claims.account_id})
    revoked: list[RevokedToken] = (document or {}).get("revoked_tokens") or []
    return None if any(token["jti"] == claims.token_id for token in revoked) else read_account(document)


def find_valid_account(db: Db, account: Account, session: Session) -> Account | None:
    """Return the account as it is stored now, or None if it is deleted or its tokens are no longer valid."""
    return read_account(db.users.find_one(match_unchanged(account), session=session))


def verify_account(db: Db, account: Account, now: datetime, session: Session) -> Account | None:
    """Make the address of the account verified, and the links of its e-mails invalid.

    Return None and change nothing if the account is deleted or its tokens are no longer valid.
    """
    document = db.users.find_one_and_update(
        match_unchanged(account),
        [{"$set": {"updated_at": now}}, *VERIFY],
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    if document is not None:
        delete_links(db, account.id, session)
    return read_account(document)


def read_account(document: Document | None) -> Account | None:
    """Return the account in the result of a query, or None."""
    return account_from_document(cast("AccountDocument", document)) if document else None


def find_account_by_email(db: Db, email: str) -> Account | None:
    """Return the account with that e-mail address, compared without case, or None."""
    return read_account(db.users.find_one({"email": email}, collation=ANY_CASE))


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


def insert_account(
    db: Db, document: AccountDocument, also: Callable[[Session], object] = lambda _session: None
) -> Account:
    """Insert a new account, and run `also` in the same transaction. Raises EmailTaken."""

    def insert(session: Session) -> None:
        db.users.insert_one(cast("Document", document), session=session)
        also(session)

    try:
        in_transaction(db, insert)
    except DuplicateKeyError:
        raise EmailTaken from None
    return account_from_document(document)


def update_account(db: Db, account: Account, changes: dict[str, Any], now: datetime) -> Account | None:
    """Set some fields and return the changed account, or None if it is deleted or its tokens are no longer valid."""
    document = db.users.find_one_and_update(
        match_unchanged(account), {"$set": {**changes, "updated_at": now}}, return_document=ReturnDocument.AFTER
    )
    return read_account(document)


def match_unchanged(account: Account) -> Document:
    """Return the filter of the account, as long as its tokens are valid."""
    # A request whose token was invalidated after its authentication must not change anything or get a new token.
    return _match_version(account.id, account.token_version)


def _match_version(account_id: ObjectId, version: int) -> Document:
    # An account of an external writer has version 0: no field, or a value that is not a positive number.
    return {"_id": account_id, "token_version": version or {"$not": {"$gt": 0}}}


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
        {**match_unchanged(account), "$expr": {"$lt": [{"$size": unexpired}, MAX_REVOKED_TOKENS]}},
        # A set: the same token can be logged out by two concurrent requests.
        [{"$set": {"revoked_tokens": {"$setUnion": [unexpired, [{"$literal": revoked}]]}}}],
    )
    return changed.matched_count == 1


def revoke_all_tokens(db: Db, account: Account) -> None:
    """Make all tokens of the account invalid. Raises TokenRevoked if another request did so, or deleted the account."""
    changed = db.users.update_one(
        match_unchanged(account),
        {"$set": {"token_version": account.token_version + 1}, "$unset": {"revoked_tokens": 1}},
    )
    if changed.matched_count == 0:
        raise TokenRevoked


def replace_password(
    db: Db, account_id: ObjectId, *, old_hash: str | None, new_hash: str, now: datetime, session: Session
) -> Account | None:
    """Set a new password, and invalidate all tokens and open resets.

    Return None and change nothing if the old password was replaced or the account was suspended meanwhile.
    """
    document = db.users.find_one_and_update(
        {"_id": account_id, "password_hash": old_hash, **NOT_SUSPENDED},
        _new_password(new_hash, now),
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    if document is None:
        return None
    delete_resets(db, account_id, session)
    return read_account(document)


def _new_password(new_hash: str, now: datetime) -> list[Document]:
    """Return the update that sets a password and invalidates all tokens."""
    values = {"password_hash": {"$literal": new_hash}, "updated_at": now}
    return [{"$set": values | increment("token_version")}]


def update_hash(db: Db, account_id: ObjectId, *, old_hash: str, new_hash: str) -> None:
    """Store another hash of the same password, unless the password was changed meanwhile."""
    db.users.update_one({"_id": account_id, "password_hash": old_hash}, {"$set": {"password_hash": new_hash}})


def has_token_version(db: Db, account_id: ObjectId, version: int) -> bool:
    """Return whether the account exists, is neither disowned nor suspended, and its tokens have this version."""
    match = {**_match_version(account_id, version), **NOT_DISOWNED, **NOT_SUSPENDED}
    return db.users.find_one(match, {"_id": 1}) is not None


def lock_account(db: Db, account: Account, session: Session) -> bool:
    """Write the account in the caller's transaction: it then conflicts with a concurrent deletion, suspension or block.

    Return whether an owner has blocked the account, so that an order needs no other read. Raises TokenRevoked if the
    account is deleted, disowned or suspended, or if its tokens are no longer valid, such as after a takeover.
    """
    match = {**match_unchanged(account), **NOT_DISOWNED, **NOT_SUSPENDED}
    document = db.users.find_one_and_update(
        match, [{"$set": increment("rev")}], {"has_blocks": 1}, return_document=ReturnDocument.AFTER, session=session
    )
    if document is None:
        raise TokenRevoked
    return document.get("has_blocks") is True


def mark_blocked(db: Db, account_id: ObjectId, session: Session) -> None:
    """Write in an account, if it exists, that an owner has blocked it. Locks it like `lock_account`."""
    marked = {"$set": {"has_blocks": True, **increment("rev")}}
    db.users.update_one({"_id": account_id}, [marked], session=session)


def lock_accounts(db: Db, account_ids: set[ObjectId], session: Session) -> None:
    """Lock several accounts like `lock_account`, also suspended and disowned ones.

    Raises TokenRevoked if one of them is deleted.
    """
    found = db.users.update_many({"_id": {"$in": list(account_ids)}}, [{"$set": increment("rev")}], session=session)
    if found.matched_count < len(account_ids):
        raise TokenRevoked


def delete_account(db: Db, account: Account, session: Session) -> None:
    """Delete the account, its open resets and its verification links.

    Raises TokenRevoked if the account is already deleted or its tokens are no longer valid.
    """
    if db.users.delete_one(match_unchanged(account), session=session).deleted_count == 0:
        raise TokenRevoked
    delete_links(db, account.id, session)


def consume_reset(db: Db, reset: PasswordResetDocument, new_hash: str, now: datetime, session: Session) -> bool:
    """Set the new password, and invalidate the reset with all tokens and other resets of the account.

    Return whether another person may have used the account before: its address was not verified, or an operator gives
    it back.

    The token of an e-mail proves that its sender reads the mailbox, so the address is verified, too. The token of an
    operator does not. The suspension of an account stays.
    Raises BadResetToken if another request used the reset, or the account is deleted. With the token of an operator
    also if the account is disowned.
    """
    # An unverified account may sign in with the Google account of a person who no longer reads the mailbox.
    removed = {"google_sub": "$$REMOVE", "auth_provider": "password"}
    is_verified = {"$eq": ["$email_verified", True]}
    unlink: Document = {"$set": {name: {"$cond": [is_verified, f"${name}", value]} for name, value in removed.items()}}
    match, update = {"_id": reset["user_id"]}, [unlink, *_new_password(new_hash, now), *VERIFY]
    if reset.get("by_operator"):
        match, update = {**match, **NOT_DISOWNED}, _new_password(new_hash, now)
    is_spent = delete_reset(db, reset, session)
    before = db.users.find_one_and_update(match, update, {"email_verified": 1}, session=session) if is_spent else None
    if before is None:
        raise BadResetToken
    delete_links(db, reset["user_id"], session)
    return bool(reset.get("by_operator")) or before.get("email_verified") is not True
