"""What happens, and in what order, when a booking is placed, confirmed or cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.account_lock import hold_account_lock
from halls.accounts.store import find_accounts, lock_account
from halls.bookings import store
from halls.bookings.booking import (
    ACTIVE,
    BadTransition,
    DateInPast,
    DateNotOffered,
    DateTaken,
    NotYourBooking,
    OverCapacity,
    new_booking,
    serialize_booking,
)
from halls.clock import day_in_karachi
from halls.http.idempotency import IdempotencyKey, ReplayableResponse, find_response, replay_or_raise, save_response
from halls.metrics import counts_bookings
from halls.mongo.client import in_transaction
from halls.search import index
from halls.venues import store as venues
from halls.venues.price_on_date import as_number

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.bookings.schemas import BookingOrder, BookingsQuery
    from halls.mongo.client import Db, Document, Session


@counts_bookings(lambda outcome: "replayed" if outcome.replayed else "placed")
def place_booking(
    db: Db, guest: Account, order: BookingOrder, now: datetime, key: IdempotencyKey | None = None
) -> ReplayableResponse:
    """Book a venue for a date, once for the same key, at the price of the instant in which it takes effect.

    Raises VenueNotFound, DateInPast, OverCapacity, DateNotOffered, DateTaken (contract §4, in this order).
    """
    if (kept := find_response(db, key, now)) is not None:
        return ReplayableResponse(kept, replayed=True)
    with replay_or_raise(db, key, now) as replay:
        venue_id = ObjectId(order.venue_id)
        _check_order(db, venue_id, order, now)
        answer = _book(db, venue_id, guest, order, now, key)
    return replay.outcome or ReplayableResponse(answer)


def _check_order(db: Db, venue_id: ObjectId, order: BookingOrder, now: datetime) -> None:
    """Look with plain reads, for a clear answer and to keep 199 of 200 rivals out of the transaction's way."""
    venue = venues.get_venue(db, venue_id)
    if order.date < day_in_karachi(now):
        raise DateInPast
    _check_capacity(venue, order.guests)
    if order.date not in (venue.get("dates_available") or ()):
        raise DateNotOffered
    if store.find_booked_venues(db, [venue_id], order.date):
        raise DateTaken


def _check_capacity(venue: Document, guests: int) -> None:
    capacity = as_number(venue.get("capacity") or 0)
    if guests > capacity:
        raise OverCapacity(f"The venue holds {capacity} guests.")


def _book(
    db: Db, venue_id: ObjectId, guest: Account, order: BookingOrder, now: datetime, key: IdempotencyKey | None
) -> Document:
    """Decide: the venue is written first, so price and offer can't change under the booking (decision 2)."""
    booking_id = ObjectId()

    def book(session: Session) -> Document:
        venue = venues.claim_date(db, venue_id, order.date, session)
        if venue is None:
            raise DateNotOffered
        _check_capacity(venue, order.guests)
        lock_account(db, guest.id, session)
        booking = new_booking(booking_id, guest.id, order.given(), venue, now)
        answer = {"booking_id": booking_id, "booking": _show(booking, venue, guest, {guest.id: guest})}
        save_response(db, key, answer, now, session)
        store.insert_booking(db, booking, session)
        index.mark_date_booked(db, venue_id, order.date, session)
        return answer

    with hold_account_lock(guest.id):
        return store.commit_booking(db, booking_id, book)


def get_own_booking(db: Db, caller: Account, booking_id: ObjectId) -> Document:
    """Return a booking to its booker or its venue's owner. Raises BookingNotFound, NotYourBooking."""
    booking = store.get_booking(db, booking_id)
    if caller.id not in (booking.get("user_id"), _owner_of(db, booking)):
        raise NotYourBooking
    return booking


def _owner_of(db: Db, booking: Document) -> ObjectId | None:
    venue = venues.find_venues(db, [booking["venue_id"]]).get(booking["venue_id"]) or booking.get("venue") or {}
    return venue.get("owner_id")


@counts_bookings(lambda booking: str(booking["status"]))
def change_status(db: Db, caller: Account, booking: Document, to: str, now: datetime) -> Document:
    """Confirm or cancel a booking of the caller's; the status it already has is no change.

    Raises NotYourBooking when a guest confirms, BadTransition from cancelled and once the date is past.
    """
    if to == "confirmed" and caller.id != _owner_of(db, booking):
        raise NotYourBooking("Only the venue's owner confirms a booking.")
    allowed = ("pending",) if to == "confirmed" else ACTIVE
    today = day_in_karachi(now)

    def move(session: Session) -> Document | None:
        moved = store.update_status(
            db, booking["_id"], to=to, allowed=allowed, from_date=today, now=now, session=session
        )
        if moved is not None and to == "cancelled":
            index.refresh_entries(db, [moved["venue_id"]], session)
        return moved

    moved = in_transaction(db, move)
    if moved is not None:
        return moved
    present = store.get_booking(db, booking["_id"])
    if present["status"] == to:
        return present
    raise BadTransition("The date is past." if present["date"] < today else "A cancelled booking never comes back.")


def find_bookings(db: Db, caller: Account, query: BookingsQuery, after: list[Any] | None) -> list[Document]:
    """Return a page of the caller's bookings and one more: an owner's venues', or those that he made himself."""
    match: Document = {"user_id": caller.id}
    if caller.is_venue_owner and query.as_ is None:
        own = {"venue_id": {"$in": venues.list_venue_ids(db, caller.id)}}
        match = {"$or": [own, {"venue.owner_id": caller.id}]}
    filters: Document = {}
    if query.status:
        filters["status"] = query.status
    if query.venue_id:
        filters["venue_id"] = ObjectId(query.venue_id)
    dates = {"$gte": query.date_from, "$lte": query.date_to}
    if bounds := {operator: date for operator, date in dates.items() if date}:
        filters["date"] = bounds
    return store.list_bookings(db, {"$and": [match, filters]}, after=after, limit=query.limit + 1)


def show_bookings(db: Db, caller: Account, rows: list[Document]) -> list[Document]:
    """Return what `caller` sees of the bookings: with their venues, and who booked where he is the owner."""
    found = venues.find_venues(db, {row["venue_id"] for row in rows})
    summaries = [found.get(row["venue_id"]) or row.get("venue") or {} for row in rows]
    pairs = zip(rows, summaries, strict=True)
    owned = {row.get("user_id") for row, venue in pairs if venue.get("owner_id") == caller.id}
    guests = find_accounts(db, owned) if owned else {}
    return [_show(row, venue, caller, guests) for row, venue in zip(rows, summaries, strict=True)]


def _show(booking: Document, venue: Document, caller: Account, guests: dict[Any, Account]) -> Document:
    summary = {"id": booking["venue_id"], "venue_name": venue.get("venue_name"), "address": venue.get("address")}
    facts = serialize_booking(booking, summary if venue else None)
    if venue.get("owner_id") == caller.id:
        guest = guests.get(booking.get("user_id"))
        facts["guest"] = guest and {name: getattr(guest, name) for name in ("full_name", "email", "contact_number")}
    return facts
