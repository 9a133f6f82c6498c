"""The search index (collection `catalog`): one entry for each venue, kept current in the same transactions."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, cast

import bson
from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, GEOSPHERE, DeleteMany, IndexModel, ReplaceOne
from typing_extensions import Required, TypedDict

from halls.bookings.store import ACTIVE_FILTER
from halls.documents import EXACT, read_items, read_text, read_whole
from halls.http.json_encoding import write_json
from halls.mongo.indexes import CollectionSpec
from halls.venues.price_on_date import list_overrides, offered_dates, prices_by_date
from halls.venues.venue import read_place, read_type, serialize_venue_card
from halls.venues.visibility import is_open

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from halls.mongo.client import Db, Document, Session
    from halls.venues.price_on_date import StoredOverride
    from halls.venues.venue import StoredPoint, VenueDocument

Keys = list[tuple[str, Any]]
# Search names these indexes in a hint. Otherwise the planner may choose another index and sort the results.
BY_TYPE: Keys = [("type", ASCENDING), ("_id", DESCENDING), ("capacity", ASCENDING)]
BY_DATE: Keys = [("free", ASCENDING), ("_id", DESCENDING), ("type", ASCENDING), ("capacity", ASCENDING)]
BY_PRICE_ON_DATE: Keys = [
    ("pricing.overrides.date", ASCENDING),
    ("_id", DESCENDING),
    ("pricing.overrides.price", ASCENDING),
]
BY_PLACE: Keys = [("maps_location", GEOSPHERE)]
BY_DATE_AND_PLACE: Keys = [("free", ASCENDING), ("maps_location", GEOSPHERE)]
COLLECTION = CollectionSpec(
    "catalog",
    [
        IndexModel([("type", ASCENDING), ("capacity", ASCENDING)], name="catalog_by_type_and_capacity"),
        IndexModel([("capacity", ASCENDING)], name="catalog_by_capacity"),
        IndexModel(BY_TYPE, name="catalog_by_type_newest"),
        IndexModel(BY_DATE, name="catalog_by_date_newest"),
        IndexModel(BY_PRICE_ON_DATE, name="catalog_by_price_on_date"),
        IndexModel(BY_PLACE, name="catalog_by_place"),
        IndexModel(BY_DATE_AND_PLACE, name="catalog_by_date_and_place"),
    ],
)


class IndexedPricing(TypedDict):
    """The overrides of a venue, without those that can't be read."""

    overrides: list[StoredOverride]


class SearchEntry(TypedDict, total=False):
    """A document of the collection `catalog`: the fields of one venue that search reads."""

    _id: Required[ObjectId]
    type: Required[str | None]
    capacity: Required[int | None]
    maps_location: Required[StoredPoint | None]
    pricing: Required[IndexedPricing]
    # Dates that are offered and not booked, and the price of each, if it has one.
    free: Required[list[str]]
    prices: Required[dict[str, int | float | None]]
    # The JSON of the venue in responses, without price and distance.
    card: Required[bytes]
    # Only in entries of venues that search does not show. They have no other fields of the venue.
    is_open: bool
    # New at each write, so that two transactions that write the entry always conflict.
    edition: ObjectId


# The fields of an entry of a venue that search does not show.
NOT_SHOWN: Mapping[str, Any] = {
    "type": None,
    "capacity": None,
    "maps_location": None,
    "pricing": {"overrides": []},
    "free": [],
    "prices": {},
    "card": b"{}",
    "is_open": False,
}


def make_entry(venue: VenueDocument, booked: Container[str]) -> SearchEntry:
    """Return the entry of a venue without `edition`. `booked` are the dates of its active bookings.

    Search does not show a venue that is not open. Its entry contains nothing of the venue. Without an entry, concurrent
    changes of the venue and its bookings would not conflict (see `refresh_entries`).
    """
    if not is_open(venue):
        return {"_id": venue["_id"], **NOT_SHOWN}  # type: ignore[typeddict-item] # the other fields
    free = [day for day in dict.fromkeys(offered_dates(venue)) if day not in booked]
    # A cursor can contain only exact numbers.
    prices = {day: price for day, price in prices_by_date(venue).items() if price is not None and price < EXACT}
    return {
        "_id": venue["_id"],
        "type": read_type(venue),
        "capacity": read_whole(venue.get("capacity")),
        "maps_location": read_place(venue),
        "pricing": {"overrides": list_overrides(venue)},
        "free": free,
        "prices": {day: prices[day] for day in free if day in prices},
        "card": write_json(serialize_venue_card(venue)),
    }


