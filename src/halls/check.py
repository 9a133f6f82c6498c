"""`halls check`: asks the stored data for whatever breaks a promise. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pymongo

from halls.accounts import promises as accounts
from halls.app import COLLECTIONS
from halls.bookings import promises as bookings
from halls.mongo.client import await_majority
from halls.mongo.promises import check_plan
from halls.search import promises as search
from halls.venues import promises as venues

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db
    from halls.mongo.promises import Violation

CHECK_SECONDS = 600
NAMED_AT_MOST = 20
PROMISES = (*accounts.PROMISES, *venues.PROMISES, *bookings.PROMISES, *search.PROMISES)


@dataclass
class Breach:
    """How often a promise is broken, and the first documents that do so."""

    message: str
    count: int = 0
    documents: list[list[str]] = field(default_factory=list)


def find_breaches(db: Db, today: str) -> dict[str, Breach]:
    """Return what is broken, by the promise's name; nothing when all is well."""
    breaches: dict[str, Breach] = {}
    await_majority(db)
    with pymongo.timeout(CHECK_SECONDS):
        for violation in _find_violations(db, today):
            breach = breaches.setdefault(violation.promise, Breach(violation.message))
            breach.count += 1
            if len(breach.documents) < NAMED_AT_MOST:
                breach.documents.append(list(violation.documents[:NAMED_AT_MOST]))
    return breaches


def describe_breach(promise: str, breach: Breach) -> str:
    """Return what an operator reads of a broken promise: ids only, never what the documents say of people."""
    lines = [f"{promise}: {breach.count} × {breach.message}", *(" ".join(ids) for ids in breach.documents if ids)]
    if breach.count > NAMED_AT_MOST:
        lines.append(f"and {breach.count - NAMED_AT_MOST} more")
    return "\n  ".join(lines)


def _find_violations(db: Db, today: str) -> Iterator[Violation]:
    for plan in COLLECTIONS:
        yield from check_plan(db, plan)
    for promise in PROMISES:
        yield from promise(db, today)
