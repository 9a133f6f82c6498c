"""What HTTP sees of looking for venues: all public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from halls.accounts.authentication import Access
from halls.clock import day_in_karachi
from halls.http.endpoint import endpoint
from halls.search.query import search_venues
from halls.search.schemas import SearchPage, SearchQuery

if TYPE_CHECKING:
    from datetime import datetime

    from halls.context import AppContext
    from halls.mongo.client import Db, Document

blueprint = Blueprint("search", __name__)


@endpoint(
    blueprint, "GET /venues/search", access=Access.PUBLIC, query=SearchQuery, response=SearchPage, has_version=True
)
def list_matching_venues(context: AppContext, db: Db, query: SearchQuery, now: datetime) -> Document:
    """Find venues by kind, size, date, price and distance; with a date, only those free on it."""
    return context.change_stream.read(lambda session: search_venues(db, query, day_in_karachi(now), session))
