"""Makes the data of tests: request bodies, import rows, and documents as external writers store them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.passwords import HASHER
from halls.clock import day_in_karachi, day_number, utc_now
from halls.search.reindex import reindex_stale

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document

PASSWORD = "correct horse 7"
OWNER_EMAIL = "owner@example.com"
GUEST_EMAIL = "guest@example.com"
# What Config.venue_limits returns by default.
LIMITS = {"max_video_mb": 25, "service_area": None}
VENUE_ID, OTHER_ID = "a" * 24, "b" * 24
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


def day(ahead: int) -> str:
    """Return the date `ahead` days from today in Karachi."""
    return (date.fromisoformat(day_in_karachi(utc_now())) + timedelta(days=ahead)).isoformat()


def day_number_of(ahead: int) -> int:
    """Return the number of that date, as entries of the search index contain it."""
    return day_number(day(ahead))


def signup_body(**fields: Any) -> dict[str, Any]:
    """Return a body of POST /auth/signup."""
    return {"email": "a@example.com", "password": PASSWORD, "is_venue_owner": False, **fields}


def venue_body(**fields: Any) -> dict[str, Any]:
    """Return a body of POST /venues/register; `fields` replace the defaults."""
    dates = [day(ahead) for ahead in range(1, 10)]
    return {
        "venue_name": "Pearl Hall",
        "type": "Hall",
        "address": "1 Main Road, Saddar, Karachi",
        "maps_location": {"lat": 24.86, "lng": 67.0},
        "capacity": 200,
        "dates_available": dates,
        "pricing": {"overrides": [{"date": date, "price": 100_000 + 1_000 * n} for n, date in enumerate(dates, 1)]},
        **fields,
    }


def booking_body(venue_id: object, date: str, **fields: Any) -> dict[str, Any]:
    """Return a body of POST /bookings."""
    return {"venue_id": str(venue_id), "date": date, "guests": 100, **fields}


def upload_body(content_type: str = "image/jpeg", size: int = 1_000, **fields: Any) -> dict[str, Any]:
    """Return a request body for POST /uploads/sign-s3."""
    return {"filename": "a.jpg", "content_type": content_type, "size_bytes": size, **fields}


def venue_row(**fields: Any) -> dict[str, Any]:
    """Return a venue as a JSON row; `fields` override the defaults."""
    return venue_body(**{"owner_email": OWNER_EMAIL, **fields})


def booking_row(**fields: Any) -> dict[str, Any]:
    """Return a past booking of VENUE_ID as a JSON row; `fields` override the defaults."""
    return {
        "venue_id": VENUE_ID,
        "user_email": GUEST_EMAIL,
        "date": "2020-01-05",
        "guests": 50,
        "status": "confirmed",
        "price_locked": 1000,
        **fields,
    }


def index_all(db: Db) -> None:
    """Update the search index after direct writes to the database, as the change stream reader does later."""
    reindex_stale(db)


def user_document(**fields: Any) -> Document:
    """Return a user (spec 1.1): no token_version; the e-mail address keeps its upper case."""
    return {
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


def insert_user(db: Db, **fields: Any) -> Document:
    """Insert a user of `user_document`."""
    user = user_document(**fields)
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
