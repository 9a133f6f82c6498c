"""Removes guards against races, and extends critical moments, so that control tests fail reliably."""

from __future__ import annotations

import itertools
import threading
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from halls.bookings import service as bookings
from halls.bookings import store as bookings_store
from halls.bookings.booking import DateTaken, new_booking
from halls.http.idempotency import ReplayableResponse, find_response, save_response
from halls.search import index
from halls.venues import service as venues
from halls.venues import store as venues_store
from halls.venues.store import get_venue
from tests.races.race_client import MAX_WAIT_SECONDS, Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from types import ModuleType

    import pytest

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.http.conditional import IfMatch
    from halls.http.idempotency import IdempotencyKey
    from halls.mongo.client import Db, Document, Session
    from halls.venues.venue import VenueDocument
    from tests.races.race_client import RaceClient


def always(_: Mapping[str, Any]) -> bool:
    """Match every call."""
    return True


def pause_before(
    patch: pytest.MonkeyPatch,
    race_client: RaceClient,
    module: ModuleType,
    name: str,
    when: Callable[[Mapping[str, Any]], bool] = always,
) -> None:
    """Pause before the first call whose keyword arguments match `when`; delayed rivals run during the pause."""
    real, pause = getattr(module, name), Pause()

    def call_after_pause(*args: Any, **kwargs: Any) -> Any:
        if when(kwargs):
            pause.wait_for_rivals()
        return real(*args, **kwargs)

    patch.setattr(module, name, call_after_pause)
    race_client.pause = pause


