"""Use cases of venue owners: register, change and delete a venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.store import lock_account
from halls.bookings import store as bookings
from halls.clock import day_in_karachi
from halls.errors import LimitReached, invalid
from halls.http.idempotency import IdempotencyKey, ReplayableResponse, find_response, replay_or_raise, save_response
from halls.http.json_encoding import write_json
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

# The largest venue, as JSON. A search page has up to 100 of them.
MAX_BYTES = 128 * 1024
# A page of an owner's venues ends after this size. Otherwise a few requests at once take a gigabyte of memory.
MAX_PAGE_BYTES = 1024 * 1024
# Objects of which a change sets only the given keys.
MERGED = frozenset({"amenities", "booking_rules"})


def get_own_venue(db: Db, caller: Account, venue_id: ObjectId) -> VenueDocument:
    """Return the caller's venue. Raises NotYourVenue, and VenueNotFound also for a hidden venue of another account."""
    venue = venues.get_venue(db, venue_id)
    if venue.get("owner_id") != caller.id:
        raise VenueNotFound if is_hidden(venue) else NotYourVenue
    return venue


def list_own_venues(
    db: Db, owner_id: ObjectId, *, before: ObjectId | None, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """Return the newest venues of an owner with ids below `before`, and whether there are more.

    At most `limit`, and fewer if they are larger than MAX_PAGE_BYTES.
    """
    page: list[dict[str, Any]] = []
    size = 0
    for venue in venues.read_own_venues(db, owner_id, before=before, limit=limit + 1):
        if len(page) == limit or size >= MAX_PAGE_BYTES:
            return page, True
        shown = serialize_venue(venue)
        page.append(shown)
        size += len(write_json(shown))
    return page, False


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
    db: Db,
    owner: Account,
    listing: NewVenue,
    now: datetime,
    key: IdempotencyKey | None = None,
    *,
    max_venues: int = 0,
) -> ReplayableResponse:
    """Register a venue. A repeated request with the same key returns the venue of the first one as it is now.

    Raises Invalid if the listing is too large, LimitReached if the owner has `max_venues` already (0: no limit), and
    VenueNotFound if the venue of a repeated request is deleted. Raises TokenRevoked.
    """
    if (stored := find_response(db, key, now)) is not None:
        return _replay(db, stored)
    venue = new_venue(owner.id, listing, now)
    _check_size(venue)

    def insert(session: Session) -> None:
        lock_account(db, owner, session)
        _check_number(db, owner.id, max_venues, session)
        # Only the id: with the whole venue, each registration would store the listing twice.
        save_response(db, key, {"venue_id": venue["_id"]}, now, session)
        venues.insert_venues(db, [venue], session)
        refresh_entries(db, [venue["_id"]], session)

    with replay_or_raise(db, key, now) as replay:
        in_transaction(db, insert)
    return _replay(db, replay.outcome.data) if replay.outcome else ReplayableResponse(_make_answer(venue))


def _make_answer(venue: VenueDocument) -> dict[str, Any]:
    return {"venue_id": venue["_id"], "venue": serialize_venue(venue)}


def _replay(db: Db, stored: dict[str, Any]) -> ReplayableResponse:
    return ReplayableResponse(_make_answer(venues.get_venue(db, stored["venue_id"])), replayed=True)


def _check_number(db: Db, owner_id: ObjectId, max_venues: int, session: Session) -> None:
    """Raise LimitReached if the owner has `max_venues`. The transaction has locked the account, so it counts alone."""
    if max_venues and venues.count_venues_of(db, owner_id, at_most=max_venues, session=session) >= max_venues:
        raise LimitReached(
            f"You have {max_venues} venues, the most that an account may have. Delete one of them first."
        )


def _check_size(venue: VenueDocument) -> None:
    """Raise Invalid if the venue is larger than MAX_BYTES."""
    if measure_venue(venue) > MAX_BYTES:
        sentence = "The listing is larger than 128 KiB. Shorten its texts, or remove prices, dates or addresses."
        raise invalid("body", sentence, "too_large", max=MAX_BYTES)


def measure_venue(venue: VenueDocument) -> int:
    """Return the size of the venue in bytes, as responses contain it."""
    return len(write_json(serialize_venue(venue)))


def check_growth(before: VenueDocument, after: VenueDocument) -> None:
    """Raise Invalid if the venue became larger than MAX_BYTES. A larger one of an external writer may shrink."""
    if measure_venue(after) > max(MAX_BYTES, measure_venue(before)):
        _check_size(after)


def change_venue(
    db: Db,
    venue: VenueDocument,
    given: dict[str, Any],
    now: datetime,
    if_match: IfMatch | None = None,
    *,
    caller: Account | None = None,
) -> VenueDocument:
    """Set the given fields and return the venue. The caller's tokens must still be valid if the change lists it.

    Raises HiddenByOperator if the change lists a venue that an operator has hidden, PreconditionFailed if `if_match`
    names another version of the venue, DateBooked if the change removes an upcoming date that has an active booking,
    Invalid if the venue becomes too large, and TokenRevoked.
    """
    venue_id: ObjectId = venue["_id"]
    changes = _list_changes(venue, given)

    def change(session: Session) -> None:
        change_venue_in_transaction(db, venue_id, changes, now, session, if_match)
        # A takeover of the account unlists its venues. A request that was sent before must not list one again.
        if caller is not None and changes.get("is_listed") is True:
            lock_account(db, caller, session)

    in_transaction(db, change)
    return venues.get_venue(db, venue_id)


def _list_changes(venue: VenueDocument, given: dict[str, Any]) -> dict[str, Any]:
    """Return the new values of the given fields by dotted path."""
    changes = {name: value for name, value in given.items() if name not in MERGED}
    if "pricing" in changes:
        changes["pricing"] = {"overrides": given["pricing"].get("overrides", [])}
    for name in MERGED & given.keys():
        # An update by path sets the fields of each item of a list. PHP stores an empty object as an empty list.
        is_list = isinstance(venue.get(name), list)
        changes |= {name: given[name]} if is_list else {f"{name}.{key}": value for key, value in given[name].items()}
    return changes


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

    Raises VenueNotFound, HiddenByOperator, PreconditionFailed, DateBooked, and Invalid if the venue becomes too large.
    Writes the venue before the bookings are read, so that a concurrent booking of the venue is serialized with it.
    """
    before = venues.update_venue(db, venue_id, changes, now, session)
    if changes.get("is_listed") is True and is_hidden(before):
        raise HiddenByOperator
    # After the write: of two requests with the same ETag, the second then finds the version of the first.
    check_version(before, if_match)
    # Only few changes can make a venue too large. The exact size needs another read.
    if measure_venue(before) + len(write_json(changes)) > MAX_BYTES:
        check_growth(before, venues.get_venue(db, venue_id, session))
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
    check_version(remove_venue(db, venue_id, now, session), if_match)
    if booked := bookings.find_active_dates(db, venue_id, from_date=day_in_karachi(now), session=session):
        raise HasBookings(sorted(booked))


def remove_venue(db: Db, venue_id: ObjectId, now: datetime, session: Session) -> VenueDocument:
    """Delete a venue whatever bookings it has, in the caller's transaction, and return it. Raises VenueNotFound.

    Its bookings keep its name and address.
    """
    venue = venues.delete_venue(db, venue_id, now, session)
    bookings.save_venue_summary(db, summarize_venue(venue), session)
    refresh_entries(db, [venue_id], session)
    return venue
