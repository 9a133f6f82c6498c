"""Use cases of a venue's calendar: change many days at once, and show each day with its bookings."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

from halls.bookings import store as bookings
from halls.bookings.service import show_bookings
from halls.clock import day_in_karachi
from halls.documents import read_id, read_text
from halls.errors import invalid, make_field_fault
from halls.mongo.client import in_transaction
from halls.search.index import refresh_entries
from halls.venues import store as venues
from halls.venues.availability import describe_days, list_range
from halls.venues.calendar import CalendarDifference, change_calendar
from halls.venues.calendar_schemas import MAX_VIEW_DAYS, CalendarQuery
from halls.venues.price_on_date import offered_dates
from halls.venues.service import check_growth, check_version
from halls.venues.venue import DateBooked, serialize_venue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.http.conditional import IfMatch
    from halls.mongo.client import Db, Session
    from halls.venues.calendar_change_schemas import CalendarChange
    from halls.venues.venue import VenueDocument


def apply_changes(
    db: Db, venue_id: ObjectId, changes: Sequence[CalendarChange], now: datetime, if_match: IfMatch | None = None
) -> dict[str, Any]:
    """Change the calendar of a venue. Return the venue and the differences.

    Raises PreconditionFailed, Invalid, and DateBooked if the changes take away a date that has an active booking.
    """
    return in_transaction(db, lambda session: _apply_in_transaction(db, venue_id, changes, now, session, if_match))


def _apply_in_transaction(
    db: Db,
    venue_id: ObjectId,
    changes: Sequence[CalendarChange],
    now: datetime,
    session: Session,
    if_match: IfMatch | None,
) -> dict[str, Any]:
    # The first command writes the venue, so concurrent bookings and changes of the venue are serialized with this one.
    before = venues.lock_venue(db, venue_id, session)
    difference = _find_difference(db, before, changes, now, if_match, session)
    venues.update_venue(db, venue_id, difference.fields, now, session)
    refresh_entries(db, [venue_id], session)
    return _make_answer({**before, "updated_at": now}, difference, dry_run=False)


def try_changes(
    db: Db, venue: VenueDocument, changes: Sequence[CalendarChange], now: datetime, if_match: IfMatch | None = None
) -> dict[str, Any]:
    """Return what `apply_changes` would return, or raise its errors, and change nothing."""
    return _make_answer(venue, _find_difference(db, venue, changes, now, if_match), dry_run=True)


def _find_difference(
    db: Db,
    venue: VenueDocument,
    changes: Sequence[CalendarChange],
    now: datetime,
    if_match: IfMatch | None,
    session: Session | None = None,
) -> CalendarDifference:
    """Return what the changes do to the venue. Raises Invalid, PreconditionFailed, DateBooked, in this order."""
    today = day_in_karachi(now)
    booked = bookings.find_active_dates(db, venue["_id"], from_date=today, session=session)
    difference = change_calendar(venue, changes, today=today, booked=booked)
    check_version(venue, if_match)
    check_growth(venue, cast("VenueDocument", {**venue, **difference.fields}))
    taken: dict[int, list[str]] = {}
    for day in difference.removed:
        if day in booked:
            taken.setdefault(difference.closed_by[day], []).append(day)
    if taken:
        message = "closes days that have an active booking; keep_booked leaves them offered"
        faults = [make_field_fault(f"changes.{each}", message, "booked", dates=taken[each]) for each in sorted(taken)]
        raise DateBooked(sorted(day for days in taken.values() for day in days), faults)
    return difference


def _make_answer(venue: VenueDocument, difference: CalendarDifference, *, dry_run: bool) -> dict[str, Any]:
    changed: Any = {**venue, **difference.fields}
    return {
        "venue": serialize_venue(changed),
        "added": difference.added,
        "removed": difference.removed,
        "repriced": difference.repriced,
        "kept": difference.kept,
        "dry_run": dry_run,
    }


def requested_days(query: CalendarQuery) -> list[str]:
    """Return every date of the query. Raises Invalid unless it is one month, or a range of at most 92 days."""
    if query.month is None:
        return list_range(query.from_, query.to, max_days=MAX_VIEW_DAYS, instead="month")
    if query.from_ or query.to:
        raise invalid("month", "Ask for one month, or for from and to.")
    first = date.fromisoformat(f"{query.month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return list_range(first.isoformat(), last.isoformat(), max_days=MAX_VIEW_DAYS, instead="month")


def show_days(db: Db, caller: Account, venue: VenueDocument, days: list[str], today: str) -> list[dict[str, Any]]:
    """Return each of the consecutive `days` with its active bookings, as the owner `caller` sees them."""
    active = bookings.list_active_bookings(db, venue["_id"], from_date=days[0], to_date=days[-1])
    # An external writer may store other types. Such a booking holds its dates, but no other list of bookings has it.
    shown = [each for each in active if read_id(each["_id"]) and read_id(each["venue_id"]) and read_text(each["date"])]
    by_date: dict[str, list[dict[str, Any]]] = {}
    for booking, facts in zip(shown, show_bookings(db, caller, shown), strict=True):
        by_date.setdefault(booking["date"], []).append(facts)
    offered = set(offered_dates(venue))
    return [
        {**facts, "offered": facts["date"] in offered, "bookings": by_date.get(facts["date"], [])}
        for facts in describe_days(venue, days, today, bookings.read_dates(active))
    ]
