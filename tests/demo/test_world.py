"""The demo data satisfies the invariants of the service, for every day of its creation."""

import re
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from math import cos, hypot, radians
from typing import Any

import pytest
from bson import BSON

from halls.demo.places import CITIES, NAME_WORDS
from halls.demo.prices import asked_price, base_price
from halls.demo.world import SAMPLE_ID, demo_world

DAYS = [
    date(2025, 12, 31),
    date(2026, 1, 1),
    date(2026, 6, 13),  # a Saturday
    date(2026, 6, 14),  # a Sunday
    date(2027, 3, 1),
    date(2028, 2, 29),
]
ACTIVE = ("pending", "confirmed")
CAPACITIES = {"Auditorium": (150, 900), "Hall": (150, 1200), "Banquet": (100, 800), "Lawn": (300, 2500)}
USER_FIELDS = {
    *("_id", "full_name", "email", "email_verified", "contact_number", "is_venue_owner", "role", "auth_provider"),
    *("created_at", "updated_at"),
}
VENUE_FIELDS = {
    *("_id", "owner_id", "venue_name", "type", "address", "maps_location", "capacity", "dates_available", "pricing"),
    *("space_sqft", "amenities", "additional_description", "pictures", "videos", "created_at", "updated_at", "rev"),
}
AMENITIES = {"parking_valet", "entry_package", "water", "air_conditioner", "partition_facility", "sound_system"}
BOOKING_FIELDS = {
    *("_id", "venue_id", "user_id", "date", "guests", "status", "price_locked", "notes", "created_at", "updated_at"),
}


# Any, because the tests read the documents as plain dictionaries.
World = Any


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=timezone.utc)


@cache
def world_of(day: date) -> World:
    return demo_world(day, noon(day))


def prices_of(venue: dict[str, Any]) -> dict[date, int]:
    return {date.fromisoformat(offer["date"]): offer["price"] for offer in venue["pricing"]["overrides"]}


