"""Use cases of venue owners: register, change and delete a venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.store import lock_account
from halls.bookings import store as bookings
from halls.clock import day_in_karachi
from halls.http.idempotency import IdempotencyKey, ReplayableResponse, find_response, replay_or_raise, save_response
from halls.mongo.client import in_transaction
from halls.search.index import refresh_entries
from halls.venues import store as venues
from halls.venues.price_on_date import offered_dates
from halls.venues.venue import (
    AMENITIES,
    DateBooked,
    HasBookings,
    NotYourVenue,
    VenueNotFound,
    serialize_venue,
    summarize_venue,
)
from halls.venues.visibility import HiddenByOperator, is_hidden

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.http.conditional import IfMatch
    from halls.mongo.client import Db, Session
    from halls.venues.schemas import NewVenue
    from halls.venues.venue import VenueDocument

# Objects of which a change sets only the given keys.
MERGED = frozenset({"amenities", "booking_rules"})


def get_own_venue(db: Db, caller: Account, venue_id: ObjectId) -> VenueDocument:
    """Return the caller's venue. Raises NotYourVenue, and VenueNotFound also for a hidden venue of another account."""
    venue = venues.get_venue(db, venue_id)
    if venue.get("owner_id") != caller.id:
        raise VenueNotFound if is_hidden(venue) else NotYourVenue
    return venue


def new_venue(owner_id: ObjectId, listing: NewVenue, now: datetime) -> VenueDocument:
    """Return the document of a new venue of `owner_id`."""
    given = listing.given()
    venue: VenueDocument = {
        "_id": ObjectId(),
        "owner_id": owner_id,
        "venue_name": listing.venue_name,
        "type": listing.type,
        "address": listing.address,
        "maps_location": given["maps_location"],
        "capacity": listing.capacity,
        "dates_available": given.get("dates_available", []),
        "pricing": {"overrides": given.get("pricing", {}).get("overrides", [])},
        "space_sqft": listing.space_sqft,
        "amenities": dict.fromkeys(AMENITIES, False) | given.get("amenities", {}),
        "additional_description": listing.additional_description or "",
        "pictures": given.get("pictures", []),
        "videos": given.get("videos", []),
        "rev": 0,
        "created_at": now,
        "updated_at": now,
    }
    optional: Any = {name: given[name] for name in ("booking_rules", "is_listed") if name in given}
    return {**venue, **optional}


def register_venue(
    db: Db, owner_id: ObjectId, listing: NewVenue, now: datetime, key: IdempotencyKey | None = None
) -> ReplayableResponse:
    """Register a venue. A repeated request with the same key returns the stored response."""
    if (stored := find_response(db, key, now)) is not None:
        return ReplayableResponse(stored, replayed=True)
    venue = new_venue(owner_id, listing, now)
    answer = {"venue_id": venue["_id"], "venue": serialize_venue(venue)}

    def insert(session: Session) -> None:
        lock_account(db, owner_id, session)
        save_response(db, key, answer, now, session)
        venues.insert_venues(db, [venue], session)
        refresh_entries(db, [venue["_id"]], session)

    with replay_or_raise(db, key, now) as replay:
        in_transaction(db, insert)
    return replay.outcome or ReplayableResponse(answer)


def change_venue(
    db: Db, venue: VenueDocument, given: dict[str, Any], now: datetime, if_match: IfMatch | None = None
) -> VenueDocument:
    """Set the given fields and return the venue.

    Raises HiddenByOperator if the change lists a venue that an operator has hidden, PreconditionFailed if `if_match`
    names another version of the venue, and DateBooked if the change removes an upcoming date that has an active
    booking.
    """
    venue_id: ObjectId = venue["_id"]
    changes = {name: value for name, value in given.items() if name not in MERGED}
    if "pricing" in changes:
        changes["pricing"] = {"overrides": given["pricing"].get("overrides", [])}
    for name in MERGED & given.keys():
        # An update by path sets the fields of each item of a list. PHP stores an empty object as an empty list.
        is_list = isinstance(venue.get(name), list)
        changes |= {name: given[name]} if is_list else {f"{name}.{key}": value for key, value in given[name].items()}
    in_transaction(db, lambda session: change_venue_in_transaction(db, venue_id, changes, now, session, if_match))
    return venues.get_venue(db, venue_id)


def check_version(venue: VenueDocument, if_match: IfMatch | None) -> None:
    """Raise PreconditionFailed if `if_match` names other versions of the venue than this one.

    The version is the ETag of GET /venues/:id. Without `if_match` every version matches.
    """
    if if_match is not None:
        if_match.check({"venue": serialize_venue(venue)})


def change_venue_in_transaction(
    db: Db,
    venue_id: ObjectId,
    changes: dict[str, Any],
    now: datetime,
    session: Session,
    if_match: IfMatch | None = None,
) -> None:
    """Set fields by dotted path, in the caller's transaction.

    Raises VenueNotFound, HiddenByOperator, PreconditionFailed, DateBooked.
    Writes the venue before the bookings are read, so that a concurrent booking of the venue is serialized with it.
    """
    before = venues.update_venue(db, venue_id, changes, now, session)
    if changes.get("is_listed") is True and is_hidden(before):
        raise HiddenByOperator
    # After the write: of two requests with the same ETag, the second then finds the version of the first.
    check_version(before, if_match)
    if "dates_available" in changes:
        removed = set(offered_dates(before)) - set(changes["dates_available"])
        booked = bookings.find_active_dates(db, venue_id, from_date=day_in_karachi(now), session=session)
        if taken := sorted(removed & booked):
            raise DateBooked(taken)
    refresh_entries(db, [venue_id], session)


def delete_venue(db: Db, venue_id: ObjectId, now: datetime, if_match: IfMatch | None = None) -> None:
    """Delete a venue. Its past and cancelled bookings keep its name and address.

    Raises PreconditionFailed if `if_match` names another version of the venue, and HasBookings.
    """
    in_transaction(db, lambda session: delete_venue_in_transaction(db, venue_id, now, session, if_match))


def delete_venue_in_transaction(
    db: Db, venue_id: ObjectId, now: datetime, session: Session, if_match: IfMatch | None = None
) -> None:
    """Do the same as `delete_venue`, in the caller's transaction."""
    venue = venues.delete_venue(db, venue_id, session)
    check_version(venue, if_match)
    if booked := bookings.find_active_dates(db, venue_id, from_date=day_in_karachi(now), session=session):
        raise HasBookings(sorted(booked))
    bookings.save_venue_summary(db, summarize_venue(venue), session)
    refresh_entries(db, [venue_id], session)