def make_entries(db: Db, venue_ids: Iterable[ObjectId], session: Session | None = None) -> list[SearchEntry]:
    """Return the entries of the venues that exist, made from the stored venues and bookings."""
    wanted = {"$in": list(venue_ids)}
    booked: dict[ObjectId, set[str]] = {}
    active = {"venue_id": wanted, "date": {"$type": "string"}, **ACTIVE_FILTER}
    for row in db.bookings.find(active, {"_id": 0, "venue_id": 1, "date": 1}, session=session):
        # External writers may store a list of ids or dates. The unique index then holds each of them.
        for venue_id, date in product(read_items(row["venue_id"]), read_items(row["date"])):
            if isinstance(venue_id, ObjectId) and read_text(date) is not None:
                booked.setdefault(venue_id, set()).add(date)
    venues = cast("Iterable[VenueDocument]", db.venues.find({"_id": wanted}, session=session))
    return [make_entry(venue, booked.get(venue["_id"], ())) for venue in venues]


def refresh_entries(db: Db, venue_ids: Iterable[object], session: Session, *, only_stale: bool = False) -> int:
    """Make and write the entries of the venues, or only the stale ones. Return the number of written entries.

    Each change of a venue or its bookings writes the entry in the same transaction. A new `edition` makes this a write
    even if the other fields are equal. So two concurrent transactions conflict, and MongoDB restarts one of them.
    """
    # External writers may store a value of any type as the venue of a booking.
    wanted = {venue_id for venue_id in venue_ids if isinstance(venue_id, ObjectId)}
    entries = {entry["_id"]: entry for entry in make_entries(db, wanted, session)}
    stale = compare_entries(db, wanted, entries, session) if only_stale else wanted
    writes: list[ReplaceOne[Document] | DeleteMany] = [
        ReplaceOne({"_id": one}, {**entries[one], "edition": ObjectId()}, upsert=True) for one in stale & entries.keys()
    ]
    if gone := stale - entries.keys():
        writes.append(DeleteMany({"_id": {"$in": list(gone)}}))
    if writes:
        db.catalog.bulk_write(writes, session=session)
    return len(stale)


def compare_entries(
    db: Db, venue_ids: set[ObjectId], entries: dict[ObjectId, SearchEntry], session: Session
) -> set[ObjectId]:
    """Return the ids of the venues whose stored entries differ from `entries`."""
    stored = db.catalog.find({"_id": {"$in": list(venue_ids)}}, {"edition": 0}, session=session)
    found = {entry["_id"]: entry for entry in stored}
    return {one for one in venue_ids if _as_stored(entries.get(one)) != _as_stored(found.get(one))}


def _as_stored(entry: Mapping[str, Any] | None) -> bytes | None:
    # Bytes are compared because NaN != NaN.
    return None if entry is None else bson.encode(entry)


def mark_date_booked(db: Db, venue_id: ObjectId, date: str, session: Session) -> None:
    """Remove a date from the free dates of a venue: the caller's transaction books it."""
    taken = {"$pull": {"free": date}, "$unset": {f"prices.{date}": ""}, "$set": {"edition": ObjectId()}}
    if db.catalog.update_one({"_id": venue_id}, taken, session=session).matched_count == 0:
        # An external writer has just inserted the venue, and it has no entry yet.
        refresh_entries(db, [venue_id], session)


def release_dates(db: Db, venue_ids: Iterable[object], session: Session) -> None:
    """Make free again the dates of the bookings that the caller's transaction cancels, at these venues."""
    # The entries are made again from venues and bookings: a date is free only if it is still offered.
    refresh_entries(db, venue_ids, session)
