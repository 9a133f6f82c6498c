"""The demonstration data: owners, guests, venues in six cities and bookings. The same for each day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from bson import ObjectId

from halls.demo.places import CITIES, GUESTS, NAME_ENDINGS, NAME_WORDS, OWNERS, City
from halls.demo.prices import asked_price, base_price
from halls.venues.price_on_date import offered_dates, price_on_date
from halls.venues.venue import AMENITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.accounts.account import AccountDocument
    from halls.bookings.booking import BookingDocument
    from halls.venues.price_on_date import StoredOverride, VenueCalendar
    from halls.venues.venue import VenueDocument


@dataclass(frozen=True)
class World:
    """Documents for the database. The users have no passwords yet."""

    users: list[AccountDocument]
    venues: list[VenueDocument]
    bookings: list[BookingDocument]


class Kind(NamedTuple):
    """Typical values of a type of venue. `amenities` are the shares of venues that have them."""

    capacities: range
    sqft_per_guest: tuple[int, int]
    amenities: dict[str, float]
    opening: str


KINDS = {
    "Hall": Kind(
        range(150, 1201, 50),
        (10, 15),
        dict(zip(AMENITIES, (0.6, 0.5, 1, 0.85, 0.6, 0.7), strict=True)),
        "A well-kept hall",
    ),
    "Auditorium": Kind(
        range(150, 901, 10),
        (8, 12),
        dict(zip(AMENITIES, (0.7, 0.4, 1, 1, 0.1, 1), strict=True)),
        "An auditorium with a deep stage and fixed seats",
    ),
    "Banquet": Kind(
        range(100, 801, 10),
        (12, 16),
        dict(zip(AMENITIES, (0.9, 0.8, 1, 1, 0.7, 0.9), strict=True)),
        "An elegant banquet with round tables",
    ),
    "Lawn": Kind(
        range(300, 2501, 50),
        (15, 25),
        dict(zip(AMENITIES, (0.7, 0.5, 0.9, 0, 0.4, 0.5), strict=True)),
        "A green lawn under the open sky",
    ),
}
# In a fixed order, not random, so that each city has venues of each type.
KIND_TURNS = ("Hall", "Banquet", "Lawn", "Hall", "Banquet", "Auditorium", "Hall", "Lawn", "Banquet", "Hall")
# The samples of openapi.json name this venue of owner1 and this booking of guest1.
SAMPLE_ID = ObjectId("65a0c0ffee0123456789abcd")
SAMPLE_AHEAD = 28
DETAILS = (
    "The bridal room is at the guests' disposal.",
    "Bring your own caterer, or ask us for ours.",
    "Separate entrances for families.",
    "Our team looks after flowers and lights.",
    "A generator stands by for load-shedding.",
    "Good for a mehndi, a baraat or a walima.",
)
OFFERED_SHARES = (0.98, 0.96, 0.95, 0.9, 0.55)
JITTER_DEGREES = 0.003
SATURDAY = 5
YEAR_DAYS = 365

PAST_STATES = ["confirmed"] * 26 + ["cancelled"] * 7 + ["pending"] * 3
COMING_STATES = ["confirmed"] * 42 + ["pending"] * 24 + ["cancelled"] * 12
REBOOKED = 6
PAST_DAYS = 180
COMING_DAYS = 150
NOTES = (
    None,
    None,
    None,
    "Walima, about a third of the guests are children.",
    "Mehndi: a low stage and floor seating, please.",
    "Nikkah after Asr, dinner after Maghrib.",
    "Please keep a ramp free for two wheelchairs.",
)


def demo_world(today: date, now: datetime) -> World:
    """Return the documents of a day, which are equal at each call with the same arguments."""
    rng = Random(f"halls {today.isoformat()}")  # noqa: S311 - repeatable data, not a secret
    owners = [_user(rng, "owner", number, name, now) for number, name in enumerate(OWNERS, 1)]
    guests = [_user(rng, "guest", number, name, now) for number, name in enumerate(GUESTS, 1)]
    listings = _listings(rng, owners, today, now)
    maker = _BookingMaker(rng, guests, today, now)
    bookings = [*_past_bookings(maker, listings), *_upcoming_bookings(maker, listings[1:]), _sample(maker, listings[0])]
    venues = [listing.venue for listing in listings]
    return World(users=owners + guests, venues=venues, bookings=bookings)


class _Listing(NamedTuple):
    """A venue, with the numbers that its bookings are made from."""

    venue: VenueDocument
    capacity: int
    base_price: float


def _listings(rng: Random, owners: list[AccountDocument], today: date, now: datetime) -> list[_Listing]:
    cities = [city for city in CITIES for _ in range(city.venues)]
    words = rng.sample(NAME_WORDS, len(cities))
    listings: list[_Listing] = []
    for turn, (city, word) in enumerate(zip(cities, words, strict=True)):
        kind = KIND_TURNS[turn % len(KIND_TURNS)]
        is_sample = not listings
        opened_at = now - timedelta(days=rng.randint(250, 900), minutes=rng.randint(0, 1439))
        opened_at = SAMPLE_ID.generation_time if is_sample else opened_at
        capacity, venue = _venue(rng, kind, word, city, opened_at)
        base = base_price(kind, capacity, city.name)
        venue = {
            **venue,
            "_id": SAMPLE_ID if is_sample else venue["_id"],
            # A sample of any day finds the venue free.
            **_calendar(rng, base, today, 1 if is_sample else rng.choice(OFFERED_SHARES)),
            "owner_id": owners[turn % len(owners)]["_id"],
        }
        listings.append(_Listing(venue, capacity, base))
    return listings


def _new_id(rng: Random, created_at: datetime) -> ObjectId:
    """Return an id that begins with the second of the creation, as those of MongoDB do: "newest" means the last id."""
    return ObjectId(int(created_at.timestamp()).to_bytes(4, "big") + rng.randbytes(8))


def _user(rng: Random, part: str, number: int, name: str, now: datetime) -> AccountDocument:
    owner = part == "owner"
    return {
        "_id": _new_id(rng, now),
        "full_name": name,
        "email": f"{part}{number}@halls.example",
        "email_verified": True,
        # Pakistan reserves no numbers for fiction. Numbers that begin with zeros are probably not assigned.
        "contact_number": f"+92 300 000{number if owner else number + 50:04d}",
        "is_venue_owner": owner,
        "role": "owner" if owner else "user",
        "auth_provider": "password",
        "created_at": now,
        "updated_at": now,
    }


def _venue(rng: Random, kind_name: str, word: str, city: City, opened_at: datetime) -> tuple[int, VenueDocument]:
    """Return the capacity and the document of a venue, without owner and calendar."""
    kind = KINDS[kind_name]
    district = rng.choice(city.districts)
    capacity = rng.choice(kind.capacities)
    lng, lat = (round(middle + rng.uniform(-JITTER_DEGREES, JITTER_DEGREES), 6) for middle in district[:0:-1])
    about = f"{kind.opening} for up to {capacity} guests near {district.name}, {city.name}. {rng.choice(DETAILS)}"
    return capacity, {
        "_id": _new_id(rng, opened_at),
        "venue_name": f"{word} {rng.choice(NAME_ENDINGS[kind_name])}",
        "type": kind_name,
        "address": f"Plot {rng.randint(1, 220)}-{rng.choice('ABCD')}, {district.name}, {city.name}",
        "maps_location": {"type": "Point", "coordinates": [lng, lat]},
        "capacity": capacity,
        "space_sqft": float(round(capacity * rng.uniform(*kind.sqft_per_guest), -2)),
        "amenities": {name: rng.random() < share for name, share in kind.amenities.items()},
        "additional_description": about,
        "pictures": [],
        "videos": [],
        "created_at": opened_at,
        "updated_at": opened_at,
        "rev": 0,
    }


def _calendar(rng: Random, base: float, today: date, share: float) -> VenueCalendar:
    soon = (SATURDAY - today.weekday() - 1) % 7 + 1
    # The first searches of a demonstration are for the next days, so every venue offers them.
    offered = [
        today + timedelta(days=ahead) for ahead in range(YEAR_DAYS) if 1 <= ahead <= soon or rng.random() < share
    ]
    overrides: list[StoredOverride] = [{"date": day.isoformat(), "price": asked_price(base, day)} for day in offered]
    return {"dates_available": [day.isoformat() for day in offered], "pricing": {"overrides": overrides}}


@dataclass(frozen=True)
class _BookingMaker:
    """Makes bookings of the guests."""

    rng: Random
    guests: list[AccountDocument]
    today: date
    now: datetime

    def book(self, listing: _Listing, day: date, price: float | None, status: str) -> BookingDocument:
        """Return a booking that was placed some weeks before now, or before its date if that is past."""
        rng = self.rng
        days_ago = max(0, (self.today - day).days) + rng.randint(10, 40)
        created_at = self.now - timedelta(days=days_ago, minutes=rng.randint(0, 600))
        return {
            "_id": _new_id(rng, created_at),
            "venue_id": listing.venue["_id"],
            "user_id": rng.choice(self.guests)["_id"],
            "date": day.isoformat(),
            "guests": rng.randint(listing.capacity // 25, listing.capacity // 10) * 10,
            "status": status,
            "price_locked": price,
            "notes": rng.choice(NOTES),
            "created_at": created_at,
            "updated_at": created_at + timedelta(hours=0 if status == "pending" else rng.randint(2, 72)),
        }

    def rebook(self, cancelled: BookingDocument) -> BookingDocument:
        """Return a confirmed booking of another guest for the date of a cancelled one."""
        others = [guest["_id"] for guest in self.guests if guest["_id"] != cancelled.get("user_id")]
        created_at = (cancelled.get("updated_at") or self.now) + timedelta(hours=self.rng.randint(3, 72))
        return {
            **cancelled,
            "_id": _new_id(self.rng, created_at),
            "user_id": self.rng.choice(others),
            "status": "confirmed",
            "created_at": created_at,
            "updated_at": created_at + timedelta(hours=self.rng.randint(2, 72)),
        }


def _past_bookings(maker: _BookingMaker, listings: list[_Listing]) -> Iterator[BookingDocument]:
    # Pairs of venue and date are sampled, so that no date of a venue is booked twice.
    pairs = [(listing, maker.today - timedelta(days=ago)) for listing in listings for ago in range(1, PAST_DAYS)]
    for (listing, day), status in zip(maker.rng.sample(pairs, len(PAST_STATES)), PAST_STATES, strict=True):
        yield maker.book(listing, day, asked_price(listing.base_price, day), status)


def _sample(maker: _BookingMaker, listing: _Listing) -> BookingDocument:
    day = maker.today + timedelta(days=SAMPLE_AHEAD)
    booking = maker.book(listing, day, price_on_date(listing.venue, day.isoformat()), "pending")
    return {**booking, "_id": SAMPLE_ID, "user_id": maker.guests[0]["_id"]}


def _upcoming_bookings(maker: _BookingMaker, listings: list[_Listing]) -> list[BookingDocument]:
    pairs = [(listing, day) for listing in listings for day in offered_dates(listing.venue)[:COMING_DAYS]]
    bookings = [
        maker.book(listing, date.fromisoformat(day), price_on_date(listing.venue, day), status)
        for (listing, day), status in zip(maker.rng.sample(pairs, len(COMING_STATES)), COMING_STATES, strict=True)
    ]
    cancelled = [booking for booking in bookings if booking["status"] == "cancelled"]
    return bookings + [maker.rebook(booking) for booking in cancelled[:REBOOKED]]
