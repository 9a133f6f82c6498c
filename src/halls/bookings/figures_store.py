"""Queries for the statistics and the export of an owner's bookings, read from the indexes of the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halls.bookings.booking import CANCELLED_BY
from halls.bookings.listing_store import match_one
from halls.bookings.store import GONE_OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bson import ObjectId

    from halls.mongo.client import Db, Document, Session

CONFIRMED_FIELDS = ("date", "price_locked", "guests", "created_at", "is_walk_in")
UNKNOWN = "unknown"


def count_bookings_by_day(db: Db, branches: Sequence[Document]) -> Iterator[dict[str, Any]]:
    """Yield for each venue and day the confirmed bookings, and how many are pending and cancelled.

    The keys are `_id` {venue_id, date}, `confirmed`, `pending`, and the values of `cancellation.by` with UNKNOWN. The
    unique index allows one confirmed booking a day, so the result stays small, however many bookings are cancelled.
    """
    confirmed = {name: f"${name}" for name in CONFIRMED_FIELDS}
    is_known = {"$in": ["$cancellation.by", list(CANCELLED_BY)]}
    figures = {
        "confirmed": {"$push": {"$cond": [_has_status("confirmed"), confirmed, "$$REMOVE"]}},
        "pending": _count(_has_status("pending")),
        UNKNOWN: _count(_has_status("cancelled"), {"$not": [is_known]}),
        **{by: _count(_has_status("cancelled"), {"$eq": ["$cancellation.by", by]}) for by in CANCELLED_BY},
    }
    group = {"_id": {"venue_id": "$venue_id", "date": "$date"}, **figures}
    yield from db.bookings.aggregate([{"$match": match_one(branches, [])}, {"$group": group}], allowDiskUse=True)


def _has_status(status: str) -> Document:
    return {"$eq": ["$status", status]}


def _count(*conditions: Document) -> Document:
    return {"$sum": {"$cond": [{"$and": list(conditions)}, 1, 0]}}


def has_gone_bookings(db: Db, owner_id: ObjectId, venue_id: ObjectId) -> bool:
    """Return whether the venue was one of the owner's, is deleted and has bookings."""
    return db.bookings.find_one({GONE_OWNER: owner_id, "venue_id": venue_id}, {"_id": 1}) is not None


def has_more_bookings(db: Db, branches: Sequence[Document], limit: int, session: Session) -> bool:
    """Return whether more than `limit` bookings match a branch."""
    return db.bookings.count_documents(match_one(branches, []), limit=limit + 1, session=session) > limit
