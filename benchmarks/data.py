"""Generates venues, bookings and accounts from a fixed seed: clusters around cities, 120 dates per venue."""

from __future__ import annotations

import random
import time
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

import jwt
from bson import ObjectId

from halls.accounts.account import account_from_document
from halls.accounts.tokens import PARTIES, make_token
from halls.app import COLLECTIONS
from halls.clock import utc_now
from halls.mongo.indexes import ensure_collections
from halls.search.position import read_operation_time, save_position
from halls.search.reindex import list_indexed_ids, list_specs_at_start, rebuild_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.accounts.account import AccountDocument
    from halls.mongo.client import Db, Document

SEED = 20_261_124
# Longitude, latitude and share of the venues.
CITIES = [
    (67.01, 24.86, 30),
    (74.35, 31.55, 25),
    (73.05, 33.68, 12),
    (73.08, 31.42, 9),
    (71.47, 30.20, 7),
    (71.58, 34.01, 6),
    (68.37, 25.39, 5),
    (66.99, 30.18, 3),
    (72.67, 32.08, 3),
]
SPREAD = 0.12  # degrees: about 13 km
TYPES = ("Hall", "Auditorium", "Banquet", "Lawn")
DAYS, OFFERED, BOOKED = 180, 120, 40
CHUNK = 500
OWNERS = 50
# Of an order. No generated booking has the same number.
GUESTS = 20
SECRET = "a secret of the benchmarks that is long enough"  # noqa: S105 - opens nothing
TOKEN_HOURS = 24
DESCRIPTION = (
    "Two stages, a bridal room, a generator that carries the whole hall, and parking for two hundred cars. " * 4
)


def fill(db: Db, count: int, today: str) -> None:
    """Insert venues and bookings into an empty database, fill the search index, and print the progress."""
    began = time.monotonic()
    insert(db, count, today)
    # No `halls worker` runs beside the benchmarks, so the search index is filled here.
    until = read_operation_time(db)
    ensure_collections(db, list_specs_at_start(db, COLLECTIONS))
    for _ in rebuild_index(db, list_indexed_ids(db), only_stale=False):
        pass
    save_position(db, until)
    print(f"  all indexes after {time.monotonic() - began:.0f} s", flush=True)


def insert(db: Db, count: int, today: str) -> None:
    """Insert venues and bookings into an empty database, as an external writer does, and print the progress."""
    chance = random.Random(SEED)  # noqa: S311 - the same every time
    days = [(date.fromisoformat(today) + timedelta(days=number)).isoformat() for number in range(1, DAYS + 1)]
    began = time.monotonic()
    for first in range(0, count, CHUNK):
        rows = [_venue(chance, days, number) for number in range(first, min(first + CHUNK, count))]
        db.venues.insert_many(rows, ordered=False)
        db.bookings.insert_many([order for row in rows for order in _bookings(chance, row)], ordered=False)
        if first % (20 * CHUNK) == 0:
            print(f"  {first} of {count} venues, {time.monotonic() - began:.0f} s", flush=True)


def place(chance: random.Random) -> tuple[float, float]:
    """Return the longitude and latitude of a random place near a city."""
    lng, lat, _ = chance.choices(CITIES, weights=[share for *_, share in CITIES])[0]
    return round(chance.gauss(lng, SPREAD), 5), round(chance.gauss(lat, SPREAD), 5)


def _id(chance: random.Random) -> ObjectId:
    return ObjectId(chance.randbytes(12))


def _venue(chance: random.Random, days: list[str], number: int) -> Document:
    offered = sorted(chance.sample(days, OFFERED))
    base = chance.randrange(50, 800)
    made_at = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=number)
    return {
        "_id": _id(chance),
        "owner_id": ObjectId(f"{number % OWNERS:024x}"),
        "venue_name": f"Hall {number}",
        "type": chance.choice(TYPES),
        "address": f"{number} Main Road, Saddar",
        "maps_location": {"type": "Point", "coordinates": list(place(chance))},
        "capacity": chance.randrange(50, 2_000, 10),
        "dates_available": offered,
        "pricing": {"overrides": [{"date": day, "price": 1000 * (base + chance.randrange(50))} for day in offered]},
        "space_sqft": 4000.0,
        "amenities": {"parking_valet": True, "water": True, "sound_system": False},
        "additional_description": DESCRIPTION,
        "pictures": [f"https://pictures.example/{number}/{picture}.jpg" for picture in range(3)],
        "videos": [],
        "rev": 0,
        "created_at": made_at,
        "updated_at": made_at,
    }


def _bookings(chance: random.Random, venue: Document) -> Iterator[Document]:
    made = {"venue_id": venue["_id"], "guests": 40, "notes": None, "price_locked": 100_000}
    for day in chance.sample(venue["dates_available"], BOOKED):
        status = chance.choice(("pending", "confirmed", "confirmed", "confirmed", "cancelled"))
        stamps = {"created_at": venue["created_at"], "updated_at": venue["updated_at"]}
        yield {"_id": _id(chance), "user_id": _id(chance), "date": day, "status": status, **made, **stamps}


def insert_accounts(db: Db, count: int) -> list[str]:
    """Insert the owners of the venues and `count` guests. Return a token for each guest."""
    now = utc_now()
    shared = {"role": "user", "auth_provider": "password", "token_version": 0, "email_verified": True}
    documents: list[Document] = [
        {
            **shared,
            "_id": ObjectId(f"{number:024x}"),
            "email": f"p{number}@bench.example.com",
            "full_name": f"Person {number}",
            "contact_number": f"+92300{number:07}",
            "is_venue_owner": number < OWNERS,
            "password_hash": None,
            "created_at": now,
            "updated_at": now,
        }
        for number in range(OWNERS + count)
    ]
    db.users.insert_many(documents)
    guests = [account_from_document(cast("AccountDocument", one)) for one in documents[OWNERS:]]
    return [_without_parties(make_token(guest, secret=SECRET, now=now, hours=TOKEN_HOURS)[0]) for guest in guests]


def _without_parties(token: str) -> str:
    """Return the token without `iss` and `aud`, as all versions of Halls and the peers accept it."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({name: value for name, value in claims.items() if name not in PARTIES}, SECRET)


def free_dates(db: Db, each: int) -> list[dict[str, Any]]:
    """Return booking requests in random order: `each` dates of a venue that are offered and not booked."""
    chance = random.Random(SEED + 1)  # noqa: S311 - the same every time
    taken = {(row["venue_id"], row["date"]) for row in db.bookings.find({}, {"venue_id": 1, "date": 1})}
    orders = []
    for venue in db.venues.find({}, {"dates_available": 1}):
        free = [day for day in venue["dates_available"] if (venue["_id"], day) not in taken]
        orders += [{"venue_id": str(venue["_id"]), "date": day, "guests": GUESTS} for day in chance.sample(free, each)]
    chance.shuffle(orders)
    return orders
