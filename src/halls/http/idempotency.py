"""Idempotency-Key: stores the first successful response, so that a repeated request gets the same response."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError
from typing_extensions import TypedDict

from halls.errors import ApiError
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bson import ObjectId

    from halls.mongo.client import Db, Document, Session

LIFETIME_HOURS = 24
COLLECTION = CollectionSpec(
    "idempotency_keys",
    [
        IndexModel("created_at", name="kept_for_a_day", expireAfterSeconds=LIFETIME_HOURS * 3600),
        IndexModel("account_id", name="keys_of_account"),
    ],
)


class IdempotencyRecord(TypedDict):
    """A document of the collection `idempotency_keys`: the response to the first request with a key."""

    # `IdempotencyKey.record_id`
    _id: str
    account_id: ObjectId
    body_hash: str
    answer: dict[str, Any]
    created_at: datetime


class IdempotencyConflict(ApiError):
    """The key was already used with another body."""

    status, code, message = 422, "idempotency_conflict", "This Idempotency-Key was used with another body."


@dataclass(frozen=True)
class IdempotencyKey:
    """A client's key, and the account, route and body that it was sent with."""

    account_id: ObjectId
    route: str
    key: str
    body_hash: str

    @property
    def record_id(self) -> str:
        """The `_id` of its record, because MongoDB guarantees that an `_id` is unique."""
        return f"{self.account_id} {self.route} {self.key}"


@dataclass(frozen=True)
class ReplayableResponse:
    """The data of a response, and whether it is the stored response of an earlier request."""

    data: dict[str, Any]
    replayed: bool = False


def hash_body(body: dict[str, Any]) -> str:
    """Return a digest of the JSON that ignores the order of keys, whitespace, and fields that are null."""
    return hashlib.sha256(json.dumps(_without_nulls(body), sort_keys=True).encode()).hexdigest()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def find_response(db: Db, key: IdempotencyKey | None, now: datetime) -> dict[str, Any] | None:
    """Return the response stored for `key`, or None. Raises IdempotencyConflict if it was sent with another body."""
    if key is None:
        return None
    # The TTL index deletes only once a minute, so expired records are excluded here.
    match = {"_id": key.record_id, "created_at": {"$gt": now - timedelta(hours=LIFETIME_HOURS)}}
    record = cast("IdempotencyRecord | None", db[COLLECTION.name].find_one(match))
    if record is None:
        return None
    if record["body_hash"] != key.body_hash:
        raise IdempotencyConflict
    return record["answer"]


def save_response(db: Db, key: IdempotencyKey | None, data: dict[str, Any], now: datetime, session: Session) -> None:
    """Store the response in the caller's transaction, so that it is committed if and only if the effect is.

    Raises DuplicateKeyError if a concurrent request stored a response for the same key.
    """
    if key is None:
        return
    record: IdempotencyRecord = {
        "_id": key.record_id,
        "account_id": key.account_id,
        "body_hash": key.body_hash,
        "answer": data,
        "created_at": now,
    }
    # Replaces an expired record. If there is one that has not expired, the insert of a second one fails.
    expired = {"_id": key.record_id, "created_at": {"$lte": now - timedelta(hours=LIFETIME_HOURS)}}
    db[COLLECTION.name].replace_one(expired, cast("Document", record), upsert=True, session=session)


def delete_keys(db: Db, account_id: ObjectId, session: Session | None) -> None:
    """Delete the stored responses of an account."""
    db[COLLECTION.name].delete_many({"account_id": account_id}, session=session)


@dataclass
class Replay:
    """The stored response of a concurrent request with the same key, if there is one."""

    outcome: ReplayableResponse | None = None


@contextmanager
def replay_or_raise(db: Db, key: IdempotencyKey | None, now: datetime) -> Iterator[Replay]:
    """Yield a `Replay` that gets the stored response of `key` if the block fails. Without one, the error is raised.

    Of twenty concurrent requests with one key one succeeds. The others must get its response, not "date_taken".
    """
    replay = Replay()
    try:
        yield replay
    except (ApiError, DuplicateKeyError):
        stored = find_response(db, key, now)
        if stored is None:
            raise
        replay.outcome = ReplayableResponse(stored, replayed=True)
