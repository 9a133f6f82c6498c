"""How MongoDB keeps bookings, and what keeps two people out of one hall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pymongo
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from halls.bookings.booking import ACTIVE, STATUSES, BookingNotFound, DateTaken
from halls.mongo.client import in_transaction, is_unavailable
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from bson import ObjectId
    from bson.raw_bson import RawBSONDocument

    from halls.mongo.client import Db, Document, Session

# Together below what a request may spend in the database.
TRANSACTION_SECONDS = 2.3
SECOND_LOOK_SECONDS = 1
# MongoDB 5 takes no $in in a partial filter. "confirmed" and "pending" sort after "cancelled", and so would most
# statuses that are yet unheard of: an unknown one holds its date (docs/decisions).
ONE_ACTIVE_BOOKING_PER_DATE = IndexModel(
    [("venue_id", ASCENDING), ("date", ASCENDING)],
    name="one_active_booking_per_date",
    unique=True,
    partialFilterExpression={"status": {"$gt": "cancelled"}},
)
COLLECTION = CollectionSpec(
    "bookings",
    [
        ONE_ACTIVE_BOOKING_PER_DATE,
        IndexModel([("venue_id", ASCENDING), ("date", ASCENDING), ("status", ASCENDING)], name="bookings_of_venue"),
        IndexModel([("user_id", ASCENDING), ("date", ASCENDING), ("_id", ASCENDING)], name="bookings_of_guest"),
        IndexModel([("venue.owner_id", ASCENDING)], name="bookings_of_gone_venues", sparse=True),
    ],
    validator={
        "$jsonSchema": {
            "required": ["venue_id", "date", "status"],
            "properties": {
                "status": {"enum": list(STATUSES)},
                "date": {"bsonType": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
                "guests": {"bsonType": "number", "minimum": 1},
                "price_locked": {"bsonType": ["number", "null"], "minimum": 0},
            },
        }
    },
)


def find_booking(db: Db, booking_id: ObjectId) -> Document | None:
    """Return the booking, or None."""
    return db.bookings.find_one({"_id": booking_id})


def get_booking(db: Db, booking_id: ObjectId) -> Document:
    """Return the booking. Raises BookingNotFound."""
    booking = find_booking(db, booking_id)
    if booking is None:
        raise BookingNotFound
    return booking


def list_bookings(db: Db, match: Document, *, after: list[Any] | None, limit: int) -> list[Document]:
    """Return bookings by date, then id, from after the [date, id] given."""
    if after is not None:
        date, last_id = after
        match = {"$and": [match, {"$or": [{"date": {"$gt": date}}, {"date": date, "_id": {"$gt": last_id}}]}]}
    return list(db.bookings.find(match).sort([("date", ASCENDING), ("_id", ASCENDING)]).limit(limit))


def find_active_dates(
    db: Db, venue_id: ObjectId, *, from_date: str, to_date: str = "9999", session: Session | None = None
) -> set[str]:
    """Return the dates in the range on which the venue has an active booking."""
    match = {"venue_id": venue_id, "date": {"$gte": from_date, "$lte": to_date}, "status": {"$in": list(ACTIVE)}}
    return {booking["date"] for booking in db.bookings.find(match, {"_id": 0, "date": 1}, session=session)}


def find_booked_venues(db: Db, venue_ids: Iterable[ObjectId], date: str) -> set[ObjectId]:
    """Return those of the venues that have an active booking on `date`."""
    match = {"venue_id": {"$in": list(venue_ids)}, "date": date, "status": {"$in": list(ACTIVE)}}
    return {booking["venue_id"] for booking in db.bookings.find(match, {"_id": 0, "venue_id": 1})}


def find_taken_dates(db: Db, venue_ids: Iterable[ObjectId]) -> set[tuple[ObjectId, str]]:
    """Return the venues and dates of all active bookings of those venues."""
    match = {"venue_id": {"$in": list(venue_ids)}, "status": {"$in": list(ACTIVE)}}
    return {(booking["venue_id"], booking["date"]) for booking in db.bookings.find(match, {"venue_id": 1, "date": 1})}


def find_stored_bookings(db: Db, booking_ids: Iterable[ObjectId]) -> set[ObjectId]:
    """Return those of the ids that a booking has."""
    return {booking["_id"] for booking in db.bookings.find({"_id": {"$in": list(booking_ids)}}, {"_id": 1})}


def read_all_bookings(db: Db, session: Session) -> Iterator[Document]:
    """Yield every booking by id."""
    yield from db.bookings.find({}, sort=[("_id", ASCENDING)], session=session)


def insert_booking(db: Db, booking: Document, session: Session) -> None:
    """Keep a new booking. Lets DuplicateKeyError pass: inside a transaction nothing may catch it."""
    db.bookings.insert_one(booking, session=session)


def insert_bookings(db: Db, bookings: Sequence[RawBSONDocument], session: Session) -> None:
    """Keep bookings that were made elsewhere. Lets errors pass, as `insert_booking` does."""
    db.bookings.insert_many(bookings, session=session)


def commit_booking(db: Db, booking_id: ObjectId, work: Callable[[Session], Document]) -> Document:
    """Run `work`, which inserts that booking, in a transaction; return what it returned. Raises DateTaken.

    When the connection breaks during the commit nobody has told us the outcome: one more look does.
    """
    result: Document = {}

    def remember(session: Session) -> None:
        result.update(work(session))

    try:
        with pymongo.timeout(TRANSACTION_SECONDS):
            in_transaction(db, remember)
    except DuplicateKeyError as error:
        if "date" not in (error.details or {}).get("keyPattern", {}):
            raise
        raise DateTaken from None
    except PyMongoError as error:
        if not is_unavailable(error) or not _is_stored(db, booking_id):
            raise
    return result


def _is_stored(db: Db, booking_id: ObjectId) -> bool:
    with pymongo.timeout(SECOND_LOOK_SECONDS):
        return find_booking(db, booking_id) is not None


def update_status(
    db: Db,
    booking_id: ObjectId,
    *,
    to: str,
    allowed: tuple[str, ...],
    from_date: str,
    now: datetime,
    session: Session,
) -> Document | None:
    """Set the status if it is one of `allowed` and the date is not before `from_date`; None when it was not so."""
    return db.bookings.find_one_and_update(
        {"_id": booking_id, "status": {"$in": list(allowed)}, "date": {"$gte": from_date}},
        {"$set": {"status": to, "updated_at": now}},
        return_document=ReturnDocument.AFTER,
        session=session,
    )


def cancel_bookings_of(db: Db, guest_id: ObjectId, *, today: str, now: datetime, session: Session) -> list[ObjectId]:
    """Cancel a guest's coming bookings and return their venues; take his words out of all.

    The rest is the owners' history.
    """
    coming = {"user_id": guest_id, "date": {"$gte": today}, "status": {"$in": list(ACTIVE)}}
    venue_ids: list[ObjectId] = db.bookings.distinct("venue_id", coming, session=session)
    db.bookings.update_many(coming, {"$set": {"status": "cancelled", "updated_at": now}}, session=session)
    db.bookings.update_many({"user_id": guest_id}, {"$set": {"notes": None}}, session=session)
    return venue_ids


def save_venue_summary(db: Db, summary: Document, session: Session) -> None:
    """Write the name, address and owner of a venue that goes into all its bookings."""
    db.bookings.update_many({"venue_id": summary["id"]}, {"$set": {"venue": summary}}, session=session)
