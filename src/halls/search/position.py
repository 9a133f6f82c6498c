"""The position of the search index: the time up to which it contains the writes of external writers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bson import Timestamp
from typing_extensions import TypedDict

from halls.errors import SearchNotReady

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db

_DOCUMENT = {"_id": "followed"}
# Increment it when the entries get a new field. Then the first reader of the new version checks the whole index.
SHAPE = 3
_UNTIL_OF_SHAPE = f"until_shape_{SHAPE}"


class FillProgress(TypedDict):
    """How many venues the first fill has indexed, and how many there are."""

    done: int
    total: int


class Position(TypedDict, total=False):
    """The only document of the collection `search_state`."""

    until: Timestamp
    # Changes may have been missed, so the whole index must be checked.
    needs_full_check: bool
    # Only during a first fill.
    progress: FillProgress


def find_position(db: Db) -> Position:
    """Return the position, empty before the first fill of the index."""
    return cast("Position", db.search_state.find_one(_DOCUMENT, {"_id": 0}) or {})


def save_position(db: Db, until: Timestamp) -> None:
    """Record that the index contains all writes up to `until`."""
    change = {"$set": {"until": until, _UNTIL_OF_SHAPE: until}, "$unset": {"needs_full_check": "", "progress": ""}}
    db.search_state.update_one(_DOCUMENT, change, upsert=True)


def save_progress(db: Db, done: int, total: int) -> None:
    """Record how far the first fill is, for readers that wait for it."""
    db.search_state.update_one(_DOCUMENT, {"$set": {"progress": {"done": done, "total": total}}}, upsert=True)


def is_filled(db: Db) -> bool:
    """Return whether the index has been filled once."""
    return "until" in find_position(db)


def awaits_first_fill(db: Db) -> bool:
    """Return whether there are venues and the index has never been filled."""
    return not is_filled(db) and db.venues.find_one({}, {"_id": 1}) is not None


def find_resume_time(db: Db) -> Timestamp | None:
    """Return the time up to which a reader of this version filled the index. None if all entries must be checked.

    During an upgrade a reader of the version before may run in between. Its entries lack the new fields.
    """
    position = db.search_state.find_one(_DOCUMENT) or {}
    return None if position.get("needs_full_check") else position.get(_UNTIL_OF_SHAPE)


def require_full_check(db: Db) -> None:
    """Record that changes may have been missed."""
    db.search_state.update_one(_DOCUMENT, {"$set": {"needs_full_check": True}}, upsert=True)


def read_operation_time(db: Db) -> Timestamp:
    """Return the operation time of a majority read. A majority of the nodes has every earlier write."""
    with db.client.start_session(causal_consistency=False) as session:
        db.search_state.find_one({}, session=session)
        return session.operation_time or Timestamp(1, 0)


def record_empty_index(db: Db) -> None:
    """Record that the index is complete if there are no venues. Otherwise search would wait for a worker.

    The time is read first, so that the worker later finds a venue that an external writer inserts meanwhile.
    """
    until = read_operation_time(db)
    if not any(db[name].find_one({}, {"_id": 1}) for name in ("search_state", "venues", "search_entries")):
        save_position(db, until)


class SearchReadiness:
    """Remembers whether the search index has been filled once."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._is_filled = False

    def require_filled(self) -> None:
        """Raise SearchNotReady until the index has been filled once, because search would return incomplete pages."""
        if self._is_filled:
            return
        position = find_position(self._db)
        self._is_filled = "until" in position
        if not self._is_filled:
            raise SearchNotReady(_describe_progress(position.get("progress")))

    def find_lag_seconds(self, now: datetime) -> float | None:
        """Return the age of the position in seconds, or None before the first fill."""
        until = find_position(self._db).get("until")
        return None if until is None else max(0.0, (now - until.as_datetime()).total_seconds())


def _describe_progress(progress: FillProgress | None) -> str | None:
    if progress is None:
        return None
    done, total = progress["done"], progress["total"]
    return f"Search is being prepared: {done} of {total} venues are done. Try again in a moment."
