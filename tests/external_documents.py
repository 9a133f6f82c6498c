"""Documents as external writers store them: exactly the shapes of the specification."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.passwords import HASHER
from halls.search.reindex import reindex_stale
from tests.api_client import day

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document

EXTERNAL_PASSWORD = "written by an external tool"
EXTERNAL_HASH = HASHER.hash(EXTERNAL_PASSWORD)
WRITTEN_AT = datetime(2025, 8, 20, 10, 30, 15, 999_000, tzinfo=timezone.utc)
SPEC_AMENITIES = {
    "parking_valet": True,
    "entry_package": True,
    "water": True,
    "air_conditioner": True,
    "partition_facility": False,
    "sound_system": True,
}


def index_all(db: Db) -> None:
    """Update the search index after direct writes to the database, as the change stream reader does later."""
    reindex_stale(db)


def insert_user(db: Db, **fields: Any) -> Document:
    """Insert a user (spec 1.1): no token_version; the e-mail address keeps its upper case."""
    user = {
        "_id": ObjectId(),
        "full_name": "Bilal Khan",
        "email": "Bilal.KHAN@Example.COM",
        "password_hash": EXTERNAL_HASH,
        "contact_number": "+92 300 1234567",
        "is_venue_owner": False,
        "role": "user",
        "auth_provider": "password",
        "created_at": WRITTEN_AT,
        "updated_at": WRITTEN_AT,
        **fields,
    }
    db.users.insert_one(user)
    return user


def insert_owner(db: Db, **fields: Any) -> Document:
    """Insert a user who owns venues."""
    return insert_user(db, **{"is_venue_owner": True, "role": "owner", **fields})


def venue_document(owner_id: ObjectId, **fields: Any) -> Any:
    """Return a venue (spec 1.3): no rev, unsorted dates, doubles for numbers, two prices for one date."""
    return {
        "_id": ObjectId(),
        "owner_id": owner_id,
        "venue_name": "Shalimar Banquet",
        "type": "Banquet",
        "address": "5 Mall Road, Lahore",
        "maps_location": {"type": "Point", "coordinates": [74.35, 31.55]},
        "capacity": 500.0,
        "dates_available": [day(5), day(2), day(9), day(2)],
        "pricing": {
            "overrides": [
                {"date": day(5), "price": 150_000.0},
                {"date": day(2), "price": 120_000.5},
                {"date": day(5), "price": 1.0},
            ]
        },
        "space_sqft": 4000.0,
        "amenities": dict(SPEC_AMENITIES),
        "additional_description": "Two floors.",
        "pictures": ["https://cdn.example/1.jpg"],
        "videos": [{"url": "https://cdn.example/1.mp4", "size_mb": 22.5}],
        "created_at": WRITTEN_AT,
        "updated_at": WRITTEN_AT,
        **fields,
    }


def bare_venue_document(owner_id: ObjectId, **fields: Any) -> Any:
    """Return a venue with only the required fields."""
    complete = venue_document(owner_id)
    names = ("_id", "owner_id", "venue_name", "type", "address", "maps_location", "capacity")
    return {name: complete[name] for name in names} | fields


def insert_venue(db: Db, owner_id: ObjectId, **fields: Any) -> Document:
    """Insert a venue of `venue_document`."""
    venue: Document = venue_document(owner_id, **fields)
    db.venues.insert_one(venue)
    return venue


def insert_booking(db: Db, venue_id: ObjectId, user_id: ObjectId, **fields: Any) -> Document:
    """Insert a booking (spec 1.4): no notes, doubles for numbers."""
    booking = {
        "_id": ObjectId(),
        "venue_id": venue_id,
        "user_id": user_id,
        "date": day(5),
        "guests": 300.0,
        "status": "pending",
        "price_locked": 150_000.0,
        "created_at": WRITTEN_AT,
        "updated_at": WRITTEN_AT,
        **fields,
    }
    db.bookings.insert_one(booking)
    return booking
