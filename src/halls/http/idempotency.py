"""Keeps the first success of a request with an Idempotency-Key, so that a repeat gets the same answer."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from halls.errors import ApiError
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bson import ObjectId

    from halls.mongo.client import Db, Session

KEPT_HOURS = 24
COLLECTION = CollectionSpec(
    "idempotency_keys",
    [
        IndexModel("created_at", name="kept_for_a_day", expireAfterSeconds=KEPT_HOURS * 3600),
        IndexModel("account_id", name="keys_of_account"),
    ],
)


class IdempotencyConflict(ApiError):
    """The key came before, with another body."""

    status, code, message = 422, "idempotency_conflict", "This Idempotency-Key was used with another body."


@dataclass(frozen=True)
class IdempotencyKey:
    """A client's key with what it stands for: one account's one body at one route."""

    account_id: ObjectId
    route: str
    key: str
    body_hash: str

    @property
    def record_id(self) -> str:
        """The `_id` of its record; a unique index that every MongoDB collection has by itself."""
        return f"{self.account_id} {self.route} {self.key}"


@dataclass(frozen=True)
class ReplayableResponse:
    """An answer, and whether it is the kept one of an earlier request."""

    answer: dict[str, Any]
    replayed: bool = False


def hash_body(body: dict[str, Any]) -> str:
    """Return a digest that is the same for the same JSON, whatever the order of its keys, its blanks and its nulls."""
    return hashlib.sha256(json.dumps(_without_nulls(body), sort_keys=True).encode()).hexdigest()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def find_response(db: Db, key: IdempotencyKey | None, now: datetime) -> dict[str, Any] | None:
    """Return the answer kept under `key`, or None. Raises IdempotencyConflict for another body."""
    if key is None:
        return None
    # The TTL index sweeps only once a minute: the age is part of the question.
    record = db[COLLECTION.name].find_one(
        {"_id": key.record_id, "created_at": {"$gt": now - timedelta(hours=KEPT_HOURS)}}
    )
    if record is None:
        return None
    if record["body_hash"] != key.body_hash:
        raise IdempotencyConflict
    answer: dict[str, Any] = record["answer"]
    return answer


def save_response(db: Db, key: IdempotencyKey | None, answer: dict[str, Any], now: datetime, session: Session) -> None:
    """Keep `answer` in the caller's transaction: there is never an effect without it, nor it without the effect.

    Lets DuplicateKeyError pass when the same key was kept at the same time.
    """
    if key is None:
        return
    db[COLLECTION.name].delete_one(
        {"_id": key.record_id, "created_at": {"$lte": now - timedelta(hours=KEPT_HOURS)}}, session=session
    )
    record = {
        "_id": key.record_id,
        "account_id": key.account_id,
        "body_hash": key.body_hash,
        "answer": answer,
        "created_at": now,
    }
    db[COLLECTION.name].insert_one(record, session=session)


def delete_keys(db: Db, account_id: ObjectId, session: Session) -> None:
    """Remove the kept answers of an account that goes."""
    db[COLLECTION.name].delete_many({"account_id": account_id}, session=session)


@dataclass
class Replay:
    """The kept answer of the rival that was faster, if there was one."""

    outcome: ReplayableResponse | None = None


@contextmanager
def replay_or_raise(db: Db, key: IdempotencyKey | None, now: datetime) -> Iterator[Replay]:
    """Let a refusal or a lost race inside the block become the replay of the same key's success, when there is one.

    Of twenty equal requests at once one succeeds; the others lose to it as to anybody, and must not hear "taken".
    """
    replay = Replay()
    try:
        yield replay
    except (ApiError, DuplicateKeyError):
        kept = find_response(db, key, now)
        if kept is None:
            raise
        replay.outcome = ReplayableResponse(kept, replayed=True)
