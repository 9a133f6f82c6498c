"""Lists bookings: whose they are, their filters, their two orders, and the cursors of their pages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from bson import DatetimeMS, ObjectId

from halls.bookings import listing_store
from halls.http.pagination import make_cursor, read_cursor
from halls.venues import store as venues

if TYPE_CHECKING:
    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.bookings.schemas import BookingsQuery
    from halls.mongo.client import Db, Document

# MongoDB stores a moment as milliseconds in 64 bits.
MAX_MILLIS = 2**63


def find_page(db: Db, caller: Account, query: BookingsQuery) -> tuple[list[BookingDocument], str | None]:
    """Return a page of bookings and the cursor of the next page. Raises Invalid for the cursor of another query."""
    search = {"caller": str(caller.id), **query.model_dump(exclude={"limit", "cursor", "include"})}
    is_by_date = query.sort == "date"
    after = read_cursor(query.cursor, search, _is_date if is_by_date else _is_creation)
    branches = _make_branches(db, caller, query)
    list_page = listing_store.list_bookings if is_by_date else listing_store.list_newest_bookings
    rows = list_page(db, branches, after=after, limit=query.limit + 1)
    page = rows[: query.limit]
    if len(rows) == len(page):
        return page, None
    last = page[-1]
    key = last["date"] if is_by_date else _read_millis(last.get("created_at"))
    return page, make_cursor(search, key, row_id=last["_id"])


def count_matches(db: Db, caller: Account, query: BookingsQuery) -> int:
    """Return the number of bookings on all pages of a query."""
    return listing_store.count_listed_bookings(db, _make_branches(db, caller, query))


def _make_branches(db: Db, caller: Account, query: BookingsQuery) -> list[Document]:
    """Return filters, one of which a booking must match: those of the caller's venues, or made by the caller."""
    filters: Document = {}
    if query.status:
        filters["status"] = {"$in": query.status.split(",")}
    if query.venue_id:
        filters["venue_id"] = ObjectId(query.venue_id)
    dates = {"$gte": query.date_from, "$lte": query.date_to}
    if bounds := {operator: date for operator, date in dates.items() if date}:
        filters["date"] = bounds
    # The owner enters a walk-in for a guest without an account.
    whose: list[Document] = [{"user_id": caller.id, "is_walk_in": {"$ne": True}}]
    if caller.is_venue_owner and query.as_ is None:
        whose = listing_store.match_owner(caller.id, venues.list_venue_ids(db, caller.id))
    return [{"$and": [each, filters]} for each in whose]


def _is_date(key: Any) -> bool:
    # The date is not validated: bookings of external writers may have dates that do not exist.
    return isinstance(key, str)


def _is_creation(key: Any) -> bool:
    return key is None or (type(key) is int and abs(key) < MAX_MILLIS)


def _read_millis(moment: object) -> int | None:
    """Return the milliseconds since 1970 of a stored moment, also after the year 9999. None for other types."""
    if isinstance(moment, datetime):
        moment = DatetimeMS(moment)
    return int(moment) if isinstance(moment, DatetimeMS) else None
