"""The search index (collection `catalog`): one entry for each venue, kept current in the same transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import bson
import structlog
from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, GEOSPHERE, DeleteMany, IndexModel, ReplaceOne
from typing_extensions import Required, TypedDict

from halls.bookings.store import ACTIVE_FILTER
from halls.http.json_encoding import write_json
from halls.http.pagination import EXACT
from halls.http.schema import is_day
from halls.mongo.indexes import CollectionSpec
from halls.venues.price_on_date import as_number, list_overrides, offered_dates, prices_by_date
from halls.venues.venue import serialize_venue_card

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from halls.mongo.client import Db, Document, Session
    from halls.venues.price_on_date import StoredOverride
    from halls.venues.venue import StoredPoint, VenueDocument

log = structlog.get_logger()
Shown = TypeVar("Shown")
# A venue, or an entry of a venue.
Row = TypeVar("Row", bound="Mapping[str, Any]")
Keys = list[tuple[str, Any]]
# Errors that invalid values in a venue cause, such as a list in place of an object.
UNREADABLE = (AttributeError, TypeError, ValueError, KeyError)
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
    """The overrides of a venue, with a null for each value of another type."""

    overrides: list[StoredOverride]


class SearchEntry(TypedDict, total=False):
    """A document of the collection `catalog`: the fields of one venue that search reads."""

    _id: Required[ObjectId]
    type: Required[Any]
    capacity: Required[int | float | None]
    maps_location: Required[StoredPoint | None]
    pricing: Required[IndexedPricing]
    # Dates that are offered and not booked, and the price of each, if it has one.
    free: Required[list[str]]
    prices: Required[dict[str, int | float | None]]
    # The JSON of the venue in responses, without price and distance.
    card: Required[bytes]
    # New at each write, so that two transactions that write the entry always conflict.
    edition: ObjectId


def make_entry(venue: VenueDocument, booked: Container[str]) -> SearchEntry:
    """Return the entry of a venue without `edition`. `booked` are the dates of its active bookings.

    Raises one of UNREADABLE.
    """
    offered = dict.fromkeys(day for day in offered_dates(venue) if is_day(day))
    free = [day for day in offered if day not in booked]
    capacity = as_number(venue.get("capacity"))
    prices = {day: price for day, price in prices_by_date(venue).items() if _is_exact(price)}
    return {
        "_id": venue["_id"],
        # A MongoDB index can't contain two fields with arrays. A cursor can contain only exact numbers.
        "type": None if isinstance(venue.get("type"), list) else venue.get("type"),
        "capacity": capacity if _is_exact(capacity) else None,
        "maps_location": venue.get("maps_location"),
        "pricing": {"overrides": [_plain(override) for override in list_overrides(venue)]},
        "free": free,
        "prices": {day: prices[day] for day in free if day in prices},
        "card": write_json(serialize_venue_card(venue)),
    }


def _is_exact(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < EXACT


def _plain(override: StoredOverride) -> StoredOverride:
    day, price = override.get("date"), as_number(override.get("price"))
    return {"date": day if isinstance(day, str) else None, "price": price if isinstance(price, int | float) else None}


def make_entries(db: Db, venue_ids: Iterable[ObjectId], session: Session | None = None) -> list[SearchEntry]:
    """Return the entries of the venues that exist, made from the stored venues and bookings.

    A venue that can't be serialized has no entry, so that searches and cancellations do not fail because of it.
    """
    wanted = {"$in": list(venue_ids)}
    booked: dict[ObjectId, set[str]] = {}
    active = {"venue_id": wanted, "date": {"$type": "string"}, **ACTIVE_FILTER}
    for row in db.bookings.find(active, {"_id": 0, "venue_id": 1, "date": 1}, session=session):
        # External writers may store any value as the venue's id, also a list of ids.
        if isinstance(row["venue_id"], ObjectId):
            booked.setdefault(row["venue_id"], set()).add(row["date"])
    venues = cast("Iterable[VenueDocument]", db.venues.find({"_id": wanted}, session=session))
    return list(serialize_each(venues, lambda venue: make_entry(venue, booked.get(venue["_id"], ()))))


def serialize_each(rows: Iterable[Row], serialize: Callable[[Row], Shown]) -> Iterator[Shown]:
    """Yield the result of `serialize` for each row. Log the id of each row that can't be serialized."""
    for row in rows:
        try:
            shown = serialize(row)
        except UNREADABLE as error:  # noqa: PERF203 - one invalid venue must not hide the others
            log.warning("a venue can't be shown", venue_id=str(row["_id"]), error=type(error).__name__)
        else:
            yield shown


def refresh_entries(db: Db, venue_ids: Iterable[ObjectId], session: Session, *, only_stale: bool = False) -> int:
    """Make and write the entries of the venues, or only the stale ones. Return the number of written entries.

    Each change of a venue or its bookings writes the entry in the same transaction. A new `edition` makes this a write
    even if the other fields are equal. So two concurrent transactions conflict, and MongoDB restarts one of them.
    """
    wanted = set(venue_ids)
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


def release_dates(db: Db, venue_ids: Iterable[ObjectId], session: Session) -> None:
    """Make free again the dates of the bookings that the caller's transaction cancels, at these venues."""
    # The entries are made again from venues and bookings: a date is free only if it is still offered.
    refresh_entries(db, venue_ids, session)
