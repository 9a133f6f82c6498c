"""The event: one entry in the history of a booking, stored in the transaction of the change."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal, get_args

from bson import ObjectId
from typing_extensions import Required, TypedDict

from halls.documents import read_day, read_id, read_moment, read_number, read_object, read_text, read_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from halls.bookings.booking import BookingDocument

EventType = Literal[
    "placed",
    "confirmed",
    "declined",
    "cancelled",
    "expired",
    "guests_changed",
    "notes_changed",
    "hold_changed",
    "price_agreed",
]
TYPES: tuple[str, ...] = get_args(EventType)
# The role of the account that made the change, never its name. `system`: a hold that expired.
Actor = Literal["guest", "owner", "system", "operator"]
ACTORS: tuple[str, ...] = get_args(Actor)
# Three years and a day, from the day of the booking.
KEPT = timedelta(days=3 * 365 + 1)
FieldChange = TypedDict("FieldChange", {"from": Any, "to": Any})
# The fields whose changes the history shows, and how to read their stored values.
READERS: Mapping[str, Callable[[object], Any]] = {
    "status": read_text,
    "guests": read_whole,
    "notes": read_text,
    "hold_until": read_moment,
    "price_locked": read_number,
}


class EventDocument(TypedDict, total=False):
    """A document of the collection `events`. It contains ids and roles, and never a name."""

    _id: Required[ObjectId]
    booking_id: Required[ObjectId]
    venue_id: ObjectId | None
    # The day of the booking.
    date: str | None
    # 1, 2, … for each booking, in the order in which the changes took effect.
    seq: Required[int]
    at: datetime
    type: str
    by: str
    changes: dict[str, FieldChange]
    # Until the worker has queued the e-mails of the event. Absent afterwards.
    unprocessed: bool
    # Until the worker has made the deliveries to webhooks. Absent afterwards.
    undispatched: bool
    # A TTL index deletes the event at this time.
    delete_at: datetime


def new_event(
    booking: BookingDocument, seq: int, kind: EventType, by: Actor, changes: dict[str, FieldChange], now: datetime
) -> EventDocument:
    """Return the document of a new event of a booking."""
    return {
        "_id": ObjectId(),
        "booking_id": booking["_id"],
        "venue_id": read_id(booking.get("venue_id")),
        "date": read_text(booking.get("date")),
        "seq": seq,
        "at": now,
        "type": kind,
        "by": by,
        "changes": changes,
        "unprocessed": True,
        "undispatched": True,
        "delete_at": _find_start(booking, now) + KEPT,
    }


def _find_start(booking: BookingDocument, now: datetime) -> datetime:
    """Return the start of the booking's day in UTC, or `now` if the day can't be read."""
    day = read_day(booking.get("date"))
    return datetime.combine(date.fromisoformat(day), time.min, timezone.utc) if day else now


def compare_values(before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, FieldChange]:
    """Return the fields of the history that `values` changes, with the values before and after."""
    return {
        name: {"from": before.get(name), "to": values[name]}
        for name in READERS
        if name in values and before.get(name) != values[name]
    }


def serialize_history(booking: BookingDocument, events: Iterable[EventDocument]) -> list[dict[str, Any]]:
    """Return the entries of a booking's history, oldest first.

    A booking that was made before history was kept, or by an external writer, begins with its creation.
    """
    entries = [_serialize_event(event) for event in events]
    if entries and entries[0]["type"] == "placed":
        return entries
    placed: dict[str, Any] = {
        "at": read_moment(booking.get("created_at")),
        "type": "placed",
        # The owner enters a walk-in.
        "by": "owner" if booking.get("is_walk_in") is True else "guest",
        "changes": {},
    }
    return [placed, *entries]


def _serialize_event(event: EventDocument) -> dict[str, Any]:
    stored = read_object(event.get("changes"))
    changes = {name: (read, read_object(stored[name])) for name, read in READERS.items() if name in stored}
    return {
        "at": read_moment(event.get("at")),
        "type": read_text(event.get("type")),
        "by": read_text(event.get("by")),
        "changes": {
            name: {"from": read(change.get("from")), "to": read(change.get("to"))}
            for name, (read, change) in changes.items()
        },
    }
