"""The search index (collection `search_entries`): one entry for each venue, written in the same transactions."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import bson
from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, GEOSPHERE, DeleteMany, IndexModel, ReplaceOne
from typing_extensions import Required, TypedDict

from halls.bookings.store import ACTIVE_FILTER
from halls.clock import day_number, is_real_day
from halls.documents import EXACT, read_items, read_text
from halls.http.json_encoding import write_json
from halls.mongo.indexes import CollectionSpec
from halls.search.cells import list_cells
from halls.search.words import list_beginnings
from halls.venues.price_on_date import offered_dates, prices_by_date
from halls.venues.venue import read_place, serialize_venue_card
from halls.venues.visibility import is_open

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from halls.mongo.client import Db, Document, Session
    from halls.venues.venue import StoredPoint, VenueDocument

Keys = list[tuple[str, Any]]
# Search names these indexes in a hint. Otherwise the planner may choose another index and sort the results.
BY_TYPE: Keys = [("type", ASCENDING), ("_id", DESCENDING), ("capacity", ASCENDING)]
BY_CAPACITY: Keys = [("capacity", ASCENDING), ("_id", ASCENDING), ("type", ASCENDING)]
BY_CAPACITY_DESCENDING: Keys = [("capacity", DESCENDING), ("_id", ASCENDING), ("type", ASCENDING)]
BY_DATE: Keys = [("free", ASCENDING), ("_id", DESCENDING), ("type", ASCENDING), ("capacity", ASCENDING)]
BY_AMENITY: Keys = [("amenities", ASCENDING), ("_id", DESCENDING)]
BY_WORD: Keys = [("words", ASCENDING), ("_id", DESCENDING)]
BY_CELL: Keys = [("cells", ASCENDING), ("_id", DESCENDING)]
# Few venues have a price below a very low limit, or above a very high one.
BY_LOWEST_PRICE: Keys = [("lowest", ASCENDING)]
BY_HIGHEST_PRICE: Keys = [("highest", ASCENDING)]
BY_PLACE: Keys = [("maps_location", GEOSPHERE)]
BY_DATE_AND_PLACE: Keys = [("free", ASCENDING), ("maps_location", GEOSPHERE)]
COLLECTION = CollectionSpec(
    "search_entries",
    [
        IndexModel(BY_TYPE, name="search_by_type"),
        IndexModel(BY_CAPACITY, name="search_by_capacity"),
        IndexModel(BY_CAPACITY_DESCENDING, name="search_by_capacity_descending"),
        IndexModel(BY_DATE, name="search_by_date"),
        IndexModel(BY_AMENITY, name="search_by_amenity"),
        IndexModel(BY_WORD, name="search_by_word"),
        IndexModel(BY_CELL, name="search_by_cell"),
        IndexModel(BY_LOWEST_PRICE, name="search_by_lowest_price"),
        IndexModel(BY_HIGHEST_PRICE, name="search_by_highest_price"),
        IndexModel(BY_PLACE, name="search_by_place"),
        IndexModel(BY_DATE_AND_PLACE, name="search_by_date_and_place"),
    ],
)
# The pictures on a card.
MAX_PICTURES = 5


class PriceUntil(TypedDict):
    """A price of a venue, and the last day that has it, as a day number."""

    price: int | float
    day: int


class SearchEntry(TypedDict, total=False):
    """A document of the collection `search_entries`: the fields of one venue that search reads.

    Days are day numbers (`halls.clock.day_number`): they take a quarter of the space of texts. The entry of a venue
    that search does not show has none of these fields but `is_open`. So every filter on a field leaves it out.
    """

    _id: Required[ObjectId]
    # Only false.
    is_open: bool
    type: str | None
    capacity: int | None
    maps_location: StoredPoint | None
    # The cells of a grid that contain the place (`search/cells.py`), and beginnings of words (`search/words.py`).
    cells: list[int]
    words: list[str]
    amenities: list[str]
    # Days that are offered and not booked, and the price of each by its day number, if it has one.
    free: list[int]
    prices: dict[str, int | float]
    # The prices of all overrides (the first one of each date), the lowest and the highest of them.
    prices_until: list[PriceUntil]
    lowest: int | float | None
    highest: int | float | None
    # The JSON of the venue in responses, without the fields that depend on the query.
    card: bytes
    # New at each write, so that two transactions that write the entry always conflict.
    edition: ObjectId


def make_entry(venue: VenueDocument, booked: Container[str]) -> SearchEntry:
    """Return the entry of a venue without `edition`. `booked` are the dates of its active bookings.

    A venue that is not open has an entry too. Without it, concurrent changes of the venue and its bookings would not
    conflict (see `refresh_entries`).
    """
    if not is_open(venue):
        return {"_id": venue["_id"], "is_open": False}
    free = [day for day in dict.fromkeys(offered_dates(venue)) if day not in booked]
    # A cursor can contain only exact numbers.
    prices = {day: price for day, price in prices_by_date(venue).items() if price is not None and price < EXACT}
    card, place = serialize_venue_card(venue), read_place(venue)
    return {
        "_id": venue["_id"],
        "type": card["type"],
        "capacity": card["capacity"],
        "maps_location": place,
        "cells": [] if place is None else list_cells(*place["coordinates"]),
        "words": list_beginnings(card["venue_name"], card["address"]),
        "amenities": [name for name, has_it in card["amenities"].items() if has_it],
        "free": [day_number(day) for day in free],
        "prices": {str(day_number(day)): prices[day] for day in free if day in prices},
        "prices_until": _last_days(prices),
        "lowest": min(prices.values(), default=None),
        "highest": max(prices.values(), default=None),
        "card": write_json({**card, "pictures": card["pictures"][:MAX_PICTURES]}),
    }


def _last_days(prices: dict[str, int | float]) -> list[PriceUntil]:
    """Return each price once, with its last day: a venue has few prices and many days."""
    last = {price: day for day, price in sorted(prices.items()) if is_real_day(day)}
    return [{"price": price, "day": day_number(day)} for price, day in last.items()]


def make_entries(db: Db, venue_ids: Iterable[ObjectId], session: Session | None = None) -> list[SearchEntry]:
    """Return the entries of the venues that exist, made from the stored venues and bookings."""
    wanted = {"$in": list(venue_ids)}
    booked: dict[ObjectId, set[str]] = defaultdict(set)
    active = {"venue_id": wanted, "date": {"$type": "string"}, **ACTIVE_FILTER}
    for row in db.bookings.find(active, {"_id": 0, "venue_id": 1, "date": 1}, session=session):
        # External writers may store a list of ids or dates. The unique index then holds each of them.
        for venue_id, date in product(read_items(row["venue_id"]), read_items(row["date"])):
            if isinstance(venue_id, ObjectId) and read_text(date) is not None:
                booked[venue_id].add(date)
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
        db.search_entries.bulk_write(writes, session=session)
    return len(stale)


def compare_entries(
    db: Db, venue_ids: set[ObjectId], entries: dict[ObjectId, SearchEntry], session: Session
) -> set[ObjectId]:
    """Return the ids of the venues whose stored entries differ from `entries`."""
    stored = db.search_entries.find({"_id": {"$in": list(venue_ids)}}, {"edition": 0}, session=session)
    found = {entry["_id"]: entry for entry in stored}
    return {one for one in venue_ids if _as_stored(entries.get(one)) != _as_stored(found.get(one))}


def _as_stored(entry: Mapping[str, Any] | None) -> bytes | None:
    # Bytes are compared because NaN != NaN.
    return None if entry is None else bson.encode(entry)


def mark_date_booked(db: Db, venue_id: ObjectId, date: str, session: Session) -> None:
    """Remove a date from the free dates of a venue: the caller's transaction books it."""
    day = day_number(date)
    taken = {"$pull": {"free": day}, "$unset": {f"prices.{day}": ""}, "$set": {"edition": ObjectId()}}
    if db.search_entries.update_one({"_id": venue_id}, taken, session=session).matched_count == 0:
        # An external writer has just inserted the venue, and it has no entry yet.
        refresh_entries(db, [venue_id], session)


def release_dates(db: Db, venue_ids: Iterable[object], session: Session) -> None:
    """Make free again the dates of the bookings that the caller's transaction cancels, at these venues."""
    # The entries are made again from venues and bookings: a date is free only if it is still offered.
    refresh_entries(db, venue_ids, session)
