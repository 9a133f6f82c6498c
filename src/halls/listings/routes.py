"""What HTTP sees of listing a venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from flask import Blueprint
from pydantic import Field

from halls.idempotency import IdempotencyConflict, IdempotencyKey, Outcome
from halls.listings import service as listings
from halls.paging import make_cursor, read_cursor
from halls.schema import Query, QueryInt
from halls.service import Access
from halls.venues.schemas import Deleted, NewVenue, VenueChange, VenueMade, VenuePage, VenueReply
from halls.venues.store import list_venues
from halls.venues.venue import DateBooked, HasBookings, NotYourVenue, VenueNotFound, whole_venue
from halls.web import endpoint

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.mongo.client import Db, Document

blueprint = Blueprint("listings", __name__)
OWN = {"venue": listings.get_own_venue}


class MineQuery(Query):
    """A page of the caller's venues."""

    limit: Annotated[QueryInt, Field(ge=1, le=100, description="How many a page.")] = 20
    cursor: str | None = Field(default=None, description="The next_cursor of the page before.")


@endpoint(
    blueprint,
    "POST /venues/register",
    access=Access.OWNER,
    body=NewVenue,
    reply=VenueMade,
    status=201,
    refusals=[IdempotencyConflict],
)
def register_venue(
    db: Db, caller: Account, body: NewVenue, now: datetime, key: IdempotencyKey | None = None
) -> Outcome:
    """List a venue."""
    return listings.register_venue(db, caller.id, body, now, key)


@endpoint(
    blueprint,
    "PATCH /venues/<venue_id>",
    access=Access.OWNER,
    loads=OWN,
    body=VenueChange,
    reply=VenueReply,
    refusals=[VenueNotFound, NotYourVenue, DateBooked],
)
def change_venue(db: Db, venue: Document, body: VenueChange, now: datetime) -> dict[str, Any]:
    """Change some fields of one's venue. A new price never touches a booking already made."""
    return {"venue": whole_venue(listings.change_venue(db, venue, body.given_some(), now))}


@endpoint(
    blueprint,
    "DELETE /venues/<venue_id>",
    access=Access.OWNER,
    loads=OWN,
    reply=Deleted,
    refusals=[VenueNotFound, NotYourVenue, HasBookings],
)
def take_down_venue(db: Db, venue_id: ObjectId, now: datetime) -> dict[str, Any]:
    """Delete one's venue; its past bookings stay readable."""
    listings.take_down_venue(db, venue_id, now)
    return {"deleted": True}


@endpoint(blueprint, "GET /venues/mine", access=Access.OWNER, query=MineQuery, reply=VenuePage)
def list_own_venues(db: Db, caller: Account, query: MineQuery) -> dict[str, Any]:
    """List one's own venues, newest first."""
    search = {"mine": str(caller.id)}
    keys = read_cursor(query.cursor, search)
    found = list_venues(db, caller.id, before=keys[-1] if keys else None, limit=query.limit + 1)
    page = found[: query.limit]
    more = len(found) > query.limit
    return {
        "venues": [whole_venue(venue) for venue in page],
        "next_cursor": make_cursor(search, row_id=page[-1]["_id"]) if more else None,
    }
