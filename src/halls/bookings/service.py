"""Use cases of bookings: place and show, and the checks that orders and walk-ins have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from bson import ObjectId

from halls.accounts.account_lock import hold_account_lock
from halls.accounts.blocking import require_unblocked
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
    read_walk_in_guest,
    serialize_booking,
)
from halls.bookings.contact import fill_contact, find_other_side, make_contact, make_walk_in_contact
from halls.bookings.limits import check_pending
from halls.clock import day_in_karachi
from halls.documents import read_id, read_object, read_whole
from halls.errors import ApiError
from halls.http.idempotency import IdempotencyKey, ReplayableResponse, replay_or_raise, save_response
from halls.metrics import counts_bookings
from halls.venues import store as venues
from halls.venues.price_on_date import offers_date
from halls.venues.venue import VenueNotFound, serialize_venue_summary
from halls.venues.visibility import NOT_OPEN, is_hidden, is_open

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.bookings.schemas import BookingOrder
    from halls.mongo.client import Db, Session
    from halls.venues.venue import VenueDocument, VenueReference


@dataclass(frozen=True)
class OrderLimits:
    """The limits of the configuration for orders. 0 switches a limit off."""

    # The hours after which a booking expires if the venue has no rule of its own.
    hold_hours: float = 0
    # MAX_PENDING_PER_GUEST.
    max_pending: int = 0


@counts_bookings(lambda outcome: "replayed" if outcome.replayed else "placed")
def place_booking(
    db: Db,
    guest: Account,
    order: BookingOrder,
    now: datetime,
    key: IdempotencyKey | None = None,
    *,
    limits: OrderLimits | None = None,
) -> ReplayableResponse:
    """Book a venue for a date, at the price that the venue has when the transaction commits.

    A repeated request with the same key returns the stored response. A pending booking whose hold has run out does not
    block the date: it expires in the same transaction.
    Raises VenueNotFound, GuestBlocked, DateInPast, OverCapacity, DateNotOffered, DateTaken, LimitReached (contract §4,
    in this order).
    """
    placement = Placement(ObjectId(order.venue_id), guest, order, now, key, limits or OrderLimits())
    with replay_or_raise(db, key, now) as replay:
        answer = _book(db, placement)
    return fill_contact(db, replay.outcome or ReplayableResponse(answer))


@dataclass(frozen=True)
class Placement:
    """An order, and the id of the booking that it makes."""

    venue_id: ObjectId
    guest: Account
    order: BookingOrder
    now: datetime
    key: IdempotencyKey | None
    limits: OrderLimits
    booking_id: ObjectId = field(default_factory=ObjectId)


def _book(db: Db, placement: Placement) -> dict[str, Any]:
    """Book without reads before the transaction, because most orders succeed (decision 43).

    After an error, reads find the first error in the order of the contract. If they find nothing but a booking whose
    hold has run out, a second transaction expires it.
    """
    with hold_account_lock(placement.guest.id):
        try:
            check_upcoming(placement.order.date, placement.now)
            return commit_order(db, placement, checks_first=False)
        except ApiError:
            if check_order(db, placement) is None:
                raise
        return commit_order(db, placement, checks_first=True)


def commit_order(db: Db, placement: Placement, *, checks_first: bool) -> dict[str, Any]:
    """Book in a transaction. Check the order before each attempt, except the first one without `checks_first`.

    MongoDB aborts an attempt if another order writes the venue at the same time. Of 200 concurrent requests for one
    date, 199 then fail in the check. Without it, all of them would write the venue one after another.
    """
    attempts = count(int(checks_first))

    def work(session: Session) -> dict[str, Any]:
        expired_id = check_order(db, placement) if next(attempts) else None
        return _book_in_transaction(db, placement, expired_id, session)

    return store.commit_booking(db, placement.booking_id, work)


def check_order(db: Db, placement: Placement) -> ObjectId | None:
    """Check the order with reads outside the transaction. Return the id of the booking on the date that has expired.

    Raises the first error in the order of the contract.
    """
    guest, order, now = placement.guest, placement.order, placement.now
    venue = venues.get_venue(db, placement.venue_id)
    if is_hidden(venue):
        raise VenueNotFound
    if guest.has_blocks:
        require_unblocked(db, read_id(venue.get("owner_id")), guest.id)
    check_upcoming(order.date, now)
    check_capacity(venue, order.guests)
    if not is_open(venue):
        raise DateNotOffered(NOT_OPEN)
    if not offers_date(venue, order.date):
        raise DateNotOffered
    return check_date_free(db, placement.venue_id, order.date, guest, now)


def check_upcoming(date: str, now: datetime) -> None:
    """Raise DateInPast if the date is before today in Karachi."""
    if date < (today := day_in_karachi(now)):
        raise DateInPast(f"The date is in the past: today is {today} in Karachi.")


def check_date_free(db: Db, venue_id: ObjectId, date: str, caller: Account, now: datetime) -> ObjectId | None:
    """Raise DateTaken if an active booking holds the date. Return the id of a booking whose hold has run out."""
    holder = store.find_active_booking(db, venue_id, date)
    if holder is not None and not has_expired(holder, now):
        raise _date_taken(holder, caller)
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


def _book_in_transaction(db: Db, placement: Placement, expired_id: ObjectId | None, session: Session) -> dict[str, Any]:
    """Write the venue first, so that price and offer can't change meanwhile (decision 2), then insert the booking."""
    guest, order, now, limits = placement.guest, placement.order, placement.now, placement.limits
    venue = _claim_date(db, placement.venue_id, order, session)
    # A block at the same time has committed, or waits for this transaction.
    if lock_account(db, guest, session):
        require_unblocked(db, read_id(venue.get("owner_id")), guest.id, session)
    booking = new_booking(placement.booking_id, guest.id, order.given(), venue, now, limits.hold_hours)
    answer = _make_answer(booking, venue, guest)
    save_response(db, placement.key, answer, now, session)
    if expired_id is not None:
        # Without effect if the owner has confirmed it meanwhile. Then the insert raises DuplicateKeyError.
        changes.expire_booking(db, expired_id, now, session)
    changes.insert_booking(db, booking, by="guest", now=now, session=session)
    check_pending(db, guest, venue, limits.max_pending, now, session)
    return answer


