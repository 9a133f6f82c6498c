"""The documents that every hostile request meets: accounts, venues and bookings with fixed ids and addresses."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from bson import ObjectId

from halls.accounts.emails import hash_token
from halls.clock import utc_now
from halls.search.reindex import reindex_stale
from tests.factories import PASSWORD, SPEC_AMENITIES, day
from tests.hostile.tokens import access_token

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document

# U1 and U2 are guests, O1 and O2 are owners. R has a reset token. GOOGLE_ONLY has no password.
U1_ID, U2_ID, O1_ID, O2_ID, R_ID, GOOGLE_ONLY_ID = (f"{number:024x}" for number in range(1, 7))
U1_MAIL, U2_MAIL, O1_MAIL, O2_MAIL, R_MAIL, GOOGLE_ONLY_MAIL = (
    f"{name}@example.com" for name in ("u1", "u2", "o1", "o2", "r", "google-only")
)
U1, U2, O1, O2, R = (access_token(sub=account_id) for account_id in (U1_ID, U2_ID, O1_ID, O2_ID, R_ID))
NEW_PASSWORD = "new horse battery 8"

# O1 owns V1, O2 owns V2. Both offer D1 to D9 and D_BOOKED, at 101 000 … 110 000 PKR. No document has the id NO_ID.
V1, V2, NO_ID = f"{0xA1:024x}", f"{0xA2:024x}", f"{0xAF:024x}"
OFFERED = [day(30 + number) for number in range(1, 11)]
D1, D2, D9, D_BOOKED = OFFERED[0], OFFERED[1], OFFERED[8], OFFERED[9]
D_NOT_OFFERED, D_PAST = day(41), day(-2)

# At V1: B1 of U1 on D9 and B2 of U2 on D_BOOKED are pending, B_PAST of U1 is confirmed.
B1, B2, B_PAST = f"{0xB1:024x}", f"{0xB2:024x}", f"{0xB3:024x}"

# A reset token of R.
RESET_TOKEN = "a" * 43
REQUESTED = ("users", "venues", "bookings", "password_resets", "idempotency_keys")
# Threads of a server process change these at any time.
IN_THE_BACKGROUND = ("search_entries", "outbox")


def put_back_world(db: Db) -> None:
    """Replace all documents by those of the world."""
    for name in (*REQUESTED, *IN_THE_BACKGROUND):
        db[name].delete_many({})
    password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    db.users.insert_many(
        [
            _account(U1_ID, U1_MAIL, password_hash),
            _account(U2_ID, U2_MAIL, password_hash),
            _account(O1_ID, O1_MAIL, password_hash, is_owner=True),
            _account(O2_ID, O2_MAIL, password_hash, is_owner=True),
            _account(R_ID, R_MAIL, password_hash),
            _account(GOOGLE_ONLY_ID, GOOGLE_ONLY_MAIL, None),
        ]
    )
    db.venues.insert_many([_venue(V1, O1_ID), _venue(V2, O2_ID)])
    db.bookings.insert_many(
        [
            _booking(B1, U1_ID, D9, 109_000),
            _booking(B2, U2_ID, D_BOOKED, 110_000),
            _booking(B_PAST, U1_ID, D_PAST, 100_000, status="confirmed"),
        ]
    )
    db.password_resets.insert_one(
        {
            "user_id": ObjectId(R_ID),
            "token": hash_token(RESET_TOKEN),
            "expires_at": utc_now() + timedelta(hours=1),
            "created_at": utc_now(),
        }
    )
    reindex_stale(db)


def hash_documents(db: Db) -> object:
    """Return a value that is different after each change of a document that a request writes."""
    return db.command("dbHash", collections=list(REQUESTED))["collections"]


def has_background_work(db: Db) -> bool:
    """Return whether a worker has e-mails or events to queue or to send. It changes documents meanwhile."""
    new_event = {"$or": [{"unprocessed": True}, {"undispatched": True}]}
    due = {"status": "due", "kind": {"$ne": "hold_ending"}}
    pending = {"status": "pending"}
    work = {"events": new_event, "venue_events": new_event, "outbox": due, "webhook_deliveries": pending}
    return any(db[name].find_one(match) for name, match in work.items())


def _account(account_id: str, email: str, password_hash: str | None, *, is_owner: bool = False) -> Document:
    return {
        "_id": ObjectId(account_id),
        "full_name": "Ali Khan",
        "email": email,
        "password_hash": password_hash,
        "contact_number": "+923001234567",
        "is_venue_owner": is_owner,
        "role": "owner" if is_owner else "user",
        "auth_provider": "password" if password_hash else "google",
        **_timestamps(),
    }


def _venue(venue_id: str, owner_id: str) -> Document:
    prices = [{"date": date, "price": 100_000 + 1_000 * number} for number, date in enumerate(OFFERED, 1)]
    return {
        "_id": ObjectId(venue_id),
        "owner_id": ObjectId(owner_id),
        "venue_name": "Pearl Hall",
        "type": "Hall",
        "address": "1 Main Road",
        "maps_location": {"type": "Point", "coordinates": [67.0, 24.86]},
        "capacity": 200,
        "dates_available": OFFERED,
        "pricing": {"overrides": prices},
        "space_sqft": 4000.0,
        "amenities": dict(SPEC_AMENITIES),
        "additional_description": "A hall.",
        "pictures": ["https://cdn.example.com/a.jpg"],
        "videos": [{"url": "https://cdn.example.com/v.mp4", "size_mb": 22.5}],
        **_timestamps(),
    }


def _booking(booking_id: str, guest_id: str, date: str, price: int, status: str = "pending") -> Document:
    return {
        "_id": ObjectId(booking_id),
        "venue_id": ObjectId(V1),
        "user_id": ObjectId(guest_id),
        "date": date,
        "guests": 100,
        "status": status,
        "price_locked": price,
        **_timestamps(),
    }


def _timestamps() -> dict[str, Any]:
    now = utc_now()
    return {"created_at": now, "updated_at": now}