def meet_after(patch: pytest.MonkeyPatch, module: ModuleType, name: str, count: int) -> None:
    """Let the first `count` calls of a function return together, when all have finished."""
    real, numbers = getattr(module, name), itertools.count()
    barrier = threading.Barrier(count, timeout=MAX_WAIT_SECONDS)

    def return_together(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        if next(numbers) < count:
            barrier.wait()
        return result

    patch.setattr(module, name, return_together)


def drop_the_unique_index(db: Db) -> None:
    """Remove the unique index: one active booking for each venue and date."""
    db.bookings.drop_index(bookings_store.ONE_ACTIVE_BOOKING_PER_DATE.document["name"])


def check_before_booking(patch: pytest.MonkeyPatch) -> None:
    """Check each order with reads before its first attempt, and not only after a conflict."""
    commit_order = bookings.commit_order

    def check_and_commit(db: Db, placement: bookings.Placement, *, checks_first: bool) -> dict[str, Any]:
        del checks_first
        return commit_order(db, placement, checks_first=True)

    patch.setattr(bookings, "commit_order", check_and_commit)


def book_without_checks(patch: pytest.MonkeyPatch) -> None:
    """Remove the reads that find a rival after a conflict."""
    patch.setattr(bookings, "check_order", lambda *_: None)


def check_then_insert(patch: pytest.MonkeyPatch) -> None:
    """Remove the transaction: check whether the date is free, then insert."""
    check_before_booking(patch)

    def commit_booking(_: Db, __: ObjectId, work: Callable[[Session | None], Document]) -> Document:
        try:
            return work(None)
        except DuplicateKeyError:
            raise DateTaken from None

    patch.setattr(bookings_store, "commit_booking", commit_booking)


def only_read_the_venue(patch: pytest.MonkeyPatch) -> None:
    """Remove the writes to the venue and its index entry, which conflict with a concurrent change by the owner."""

    def claim_date(db: Db, venue_id: ObjectId, date: str, session: Session) -> Document | None:
        return db.venues.find_one({"_id": venue_id, "dates_available": date}, session=session)

    patch.setattr(venues_store, "claim_date", claim_date)
    patch.setattr(index, "mark_date_booked", lambda *_: None)


def order_without_the_account(patch: pytest.MonkeyPatch) -> None:
    """Remove the lock of the account, and its write, which conflicts with a concurrent order of the same guest."""
    patch.setattr(bookings, "hold_account_lock", lambda _: nullcontext())
    patch.setattr(bookings, "lock_account", lambda *_: None)


def register_without_the_account(patch: pytest.MonkeyPatch) -> None:
    """Remove the write of the account, which conflicts with a concurrent registration of the same owner."""
    patch.setattr(venues, "lock_account", lambda *_: None)


def price_before_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Use the price read before the transaction instead of the price of the venue that the transaction wrote."""
    cached, get_venue = threading.local(), venues_store.get_venue
    check_before_booking(patch)

    def get_and_cache(db: Db, venue_id: ObjectId) -> Document:
        cached.venue = get_venue(db, venue_id)
        return cached.venue  # type: ignore[no-any-return] # a thread-local holds anything

    def book_with_cached_venue(
        booking_id: ObjectId, guest_id: ObjectId, order: dict[str, Any], _: VenueDocument, *rest: Any
    ) -> BookingDocument:
        return new_booking(booking_id, guest_id, order, cached.venue, *rest)

    patch.setattr(venues_store, "get_venue", get_and_cache)
    patch.setattr(bookings, "new_booking", book_with_cached_venue)


def update_without_filter(patch: pytest.MonkeyPatch) -> None:
    """Remove the compare-and-set: an update changes the booking whatever its state is."""
    update_booking = bookings_store.update_booking

    def update(db: Db, booking_id: ObjectId, *, match: Document, values: Document, session: Session) -> Any:
        del match
        return update_booking(db, booking_id, match={}, values=values, session=session)

    patch.setattr(bookings_store, "update_booking", update)


def cancel_by_date(patch: pytest.MonkeyPatch) -> None:
    """Cancel by venue and date instead of by booking id: this cancels another guest's booking."""
    update_booking = bookings_store.update_booking

    def update(db: Db, booking_id: ObjectId, *, match: Document, values: Document, session: Session) -> Any:
        booking = bookings_store.get_booking(db, booking_id)
        query = {"venue_id": booking["venue_id"], "date": booking["date"], "status": match["status"]}
        holder = db.bookings.find_one(query, session=session)
        return holder and update_booking(db, holder["_id"], match=match, values=values, session=session)

    patch.setattr(bookings_store, "update_booking", update)


def save_response_after_commit(patch: pytest.MonkeyPatch, module: ModuleType, name: str, count: int) -> None:
    """Save the response after the transaction instead of in it, when `count` requests have looked for the key."""
    action, all_have_looked = getattr(module, name), threading.Barrier(count, timeout=MAX_WAIT_SECONDS)

    def act_then_save(
        db: Db, caller_id: Any, order: Any, now: datetime, key: IdempotencyKey | None = None, **options: Any
    ) -> ReplayableResponse:
        if (stored := find_response(db, key, now)) is not None:
            return ReplayableResponse(stored, replayed=True)
        all_have_looked.wait()
        result: ReplayableResponse = action(db, caller_id, order, now, **options)
        with suppress(DuplicateKeyError):
            save_response(db, key, result.data, now, None)  # type: ignore[arg-type] # outside a transaction
        return result

    patch.setattr(module, name, act_then_save)


def check_version_before_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Compare If-Match with the venue as it was read before the transaction, when two requests have read it."""
    change_venue, both_have_checked = venues.change_venue, threading.Barrier(2, timeout=MAX_WAIT_SECONDS)

    def check_then_change(
        db: Db,
        venue: VenueDocument,
        given: dict[str, Any],
        now: datetime,
        if_match: IfMatch | None = None,
        *,
        caller: Account | None = None,
    ) -> VenueDocument:
        venues.check_version(venue, if_match)
        both_have_checked.wait()
        return change_venue(db, venue, given, now, caller=caller)

    patch.setattr(venues, "change_venue", check_then_change)


def replace_whole_venue(patch: pytest.MonkeyPatch) -> None:
    """Replace the whole venue as it was read, instead of updating only the changed fields."""
    both_have_read = threading.Barrier(2, timeout=MAX_WAIT_SECONDS)
    read: dict[int, VenueDocument] = {}

    def update_venue(
        db: Db, venue_id: ObjectId, changes: dict[str, Any], now: datetime, session: Session | None = None
    ) -> VenueDocument:
        del session  # in a session, MongoDB would reject the second write as a conflict
        reader = threading.get_ident()
        # A retried transaction has read already; waiting again would block until the timeout.
        if reader not in read:
            read[reader] = get_venue(db, venue_id)
            both_have_read.wait()
        db.venues.replace_one({"_id": venue_id}, {**read[reader], **changes, "updated_at": now})
        return read[reader]

    patch.setattr(venues_store, "update_venue", update_venue)


def change_the_calendar_that_was_read(patch: pytest.MonkeyPatch, count: int) -> None:
    """Change the calendar as it was read before the transaction, when `count` requests have read it."""
    lock_venue, all_have_read = venues_store.lock_venue, threading.Barrier(count, timeout=MAX_WAIT_SECONDS)
    read: dict[int, VenueDocument] = {}

    def lock_and_return_read(db: Db, venue_id: ObjectId, session: Session) -> VenueDocument:
        reader = threading.get_ident()
        # A restarted transaction has read the venue already.
        if reader not in read:
            read[reader] = get_venue(db, venue_id)
            all_have_read.wait()
        lock_venue(db, venue_id, session)
        return read[reader]

    patch.setattr(venues_store, "lock_venue", lock_and_return_read)


def write_entries_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Remove the write conflict of two changes that write the same search entry."""

    def refresh_entries(db: Db, venue_ids: Iterable[ObjectId], session: Session, **_: Any) -> int:
        entries = index.make_entries(db, list(venue_ids), session)
        for entry in entries:
            db.search_entries.replace_one({"_id": entry["_id"]}, {**entry, "edition": ObjectId()}, upsert=True)
        return len(entries)

    for module in (index, venues):
        patch.setattr(module, "refresh_entries", refresh_entries)
