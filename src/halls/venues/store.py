"""How MongoDB keeps venues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, GEOSPHERE, IndexModel, ReturnDocument

from halls.mongo.indexes import CollectionSpec
from halls.venues.venue import VenueNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from bson import ObjectId
    from bson.raw_bson import RawBSONDocument

    from halls.mongo.client import Db, Document, Session

# Those that the specification lists, and the owner's own list. Search has its own in the catalog.
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


def get_venue(db: Db, venue_id: ObjectId) -> Document:
    """Return the venue. Raises VenueNotFound."""
    venue = db.venues.find_one({"_id": venue_id})
    if venue is None:
        raise VenueNotFound
    return venue


def find_venues(db: Db, venue_ids: Iterable[ObjectId]) -> dict[ObjectId, Document]:
    """Return the names, addresses and owners of those venues that exist, by id."""
    fields = {"venue_name": 1, "address": 1, "owner_id": 1}
    return {venue["_id"]: venue for venue in db.venues.find({"_id": {"$in": list(venue_ids)}}, fields)}


def read_venues(db: Db, venue_ids: Iterable[ObjectId], session: Session | None) -> dict[ObjectId, Document]:
    """Return those of the venues that exist, whole, by id."""
    return {venue["_id"]: venue for venue in db.venues.find({"_id": {"$in": list(venue_ids)}}, session=session)}


def list_venue_ids(db: Db, owner_id: ObjectId, session: Session | None = None) -> list[ObjectId]:
    """Return the ids of all venues of an owner."""
    return [venue["_id"] for venue in db.venues.find({"owner_id": owner_id}, {"_id": 1}, session=session)]


def list_venues(db: Db, owner_id: ObjectId, *, before: ObjectId | None, limit: int) -> list[Document]:
    """Return an owner's venues, newest first, from after `before` on."""
    match: Document = {"owner_id": owner_id}
    if before is not None:
        match["_id"] = {"$lt": before}
    return list(db.venues.find(match).sort("_id", DESCENDING).limit(limit))


def find_calendars(db: Db, venue_ids: Iterable[ObjectId]) -> dict[ObjectId, list[str]]:
    """Return the dates that those venues offer that exist, by id."""
    found = db.venues.find({"_id": {"$in": list(venue_ids)}}, {"dates_available": 1})
    return {venue["_id"]: venue.get("dates_available") or [] for venue in found}


def read_all_venues(db: Db, session: Session) -> Iterator[Document]:
    """Yield every venue by id."""
    yield from db.venues.find({}, sort=[("_id", ASCENDING)], session=session)


def list_media_urls(db: Db) -> Iterator[str]:
    """Yield the addresses of all pictures and videos of all venues."""
    # Batch by batch, each with the driver's own deadline: in a database full of venues the whole takes a while.
    for venue in db.venues.find({}, {"_id": 0, "pictures": 1, "videos.url": 1}):
        for item in (*(venue.get("pictures") or []), *(venue.get("videos") or [])):
            url = item.get("url") if isinstance(item, dict) else item
            if isinstance(url, str):
                yield url


def insert_venues(db: Db, venues: Sequence[Document | RawBSONDocument], session: Session) -> None:
    """Keep new venues."""
    db.venues.insert_many(venues, session=session)


def update_venue(
    db: Db, venue_id: ObjectId, changes: dict[str, Any], now: datetime, session: Session | None = None
) -> Document:
    """Set `changes` (by dotted path) and count `rev` up; return the venue as it was before. Raises VenueNotFound.

    The `rev` makes this collide with every booking being placed at the same moment: one happens after the other.
    """
    update = {"$set": {**changes, "updated_at": now}, "$inc": {"rev": 1}}
    before = db.venues.find_one_and_update(
        {"_id": venue_id}, update, return_document=ReturnDocument.BEFORE, session=session
    )
    if before is None:
        raise VenueNotFound
    return before


def delete_venue(db: Db, venue_id: ObjectId, session: Session) -> Document:
    """Remove the venue and return it. Raises VenueNotFound."""
    venue = db.venues.find_one_and_delete({"_id": venue_id}, session=session)
    if venue is None:
        raise VenueNotFound
    return venue


def claim_date(db: Db, venue_id: ObjectId, date: str, session: Session) -> Document | None:
    """Return the venue if it offers `date`, having written it: who only read it could book a date just taken away."""
    return db.venues.find_one_and_update(
        {"_id": venue_id, "dates_available": date},
        {"$inc": {"rev": 1}},
        return_document=ReturnDocument.AFTER,
        session=session,
    )
