"""Routes of statistics: the figures of an owner's bookings, and the export as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.accounts.authentication import Access
from halls.clock import day_in_karachi
from halls.errors import RateLimited
from halls.http.endpoint import endpoint
from halls.http.file_stream import stream_file
from halls.http.rate_limits import Limit
from halls.statistics import service
from halls.statistics.schemas import ExportQuery, Statistics, StatisticsQuery
from halls.venues.venue import NotYourVenue, VenueNotFound

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Response

    from halls.accounts.account import Account
    from halls.mongo.client import Db

blueprint = Blueprint("statistics", __name__)
# Both read all bookings of a period. A file also occupies a thread while a client reads it.
FIGURES = Limit("statistics", 60, 60, by_account=True)
EXPORTS = Limit("export", 10, 60, by_account=True)


@endpoint(
    blueprint,
    "GET /statistics",
    access=Access.OWNER,
    query=StatisticsQuery,
    response=Statistics,
    errors=[VenueNotFound, NotYourVenue, RateLimited],
    limits=[FIGURES],
)
def show_statistics(db: Db, caller: Account, query: StatisticsQuery, now: datetime) -> dict[str, Any]:
    """Return the figures of the caller's venues, by the day of the event, for at most 36 months."""
    return service.make_statistics(db, caller, query, day_in_karachi(now))


@endpoint(
    blueprint,
    "GET /exports/bookings.csv",
    access=Access.OWNER,
    query=ExportQuery,
    response=None,
    file_types=["text/csv"],
    is_fleeting=True,
    errors=[VenueNotFound, NotYourVenue, RateLimited],
    limits=[EXPORTS],
)
def export_bookings(db: Db, caller: Account, query: ExportQuery, now: datetime) -> Response:
    """Return the bookings of the caller's venues as a CSV file with at most 20 000 rows, by date and then id."""
    period, pieces = service.export_bookings(db, caller, query, day_in_karachi(now))
    file_name = f"bookings-{period.first}-to-{period.last}.csv"
    return stream_file(pieces, content_type="text/csv; charset=utf-8", file_name=file_name)
