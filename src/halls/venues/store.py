"""Queries on the collection `venues`, its indexes, and the atomic claim of a date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from pymongo import ASCENDING, DESCENDING, GEOSPHERE, IndexModel, ReturnDocument
from pymongo.read_concern import ReadConcern

from halls.documents import read_list, read_object, read_text
from halls.mongo.client import NO_LIST, increment
from halls.mongo.indexes import CollectionSpec
from halls.venues.event_store import insert_venue_event
from halls.venues.price_on_date import offer_filter
from halls.venues.venue import VenueNotFound
from halls.venues.visibility import is_deleted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from bson import ObjectId
    from bson.raw_bson import RawBSONDocument

    from halls.mongo.client import Db, Document, Session
    from halls.venues.price_on_date import VenueCalendar
    from halls.venues.venue import VenueDocument, VenueReference

# The venues of an owner that are in memory at once. Each one can have 128 KiB.
OWN_BATCH = 10
# The indexes of the specification, and one for the list of an owner. Search has its own, on `search_entries`.
COLLECTION = CollectionSpec(
    "venues",
    [
        IndexModel([("owner_id", ASCENDING), ("_id", DESCENDING)], name="venues_of_owner"),
        IndexModel([("type", ASCENDING), ("capacity", ASCENDING)], name="venues_by_type_and_capacity"),
        IndexModel([("capacity", ASCENDING)], name="venues_by_capacity"),
        IndexModel([("maps_location", GEOSPHERE)], name="venues_by_place"),
        IndexModel([("pricing.overrides.date", ASCENDING)], name="venues_by_priced_date"),
    ],
)


def get_venue(db: Db, venue_id: ObjectId, session: Session | None = None) -> VenueDocument:
    """Return the venue. Raises VenueNotFound, also if the account of its owner is deleted."""
    venue = cast("VenueDocument | None", db.venues.find_one({"_id": venue_id}, session=session))
    if venue is None or is_deleted(venue):
        raise VenueNotFound
    return venue


def find_venues(db: Db, venue_ids: Iterable[ObjectId]) -> dict[ObjectId, VenueReference]:
    """Return the venues that exist, by id, with the fields that bookings show and the owner."""
    fields = dict.fromkeys(("venue_name", "address", "type", "maps_location", "owner_id"), 1)
    first_picture = {"pictures": {"$slice": 1}}
    found = db.venues.find({"_id": {"$in": list(venue_ids)}}, {**fields, **first_picture})
    return {venue["_id"]: cast("VenueReference", venue) for venue in found}


def find_calendars(
    db: Db, venue_ids: Iterable[ObjectId], session: Session | None = None
) -> dict[ObjectId, VenueCalendar]:
    """Return the offered dates of the venues that exist, by id. The prices are left out."""
    found = db.venues.find({"_id": {"$in": list(venue_ids)}}, {"dates_available": 1}, session=session)
    return {venue["_id"]: cast("VenueCalendar", venue) for venue in found}


def list_calendars(db: Db, owner_id: ObjectId) -> dict[ObjectId, VenueCalendar]:
    """Return the offered dates of all venues of an owner, by id. The prices are left out."""
    match = {"owner_id": {"$eq": owner_id, **NO_LIST}, "_id": {"$type": "objectId"}}
    found = db.venues.find(match, {"dates_available": 1})
    return {venue["_id"]: cast("VenueCalendar", venue) for venue in found}


def read_venues(db: Db, venue_ids: Iterable[ObjectId]) -> dict[ObjectId, VenueDocument]:
    """Return the venues that exist, by id."""
    found = db.venues.find({"_id": {"$in": list(venue_ids)}})
    return {venue["_id"]: cast("VenueDocument", venue) for venue in found}


def list_venue_ids(db: Db, owner_id: ObjectId, session: Session | None = None, *, limit: int = 0) -> list[ObjectId]:
    """Return the ids of all venues of an owner, or of at most `limit`."""
    match = {"owner_id": {"$eq": owner_id, **NO_LIST}}
    return [venue["_id"] for venue in db.venues.find(match, {"_id": 1}, limit=limit, session=session)]


def read_own_venues(db: Db, owner_id: ObjectId, *, before: ObjectId | None, limit: int) -> Iterator[VenueDocument]:
    """Yield the venues of an owner, newest first, with ids below `before`. Few at a time are read."""
    match: Document = {"owner_id": {"$eq": owner_id, **NO_LIST}, "_id": {"$type": "objectId"}}
    if before is not None:
        match["_id"] = {"$lt": before}
    found = db.venues.find(match, sort=[("_id", DESCENDING)], limit=limit, batch_size=OWN_BATCH)
    yield from cast("Iterator[VenueDocument]", found)


def read_places(db: Db, owner_ids: Iterable[ObjectId], session: Session | None = None) -> Iterator[VenueDocument]:
    """Yield the owner, the name and the location of every venue of the owners, in order of id."""
    fields = {"owner_id": 1, "venue_name": 1, "maps_location": 1}
    match = {"owner_id": {"$in": list(owner_ids)}}
    yield from cast(
        "Iterator[VenueDocument]", db.venues.find(match, fields, sort=[("_id", ASCENDING)], session=session)
    )


def read_all_venues(db: Db, session: Session) -> Iterator[VenueDocument]:
    """Yield every venue, in order of id, except those of deleted accounts that the worker has to clear."""
    match = {"deleted_at": None}
    yield from cast("Iterator[VenueDocument]", db.venues.find(match, sort=[("_id", ASCENDING)], session=session))


def list_media_urls(db: Db) -> Iterator[tuple[str, str]]:
    """Yield the owner's id and the URL of all pictures and videos of all venues."""
    # The driver's deadline applies to each batch. One deadline for a large collection would be too short.
    for venue in db.venues.find({}, {"_id": 0, "owner_id": 1, "pictures": 1, "videos.url": 1}):
        videos = map(read_object, read_list(venue.get("videos")))
        for url in (*read_list(venue.get("pictures")), *(video.get("url") for video in videos)):
            if read_text(url) is not None:
                yield str(venue.get("owner_id")), url


