"""Invariants of the stored accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.accounts.store import ONE_ACCOUNT_PER_EMAIL
from halls.mongo.indexes import find_duplicates
from halls.mongo.invariants import Violation, find_groups, make_violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db


def check_addresses(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the accounts that share an e-mail address, without regard to case."""
    groups = find_duplicates(db, "users", ONE_ACCOUNT_PER_EMAIL)
    return make_violations(
        "one_account_per_email", "The accounts have the same e-mail address, except for case.", groups
    )


def check_credentials(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each account without a password and without a Google account."""
    # Not the operator {field: {$type: ...}}: it also finds a string in an array.
    has_text = {"$in": ["string", [{"$type": "$password_hash"}, {"$type": "$google_sub"}]]}
    groups = find_groups(db, "users", [{"$match": {"$expr": {"$not": [has_text]}}}, {"$project": {"ids": ["$_id"]}}])
    return make_violations("account_can_sign_in", "The account has neither a password nor a Google account.", groups)


INVARIANTS = (check_addresses, check_credentials)
