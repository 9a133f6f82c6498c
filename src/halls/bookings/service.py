"""Use cases of bookings: place, confirm, cancel, list and show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

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
from halls.bookings.contact import fill_contact, find_other_side, make_contact
from halls.bookings.limits import check_pending
from halls.clock import day_in_karachi
from halls.documents import read_id, read_object, read_text, read_whole
from halls.http.idempotency import IdempotencyKey, ReplayableResponse, find_response, replay_or_raise, save_response
from halls.metrics import counts_bookings
from halls.mongo.client import in_transaction
from halls.search import index
from halls.venues import store as venues
from halls.venues.price_on_date import offers_date
from halls.venues.venue import serialize_venue_summary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.bookings.schemas import BookingOrder
    from halls.mongo.client import Db, Session
    from halls.venues.venue import VenueDocument, VenueReference


@counts_bookings(lambda outcome: "replayed" if outcome.replayed else "placed")
def place_booking(
    db: Db,
    guest: Account,
    order: BookingOrder,
    now: datetime,
    key: IdempotencyKey | None = None,
    *,
    max_pending: int = 0,
) -> ReplayableResponse:
    """Book a venue for a date, at the price that the venue has when the transaction commits.

    A repeated request with the same key returns the stored response. `max_pending` is MAX_PENDING_PER_GUEST.
    Raises VenueNotFound, DateInPast, OverCapacity, DateNotOffered, DateTaken, LimitReached (contract §4, in this
    order).
    """
    if (stored := find_response(db, key, now)) is not None:
        return fill_contact(db, ReplayableResponse(stored, replayed=True))
    with replay_or_raise(db, key, now) as replay:
        _check_order(db, ObjectId(order.venue_id), guest, order, now)
        answer = _book(db, guest, order, now, key, max_pending)
    return fill_contact(db, replay.outcome or ReplayableResponse(answer))


def _check_order(db: Db, venue_id: ObjectId, guest: Account, order: BookingOrder, now: datetime) -> None:
    """Check the order with reads outside the transaction.

    Of 200 concurrent requests for one date, 199 fail here and cause no write conflict in the transaction.
    """
    venue = venues.get_venue(db, venue_id)
    if order.date < (today := day_in_karachi(now)):
        raise DateInPast(f"The date is in the past: today is {today} in Karachi.")
    _check_capacity(venue, order.guests)
    if not offers_date(venue, order.date):
        raise DateNotOffered
    if (holder := store.find_active_booking(db, venue_id, order.date)) is not None:
        raise _date_taken(holder, guest)


def _date_taken(holder: BookingDocument | None, guest: Account) -> DateTaken:
    """Return the error for a date that the booking `holder` holds; its message says whether it is the guest's own."""
    is_own = holder is not None and holder.get("user_id") == guest.id
    return DateTaken("You have already booked this date.") if is_own else DateTaken()


def _check_capacity(venue: VenueDocument, guests: int) -> None:
    capacity = read_whole(venue.get("capacity"))
    if capacity is None:
        raise DateNotOffered("The venue takes no bookings until its owner sets the capacity.")
    if guests > capacity:
        raise OverCapacity(f"The venue holds {capacity} guests.")


def _book(
    db: Db, guest: Account, order: BookingOrder, now: datetime, key: IdempotencyKey | None, max_pending: int
) -> dict[str, Any]:
    """Book in a transaction that writes the venue first, so price and offer can't change meanwhile (decision 2)."""
    booking_id, venue_id = ObjectId(), ObjectId(order.venue_id)

    def book(session: Session) -> dict[str, Any]:
        venue = _claim_date(db, venue_id, order, session)
        lock_account(db, guest.id, session)
        booking = new_booking(booking_id, guest.id, order.given(), venue, now)
        answer = _make_answer(booking, venue, guest)
        save_response(db, key, answer, now, session)
        store.insert_booking(db, booking, session)
        index.mark_date_booked(db, venue_id, order.date, session)
        check_pending(db, guest, venue, max_pending, now, session)
        return answer

    try:
        with hold_account_lock(guest.id):
            return store.commit_booking(db, booking_id, book)
    except DateTaken:
        raise _date_taken(store.find_active_booking(db, venue_id, order.date), guest) from None