def _claim_date(db: Db, venue_id: ObjectId, order: BookingOrder, session: Session) -> VenueDocument:
    """Write the venue and return it. Raises VenueNotFound, DateNotOffered, OverCapacity."""
    venue = venues.claim_date(db, venue_id, order.date, session)
    if venue is None:
        # Raises VenueNotFound. Outside the transaction, a read may still find a venue that was just deleted.
        venues.get_venue(db, venue_id, session)
        raise DateNotOffered
    if not is_open(venue):
        raise DateNotOffered(NOT_OPEN)
    check_capacity(venue, order.guests)
    return venue


def _make_answer(booking: BookingDocument, venue: VenueDocument, guest: Account) -> dict[str, Any]:
    """Return the response to an order, with the id of the owner in place of the contact (see `fill_contact`)."""
    shown = show_booking(booking, venue, guest, {guest.id: guest})
    return {"booking_id": booking["_id"], "booking": shown | {"contact": read_id(venue.get("owner_id"))}}


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


def show_bookings(db: Db, caller: Account, bookings: list[BookingDocument]) -> list[dict[str, Any]]:
    """Return the bookings as `caller` sees them: with their venues, and with the guests if the caller is the owner."""
    found = _find_venues(db, bookings)
    pairs = [(booking, _venue_of(booking, found)) for booking in bookings]
    account_ids = {read_id(booking.get("user_id")) for booking, venue in pairs if venue.get("owner_id") == caller.id}
    account_ids |= {find_other_side(booking, venue, caller.id) for booking, venue in pairs}
    accounts = find_accounts(db, account_ids) if account_ids - {None} else {}
    return [show_booking(booking, venue, caller, accounts) for booking, venue in pairs]


def show_booking(
    booking: BookingDocument, venue: VenueReference, caller: Account, accounts: Mapping[Any, Account]
) -> dict[str, Any]:
    """Return the booking as `caller` sees it. `accounts` has the guest and the owner by id, if they exist."""
    shown = serialize_booking(booking, None)
    if venue and shown["venue_id"]:
        shown["venue"] = serialize_venue_summary(shown["venue_id"], venue)
    if shown["is_walk_in"] and venue.get("owner_id") == caller.id:
        return shown | {"guest": read_walk_in_guest(booking), "contact": make_walk_in_contact(booking)}
    shown["contact"] = make_contact(accounts.get(find_other_side(booking, venue, caller.id)))
    if venue.get("owner_id") == caller.id:
        guest = accounts.get(shown["user_id"])
        shown["guest"] = guest and {name: getattr(guest, name) for name in ("full_name", "email", "contact_number")}
    return shown
