"""The outbox entry, the type of its handlers, and the exceptions by which a handler reports a failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

from typing_extensions import Required, TypedDict

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.config import Config
    from halls.mongo.client import Db


class OutboxEntry(TypedDict, total=False):
    """A document of the collection `outbox`. Entries of version 0.1 have only the required fields."""

    _id: Required[ObjectId]
    kind: Required[str]
    # What the handler needs: ids and addresses, never secrets. A done entry has none.
    data: Required[dict[str, Any]]
    # An entry with a key is kept as "done" after it was handled. An entry without a key is deleted.
    status: Required[Literal["due", "dead", "done"]]
    # Attempts that count. An attempt that found the receiving server unavailable does not count.
    tries: Required[int]
    due_at: Required[datetime]
    queued_at: Required[datetime]
    first_due_at: datetime
    deferrals: int
    lease_id: ObjectId
    reason: str
    # Identifies the content of the entry and its account. A second entry with the same key is not inserted.
    key: str
    done_at: datetime


State = Literal["due", "scheduled", "dead"]
STATES: tuple[State, ...] = get_args(State)
# Handles one entry and returns the outcome for the metrics, such as "sent".
Handler = Callable[["Db", "Config", OutboxEntry, datetime], str]
Handlers = Mapping[str, Handler]


class ServerUnavailable(Exception):
    """The receiving server can't be reached. All entries wait, without using up a try, for up to three days."""


class TemporaryFailure(Exception):
    """The receiving server rejected the entry for now. It is retried without using up a try, for up to three days."""


class PermanentFailure(Exception):
    """The receiving server rejected the entry permanently. The entry is dead at once."""


def first_due_at(entry: OutboxEntry) -> datetime:
    """Return when the entry was or will be due for the first time, or since its last requeue."""
    return entry.get("first_due_at", entry["queued_at"])


def state_of(entry: OutboxEntry, now: datetime) -> State:
    """Return "dead", "scheduled" for an entry that is due later, else "due", also between two tries."""
    if entry["status"] == "dead":
        return "dead"
    return "scheduled" if first_due_at(entry) > now else "due"
