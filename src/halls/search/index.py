"""The catalog: what search reads of each venue, written in the transaction that writes what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import bson
import structlog
from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, GEOSPHERE, DeleteMany, IndexModel, ReplaceOne

from halls.bookings.booking import ACTIVE
from halls.http.json_encoding import write_json
from halls.http.pagination import EXACT
from halls.http.schema import is_day
from halls.mongo.indexes import CollectionSpec
from halls.venues.price_on_date import as_number, prices_by_date
from halls.venues.venue import serialize_venue_card

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from halls.mongo.client import Db, Document, Session

log = structlog.get_logger()
Shown = TypeVar("Shown")
Keys = list[tuple[str, Any]]
# What reading and writing say about values that no venue should have, as a list where an object belongs.
UNREADABLE = (AttributeError, TypeError, ValueError, KeyError)
# The indexes that search names: without being told, the planner sorts what another finds.
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


def make_entry(venue: Document, booked: Container[str]) -> Document:
    """Return what search reads of a venue, given the dates on which it has an active booking.

    `free` are the dates offered and not booked, `prices` what each of these costs, `card` the JSON that search answers,
    but for price and distance. Raises one of UNREADABLE.
    """
    offered = dict.fromkeys(day for day in venue.get("dates_available") or () if isinstance(day, str) and is_day(day))
    free = [day for day in offered if day not in booked]
    overrides = (venue.get("pricing") or {}).get("overrides") or ()
    capacity = as_number(venue.get("capacity"))
    prices = {day: price for day, price in prices_by_date(venue).items() if _is_exact(price)}
    return {
        "_id": venue["_id"],
        # A list in two fields of one index is more than MongoDB takes, and a cursor holds only exact numbers.
        "type": None if isinstance(venue.get("type"), list) else venue.get("type"),
        "capacity": capacity if _is_exact(capacity) else None,
        "maps_location": venue.get("maps_location"),
        "pricing": {"overrides": [_plain(override) for override in overrides]},
        "free": free,
        "prices": {day: prices[day] for day in free if day in prices},
        "card": write_json(serialize_venue_card(venue)),
    }


def _is_exact(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < EXACT


def _plain(override: Document) -> Document:
    day, price = override.get("date"), as_number(override.get("price"))
    return {"date": day if isinstance(day, str) else None, "price": price if isinstance(price, int | float) else None}


def make_entries(db: Db, venue_ids: Iterable[ObjectId], session: Session | None = None) -> list[Document]:
    """Return the entries of those of the venues that exist, from what is stored of them and their bookings.

    A venue that can't be shown has none: nobody shall find it, and nobody's search or cancellation fail by it. Other
    tools' bookings may name anything as their venue, lists too.
    """
    wanted = {"$in": list(venue_ids)}
    booked: dict[ObjectId, set[str]] = {}
    active = {"venue_id": wanted, "status": {"$in": list(ACTIVE)}, "date": {"$type": "string"}}
    for row in db.bookings.find(active, {"_id": 0, "venue_id": 1, "date": 1}, session=session):
        if isinstance(row["venue_id"], ObjectId):
            booked.setdefault(row["venue_id"], set()).add(row["date"])
    venues = db.venues.find({"_id": wanted}, session=session)
    return list(serialize_each(venues, lambda venue: make_entry(venue, booked.get(venue["_id"], ()))))


def serialize_each(venues: Iterable[Document], show: Callable[[Document], Shown]) -> Iterator[Shown]:
    """Yield what `show` makes of each of the venues that it can show; of the others the log tells."""
    for venue in venues:
        try:
            shown = show(venue)
        except UNREADABLE as error:  # noqa: PERF203 - one such venue is no reason to lose the others
            log.warning("a venue can't be shown", venue_id=str(venue["_id"]), error=type(error).__name__)
        else:
            yield shown


def refresh_entries(db: Db, venue_ids: Iterable[ObjectId], session: Session, *, only_stale: bool = False) -> int:
    """Make the entries of some venues anew, or those of them that are not what they should be; return how many.

    Whoever changes a venue or its bookings writes its entry in the same transaction, and a new `edition` makes that a
    write in any case: of two at the same instant MongoDB lets one begin again, which then sees what the other did.
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
    db: Db, venue_ids: set[ObjectId], entries: dict[ObjectId, Document], session: Session
) -> set[ObjectId]:
    """Return the ids of those of the venues whose stored entries are not as in `entries`."""
    stored = db.catalog.find({"_id": {"$in": list(venue_ids)}}, {"edition": 0}, session=session)
    found = {entry["_id"]: entry for entry in stored}
    return {one for one in venue_ids if _as_stored(entries.get(one)) != _as_stored(found.get(one))}


def _as_stored(entry: Document | None) -> bytes | None:
    """Return what can be compared: a number that is none (NaN) is not even equal to itself."""
    return None if entry is None else bson.encode(entry)


def mark_date_booked(db: Db, venue_id: ObjectId, date: str, session: Session) -> None:
    """Let search no longer find a venue on a date: somebody books it in this transaction."""
    taken = {"$pull": {"free": date}, "$unset": {f"prices.{date}": ""}, "$set": {"edition": ObjectId()}}
    if db.catalog.update_one({"_id": venue_id}, taken, session=session).matched_count == 0:
        # Another tool wrote the venue a moment ago.
        refresh_entries(db, [venue_id], session)
