"""Makes the world of one case by direct writes: its own accounts, venues and bookings."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from bson import ObjectId
from pymongo.database import Database

from halls.accounts.emails import hash_reset_token
from halls.clock import day_in_karachi, utc_now
from tests.hostile.forging import valid_access_token
from tests.mail.smtp_server import SmtpServer

Document = dict[str, Any]

# Case F59 sends the same password with a space in front.
PASSWORD = "correct horse 7"
COLLECTIONS = ("users", "venues", "bookings")
IS_OWNER = {"U1": False, "U2": False, "O1": True, "O2": True, "R": False, "GONLY": False}
TOKEN_HOURS = 72


@dataclass
class World:
    """The placeholders that a case may use, and the documents that they stand for."""

    db: Database[Document]
    # Receives the e-mails of the case.
    smtp_server: SmtpServer | None = None
    names: dict[str, str] = field(default_factory=dict)
    ids: list[ObjectId] = field(default_factory=list)

    def snapshot(self) -> Document:
        """Return the documents of the case and the total counts: an error response must change neither."""
        result: Document = {}
        for name in COLLECTIONS:
            result[name] = list(self.db[name].find({"_id": {"$in": self.ids}}).sort("_id"))
            result[f"count of {name}"] = self.db[name].count_documents({})
        return result

    def add(self, collection: str, documents: Iterable[Document]) -> None:
        """Insert documents of this case; snapshots include them."""
        inserted = list(documents)
        self.db[collection].insert_many(inserted)
        self.ids += [document["_id"] for document in inserted]


def make_world(db: Database[Document], smtp_server: SmtpServer | None = None) -> World:
    """Insert new documents; return their world."""
    world = World(db, smtp_server)
    number = secrets.token_hex(5)
    world.names |= {"N": number, "PASSWORD": PASSWORD, "VX": str(ObjectId())} | _days()
    users = {name: _user(name, number, is_owner=is_owner) for name, is_owner in IS_OWNER.items()}
    users["GONLY"] |= {"password_hash": None, "auth_provider": "google"}
    for name, user in users.items():
        world.names |= _names_of(name, user)
    venues = {"V1": _venue(users["O1"], world.names), "V2": _venue(users["O2"], world.names)}
    bookings = {
        "B1": _booking(venues["V1"], users["U1"], world.names["D9"], 109_000),
        "B2": _booking(venues["V1"], users["U2"], world.names["DBOOKED"], 110_000),
        "BPAST": _booking(venues["V1"], users["U1"], world.names["DPAST"], 100_000) | {"status": "confirmed"},
    }
    world.names |= {name: str(document["_id"]) for name, document in (venues | bookings).items()}
    world.add("users", users.values())
    world.add("venues", venues.values())
    world.add("bookings", bookings.values())
    tokens = {name: secrets.token_urlsafe(32) for name in ("RT", "RTNEWER", "RTEXPIRED")}
    world.names |= tokens | {"RTHASH": hash_reset_token(tokens["RT"])}
    world.add("password_resets", (_reset(users["R"], name, token) for name, token in tokens.items()))
    return world


def _reset(user: Document, name: str, token: str) -> Document:
    expires_at = utc_now() + timedelta(minutes=-1 if name == "RTEXPIRED" else 60)
    return {
        "_id": ObjectId(),
        "user_id": user["_id"],
        "token": hash_reset_token(token),
        "expires_at": expires_at,
        "created_at": utc_now(),
    }


def _days() -> dict[str, str]:
    days = {f"D{i}": 30 + i for i in range(1, 10)} | {"DBOOKED": 40, "DNA": 41, "DPAST": -1, "DTODAY": 0}
    return {name: day_in_karachi(utc_now() + timedelta(days=ahead)) for name, ahead in days.items()}


def offered_dates(names: dict[str, str]) -> list[tuple[str, int]]:
    """Return the dates that both venues offer, with their prices."""
    days = [names[f"D{i}"] for i in range(1, 10)] + [names["DBOOKED"]]
    return [(day, 101_000 + 1000 * i) for i, day in enumerate(days)]


@cache
def _password_hash() -> str:
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)


def _user(name: str, number: str, *, is_owner: bool) -> Document:
    return {
        "_id": ObjectId(),
        "full_name": f"Account {name}",
        "email": f"{name.lower()}-{number}@example.com",
        "password_hash": _password_hash(),
        "contact_number": "+923001234567",
        "is_venue_owner": is_owner,
        "role": "owner" if is_owner else "user",
        "auth_provider": "password",
        "created_at": utc_now(),
        "updated_at": utc_now(),
    }


def _names_of(name: str, user: Document) -> dict[str, str]:
    email = user["email"]
    now = int(utc_now().timestamp())
    claims = {
        "sub": str(user["_id"]),
        "email": email,
        "is_venue_owner": user["is_venue_owner"],
        "iat": now,
        "exp": now + TOKEN_HOURS * 3600,
        "jti": secrets.token_hex(16),
        "token_version": 0,
    }
    values = {"": valid_access_token(claims), "ID": claims["sub"], "MAIL": email, "MAILUPPER": email.upper()}
    return {name + suffix: value for suffix, value in values.items()}


def _venue(owner: Document, names: dict[str, str]) -> Document:
    days = offered_dates(names)
    return {
        "_id": ObjectId(),
        "owner_id": owner["_id"],
        "venue_name": "Pearl Hall",
        "type": "Hall",
        "address": "1 Main Road",
        "maps_location": {"type": "Point", "coordinates": [67.0, 24.86]},
        "capacity": 200,
        "dates_available": [day for day, _ in days],
        "pricing": {"overrides": [{"date": day, "price": price} for day, price in days]},
        "space_sqft": 4000.0,
        "amenities": {
            "parking_valet": True,
            "entry_package": True,
            "water": True,
            "air_conditioner": True,
            "partition_facility": False,
            "sound_system": True,
        },
        "additional_description": "A hall.",
        "pictures": ["https://cdn.example.com/a.jpg"],
        "videos": [{"url": "https://cdn.example.com/v.mp4", "size_mb": 22.5}],
        "created_at": utc_now(),
        "updated_at": utc_now(),
    }


def _booking(venue: Document, guest: Document, day: str, price: int) -> Document:
    return {
        "_id": ObjectId(),
        "venue_id": venue["_id"],
        "user_id": guest["_id"],
        "date": day,
        "guests": 100,
        "status": "pending",
        "price_locked": price,
        "created_at": utc_now(),
        "updated_at": utc_now(),
    }
