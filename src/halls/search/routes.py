"""What HTTP sees of looking for venues: all public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.clock import day_in_karachi
from halls.search.availability import days_asked, look_at_days
from halls.search.query import search_venues
from halls.search.schemas import Availability, AvailabilityQuery, SearchPage, SearchQuery
from halls.service import Access
from halls.venues.schemas import VenueReply
from halls.venues.store import get_venue
from halls.venues.venue import VenueNotFound, whole_venue
from halls.web import endpoint

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.mongo.client import Db, Document
    from halls.service import Service

blueprint = Blueprint("search", __name__)


def _load_venue(db: Db, _: object, venue_id: ObjectId) -> Document:
    return get_venue(db, venue_id)


VENUE = {"venue": _load_venue}


@endpoint(blueprint, "GET /venues/search", access=Access.PUBLIC, query=SearchQuery, reply=SearchPage, has_version=True)
def list_matching_venues(service: Service, db: Db, query: SearchQuery, now: datetime) -> Document:
    """Find venues by kind, size, date, price and distance; with a date, only those free on it."""
    return service.follower.read(lambda session: search_venues(db, query, day_in_karachi(now), session))


@endpoint(
    blueprint,
    "GET /venues/<venue_id>",
    access=Access.PUBLIC,
    loads=VENUE,
    reply=VenueReply,
    refusals=[VenueNotFound],
    has_version=True,
)
def show_venue(venue: Document) -> dict[str, Any]:
    """Return one venue, its calendar whole."""
    return {"venue": whole_venue(venue)}


@endpoint(
    blueprint,
    "GET /venues/<venue_id>/availability",
    access=Access.PUBLIC,
    loads=VENUE,
    query=AvailabilityQuery,
    reply=Availability,
    refusals=[VenueNotFound],
)
def show_availability(db: Db, venue: Document, query: AvailabilityQuery, now: datetime) -> dict[str, Any]:
    """Tell whether a venue can be booked on a date, or on each day of a range, and what it costs."""
    days = look_at_days(db, venue, days_asked(query), day_in_karachi(now))
    return {"venue_id": venue["_id"], **(days[0] if query.date else {"days": days})}
