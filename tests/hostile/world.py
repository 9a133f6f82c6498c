"""Makes the world of one case by direct writes: people, venues and bookings that no other case touches."""

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
from tests.hostile.forging import good_token
from tests.mail.smtp_server import SmtpServer

Document = dict[str, Any]

# Case F59 says the same with a blank before it.
PASSWORD = "correct horse 7"
COLLECTIONS = ("users", "venues", "bookings")
PEOPLE = {"U1": False, "U2": False, "O1": True, "O2": True, "R": False, "GONLY": False}
TOKEN_HOURS = 72


@dataclass
class World:
    """The names that a case may use, and the documents behind them."""

    db: Database[Document]
    # Where its letters arrive.
    office: SmtpServer | None = None
    names: dict[str, str] = field(default_factory=dict)
    ids: list[ObjectId] = field(default_factory=list)

    def snapshot(self) -> Document:
        """Show the case's documents, and how many there are in all, so that a refusal can be seen to change nothing."""
        shown: Document = {}
        for name in COLLECTIONS:
            shown[name] = list(self.db[name].find({"_id": {"$in": self.ids}}).sort("_id"))
            shown[f"number of {name}"] = self.db[name].count_documents({})
        return shown

    def add(self, collection: str, documents: Iterable[Document]) -> None:
        """Write documents and remember that they are this case's."""
        listed = list(documents)
        self.db[collection].insert_many(listed)
        self.ids += [document["_id"] for document in listed]


def make_world(db: Database[Document], office: SmtpServer | None = None) -> World:
    """Write a fresh world and name everything in it."""
    world = World(db, office)
    number = secrets.token_hex(5)
    world.names |= {"N": number, "PASSWORD": PASSWORD, "VX": str(ObjectId())} | _days()
    people = {name: _person(name, number, is_owner=is_owner) for name, is_owner in PEOPLE.items()}
    people["GONLY"] |= {"password_hash": None, "auth_provider": "google"}
    for name, person in people.items():
        world.names |= _names_of(name, person)
    venues = {"V1": _venue(people["O1"], world.names), "V2": _venue(people["O2"], world.names)}
    bookings = {
        "B1": _booking(venues["V1"], people["U1"], world.names["D9"], 109_000),
        "B2": _booking(venues["V1"], people["U2"], world.names["DBOOKED"], 110_000),
        "BPAST": _booking(venues["V1"], people["U1"], world.names["DPAST"], 100_000) | {"status": "confirmed"},
    }
    world.names |= {name: str(document["_id"]) for name, document in (venues | bookings).items()}
    world.add("users", people.values())
    world.add("venues", venues.values())
    world.add("bookings", bookings.values())
    tokens = {name: secrets.token_urlsafe(32) for name in ("RT", "RTNEWER", "RTEXPIRED")}
    world.names |= tokens | {"RTHASH": hash_reset_token(tokens["RT"])}
    world.add("password_resets", (_reset(people["R"], name, token) for name, token in tokens.items()))
    return world


def _reset(person: Document, name: str, token: str) -> Document:
    expires_at = utc_now() + timedelta(minutes=-1 if name == "RTEXPIRED" else 60)
    return {
        "_id": ObjectId(),
        "user_id": person["_id"],
        "token": hash_reset_token(token),
        "expires_at": expires_at,
        "created_at": utc_now(),
    }


def _days() -> dict[str, str]:
    days = {f"D{i}": 30 + i for i in range(1, 10)} | {"DBOOKED": 40, "DNA": 41, "DPAST": -1, "DTODAY": 0}
    return {name: day_in_karachi(utc_now() + timedelta(days=distance)) for name, distance in days.items()}


def offered_days(names: dict[str, str]) -> list[tuple[str, int]]:
    """List the days that both venues offer, with their prices."""
    days = [names[f"D{i}"] for i in range(1, 10)] + [names["DBOOKED"]]
    return [(day, 101_000 + 1000 * i) for i, day in enumerate(days)]


@cache
def _password_hash() -> str:
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)


def _person(name: str, number: str, *, is_owner: bool) -> Document:
    return {
        "_id": ObjectId(),
        "full_name": f"Person {name}",
        "email": f"{name.lower()}-{number}@example.com",
        "password_hash": _password_hash(),
        "contact_number": "+923001234567",
        "is_venue_owner": is_owner,
        "role": "owner" if is_owner else "user",
        "auth_provider": "password",
        "created_at": utc_now(),
        "updated_at": utc_now(),
    }


def _names_of(name: str, person: Document) -> dict[str, str]:
    email = person["email"]
    now = int(utc_now().timestamp())
    claims = {
        "sub": str(person["_id"]),
        "email": email,
        "is_venue_owner": person["is_venue_owner"],
        "iat": now,
        "exp": now + TOKEN_HOURS * 3600,
        "jti": secrets.token_hex(16),
        "token_version": 0,
    }
    names = {"": good_token(claims), "ID": claims["sub"], "MAIL": email, "MAILUPPER": email.upper()}
    return {name + part: value for part, value in names.items()}


def _venue(owner: Document, names: dict[str, str]) -> Document:
    days = offered_days(names)
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
