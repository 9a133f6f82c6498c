"""Use cases of bookings: place, list and show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from bson import ObjectId

from halls.accounts.account_lock import hold_account_lock
from halls.accounts.store import find_accounts, lock_account
from halls.bookings import changes, store
from halls.bookings.booking import (
    DateInPast,
    DateNotOffered,
    DateTaken,
    NotYourBooking,
    OverCapacity,
    has_expired,
    new_booking,
    serialize_booking,
)
from halls.clock import day_in_karachi
from halls.documents import read_id, read_object, read_whole
from halls.http.idempotency import IdempotencyKey, ReplayableResponse, find_response, replay_or_raise, save_response
from halls.metrics import counts_bookings
from halls.venues import store as venues
from halls.venues.price_on_date import offers_date
from halls.venues.venue import serialize_venue_summary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.bookings.schemas import BookingOrder, BookingsQuery
    from halls.mongo.client import Db, Document, Session
    from halls.venues.venue import VenueDocument, VenueReference


@counts_bookings(lambda outcome: "replayed" if outcome.replayed else "placed")
def place_booking(
    db: Db,
    guest: Account,
    order: BookingOrder,
    now: datetime,
    key: IdempotencyKey | None = None,
    *,
    hold_hours: float = 0,
) -> ReplayableResponse:
    """Book a venue for a date, at the price that the venue has when the transaction commits.

    A repeated request with the same key returns the stored response. The booking expires after `hold_hours` (0: never)
    unless the venue has a rule of its own. A pending booking whose hold has run out does not block the date: it
    expires in the same transaction.
    Raises VenueNotFound, DateInPast, OverCapacity, DateNotOffered, DateTaken (contract §4, in this order).
    """
    if (stored := find_response(db, key, now)) is not None:
        return ReplayableResponse(stored, replayed=True)
    with replay_or_raise(db, key, now) as replay:
        venue_id = ObjectId(order.venue_id)
        expired_id = _check_order(db, venue_id, guest, order, now)
        answer = _book(db, _Placement(venue_id, guest, order, now, key, hold_hours, expired_id))
    return replay.outcome or ReplayableResponse(answer)


def _check_order(db: Db, venue_id: ObjectId, guest: Account, order: BookingOrder, now: datetime) -> ObjectId | None:
    """Check the order with reads outside the transaction. Return the id of the booking on the date that has expired.

    Of 200 concurrent requests for one date, 199 fail here and cause no write conflict in the transaction.
    """
    venue = venues.get_venue(db, venue_id)
    if order.date < (today := day_in_karachi(now)):
        raise DateInPast(f"The date is in the past: today is {today} in Karachi.")
    check_capacity(venue, order.guests)
    if not offers_date(venue, order.date):
        raise DateNotOffered
    holder = store.find_active_booking(db, venue_id, order.date)
    if holder is not None and not has_expired(holder, now):
        raise _date_taken(holder, guest)
    return holder and holder["_id"]


def _date_taken(holder: BookingDocument | None, guest: Account) -> DateTaken:
    """Return the error for a date that the booking `holder` holds; its message says whether it is the guest's own."""
    is_own = holder is not None and holder.get("user_id") == guest.id
    return DateTaken("You have already booked this date.") if is_own else DateTaken()


def check_capacity(venue: VenueDocument, guests: int) -> None:
    """Raise OverCapacity, or DateNotOffered if the venue has no capacity that can be read."""
    capacity = read_whole(venue.get("capacity"))
    if capacity is None:
        raise DateNotOffered("The venue takes no bookings until its owner sets the capacity.")
    if guests > capacity:
        raise OverCapacity(f"The venue holds {capacity} guests.")


@dataclass(frozen=True)
class _Placement:
    """An order that has passed the first checks."""

    venue_id: ObjectId
    guest: Account
    order: BookingOrder
    now: datetime
    key: IdempotencyKey | None
    # The hours after which the booking expires if the venue has no rule. 0: never.
    hold_hours: float
    # The pending booking on the date whose hold has run out.
    expired_id: ObjectId | None
    booking_id: ObjectId = field(default_factory=ObjectId)


