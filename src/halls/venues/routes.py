"""Routes of venues: register, change, delete, read, availability and calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from flask import Blueprint
from pydantic import Field

from halls.accounts.authentication import Access
from halls.clock import day_in_karachi
from halls.errors import LimitReached, RateLimited
from halls.http.endpoint import endpoint
from halls.http.idempotency import IdempotencyConflict, IdempotencyKey, ReplayableResponse
from halls.http.pagination import make_cursor, read_cursor
from halls.http.rate_limits import Limit
from halls.http.schema import QueryInt, QueryModel
from halls.venues import calendar_service, service
from halls.venues.availability import list_availability, requested_days
from halls.venues.calendar_change_schemas import CalendarChanged, CalendarChanges
from halls.venues.calendar_schemas import Availability, AvailabilityQuery, CalendarQuery, VenueCalendar
from halls.venues.loading import load_public_venue
from halls.venues.response_schemas import Deleted, VenueMade, VenuePage, VenueReply
from halls.venues.schemas import NewVenue, VenueChange
from halls.venues.venue import DateBooked, HasBookings, NotYourVenue, VenueNotFound, serialize_venue
from halls.venues.visibility import HiddenByOperator

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.context import AppContext
    from halls.http.conditional import IfMatch
    from halls.mongo.client import Db
    from halls.venues.venue import VenueDocument

blueprint = Blueprint("venues", __name__)
REGISTRATIONS = Limit("venue-registration", 10, 3600, by_account=True)
CHANGES = Limit("venue-change", 60, 60, by_account=True)
# Each change stores an event for 30 days, and a delivery for each webhook.
CHANGES_A_DAY = Limit("venue-change-day", 1_000, 24 * 3_600, by_account=True)
OWN = {"venue": service.get_own_venue}


VENUE = {"venue": load_public_venue}


class MineQuery(QueryModel):
    """A page of the caller's venues."""

    limit: Annotated[QueryInt, Field(ge=1, le=100, description="The number of venues on a page.")] = 20
    cursor: str | None = Field(default=None, description="The next_cursor of the previous page.")


@endpoint(
    blueprint,
    "POST /venues/register",
    access=Access.OWNER,
    body=NewVenue,
    response=VenueMade,
    status=201,
    errors=[IdempotencyConflict, LimitReached, VenueNotFound, RateLimited],
    limits=[REGISTRATIONS],
)
def register_venue(
    context: AppContext, db: Db, caller: Account, body: NewVenue, now: datetime, key: IdempotencyKey | None = None
) -> ReplayableResponse:
    """Register a venue. A repeated request with the same Idempotency-Key returns the venue as it is now."""
    return service.register_venue(db, caller, body, now, key, max_venues=context.config.max_venues_per_owner)


@endpoint(
    blueprint,
    "PATCH /venues/<venue_id>",
    access=Access.OWNER,
    loaders=OWN,
    body=VenueChange,
    response=VenueReply,
    errors=[VenueNotFound, NotYourVenue, HiddenByOperator, DateBooked, RateLimited],
    limits=[CHANGES, CHANGES_A_DAY],
    has_version=True,
)
def change_venue(
    db: Db, caller: Account, venue: VenueDocument, body: VenueChange, now: datetime, if_match: IfMatch | None = None
) -> dict[str, Any]:
    """Change fields of the caller's venue. A new price does not change existing bookings."""
    changed = service.change_venue(db, venue, body.given_some(), now, if_match, caller=caller)
    return {"venue": serialize_venue(changed)}


@endpoint(
    blueprint,
    "DELETE /venues/<venue_id>",
    access=Access.OWNER,
    loaders=OWN,
    response=Deleted,
    errors=[VenueNotFound, NotYourVenue, HasBookings],
)
def take_down_venue(db: Db, venue_id: ObjectId, now: datetime, if_match: IfMatch | None = None) -> dict[str, Any]:
    """Delete the caller's venue. Its past bookings stay readable."""
    service.delete_venue(db, venue_id, now, if_match)
    return {"deleted": True}


@endpoint(blueprint, "GET /venues/mine", access=Access.OWNER, query=MineQuery, response=VenuePage)
def list_own_venues(db: Db, caller: Account, query: MineQuery) -> dict[str, Any]:
    """List the caller's venues, newest first. A page ends after 1 MiB, also with fewer than `limit` venues."""
    search = {"mine": str(caller.id)}
    keys = read_cursor(query.cursor, search)
    before = keys[-1] if keys else None
    page, has_more = service.list_own_venues(db, caller.id, before=before, limit=query.limit)
    return {"venues": page, "next_cursor": make_cursor(search, row_id=page[-1]["id"]) if has_more else None}


@endpoint(
    blueprint,
    "GET /venues/<venue_id>",
    access=Access.PUBLIC,
    loaders=VENUE,
    response=VenueReply,
    errors=[VenueNotFound],
    has_version=True,
)
def show_venue(venue: VenueDocument) -> dict[str, Any]:
    """Return one venue with its calendar. A venue that an operator has hidden: only with the token of its owner."""
    return {"venue": serialize_venue(venue)}


@endpoint(
    blueprint,
    "GET /venues/<venue_id>/availability",
    access=Access.PUBLIC,
    loaders=VENUE,
    query=AvailabilityQuery,
    response=Availability,
    is_search=True,
    errors=[VenueNotFound],
)
def show_availability(db: Db, venue: VenueDocument, query: AvailabilityQuery, now: datetime) -> dict[str, Any]:
    """Return whether a venue can be booked on a date, or on each day of a range, and the price."""
    days = list_availability(db, venue, requested_days(query), day_in_karachi(now))
    return {"venue_id": venue["_id"], **(days[0] if query.date else {"days": days})}


@endpoint(
    blueprint,
    "GET /venues/<venue_id>/calendar",
    access=Access.OWNER,
    loaders=OWN,
    query=CalendarQuery,
    response=VenueCalendar,
    errors=[VenueNotFound, NotYourVenue],
)
def show_calendar(db: Db, caller: Account, venue: VenueDocument, query: CalendarQuery, now: datetime) -> dict[str, Any]:
    """Return each day of a month with its price and its active booking. With `from` and `to`: each day of the range.

    For the venue's owner only.
    """
    days = calendar_service.requested_days(query)
    return {
        "venue_id": venue["_id"],
        "days": calendar_service.show_days(db, caller, venue, days, day_in_karachi(now)),
    }


@endpoint(
    blueprint,
    "POST /venues/<venue_id>/calendar",
    access=Access.OWNER,
    loaders=OWN,
    body=CalendarChanges,
    response=CalendarChanged,
    errors=[VenueNotFound, NotYourVenue, DateBooked, RateLimited],
    limits=[CHANGES, CHANGES_A_DAY],
)
def change_calendar(
    db: Db, venue: VenueDocument, body: CalendarChanges, now: datetime, if_match: IfMatch | None = None
) -> dict[str, Any]:
    """Offer, close or price many days of a venue at once. The changes are applied in order: all of them, or none.

    Prices of bookings that are already made do not change.
    """
    changes = body.list_changes()
    if body.dry_run:
        return calendar_service.try_changes(db, venue, changes, now, if_match)
    return calendar_service.apply_changes(db, venue["_id"], changes, now, if_match)
