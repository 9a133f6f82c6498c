"""Takes the guards away that races are won by, and makes the moments longer in which that shows."""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from halls.bookings import service as bookings
from halls.bookings import store as bookings_store
from halls.bookings.booking import DateTaken, new_booking
from halls.http.idempotency import ReplayableResponse, find_response, save_response
from halls.search import index
from halls.venues import store as venues_store
from halls.venues.store import get_venue
from tests.races.race_client import MAX_WAIT_SECONDS, Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from types import ModuleType

    import pytest
    from bson import ObjectId

    from halls.http.idempotency import IdempotencyKey
    from halls.mongo.client import Db, Document, Session
    from tests.races.race_client import RaceClient


def always(_: Mapping[str, Any]) -> bool:
    """Pause whatever the call."""
    return True


def pause_before(
    patch: pytest.MonkeyPatch,
    race_client: RaceClient,
    module: ModuleType,
    name: str,
    when: Callable[[Mapping[str, Any]], bool] = always,
) -> None:
    """Pause before the first call of a function that `when` picks by its named arguments; delayed rivals come then."""
    real, pause = getattr(module, name), Pause()

    def begin_later(*args: Any, **kwargs: Any) -> Any:
        if when(kwargs):
            pause.stand_still()
        return real(*args, **kwargs)

    patch.setattr(module, name, begin_later)
    race_client.pause = pause


def meet_after(patch: pytest.MonkeyPatch, module: ModuleType, name: str, count: int) -> None:
    """Let the first `count` calls of a function return only when all of them can."""
    real, numbers = getattr(module, name), itertools.count()
    meeting = threading.Barrier(count, timeout=MAX_WAIT_SECONDS)

    def return_together(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        if next(numbers) < count:
            meeting.wait()
        return result

    patch.setattr(module, name, return_together)


def drop_the_unique_index(db: Db) -> None:
    """Without the index that lets a venue have one active booking a date."""
    db.bookings.drop_index(bookings_store.ONE_ACTIVE_BOOKING_PER_DATE.document["name"])


def check_then_insert(patch: pytest.MonkeyPatch) -> None:
    """Without a transaction: look whether the date is free, then book it."""

    def commit_booking(_: Db, __: ObjectId, work: Callable[[Session | None], Document]) -> Document:
        try:
            return work(None)
        except DuplicateKeyError:
            raise DateTaken from None

    patch.setattr(bookings_store, "commit_booking", commit_booking)


def only_read_the_venue(patch: pytest.MonkeyPatch) -> None:
    """Without the writes to the venue and its catalog entry, which an owner's change of the same moment meets."""

    def claim_date(db: Db, venue_id: ObjectId, date: str, session: Session) -> Document | None:
        return db.venues.find_one({"_id": venue_id, "dates_available": date}, session=session)

    patch.setattr(venues_store, "claim_date", claim_date)
    patch.setattr(index, "mark_date_booked", lambda *_: None)


def price_before_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Without the price from the venue that the transaction wrote: with the one that was looked at before."""
    looked_at, get_venue = threading.local(), venues_store.get_venue

    def get_and_remember(db: Db, venue_id: ObjectId) -> Document:
        looked_at.venue = get_venue(db, venue_id)
        return looked_at.venue  # type: ignore[no-any-return] # a thread-local holds anything

    def book_as_remembered(
        booking_id: ObjectId, guest_id: ObjectId, order: dict[str, Any], _: Document, now: datetime
    ) -> Document:
        return new_booking(booking_id, guest_id, order, looked_at.venue, now)

    patch.setattr(venues_store, "get_venue", get_and_remember)
    patch.setattr(bookings, "new_booking", book_as_remembered)


def set_status_whatever_it_was(patch: pytest.MonkeyPatch) -> None:
    """Without the old status in the filter of the update: it is only looked at before."""

    def update_status(db: Db, booking_id: ObjectId, *, to: str, **_: Any) -> Document | None:
        update = {"$set": {"status": to}}
        return db.bookings.find_one_and_update({"_id": booking_id}, update, return_document=ReturnDocument.AFTER)

    patch.setattr(bookings_store, "update_status", update_status)


def free_the_date(patch: pytest.MonkeyPatch) -> None:
    """Without the booking's id in the filter of a cancel: whoever has the date loses it."""

    def update_status(db: Db, booking_id: ObjectId, **_: Any) -> Document | None:
        booking = bookings_store.get_booking(db, booking_id)
        holder = {"venue_id": booking["venue_id"], "date": booking["date"], "status": {"$ne": "cancelled"}}
        db.bookings.update_many(holder, {"$set": {"status": "cancelled"}})
        return bookings_store.find_booking(db, booking_id)

    patch.setattr(bookings_store, "update_status", update_status)


def keep_answers_late(patch: pytest.MonkeyPatch, module: ModuleType, name: str, count: int) -> None:
    """Without the answer in the transaction: kept under its key after the effect, when `count` rivals have looked."""
    act, all_have_looked = getattr(module, name), threading.Barrier(count, timeout=MAX_WAIT_SECONDS)

    def act_then_keep(
        db: Db, who: Any, what: Any, now: datetime, key: IdempotencyKey | None = None
    ) -> ReplayableResponse:
        if (kept := find_response(db, key, now)) is not None:
            return ReplayableResponse(kept, replayed=True)
        all_have_looked.wait()
        outcome: ReplayableResponse = act(db, who, what, now)
        with suppress(DuplicateKeyError):
            save_response(db, key, outcome.answer, now, None)  # type: ignore[arg-type] # what the guard is about
        return outcome

    patch.setattr(module, name, act_then_keep)


def write_the_whole_venue(patch: pytest.MonkeyPatch) -> None:
    """Without an update of the changed fields alone: the whole venue is written back as it was read."""
    both_have_read = threading.Barrier(2, timeout=MAX_WAIT_SECONDS)
    read: dict[int, Document] = {}

    def update_venue(
        db: Db, venue_id: ObjectId, changes: dict[str, Any], now: datetime, session: Session | None = None
    ) -> Document:
        del session  # in one MongoDB itself would refuse the second to write
        reader = threading.get_ident()
        # A transaction that is tried again has read already.
        if reader not in read:
            read[reader] = get_venue(db, venue_id)
            both_have_read.wait()
        db.venues.replace_one({"_id": venue_id}, {**read[reader], **changes, "updated_at": now})
        return read[reader]

    patch.setattr(venues_store, "update_venue", update_venue)
