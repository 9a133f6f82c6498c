"""Queries for lists of bookings: two orders, each read from an index without a sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from bson import DatetimeMS
from pymongo import DESCENDING

from halls.bookings.store import ACTIVE_FILTER, BY_DATE, GONE_OWNER, NEWEST
from halls.mongo.client import NO_LIST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bson import ObjectId

    from halls.bookings.booking import BookingDocument
    from halls.mongo.client import Db, Document, Session

# External writers may store a list of ids, which a query for one of them matches. The validator rejects dates of other
# types, but an external writer can bypass it.
LISTED_FILTER: Document = {
    "_id": {"$type": "objectId"},
    "date": {"$type": "string", **NO_LIST},
    "venue_id": NO_LIST,
    "user_id": NO_LIST,
    "venue.owner_id": NO_LIST,
}
# External writers may store values of other types, which have no place in an order of moments.
HAS_CREATION: Document = {"created_at": {"$type": "date", **NO_LIST}}


def match_owner(owner_id: ObjectId, venue_ids: Iterable[ObjectId]) -> list[Document]:
    """Return the filters of the bookings of an owner: of these venues, and of all deleted ones."""
    return [{"venue_id": {"$in": list(venue_ids)}}, {GONE_OWNER: owner_id}]


def list_bookings(
    db: Db, branches: Sequence[Document], *, after: list[Any] | None, limit: int, session: Session | None = None
) -> list[BookingDocument]:
    """Return the bookings that match a branch, in order of date and id, from after the given [date, id]."""
    conditions: list[Document] = []
    if after is not None:
        date, last_id = after
        # The first condition bounds the index. The second one is true for the rest.
        later = {"$or": [{"date": {"$gt": date}}, {"date": date, "_id": {"$gt": last_id}}]}
        conditions = [{"date": {"$gte": date}}, later]
    return _list_sorted(db, branches, conditions, BY_DATE, limit, session)


def list_newest_bookings(
    db: Db, branches: Sequence[Document], *, after: list[Any] | None, limit: int
) -> list[BookingDocument]:
    """Return the bookings that match a branch, the newest first, from after the given [milliseconds, id].

    Bookings without a moment of creation come last. They are in order of id, and their milliseconds are None.
    """
    millis, last_id = after or (None, None)
    if after is not None and millis is None:
        return _list_without_creation(db, branches, [{"_id": {"$lt": last_id}}], limit)
    conditions = [HAS_CREATION]
    if millis is not None:
        moment = DatetimeMS(millis)
        earlier = {"$or": [{"created_at": {"$lt": moment}}, {"created_at": moment, "_id": {"$lt": last_id}}]}
        conditions += [{"created_at": {"$lte": moment}}, earlier]
    found = _list_sorted(db, branches, conditions, NEWEST, limit)
    rest = limit - len(found)
    return found + (_list_without_creation(db, branches, [], rest) if rest else [])


def _list_without_creation(
    db: Db, branches: Sequence[Document], conditions: list[Document], limit: int
) -> list[BookingDocument]:
    return _list_sorted(db, branches, [{"$nor": [HAS_CREATION]}, *conditions], [("_id", DESCENDING)], limit)


def _list_sorted(
    db: Db,
    branches: Sequence[Document],
    conditions: list[Document],
    order: list[tuple[str, int]],
    limit: int,
    session: Session | None = None,
) -> list[BookingDocument]:
    found = db.bookings.find(match_one(branches, conditions), session=session).sort(order).limit(limit)
    return cast("list[BookingDocument]", list(found))


def match_one(branches: Sequence[Document], conditions: list[Document]) -> Document:
    """Return the filter of the listed bookings that match a branch, and all conditions."""
    # $or at the top: MongoDB then reads each branch in order from its own index, and merges them without a sort.
    return {"$or": [{"$and": [branch, LISTED_FILTER, *conditions]} for branch in branches]}


def count_listed_bookings(db: Db, branches: Sequence[Document]) -> int:
    """Return the number of the bookings that match a branch."""
    return db.bookings.count_documents(match_one(branches, []))


def list_bookings_of_calendar(
    db: Db, branches: Sequence[Document], *, today: str, from_date: str, cancelled_since: datetime, limit: int
) -> tuple[list[BookingDocument], list[BookingDocument]]:
    """Return the bookings from today on, next first, and the earlier ones from `from_date` on, last first.

    At most `limit` of each. A cancelled booking is left out if it was cancelled before `cancelled_since`. An external
    writer does not store that moment: then the last change of the booking counts.
    """
    cancelled = {"status": "cancelled", "$or": _match_moment("cancellation.at", "updated_at", cancelled_since)}
    shown: Document = {"$or": [ACTIVE_FILTER, cancelled]}
    upcoming = [{"date": {"$gte": today}}, shown]
    past = [{"date": {"$gte": from_date, "$lt": today}}, shown]
    latest = [(field, DESCENDING) for field, _ in BY_DATE]
    return _list_sorted(db, branches, upcoming, BY_DATE, limit), _list_sorted(db, branches, past, latest, limit)


def _match_moment(field: str, fallback: str, since: datetime) -> list[Document]:
    """Return conditions, one of which is true if the moment in `field`, else the one in `fallback`, is since then."""
    has_moment: Document = {field: {"$type": "date", **NO_LIST}}
    return [{field: {"$gte": since}}, {"$nor": [has_moment], fallback: {"$gte": since}}]
