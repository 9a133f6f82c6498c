"""Queries on the collection `bookings`, its validator, and the unique index that prevents double bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pymongo
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

from halls.bookings.booking import ACTIVE, STATUSES, BookingNotFound, DateTaken, expired_filter
from halls.documents import read_id, read_items, read_text
from halls.http.schema import DATE_PATTERN
from halls.mongo.client import NO_LIST, in_transaction, is_unavailable
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from bson import ObjectId
    from bson.raw_bson import RawBSONDocument

    from halls.bookings.booking import BookingDocument
    from halls.mongo.client import Db, Document, Session
    from halls.venues.venue import VenueSummary

# Active bookings hold their dates. Every query for them uses this filter.
ACTIVE_FILTER: Document = {"status": {"$in": list(ACTIVE)}}
BY_DATE = [("date", ASCENDING), ("_id", ASCENDING)]
NEWEST = [("created_at", DESCENDING), ("_id", DESCENDING)]
GONE_OWNER = "venue.owner_id"
IS_GONE: Document = {GONE_OWNER: {"$exists": True}}
# The sum is below the time limit of a request in the database.
TRANSACTION_SECONDS = 2.3
SECOND_LOOK_SECONDS = 1
# MongoDB 5 does not accept $in in a partial filter. "confirmed" and "pending" sort after "cancelled". Most unknown
# statuses do too, so a booking with an unknown status holds its date (docs/decisions).
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
        # The lists of owners, in both orders, also of venues that are deleted.
        IndexModel([("venue_id", ASCENDING), *BY_DATE], name="bookings_of_venue_by_date"),
        IndexModel([("venue_id", ASCENDING), *NEWEST], name="bookings_of_venue_newest"),
        IndexModel([(GONE_OWNER, ASCENDING), *BY_DATE], name="gone_bookings_by_date", partialFilterExpression=IS_GONE),
        IndexModel([(GONE_OWNER, ASCENDING), *NEWEST], name="gone_bookings_newest", partialFilterExpression=IS_GONE),
        IndexModel([("date", ASCENDING)], name="confirmed_by_date", partialFilterExpression={"status": "confirmed"}),
        # By date first: otherwise each search for expired holds would read all past requests.
        IndexModel(
            [("date", ASCENDING), ("hold_until", ASCENDING)],
            name="bookings_by_hold",
            partialFilterExpression={"status": "pending"},
        ),
    ],
    validator={
        "$jsonSchema": {
            "required": ["venue_id", "date", "status"],
            "properties": {
                "status": {"enum": list(STATUSES)},
                "date": {"bsonType": "string", "pattern": f"^{DATE_PATTERN}$"},
                "guests": {"bsonType": "number", "minimum": 1},
                "price_locked": {"bsonType": ["number", "null"], "minimum": 0},
            },
        }
    },
)


def find_booking(db: Db, booking_id: ObjectId, session: Session | None = None) -> BookingDocument | None:
    """Return the booking, or None."""
    return cast("BookingDocument | None", db.bookings.find_one({"_id": booking_id}, session=session))


def get_booking(db: Db, booking_id: ObjectId, session: Session | None = None) -> BookingDocument:
    """Return the booking. Raises BookingNotFound."""
    booking = find_booking(db, booking_id, session)
    if booking is None:
        raise BookingNotFound
    return booking


def has_booking(db: Db, booking_id: ObjectId) -> bool:
    """Return whether the booking is stored, with a linearizable read.

    The read waits until the majority has each commit that this node has applied.
    """
    linearizable = ReadConcern("linearizable")
    found = db.get_collection("bookings", read_concern=linearizable).find_one({"_id": booking_id}, {"_id": 1})
    return found is not None


def find_active_dates(
    db: Db, venue_id: ObjectId, *, from_date: str, to_date: str = "9999", session: Session | None = None
) -> set[str]:
    """Return the dates in the range on which the venue has an active booking."""
    match = {"venue_id": venue_id, "date": {"$gte": from_date, "$lte": to_date}, **ACTIVE_FILTER}
    return read_dates(db.bookings.find(match, {"_id": 0, "date": 1}, session=session))


def find_active_dates_at(db: Db, venue_ids: Iterable[ObjectId], *, from_date: str, session: Session) -> set[str]:
    """Return the dates from `from_date` on for which any of the venues has an active booking."""
    match = {"venue_id": {"$in": list(venue_ids)}, "date": {"$gte": from_date}, **ACTIVE_FILTER}
    return read_dates(db.bookings.find(match, {"_id": 0, "date": 1}, session=session))


def read_dates(bookings: Iterable[Any]) -> set[str]:
    """Return the dates of bookings that have the field `date`."""
    # An external writer that bypasses the validator may store a list. The unique index then holds each date in it.
    return {date for booking in bookings for date in map(read_text, read_items(booking["date"])) if date is not None}


def list_active_bookings(db: Db, venue_id: ObjectId, *, from_date: str, to_date: str) -> list[BookingDocument]:
    """Return the active bookings of the venue in the range of dates, in order of date."""
    match = {"venue_id": venue_id, "date": {"$gte": from_date, "$lte": to_date}, **ACTIVE_FILTER}
    return cast("list[BookingDocument]", list(db.bookings.find(match).sort(BY_DATE)))


def count_pending(
    db: Db, guest_id: ObjectId, *, from_date: str, other_than: list[ObjectId], at_most: int, session: Session
) -> int:
    """Count the pending bookings of a guest from a date on, except those at some venues. Stops at `at_most`."""
    match = {"user_id": guest_id, "date": {"$gte": from_date}, "status": "pending", "venue_id": {"$nin": other_than}}
    # Not count_documents, whose aggregation costs twice as much for a few documents.
    return len(list(db.bookings.find(match, {"_id": 1}, limit=at_most, session=session)))


def find_active_booking(db: Db, venue_id: ObjectId, date: str) -> BookingDocument | None:
    """Return the booking that holds the date of the venue, or None."""
    found = db.bookings.find_one({"venue_id": venue_id, "date": date, **ACTIVE_FILTER})
    return cast("BookingDocument | None", found)


def list_expired_ids(db: Db, now: datetime, *, limit: int) -> list[ObjectId]:
    """Return the ids of upcoming bookings whose holds have run out."""
    found = db.bookings.find(expired_filter(now), {"_id": 1}, limit=limit)
    return [booking["_id"] for booking in found]


def count_expired(db: Db, now: datetime) -> int:
    """Return the number of upcoming bookings that are pending although their holds have run out."""
    return db.bookings.count_documents(expired_filter(now))


def find_taken_dates(db: Db, venue_ids: Iterable[ObjectId]) -> set[tuple[ObjectId, str]]:
    """Return (venue id, date) of all active bookings of the venues."""
    match = {"venue_id": {"$in": list(venue_ids)}, **ACTIVE_FILTER}
    found = db.bookings.find(match, {"venue_id": 1, "date": 1})
    taken = [(read_id(booking["venue_id"]), read_text(booking.get("date"))) for booking in found]
    return {(venue_id, date) for venue_id, date in taken if venue_id is not None and date is not None}


def find_stored_bookings(db: Db, booking_ids: Iterable[ObjectId]) -> dict[ObjectId, tuple[ObjectId, str]]:
    """Return (venue id, date) of the bookings that exist, by id."""
    found = db.bookings.find({"_id": {"$in": list(booking_ids)}}, {"venue_id": 1, "date": 1})
    return {booking["_id"]: (booking["venue_id"], booking["date"]) for booking in found}


def find_alike(db: Db, venue_ids: Iterable[ObjectId], dates: Iterable[str]) -> set[tuple[Any, ...]]:
    """Return (venue id, guest, date, status) of the bookings of the venues on the dates."""
    match = {"venue_id": {"$in": list(venue_ids)}, "date": {"$in": list(dates)}}
    names = ("venue_id", "user_id", "date", "status")
    found = db.bookings.find(match, dict.fromkeys(names, 1))
    return {tuple(booking.get(name) for name in names) for booking in found}


def read_all_bookings(db: Db, session: Session) -> Iterator[BookingDocument]:
    """Yield every booking, in order of id."""
    yield from cast("Iterator[BookingDocument]", db.bookings.find({}, sort=[("_id", ASCENDING)], session=session))


def count_bookings(db: Db) -> int:
    """Return the approximate number of bookings, from the metadata of the collection."""
    return db.bookings.estimated_document_count()


def insert_booking(db: Db, booking: BookingDocument, session: Session) -> None:
    """Insert a new booking. Raises DuplicateKeyError, which must leave the transaction of the caller."""
    db.bookings.insert_one(cast("Document", booking), session=session)


def insert_bookings(db: Db, bookings: Sequence[BookingDocument] | Sequence[RawBSONDocument], session: Session) -> None:
    """Insert imported or generated bookings. Raises BulkWriteError, which must leave the transaction of the caller."""
    db.bookings.insert_many(cast("Sequence[Document | RawBSONDocument]", bookings), session=session)


def commit_booking(db: Db, booking_id: ObjectId, work: Callable[[Session], dict[str, Any]]) -> dict[str, Any]:
    """Run `work`, which inserts the booking with that id, in a transaction. Return its result. Raises DateTaken.

    If the connection breaks during the commit, the outcome is unknown. A read of the booking then decides.
    """
    result: dict[str, Any] = {}

    def work_and_keep_result(session: Session) -> None:
        result.update(work(session))

    try:
        with pymongo.timeout(TRANSACTION_SECONDS):
            in_transaction(db, work_and_keep_result)
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


def update_booking(
    db: Db, booking_id: ObjectId, *, match: Document, values: Document, session: Session
) -> BookingDocument | None:
    """Set fields and return the booking as it was before.

    Return None and change nothing if the booking does not match `match`.
    """
    before = db.bookings.find_one_and_update(
        {"_id": booking_id, **match}, {"$set": values}, return_document=ReturnDocument.BEFORE, session=session
    )
    return cast("BookingDocument | None", before)


def list_upcoming_ids(
    db: Db,
    guest_id: ObjectId,
    statuses: Iterable[str],
    *,
    today: str,
    other_than: Iterable[ObjectId] = (),
    session: Session | None = None,
) -> list[ObjectId]:
    """Return the ids of a guest's bookings from `today` on that have one of the statuses.

    Those at the venues in `other_than` are left out.
    """
    match: Document = {"user_id": guest_id, "date": {"$gte": today}, "status": {"$in": list(statuses)}}
    match["venue_id"] = {"$nin": list(other_than)}
    return [booking["_id"] for booking in db.bookings.find(match, {"_id": 1}, session=session)]


def list_ids_of_guest(db: Db, guest_id: ObjectId, session: Session | None) -> list[ObjectId]:
    """Return the ids of all bookings of a guest."""
    return [booking["_id"] for booking in db.bookings.find({"user_id": guest_id}, {"_id": 1}, session=session)]


def delete_texts(db: Db, guest_id: ObjectId, session: Session | None) -> None:
    """Delete the notes of all bookings of a guest, and the reasons that the guest gave for cancellations."""
    db.bookings.update_many({"user_id": guest_id}, {"$set": {"notes": None}}, session=session)
    given = {"user_id": guest_id, "cancellation.by": "guest", "cancellation": NO_LIST}
    db.bookings.update_many(given, {"$set": {"cancellation.reason": None}}, session=session)


def delete_walk_in_guests(db: Db, owner_id: ObjectId, session: Session | None) -> None:
    """Delete the guests of the walk-ins of an owner, also at deleted venues, and the reasons of their cancellations."""
    for whose in ({"user_id": owner_id}, {GONE_OWNER: owner_id}):
        walk_ins: Document = {**whose, "is_walk_in": True}
        db.bookings.update_many(walk_ins, {"$set": {"guest": None}}, session=session)
        cancelled = {**walk_ins, "cancellation": {"$type": "object", **NO_LIST}}
        db.bookings.update_many(cancelled, {"$set": {"cancellation.reason": None}}, session=session)


def save_venue_summary(db: Db, summary: VenueSummary, session: Session) -> None:
    """Copy the name, address and owner of a venue that is being deleted into all its bookings."""
    db.bookings.update_many({"venue_id": summary["id"]}, {"$set": {"venue": summary}}, session=session)
