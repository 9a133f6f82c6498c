"""The gate for changes of bookings: inserts or changes a booking, and inserts the event of the change.

Only this file inserts and changes bookings, except the import and the demonstration data. So each change has exactly
one event, in its transaction (tests/architecture/test_changes.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from halls.bookings import event_store, store
from halls.bookings.booking import ACTIVE, expired_filter
from halls.bookings.event import compare_values, new_event
from halls.clock import day_in_karachi
from halls.search import index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bson import ObjectId

    from halls.bookings.booking import BookingDocument, Cancellation, CancelledBy
    from halls.bookings.event import Actor, EventType
    from halls.mongo.client import Db, Document, Session

ACTORS: Mapping[CancelledBy, Actor] = {
    "guest": "guest",
    "owner": "owner",
    "expiry": "system",
    "account_deletion": "guest",
    "operator": "operator",
}


def insert_booking(db: Db, booking: BookingDocument, *, by: Actor, now: datetime, session: Session) -> None:
    """Insert an active booking, its first event, and take the date out of the search index.

    Raises DuplicateKeyError if the date is taken. The error must leave the transaction of the caller.
    """
    store.insert_booking(db, {**booking, "event_count": 1}, session)
    event_store.insert_event(db, new_event(booking, 1, "placed", by, {}, now), session)
    index.mark_date_booked(db, booking["venue_id"], booking["date"], session)


def change_booking(  # noqa: PLR0913 - what changes, why, and in which transaction
    db: Db,
    booking_id: ObjectId,
    *,
    match: Document,
    values: dict[str, Any],
    type: EventType,  # noqa: A002 - the name of the stored field
    by: Actor,
    now: datetime,
    session: Session,
) -> BookingDocument | None:
    """Set `values`, insert the event of the change, and return the changed booking.

    Return None and change nothing if the booking does not match `match`, or already has the values. A booking that
    becomes cancelled frees its date in the search index.
    """
    seq = event_store.find_last_seq(db, booking_id, session) + 1
    stored = {**values, "updated_at": now, "event_count": seq}
    differs = [{name: {"$ne": value}} for name, value in values.items()]
    before = store.update_booking(db, booking_id, match={**match, "$or": differs}, values=stored, session=session)
    if before is None:
        return None
    event = new_event(before, seq, type, by, compare_values(before, values), now)
    event_store.insert_event(db, event, session)
    if values.get("status") == "cancelled":
        index.release_dates(db, [before.get("venue_id")], session)
    return cast("BookingDocument", {**before, **stored})


def cancel_booking(
    db: Db,
    booking_id: ObjectId,
    *,
    by: CancelledBy,
    now: datetime,
    session: Session,
    reason: str | None = None,
    statuses: Iterable[str] = ACTIVE,
) -> BookingDocument | None:
    """Cancel an upcoming booking that has one of the statuses. Return it, or None."""
    for status in statuses:
        match = {"status": status, "date": {"$gte": day_in_karachi(now)}}
        kind: EventType = "declined" if by == "owner" and status == "pending" else "cancelled"
        cancellation: Cancellation = {"by": by, "at": now, "reason": reason, "from": status}
        cancelled = _cancel(db, booking_id, match, kind, cancellation, session)
        if cancelled is not None:
            return cancelled
    return None


def expire_booking(db: Db, booking_id: ObjectId, now: datetime, session: Session) -> BookingDocument | None:
    """Cancel an upcoming pending booking whose hold has run out. Return it, or None."""
    cancellation: Cancellation = {"by": "expiry", "at": now, "reason": None, "from": "pending"}
    return _cancel(db, booking_id, expired_filter(now), "expired", cancellation, session)


def _cancel(
    db: Db, booking_id: ObjectId, match: Document, kind: EventType, cancellation: Cancellation, session: Session
) -> BookingDocument | None:
    return change_booking(
        db,
        booking_id,
        match=match,
        values={"status": "cancelled", "cancellation": cancellation},
        type=kind,
        by=ACTORS[cancellation["by"]],
        now=cancellation["at"],
        session=session,
    )


def cancel_bookings_of(
    db: Db,
    guest_id: ObjectId,
    *,
    now: datetime,
    session: Session,
    statuses: Iterable[str] = ACTIVE,
    other_than: Iterable[ObjectId] = (),
) -> None:
    """Cancel the upcoming bookings of a guest that have one of the statuses, because the account is deleted.

    The bookings at the venues in `other_than` stay.
    """
    today = day_in_karachi(now)
    for booking_id in store.list_upcoming_ids(
        db, guest_id, statuses, today=today, other_than=other_than, session=session
    ):
        cancel_booking(db, booking_id, by="account_deletion", now=now, session=session, statuses=statuses)


def delete_texts_of(db: Db, guest_id: ObjectId, session: Session | None) -> None:
    """Delete the account's texts: the notes of all bookings, also in their events, and the reasons of cancellations.

    Also the guests of an owner's walk-ins. The other fields stay: they are the history of the venues' owners.
    """
    store.delete_texts(db, guest_id, session)
    store.delete_walk_in_guests(db, guest_id, session)
    event_store.delete_notes_in_events(db, store.list_ids_of_guest(db, guest_id, session), session)
