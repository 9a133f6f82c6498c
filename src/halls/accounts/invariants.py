"""What must be true of the stored accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.accounts.store import ONE_ACCOUNT_PER_EMAIL
from halls.mongo.indexes import find_duplicates
from halls.mongo.invariants import Violation, find_violating, make_violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db


def check_addresses(db: Db, _today: str) -> Iterator[Violation]:
    """No two accounts have one address, in whatever case."""
    groups = find_duplicates(db, "users", ONE_ACCOUNT_PER_EMAIL)
    return make_violations("one_account_per_email", "The accounts have one e-mail address, but for its case.", groups)


def check_ways_in(db: Db, _today: str) -> Iterator[Violation]:
    """Every account has a password or signs in by Google."""
    text_in = {"$eq": [{"$type": "$password_hash"}, "string"]}, {"$eq": [{"$type": "$google_sub"}, "string"]}
    groups = find_violating(db, "users", {"$or": list(text_in)})
    return make_violations("account_can_sign_in", "The account has neither a password nor Google.", groups)


INVARIANTS = (check_addresses, check_ways_in)