def count_venues_of(db: Db, owner_id: ObjectId, *, at_most: int, session: Session) -> int:
    """Return the number of venues of an owner, at most `at_most`."""
    match = {"owner_id": {"$eq": owner_id, **NO_LIST}}
    return db.venues.count_documents(match, limit=at_most, session=session)


def count_venues(db: Db) -> int:
    """Return the approximate number of venues, from the metadata of the collection."""
    return db.venues.estimated_document_count()


def has_venues(db: Db) -> bool:
    """Return whether there is any venue."""
    return db.venues.find_one({}, {"_id": 1}) is not None


def has_venue(db: Db, venue_id: ObjectId) -> bool:
    """Return whether the venue is stored, with a linearizable read.

    The read waits until the majority has each commit that this node has applied.
    """
    linearizable = ReadConcern("linearizable")
    found = db.get_collection("venues", read_concern=linearizable).find_one({"_id": venue_id}, {"_id": 1})
    return found is not None


def insert_venues(db: Db, venues: Sequence[VenueDocument] | Sequence[RawBSONDocument], session: Session) -> None:
    """Insert new venues."""
    db.venues.insert_many(cast("Sequence[Document | RawBSONDocument]", venues), session=session)


def lock_venue(db: Db, venue_id: ObjectId, session: Session) -> VenueDocument:
    """Increment `rev` and return the venue as it was before. Raises VenueNotFound, also if its owner is deleted.

    The write conflicts with concurrent bookings and changes of the venue, so the caller's transaction is serialized
    with them.
    """
    match = {"_id": venue_id, "deleted_at": None}
    before = db.venues.find_one_and_update(match, [{"$set": increment("rev")}], session=session)
    if before is None:
        raise VenueNotFound
    return cast("VenueDocument", before)


def update_venue(
    db: Db, venue_id: ObjectId, changes: dict[str, Any], now: datetime, session: Session | None = None
) -> VenueDocument:
    """Set `changes` (by dotted path), increment `rev`, and return the venue as it was before.

    Raises VenueNotFound, also if the account of its owner is deleted.
    Also inserts the event of the change, for webhooks.
    The write to `rev` conflicts with every booking that is placed at the same time, so the two are serialized.
    """
    values = {name: {"$literal": value} for name, value in {**changes, "updated_at": now}.items()}
    update = [{"$set": values | increment("rev")}]
    match = {"_id": venue_id, "deleted_at": None}
    before = db.venues.find_one_and_update(match, update, return_document=ReturnDocument.BEFORE, session=session)
    if before is None:
        raise VenueNotFound
    insert_venue_event(db, cast("VenueDocument", before), "venue_changed", now, session)
    return cast("VenueDocument", before)


def mark_venues(
    db: Db,
    venue_ids: Iterable[ObjectId],
    field: Literal["hidden_at", "suspended_at", "deleted_at"],
    moment: datetime | None,
    session: Session,
) -> list[VenueDocument]:
    """Set the moment of a suspension, hiding or deletion in venues that have none, or remove it with None.

    Return the changed venues as they were before, with only `owner_id` and `rev`. The caller inserts their events.
    Like `update_venue` it increments `rev`, but `updated_at` stays: it is the time of the owner's last change.
    """
    match = {"_id": {"$in": list(venue_ids)}, field: {"$ne": None} if moment is None else None}
    value = "$$REMOVE" if moment is None else moment
    update = [{"$set": {field: value, **increment("rev")}}]
    marked = list(db.venues.find(match, {"owner_id": 1, "rev": 1}, session=session))
    db.venues.update_many({"_id": {"$in": [venue["_id"] for venue in marked]}}, update, session=session)
    return cast("list[VenueDocument]", marked)


def mark_unlisted(db: Db, owner_id: ObjectId, now: datetime, session: Session) -> list[VenueDocument]:
    """Pause the venues of an owner. Return the changed ones like `mark_venues`. The caller inserts their events."""
    match: Document = {"owner_id": owner_id, "is_listed": {"$ne": False}}
    marked = list(db.venues.find(match, {"owner_id": 1, "rev": 1}, session=session))
    update = [{"$set": {"is_listed": False, "updated_at": now, **increment("rev")}}]
    db.venues.update_many({"_id": {"$in": [venue["_id"] for venue in marked]}}, update, session=session)
    return cast("list[VenueDocument]", marked)


def delete_venue(db: Db, venue_id: ObjectId, now: datetime, session: Session) -> VenueDocument:
    """Delete the venue, insert its event, and return it. Raises VenueNotFound."""
    venue = db.venues.find_one_and_delete({"_id": venue_id}, session=session)
    if venue is None:
        raise VenueNotFound
    insert_venue_event(db, cast("VenueDocument", venue), "venue_removed", now, session)
    return cast("VenueDocument", venue)


def claim_date(db: Db, venue_id: ObjectId, date: str, session: Session) -> VenueDocument | None:
    """Return the venue if it offers `date`, else None. Increments `rev` of the returned venue.

    The write conflicts with a concurrent change of the venue. After a read only, the date could be booked although
    the owner removes it at the same time.
    """
    claimed = db.venues.find_one_and_update(
        {"_id": venue_id, "deleted_at": None, **offer_filter(date)},
        [{"$set": increment("rev")}],
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    return cast("VenueDocument | None", claimed)
