"""Walk-ins: the owner of a venue enters a confirmed booking for a guest without an account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.account_lock import hold_account_lock
from halls.accounts.store import lock_account
from halls.bookings import changes, store
from halls.bookings.booking import DateNotOffered, DateTaken, new_walk_in
from halls.bookings.service import check_capacity, check_date_free, check_upcoming, show_booking
from halls.errors import invalid
from halls.http.idempotency import IdempotencyKey, ReplayableResponse, find_response, replay_or_raise, save_response
from halls.metrics import counts_bookings
from halls.search.index import refresh_entries
from halls.venues import store as venues
from halls.venues.price_on_date import offered_dates, offers_date
from halls.venues.schemas import MAX_DATES
from halls.venues.service import check_growth

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.bookings.walk_in_schemas import WalkInOrder
    from halls.mongo.client import Db, Session
    from halls.venues.venue import VenueDocument


@dataclass(frozen=True)
class _WalkIn:
    """A walk-in that has passed the first checks."""

    venue_id: ObjectId
    owner: Account
    order: WalkInOrder
    now: datetime
    key: IdempotencyKey | None
    # The pending booking on the date whose hold has run out.
    expired_id: ObjectId | None
    booking_id: ObjectId = field(default_factory=ObjectId)


@counts_bookings(lambda outcome: "replayed" if outcome.replayed else "walk_in")
def enter_walk_in(
    db: Db, owner: Account, venue: VenueDocument, order: WalkInOrder, now: datetime, key: IdempotencyKey | None = None
) -> ReplayableResponse:
    """Book the caller's own venue for a guest without an account. The booking is confirmed at once.

    The venue may be paused or hidden. A repeated request with the same key returns the stored response.
    Raises DateInPast, OverCapacity, Invalid if the venue can offer no more dates, DateNotOffered and DateTaken, in this
    order, and VenueNotFound if the venue is deleted meanwhile.
    """
    if (stored := find_response(db, key, now)) is not None:
        return ReplayableResponse(stored, replayed=True)
    with replay_or_raise(db, key, now) as replay:
        check_upcoming(order.date, now)
        check_capacity(venue, order.guests)
        _check_offer(venue, order)
        expired_id = check_date_free(db, venue["_id"], order.date, owner, now)
        answer = _enter(db, _WalkIn(venue["_id"], owner, order, now, key, expired_id))
    return replay.outcome or ReplayableResponse(answer)


def _check_offer(venue: VenueDocument, order: WalkInOrder) -> None:
    """Raise DateNotOffered for a date that the order must not offer, and Invalid if the venue has too many dates."""
    if offers_date(venue, order.date):
        return
    if not order.offer:
        raise DateNotOffered("The venue is not offered on this date. Send offer: true to offer it as well.")
    if len(set(offered_dates(venue))) >= MAX_DATES:
        message = f"can't add the date: the venue already offers {MAX_DATES} dates. Close some of them first."
        raise invalid("offer", message, "too_many", max=MAX_DATES)


def _enter(db: Db, walk_in: _WalkIn) -> dict[str, Any]:
    with hold_account_lock(walk_in.owner.id):
        try:
            return store.commit_booking(
                db, walk_in.booking_id, lambda session: _enter_in_transaction(db, walk_in, session)
            )
        except DateTaken:
            # Raises DateTaken with the message for this owner.
            check_date_free(db, walk_in.venue_id, walk_in.order.date, walk_in.owner, walk_in.now)
            raise


def _enter_in_transaction(db: Db, walk_in: _WalkIn, session: Session) -> dict[str, Any]:
    """Write the venue first, so that price and offer can't change meanwhile (decision 2), then insert the booking."""
    owner, order, now = walk_in.owner, walk_in.order, walk_in.now
    claimed = venues.claim_date(db, walk_in.venue_id, order.date, session)
    venue = claimed or _offer_date(db, walk_in, session)
    check_capacity(venue, order.guests)
    lock_account(db, owner, session)
    booking = new_walk_in(walk_in.booking_id, owner.id, order.given(), venue, now)
    # The account of the owner contains no part of the answer, and its deletion deletes the stored response.
    answer = {"booking_id": booking["_id"], "booking": show_booking(booking, venue, owner, {})}
    save_response(db, walk_in.key, answer, now, session)
    if walk_in.expired_id is not None:
        # Without effect if the owner has confirmed it meanwhile. Then the insert raises DuplicateKeyError.
        changes.expire_booking(db, walk_in.expired_id, now, session)
    changes.insert_booking(db, booking, by="owner", now=now, session=session)
    if claimed is None:
        # The entry contains the time of the change.
        refresh_entries(db, [walk_in.venue_id], session)
    return answer


def _offer_date(db: Db, walk_in: _WalkIn, session: Session) -> VenueDocument:
    """Add the date to the offered dates, and return the venue. Raises VenueNotFound, DateNotOffered, Invalid.

    MongoDB restarts the transaction if the venue has changed since it was read here.
    """
    venue = venues.get_venue(db, walk_in.venue_id, session)
    _check_offer(venue, walk_in.order)
    offering: VenueDocument = {**venue, "dates_available": sorted({*offered_dates(venue), walk_in.order.date})}
    check_growth(venue, offering)
    changes = {"dates_available": offering["dates_available"]}
    venues.update_venue(db, walk_in.venue_id, changes, walk_in.now, session)
    return offering
