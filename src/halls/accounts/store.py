"""How MongoDB keeps accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.collation import Collation
from pymongo.errors import DuplicateKeyError

from halls.accounts.account import Account, EmailTaken, account_from_document
from halls.mongo.indexes import CollectionPlan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bson import ObjectId

    from halls.mongo.client import Db, Document

# Other tools may have written addresses in capitals: two that differ only in case are one person.
ANY_CASE = Collation(locale="en", strength=2)
ONE_ACCOUNT_PER_EMAIL = IndexModel(
    [("email", ASCENDING)], name="one_account_per_email", unique=True, collation=ANY_CASE
)
PLAN = CollectionPlan("users", [ONE_ACCOUNT_PER_EMAIL])


def find_account(db: Db, account_id: ObjectId) -> Account | None:
    """Return the account with that id, or None."""
    document = db.users.find_one({"_id": account_id})
    return account_from_document(document) if document else None


def find_account_by_email(db: Db, email: str) -> Account | None:
    """Return the account with that address in whatever case, or None."""
    document = db.users.find_one({"email": email}, collation=ANY_CASE)
    return account_from_document(document) if document else None


def find_accounts(db: Db, account_ids: Iterable[ObjectId]) -> dict[ObjectId, Account]:
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


def update_account(db: Db, account_id: ObjectId, changes: dict[str, Any], now: datetime) -> Account | None:
    """Set some fields; return the account as it is then, or None when it is gone."""
    document = db.users.find_one_and_update(
        {"_id": account_id}, {"$set": {**changes, "updated_at": now}}, return_document=ReturnDocument.AFTER
    )
    return account_from_document(document) if document else None


def replace_password(
    db: Db, account_id: ObjectId, *, old_hash: str | None, new_hash: str, now: datetime
) -> Account | None:
    """Set a new password and void all tokens, unless the old password was replaced meanwhile: then None."""
    document = db.users.find_one_and_update(
        {"_id": account_id, "password_hash": old_hash},
        {"$set": {"password_hash": new_hash, "updated_at": now}, "$inc": {"token_version": 1}},
        return_document=ReturnDocument.AFTER,
    )
    return account_from_document(document) if document else None
