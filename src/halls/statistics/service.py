"""Use cases of statistics: the figures of an owner's bookings, and the rows of their export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.bookings import figures_store
from halls.bookings.booking import CANCELLED_BY
from halls.bookings.listing_store import list_bookings, match_owner
from halls.bookings.service import show_bookings
from halls.clock import WEEKDAYS
from halls.documents import read_day, read_id
from halls.errors import invalid
from halls.statistics.csv_file import BOM, HEADER, make_row, write_rows
from halls.statistics.figures import DayCounts, month_key, sum_figures, venue_key, weekday_key
from halls.statistics.period import Period, choose_period
from halls.venues.price_on_date import offered_dates
from halls.venues.service import get_own_venue
from halls.venues.store import list_calendars
from halls.venues.venue import NotYourVenue, VenueNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Mapping

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.mongo.client import Db, Document
    from halls.statistics.figures import VenueDate
    from halls.statistics.schemas import ExportQuery, PeriodQuery, StatisticsQuery
    from halls.venues.price_on_date import VenueCalendar

    Calendars = Mapping[ObjectId, VenueCalendar]

MAX_ROWS = 20_000
BATCH_ROWS = 500


def make_statistics(db: Db, caller: Account, query: StatisticsQuery, today: str) -> dict[str, Any]:
    """Return the figures of the owner's bookings. Raises VenueNotFound, NotYourVenue, Invalid."""
    calendars = _find_calendars(db, caller, query)
    period = choose_period(query.from_, query.to, today)
    period.check_length()
    days = _count_by_day(db, _make_branches(caller, calendars, query, period))
    offered = {(venue_id, date) for venue_id, venue in calendars.items() for date in offered_dates(venue)}
    in_period = [venue_date for venue_date in offered if period.contains(venue_date[1])]
    keys, key_of = _choose_rows(query, period, {*calendars, *(venue_id for venue_id, _ in days)})
    rows, total = sum_figures(days, in_period, keys, key_of)
    return {"from": period.first, "to": period.last, "by": query.by, "rows": rows, "total": total}


def _find_calendars(db: Db, caller: Account, query: PeriodQuery) -> Calendars:
    """Return the offered dates of the owner's venues, or of the venue of the query. None of a deleted venue."""
    if query.venue_id is None:
        return list_calendars(db, caller.id)
    venue_id = ObjectId(query.venue_id)
    try:
        return {venue_id: get_own_venue(db, caller, venue_id)}
    except (NotYourVenue, VenueNotFound):
        if figures_store.has_gone_bookings(db, caller.id, venue_id):
            return {}
        raise


def _make_branches(caller: Account, calendars: Calendars, query: PeriodQuery, period: Period) -> list[Document]:
    filters: Document = {"date": {"$gte": period.first, "$lte": period.last}}
    if query.venue_id:
        filters["venue_id"] = ObjectId(query.venue_id)
    return [{"$and": [each, filters]} for each in match_owner(caller.id, calendars)]


def _count_by_day(db: Db, branches: list[Document]) -> dict[VenueDate, DayCounts]:
    days: dict[VenueDate, DayCounts] = {}
    for row in figures_store.count_bookings_by_day(db, branches):
        venue_id, date = read_id(row["_id"]["venue_id"]), read_day(row["_id"]["date"])
        # Bookings of external writers may have a venue or a date that does not exist.
        if venue_id is not None and date is not None:
            cancelled = {by: row[by] for by in (*CANCELLED_BY, figures_store.UNKNOWN)}
            days[venue_id, date] = DayCounts(row["confirmed"], row["pending"], cancelled)
    return days


def _choose_rows(
    query: StatisticsQuery, period: Period, venue_ids: Collection[ObjectId]
) -> tuple[list[str], Callable[[VenueDate], str]]:
    """Return the keys of the rows in order, and the function that returns the key of a day of a venue."""
    if query.by == "month":
        return period.list_months(), month_key
    if query.by == "weekday":
        return list(WEEKDAYS), weekday_key
    return [str(venue_id) for venue_id in sorted(venue_ids)], venue_key


def export_bookings(
    db: Db, caller: Account, query: ExportQuery, today: str
) -> tuple[Period, Generator[bytes, None, None]]:
    """Return the period of the query, and the CSV file of the owner's bookings in it, in pieces of BATCH_ROWS rows.

    Raises VenueNotFound, NotYourVenue, Invalid. The first piece raises Invalid for more than MAX_ROWS rows.
    """
    calendars = _find_calendars(db, caller, query)
    period = choose_period(query.from_, query.to, today)
    branches = _make_branches(caller, calendars, query, period)
    if query.status:
        branches = [{"$and": [each, {"status": {"$in": query.status.split(",")}}]} for each in branches]
    return period, _write_file(db, caller, branches)


def _write_file(db: Db, caller: Account, branches: list[Document]) -> Generator[bytes, None, None]:
    # One snapshot: otherwise a booking that moves between two batches would be missing or there twice.
    with db.client.start_session(snapshot=True) as session:
        if figures_store.has_more_bookings(db, branches, MAX_ROWS, session):
            sentence = "gives more than 20 000 rows: choose fewer days, or one venue"
            raise invalid("from", sentence, "too_many", max=MAX_ROWS)
        after, head = None, BOM + write_rows([HEADER])
        while True:
            batch = list_bookings(db, branches, after=after, limit=BATCH_ROWS, session=session)
            yield head + write_rows(_make_rows(db, caller, batch))
            if len(batch) < BATCH_ROWS:
                return
            after, head = [batch[-1]["date"], batch[-1]["_id"]], b""


def _make_rows(db: Db, caller: Account, batch: list[BookingDocument]) -> Iterator[list[str]]:
    for booking, shown in zip(batch, show_bookings(db, caller, batch), strict=True):
        # The statistics leave these bookings out too.
        if shown["date"] is not None and shown["venue_id"] is not None:
            yield make_row(booking, shown)