def _book(db: Db, placement: _Placement) -> dict[str, Any]:
    """Book in a transaction that writes the venue first, so price and offer can't change meanwhile (decision 2)."""
    try:
        with hold_account_lock(placement.guest.id):
            return store.commit_booking(
                db, placement.booking_id, lambda session: _book_in_transaction(db, placement, session)
            )
    except DateTaken:
        holder = store.find_active_booking(db, placement.venue_id, placement.order.date)
        raise _date_taken(holder, placement.guest) from None


def _book_in_transaction(db: Db, placement: _Placement, session: Session) -> dict[str, Any]:
    guest, order, now = placement.guest, placement.order, placement.now
    venue = venues.claim_date(db, placement.venue_id, order.date, session)
    if venue is None:
        # Raises VenueNotFound if the venue was deleted after the first checks.
        venues.get_venue(db, placement.venue_id, session)
        raise DateNotOffered
    check_capacity(venue, order.guests)
    lock_account(db, guest.id, session)
    booking = new_booking(placement.booking_id, guest.id, order.given(), venue, now, placement.hold_hours)
    answer = {"booking_id": booking["_id"], "booking": _show(booking, venue, guest, {guest.id: guest})}
    save_response(db, placement.key, answer, now, session)
    if placement.expired_id is not None:
        # Without effect if the owner has confirmed it meanwhile. Then the insert raises DuplicateKeyError.
        changes.expire_booking(db, placement.expired_id, now, session)
    changes.insert_booking(db, booking, by="guest", now=now, session=session)
    return answer


def get_own_booking(db: Db, caller: Account, booking_id: ObjectId) -> BookingDocument:
    """Return a booking whose guest or venue owner is the caller. Raises BookingNotFound, NotYourBooking."""
    booking = store.get_booking(db, booking_id)
    if caller.id not in (booking.get("user_id"), find_owner_id(db, booking)):
        raise NotYourBooking
    return booking


def find_owner_id(db: Db, booking: BookingDocument) -> ObjectId | None:
    """Return the id of the venue's owner, also if the venue is deleted. None if it is unknown."""
    return read_id(_venue_of(booking, _find_venues(db, [booking])).get("owner_id"))


def _find_venues(db: Db, bookings: list[BookingDocument]) -> dict[ObjectId, VenueReference]:
    ids = {read_id(booking.get("venue_id")) for booking in bookings}
    return venues.find_venues(db, {venue_id for venue_id in ids if venue_id is not None})


def _venue_of(booking: BookingDocument, found: Mapping[ObjectId, VenueReference]) -> VenueReference:
    """Return the venue of the booking, the booking's copy of a deleted venue, or an empty reference."""
    venue_id = read_id(booking.get("venue_id"))
    stored = found.get(venue_id) if venue_id is not None else None
    return stored or cast("VenueReference", read_object(booking.get("venue")))


def find_bookings(db: Db, caller: Account, query: BookingsQuery, after: list[Any] | None) -> list[BookingDocument]:
    """Return a page of bookings and one more: those of the caller's venues, or those that the caller made as guest."""
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


def show_bookings(db: Db, caller: Account, bookings: list[BookingDocument]) -> list[dict[str, Any]]:
    """Return the bookings as `caller` sees them: with their venues, and with the guests if the caller is the owner."""
    found = _find_venues(db, bookings)
    pairs = [(booking, _venue_of(booking, found)) for booking in bookings]
    guest_ids = {read_id(booking.get("user_id")) for booking, venue in pairs if venue.get("owner_id") == caller.id}
    guests = find_accounts(db, guest_ids) if guest_ids else {}
    return [_show(booking, venue, caller, guests) for booking, venue in pairs]


def _show(
    booking: BookingDocument, venue: VenueReference, caller: Account, guests: Mapping[Any, Account]
) -> dict[str, Any]:
    shown = serialize_booking(booking, None)
    if venue and shown["venue_id"]:
        shown["venue"] = serialize_venue_summary(shown["venue_id"], venue)
    if venue.get("owner_id") == caller.id:
        guest = guests.get(shown["user_id"])
        shown["guest"] = guest and {name: getattr(guest, name) for name in ("full_name", "email", "contact_number")}
    return shown
