"""Invariants of the stored accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from halls.accounts.account import MAX_REMINDER_DAYS
from halls.accounts.block_store import MAX_BLOCKS
from halls.accounts.deletion_store import NOT_CLEARED
from halls.accounts.email_store import MAX_NEWS_EMAILS, MAX_VERIFY_EMAILS, UNVERIFIED
from halls.accounts.store import NOT_DISOWNED, ONE_ACCOUNT_PER_EMAIL
from halls.clock import utc_now
from halls.mongo.indexes import find_duplicates
from halls.mongo.invariants import (
    StoredModel,
    StoredNumber,
    Violation,
    find_groups,
    find_invalid,
    find_orphans,
    make_violations,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document

# The worker needs a minute.
MAX_CLEARING = timedelta(minutes=10)
ONLY_ID: Document = {"$project": {"ids": ["$_id"]}}


class StoredPreferences(StoredModel):
    """Preferences for e-mails."""

    requests: bool | None = None
    reminders: bool | None = None
    reminder_days: Annotated[StoredNumber, Field(ge=0, le=MAX_REMINDER_DAYS)] | None = None


class StoredAccount(StoredModel):
    """The fields of an account that decide which e-mails it gets. External writers may leave them out."""

    email_verified: bool | None = Field(
        default=None,
        title="account_email_verified_valid",
        description="The email_verified is not true or false, so the address counts as not verified.",
    )
    preferences: StoredPreferences | None = Field(
        default=None,
        title="account_preferences_valid",
        description="A preference has an invalid value, so the default counts.",
    )


def check_accounts(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each account with an invalid field."""
    return find_invalid(db, "users", StoredAccount)


def check_addresses(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the accounts that share an e-mail address, without regard to case."""
    groups = find_duplicates(db, "users", ONE_ACCOUNT_PER_EMAIL)
    return make_violations(
        "one_account_per_email", "The accounts have the same e-mail address, except for case.", groups
    )


def check_credentials(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each account without a password and without a Google account, except disowned and invited ones."""
    # Not the operator {field: {$type: ...}}: it also finds a string in an array.
    has_text = {"$in": ["string", [{"$type": "$password_hash"}, {"$type": "$google_sub"}]]}
    match = {**NOT_DISOWNED, "invited_at": {"$exists": False}, "$expr": {"$not": [has_text]}}
    return make_violations(
        "account_can_sign_in", "The account has neither a password nor a Google account.", _find_accounts(db, match)
    )


def check_disowned(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each disowned account that has a password or a verified address."""
    is_usable = {"$or": [{"password_hash": {"$type": "string"}}, {"email_verified": True}]}
    match = {"disowned_at": {"$exists": True}, **is_usable}
    return make_violations(
        "disowned_account_void",
        "The holder of the mailbox disowned the account, but it has a password or a verified address.",
        _find_accounts(db, match),
    )


def check_email_counts(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each account that got too many verification e-mails."""
    match = {
        "$or": [
            {"news_emails.count": {"$gt": MAX_NEWS_EMAILS}},
            {"verify_emails.count": {"$gt": MAX_VERIFY_EMAILS}},
        ]
    }
    return make_violations(
        "verification_emails_limited", "The account got too many verification e-mails.", _find_accounts(db, match)
    )


def check_email_links(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each verification link whose account is deleted, verified or disowned."""
    join = {
        "from": "users",
        "localField": "user_id",
        "foreignField": "_id",
        "pipeline": [{"$match": UNVERIFIED}, {"$project": {"_id": 1}}],
        "as": "found",
    }
    groups = find_groups(db, "email_links", [{"$lookup": join}, {"$match": {"found": []}}, ONLY_ID])
    return make_violations("email_link_needed", "The account is deleted, or does not need the link.", groups)


def check_block_owners(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the blocks of each owner whose account does not exist."""
    groups = find_orphans(db, "blocked_accounts", "owner_id", "users", {})
    return make_violations("block_owner_exists", "The account of the owner does not exist.", groups)


def check_block_counts(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the blocks of each owner with too many."""
    pipeline: list[Document] = [
        {"$group": {"_id": "$owner_id", "ids": {"$push": "$_id"}}},
        {"$match": {f"ids.{MAX_BLOCKS}": {"$exists": True}}},
    ]
    groups = find_groups(db, "blocked_accounts", pipeline)
    return make_violations("blocks_limited", f"The owner has blocked more than {MAX_BLOCKS} accounts.", groups)


def check_block_marks(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the blocks of each account without the mark, because its orders do not look for blocks."""
    join = {
        "from": "users",
        "localField": "user_id",
        "foreignField": "_id",
        "pipeline": [{"$match": {"has_blocks": {"$ne": True}}}, {"$project": {"_id": 1}}],
        "as": "found",
    }
    groups = find_groups(db, "blocked_accounts", [{"$lookup": join}, {"$match": {"found": {"$ne": []}}}, ONLY_ID])
    return make_violations("block_has_effect", "The blocked account has no mark, so it can still book.", groups)


def check_deletions(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each account that was deleted some time ago, but has venues, texts or files left."""
    match = {"deleted_at": {"$lt": utc_now() - MAX_CLEARING}, **NOT_CLEARED}
    return make_violations(
        "deleted_account_cleared",
        "The account is deleted, but not all its data. Look at the log of `halls worker`.",
        find_groups(db, "account_deletions", [{"$match": match}, ONLY_ID]),
    )


def _find_accounts(db: Db, match: Document) -> Iterator[list[str]]:
    return find_groups(db, "users", [{"$match": match}, ONLY_ID])


INVARIANTS = (
    check_accounts,
    check_addresses,
    check_credentials,
    check_disowned,
    check_email_counts,
    check_email_links,
    check_block_owners,
    check_block_counts,
    check_block_marks,
    check_deletions,
)
