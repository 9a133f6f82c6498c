"""Routes of search, which are public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from halls.accounts.authentication import Access
from halls.clock import day_in_karachi
from halls.errors import SearchNotReady
from halls.http.endpoint import endpoint
from halls.search.alternative_schemas import Alternatives, AlternativesQuery
from halls.search.alternatives import find_alternatives
from halls.search.query import search_venues
from halls.search.schemas import SearchPage, SearchQuery
from halls.venues.loading import load_public_venue
from halls.venues.venue import VenueNotFound

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from halls.context import AppContext
    from halls.mongo.client import Db
    from halls.venues.venue import VenueDocument

blueprint = Blueprint("search", __name__)


@endpoint(
    blueprint,
    "GET /venues/search",
    access=Access.PUBLIC,
    query=SearchQuery,
    response=SearchPage,
    has_version=True,
    is_search=True,
    errors=[SearchNotReady],
)
def list_matching_venues(context: AppContext, db: Db, query: SearchQuery, now: datetime) -> dict[str, Any]:
    """Search venues by type, capacity, date, price and distance. With a date, only venues that are free."""
    context.search_readiness.require_filled()
    return search_venues(db, query, day_in_karachi(now))


@endpoint(
    blueprint,
    "GET /venues/<venue_id>/alternatives",
    access=Access.PUBLIC,
    loaders={"venue": load_public_venue},
    query=AlternativesQuery,
    response=Alternatives,
    is_search=True,
    errors=[VenueNotFound, SearchNotReady],
)
def list_alternatives(
    context: AppContext, db: Db, venue: VenueDocument, query: AlternativesQuery, now: datetime
) -> dict[str, Any]:
    """List free days of the venue around a date, and other venues nearby that are free on the date."""
    context.search_readiness.require_filled()
    return find_alternatives(db, venue, query, day_in_karachi(now))