def km_between(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    return hypot(lat - other_lat, (lng - other_lng) * cos(radians(lat))) * 111.2


@pytest.fixture(params=DAYS, ids=str)
def today(request: pytest.FixtureRequest) -> date:
    day: date = request.param
    return day


@pytest.fixture
def world(today: date) -> World:
    return world_of(today)


def test_the_world_depends_only_on_the_day(today: date, world: World) -> None:
    assert demo_world(today, noon(today)) == world
    assert demo_world(today + timedelta(days=1), noon(today)) != world


def test_every_document_can_be_stored_and_has_an_id_of_its_own(world: World) -> None:
    for documents in (world.users, world.venues, world.bookings):
        assert all(BSON.encode(document) for document in documents)
        assert len({document["_id"] for document in documents}) == len(documents)


def test_ids_are_in_the_order_of_the_creation_except_that_of_the_sample_booking(world: World) -> None:
    for document in (*world.users, *world.venues, *world.bookings[:-1]):
        assert document["_id"].generation_time == document["created_at"].replace(microsecond=0)
    assert world.bookings[-1]["_id"] == SAMPLE_ID


def test_documents_have_exactly_the_fields_of_the_spec_and_verified_addresses(world: World) -> None:
    assert all(set(user) == USER_FIELDS for user in world.users)
    assert all(set(venue) == VENUE_FIELDS for venue in world.venues)
    assert all(set(venue["amenities"]) == AMENITIES for venue in world.venues)
    assert all(set(booking) == BOOKING_FIELDS for booking in world.bookings)


def test_three_owners_and_four_guests_have_names_emails_and_telephones(today: date, world: World) -> None:
    emails = [user["email"] for user in world.users]
    assert emails == [f"owner{n}@halls.example" for n in (1, 2, 3)] + [f"guest{n}@halls.example" for n in (1, 2, 3, 4)]
    for user in world.users:
        assert " " in user["full_name"]
        assert re.fullmatch(r"\+92 3\d\d \d{7}", user["contact_number"])
        assert user["is_venue_owner"] == (user["role"] == "owner") == user["email"].startswith("owner")
        assert user["role"] in ("owner", "user")
        assert user["auth_provider"] == "password"
        assert user["created_at"] == user["updated_at"] == noon(today)


def test_every_owner_has_venues(world: World) -> None:
    owners = {user["_id"] for user in world.users if user["is_venue_owner"]}
    assert {venue["owner_id"] for venue in world.venues} == owners


def test_sixty_venues_are_in_six_cities_most_in_karachi_and_lahore(world: World) -> None:
    by_city = Counter(venue["address"].rsplit(", ", 1)[1] for venue in world.venues)
    assert by_city.total() == 60
    assert {city for city, _ in by_city.most_common(2)} == {"Karachi", "Lahore"}
    assert by_city.keys() == {city.name for city in CITIES}


def test_every_city_has_several_types_and_the_world_has_all_four(world: World) -> None:
    for city in CITIES:
        assert len({venue["type"] for venue in world.venues if venue["address"].endswith(city.name)}) >= 3
    assert {venue["type"] for venue in world.venues} == set(CAPACITIES)


def test_no_two_venues_share_a_name(world: World) -> None:
    assert len(set(NAME_WORDS)) == len(NAME_WORDS)
    assert len({venue["venue_name"] for venue in world.venues}) == len(world.venues)


def test_the_capacity_fits_the_type_of_the_venue(world: World) -> None:
    for venue in world.venues:
        low, high = CAPACITIES[venue["type"]]
        assert low <= venue["capacity"] <= high
        assert venue["capacity"] % 10 == 0
        assert isinstance(venue["space_sqft"], float)
        assert 7 <= venue["space_sqft"] / venue["capacity"] <= 26


def test_descriptions_and_amenities_fit_the_venue(world: World) -> None:
    for venue in world.venues:
        assert str(venue["capacity"]) in venue["additional_description"]
        assert venue["pictures"] == venue["videos"] == []
        assert venue["rev"] == 0
        assert all(isinstance(has, bool) for has in venue["amenities"].values())
        assert not (venue["type"] == "Lawn" and venue["amenities"]["air_conditioner"])


def test_every_venue_lies_in_its_district_in_pakistan(world: World) -> None:
    cities = {city.name: city for city in CITIES}
    for venue in world.venues:
        assert venue["maps_location"]["type"] == "Point"
        lng, lat = venue["maps_location"]["coordinates"]
        _, district_name, city_name = venue["address"].split(", ")
        city = cities[city_name]
        [district] = [district for district in city.districts if district.name == district_name]
        assert 23.6 < lat < 37.1
        assert 60.8 < lng < 77.9
        assert km_between(lat, lng, city.lat, city.lng) < 30
        assert km_between(lat, lng, district.lat, district.lng) < 0.5


def test_every_district_lies_within_thirty_km_of_its_city() -> None:
    for city in CITIES:
        assert 8 <= len({district.name for district in city.districts}) <= 10
        assert all(km_between(part.lat, part.lng, city.lat, city.lng) < 29 for part in city.districts)


def test_dates_are_sorted_distinct_and_within_the_next_year(today: date, world: World) -> None:
    for venue in world.venues:
        days = [date.fromisoformat(text) for text in venue["dates_available"]]
        assert all(earlier < later for earlier, later in pairwise(days))
        assert today <= days[0] <= days[-1] <= today + timedelta(days=364)


def test_most_venues_offer_most_days_and_some_far_fewer(world: World) -> None:
    counts = [len(venue["dates_available"]) for venue in world.venues]
    assert sum(count > 300 for count in counts) > 30
    assert any(count < 250 for count in counts)


def test_every_offered_day_has_its_price_in_whole_thousands(world: World) -> None:
    for venue in world.venues:
        overrides = venue["pricing"]["overrides"]
        assert [offer["date"] for offer in overrides] == venue["dates_available"]
        assert all(type(offer["price"]) is int and offer["price"] % 1000 == 0 for offer in overrides)
        assert all(20_000 <= offer["price"] <= 2_000_000 for offer in overrides)


def test_weekends_and_the_wedding_season_cost_more(world: World) -> None:
    for venue in world.venues:
        means = {
            (weekend, season): mean_price(venue, weekend=weekend, season=season)
            for weekend in (False, True)
            for season in (False, True)
        }
        assert means[False, False] < means[True, False] < means[True, True]
        assert means[False, False] < means[False, True] < means[True, True]


def mean_price(venue: dict[str, Any], *, weekend: bool, season: bool) -> float:
    prices = [
        price
        for day, price in prices_of(venue).items()
        if (day.weekday() >= 4) == weekend and (day.month in (11, 12, 1, 2)) == season
    ]
    return sum(prices) / len(prices)


def test_a_weekend_begins_on_friday_and_the_season_in_november() -> None:
    assert [asked_price(100_000, date(2026, 6, day)) for day in (18, 19, 20, 21, 22)] == [100_000] + [125_000] * 3 + [
        100_000,
    ]
    wednesdays = [date(2026, 10, 28), date(2026, 11, 4), date(2027, 2, 24), date(2027, 3, 3)]
    assert [asked_price(100_000, day) for day in wednesdays] == [100_000, 130_000, 130_000, 100_000]


def test_the_base_price_depends_on_type_capacity_and_city() -> None:
    assert base_price("Banquet", 400, "Karachi") > base_price("Lawn", 400, "Karachi")
    assert base_price("Hall", 500, "Karachi") > base_price("Hall", 400, "Karachi")
    assert base_price("Hall", 400, "Karachi") > base_price("Hall", 400, "Multan")


def test_about_120_bookings_have_every_status_past_and_upcoming(today: date, world: World) -> None:
    counts = Counter((booking["status"], booking["date"] < today.isoformat()) for booking in world.bookings)
    assert counts.keys() == {(status, past) for status in (*ACTIVE, "cancelled") for past in (True, False)}
    assert 110 <= counts.total() <= 130


def test_a_venue_has_at_most_one_active_booking_a_date(world: World) -> None:
    active = Counter((b["venue_id"], b["date"]) for b in world.bookings if b["status"] in ACTIVE)
    assert max(active.values()) == 1


def test_a_cancelled_date_was_booked_again_by_another_guest(world: World) -> None:
    cancelled = {(b["venue_id"], b["date"]): b for b in world.bookings if b["status"] == "cancelled"}
    rebooked = [b for b in world.bookings if b["status"] in ACTIVE and (b["venue_id"], b["date"]) in cancelled]
    assert rebooked
    for booking in rebooked:
        first = cancelled[booking["venue_id"], booking["date"]]
        assert booking["created_at"] > first["updated_at"]
        assert booking["user_id"] != first["user_id"]


def test_upcoming_bookings_locked_the_price_of_their_date(today: date, world: World) -> None:
    prices = {venue["_id"]: prices_of(venue) for venue in world.venues}
    upcoming = [b for b in world.bookings if b["date"] >= today.isoformat()]
    assert all(b["price_locked"] == prices[b["venue_id"]][date.fromisoformat(b["date"])] for b in upcoming)


def test_past_bookings_locked_a_price_of_the_venue(today: date, world: World) -> None:
    prices = {venue["_id"]: set(prices_of(venue).values()) for venue in world.venues}
    past = [b for b in world.bookings if b["date"] < today.isoformat()]
    assert all(b["price_locked"] in prices[b["venue_id"]] for b in past)


def test_bookings_are_made_by_guests_and_fit_the_venue(world: World) -> None:
    guests = {user["_id"] for user in world.users if not user["is_venue_owner"]}
    venues = {venue["_id"]: venue for venue in world.venues}
    assert {booking["user_id"] for booking in world.bookings} == guests
    assert all(1 <= booking["guests"] <= venues[booking["venue_id"]]["capacity"] for booking in world.bookings)
    assert {type(booking["notes"]) for booking in world.bookings} == {str, type(None)}


def test_bookings_were_made_after_their_venue_and_before_their_date(today: date, world: World) -> None:
    opened = {venue["_id"]: venue["created_at"] for venue in world.venues}
    assert all(venue["created_at"] <= venue["updated_at"] < noon(today) for venue in world.venues)
    for booking in world.bookings:
        assert opened[booking["venue_id"]] < booking["created_at"] <= booking["updated_at"] < noon(today)
        assert booking["updated_at"].date().isoformat() < booking["date"]


def test_most_venues_are_available_every_day_until_the_next_saturday(today: date, world: World) -> None:
    ahead = [today + timedelta(days=days) for days in range(1, 8)]
    saturday = next(day for day in ahead if day.weekday() == 5)
    requested = {day.isoformat() for day in ahead if day <= saturday}
    booked = {(b["venue_id"], b["date"]) for b in world.bookings if b["status"] in ACTIVE}
    available = [
        venue
        for venue in world.venues
        if requested <= set(venue["dates_available"]) and not any((venue["_id"], day) in booked for day in requested)
    ]
    assert len(available) > len(world.venues) * 2 / 3
