"""Hostile requests to search venues and to read their availability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile.client import assert_invalid
from tests.hostile.world import B1, D1, D2, D9, D_BOOKED, D_NOT_OFFERED, D_PAST, O1, U1, V1

if TYPE_CHECKING:
    from tests.hostile.client import HostileClient

PLACE = "near_lat=24.86&near_lng=67"
# A query string, and the field that the error names.
INVALID_SEARCHES = [
    ("type[$regex]=.*", "type[$regex]"),
    ("type=%7B%22%24ne%22%3A1%7D", "type"),
    ("type=(a%2B)%2B%24", "type"),
    (
        "type=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "type",
    ),
    ("capacity_min=1.5", "capacity_min"),
    ("capacity_min=1_000", "capacity_min"),  # int() accepts it
    ("capacity_min=%D9%A3", "capacity_min"),  # an Arabic-Indic digit: int() accepts it
    ("capacity_min=%205", "capacity_min"),
    ("capacity_min=999999999999999999999999999999", "capacity_min"),  # OverflowError in BSON
    ("capacity_min=%00", "capacity_min"),
    ("capacity_min=500&capacity_max=100", None),
    ("price_min=nan", "price_min"),  # float() accepts it
    ("price_min=-Infinity", "price_min"),
    ("price_min=1e400", "price_min"),
    ("price_min=1_0", "price_min"),
    ("price_min=-5", "price_min"),
    ("price_min=9&price_max=1", None),
    ("date=%EF%BC%92027-01-05", "date"),
    ("date=%7B%22$gt%22%3A%22%22%7D", "date"),
    ("date=2027-01-05T00:00", "date"),
    ("near_km=5", None),
    ("near_lat=91&near_lng=67&near_km=5", "near_lat"),  # OperationFailure in MongoDB
    ("near_lat=nan&near_lng=67&near_km=5", "near_lat"),  # OperationFailure in MongoDB
    ("near_lat=24&near_lng=67&near_km=0", "near_km"),
    ("near_lat=24&near_lng=67&near_km=inf", "near_km"),  # OperationFailure in MongoDB
    ("limit=1000000", "limit"),
    ("limit=0", "limit"),
    ("sort=$natural", "sort"),
    ("include=password_hash", "include"),
    ("near_lat=24", None),
    ("near_lng=67", None),
    ("sort=price", "sort"),
    ("sort=-price", "sort"),
    ("sort=distance", "sort"),
    ("cursor=garbage", "cursor"),
    ("cursor=AAAA%00", "cursor"),
    ("cursor=e30", "cursor"),  # {} in Base64
    ("include=calendar&include=calendar", "include"),
    ("limit=101", "limit"),
    ("limit=%2B5", "limit"),
    ("limit=%EF%BC%95", "limit"),  # a full-width 5
    ("near_lat=24&near_lng=67&near_km=0.05", "near_km"),
    ("near_lat=24&near_lng=67&near_km=501", "near_km"),
    ("near_lat=24&near_lng=180.5", "near_lng"),
    ("near_lat=24&near_lng=67&near_km=-1", "near_km"),
    ("capacity_min=-5", "capacity_min"),
    ("capacity_max=%0A5", "capacity_max"),
    ("type=%FF", "type"),  # not UTF-8
    ("type=Hall&type=Lawn", "type"),
    ("price_min=.5", "price_min"),
    ("price_min=5.", "price_min"),
    ("price_min=1e3", "price_min"),
    ("price_min=0x10", "price_min"),
    ("price_min=%2B5", "price_min"),
    ("price_min=1,5", "price_min"),
    ("date=2101-01-01", "date"),
    ("date=1999-12-31", "date"),
    ("date=20270105", "date"),
    ("x=1", "x"),
    ("Type=Hall", "Type"),
]
INVALID_CALENDARS = [
    ("", None),
    ("date=2026-02-30", "date"),
    (f"date={D1}&date={D2}", "date"),
    ("date=%EF%BC%92027-01-05", "date"),
    ("date[$gt]=", "date[$gt]"),
    (f"date={D1}&x=1", "x"),
    (f"from={D1}", None),
    (f"to={D1}", None),
    (f"from={D2}&to={D1}", None),
    ("from=2027-01-01&to=2028-01-02", None),
    (f"date={D1}&from={D1}&to={D2}", None),
    (f"from={D1}&from={D1}&to={D2}", None),
    ("date=", None),
    ("date=2027-1-5", None),
]


def fields(field: str | None) -> list[str]:
    """Return the fields that the error must name."""
    return [field] if field else []


@pytest.mark.parametrize(("query", "field"), INVALID_SEARCHES, ids=lambda value: str(value)[:60])
def test_an_invalid_search_is_rejected(api: HostileClient, query: str, field: str | None) -> None:
    assert_invalid(api.get(f"/venues/search?{query}"), *fields(field))


@pytest.mark.parametrize(("query", "field"), INVALID_CALENDARS)
def test_an_invalid_question_about_dates_is_rejected(api: HostileClient, query: str, field: str | None) -> None:
    assert_invalid(api.get(f"/venues/{V1}/availability?{query}"), *fields(field))


@pytest.mark.parametrize(
    ("path", "caller"),
    [(f"/venues/{V1}", None), ("/venues/mine", O1), ("/bookings", U1), (f"/bookings/{B1}", U1), ("/auth/me", U1)],
    ids=["venue", "own venues", "bookings", "booking", "me"],
)
def test_an_unknown_query_parameter_is_rejected(api: HostileClient, path: str, caller: str | None) -> None:
    assert_invalid(api.get(f"{path}?x=1", token=caller), "x")


@pytest.mark.parametrize(
    "query",
    [
        f"{PLACE}&near_km=500&type=Hall&capacity_min=1&capacity_max=100000&price_min=0&price_max=1000000000&date={D1}",
        f"sort=price&date={D1}",
        "limit=100",
    ],
    ids=["every filter", "sorted by price", "the largest page"],
)
def test_a_search_with_filters_at_their_limits_succeeds(api: HostileClient, query: str) -> None:
    assert api.get(f"/venues/search?{query}").data["venues"]


def test_no_venue_is_available_in_the_past(api: HostileClient) -> None:
    assert api.get(f"/venues/search?date={D_PAST}").data["venues"] == []


def test_a_cursor_continues_only_its_own_search(api: HostileClient) -> None:
    cursor = api.get("/venues/search?limit=1").data["next_cursor"]
    assert api.get(f"/venues/search?limit=1&cursor={cursor}").status == 200
    assert_invalid(api.get(f"/venues/search?limit=1&type=Hall&cursor={cursor}"), "cursor")


def test_a_card_has_no_other_fields(api: HostileClient) -> None:
    [card] = api.get(f"/venues/search?{PLACE}&limit=1").data["venues"]
    names = {"id", "owner_id", "venue_name", "type", "address", "maps_location", "capacity", "space_sqft", "amenities"}
    assert set(card) == names | {
        "pictures",
        "videos",
        "booking_rules",
        "is_listed",
        "created_at",
        "updated_at",
        "price",
        "distance_km",
    }


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (D1, {"available": True, "price": 101_000}),
        (D9, {"available": False, "price": 109_000}),
        (D_BOOKED, {"available": False, "price": 110_000}),
        (D_NOT_OFFERED, {"available": False, "price": None}),
        (D_PAST, {"available": False, "price": None}),
    ],
    ids=["free", "booked", "booked by another guest", "not offered", "past"],
)
def test_availability_has_the_price_and_nothing_about_the_guest(
    api: HostileClient, date: str, expected: dict[str, object]
) -> None:
    data = api.get(f"/venues/{V1}/availability?date={date}").data
    assert data == {"venue_id": V1, "date": date, **expected}


def test_a_calendar_has_up_to_366_days(api: HostileClient) -> None:
    days = api.get(f"/venues/{V1}/availability?from=2027-01-01&to=2028-01-01").data["days"]
    assert days[365]["date"] == "2028-01-01"