def _claim_date(db: Db, venue_id: ObjectId, order: BookingOrder, session: Session) -> VenueDocument:
    """Write the venue and return it. Raises VenueNotFound, DateNotOffered, OverCapacity."""
    venue = venues.claim_date(db, venue_id, order.date, session)
    if venue is None:
        # Raises VenueNotFound if the venue was deleted after the first checks.
        venues.get_venue(db, venue_id, session)
        raise DateNotOffered
    _check_capacity(venue, order.guests)
    return venue


def _make_answer(booking: BookingDocument, venue: VenueDocument, guest: Account) -> dict[str, Any]:
    """Return the response to an order, with the id of the owner in place of the contact (see `fill_contact`)."""
    shown = _show(booking, venue, guest, {guest.id: guest})
    return {"booking_id": booking["_id"], "booking": shown | {"contact": read_id(venue.get("owner_id"))}}


def get_own_booking(db: Db, caller: Account, booking_id: ObjectId) -> BookingDocument:
    """Return a booking whose guest or venue owner is the caller. Raises BookingNotFound, NotYourBooking."""
    booking = store.get_booking(db, booking_id)
    if caller.id not in (booking.get("user_id"), _owner_of(db, booking)):
        raise NotYourBooking
    return booking


def _owner_of(db: Db, booking: BookingDocument) -> ObjectId | None:
    return read_id(_venue_of(booking, _find_venues(db, [booking])).get("owner_id"))


def _find_venues(db: Db, bookings: list[BookingDocument]) -> dict[ObjectId, VenueReference]:
    ids = {read_id(booking.get("venue_id")) for booking in bookings}
    return venues.find_venues(db, {venue_id for venue_id in ids if venue_id is not None})


def _venue_of(booking: BookingDocument, found: Mapping[ObjectId, VenueReference]) -> VenueReference:
    """Return the venue of the booking, the booking's copy of a deleted venue, or an empty reference."""
    venue_id = read_id(booking.get("venue_id"))
    stored = found.get(venue_id) if venue_id is not None else None
    return stored or cast("VenueReference", read_object(booking.get("venue")))


@counts_bookings(lambda booking: str(booking["status"]))
def change_status(db: Db, caller: Account, booking: BookingDocument, to: str, now: datetime) -> BookingDocument:
    """Confirm or cancel a booking of the caller. Return the booking unchanged if it already has the status.

    Raises NotYourBooking if a guest confirms, and BadTransition if the booking is cancelled or its date is past.
    """
    if to == "confirmed" and caller.id != _owner_of(db, booking):
        raise NotYourBooking("Only the venue's owner confirms a booking.")
    allowed = ("pending",) if to == "confirmed" else ACTIVE
    today = day_in_karachi(now)

    def update(session: Session) -> BookingDocument | None:
        updated = store.update_status(
            db, booking["_id"], to=to, allowed=allowed, from_date=today, now=now, session=session
        )
        if updated is not None and to == "cancelled":
            index.release_dates(db, [updated.get("venue_id")], session)
        return updated

    updated = in_transaction(db, update)
    if updated is not None:
        return updated
    present = store.get_booking(db, booking["_id"])
    if present.get("status") == to:
        return present
    if (read_text(present.get("date")) or "") < today:
        raise BadTransition(f"The date is past: today is {today} in Karachi.")
    raise BadTransition("A cancelled booking never comes back.")


def show_bookings(db: Db, caller: Account, bookings: list[BookingDocument]) -> list[dict[str, Any]]:
    """Return the bookings as `caller` sees them: with their venues, and with the guests if the caller is the owner."""
    found = _find_venues(db, bookings)
    pairs = [(booking, _venue_of(booking, found)) for booking in bookings]
    account_ids = {read_id(booking.get("user_id")) for booking, venue in pairs if venue.get("owner_id") == caller.id}
    account_ids |= {find_other_side(booking, venue, caller.id) for booking, venue in pairs}
    accounts = find_accounts(db, account_ids) if account_ids - {None} else {}
    return [_show(booking, venue, caller, accounts) for booking, venue in pairs]


def _show(
    booking: BookingDocument, venue: VenueReference, caller: Account, accounts: Mapping[Any, Account]
) -> dict[str, Any]:
    shown = serialize_booking(booking, None)
    if venue and shown["venue_id"]:
        shown["venue"] = serialize_venue_summary(shown["venue_id"], venue)
    shown["contact"] = make_contact(accounts.get(find_other_side(booking, venue, caller.id)))
    if venue.get("owner_id") == caller.id:
        guest = accounts.get(shown["user_id"])
        shown["guest"] = guest and {name: getattr(guest, name) for name in ("full_name", "email", "contact_number")}
    return shown
