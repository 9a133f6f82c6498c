"""Hostile requests to register, change and delete venues."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.client import VENUE, assert_invalid, assert_outcome, changed, short_id
from tests.hostile.world import B1, D1, D2, D9, NO_ID, O1, O2, O2_ID, U1, V1, V2

if TYPE_CHECKING:
    from tests.hostile.client import HostileClient


def dates(number: int) -> list[str]:
    """Return so many dates."""
    return [(date(2030, 1, 1) + timedelta(days=ahead)).isoformat() for ahead in range(number)]


def urls(number: int) -> list[str]:
    """Return so many different URLs."""
    return [f"https://cdn.example.com/{i}.jpg" for i in range(number)]


def prices(*values: Any) -> dict[str, Any]:
    """Return a pricing with these prices, for D1 and D2."""
    return {"overrides": [{"date": date, "price": price} for date, price in zip((D1, D2), values, strict=False)]}


def video(url: str = "https://cdn.example.com/v.mp4", size_mb: float = 1, **members: Any) -> dict[str, Any]:
    """Return a video."""
    return {"url": url, "size_mb": size_mb, **members}


def point(*coordinates: Any, **members: Any) -> dict[str, Any]:
    """Return a GeoJSON point: longitude, latitude."""
    return {"type": "Point", "coordinates": list(coordinates), **members}


INVALID_VENUES = [
    ("additional_description", "x" * 5001),
    ("address", "a" * 301),
    ("amenities", {"water": "yes"}),
    ("amenities", {"rockets": True}),
    ("amenities", {"water": 1}),
    ("amenities", []),
    ("capacity", -1),
    ("capacity", "200"),
    ("capacity", True),
    ("capacity", None),
    ("capacity", 9223372036854775808),  # 2^63: OverflowError in BSON
    ("capacity", 0),
    ("capacity", 100001),
    ("capacity", 200.5),
    ("created_at", "2000-01-01"),
    ("dates_available", ["20270101"]),  # fromisoformat accepts it
    ("dates_available", ["\uff12\uff10\uff12\uff17-01-05"]),  # full-width digits: strptime accepts them
    ("dates_available", ["2027-01-05\n"]),  # `$` in a regular expression matches before the line end
    ("dates_available", ["2027-01-05T00:00:00Z"]),
    ("dates_available", [{"$gt": ""}]),
    ("dates_available", ["2999-01-01"]),
    ("dates_available", dates(1001)),
    ("dates_available", [D1, D1]),
    ("dates_available", ["1999-12-31"]),
    ("dates_available", ["2101-01-01"]),
    ("dates_available", ["2027-02-29"]),
    ("dates_available", ["2027-1-5"]),  # strptime accepts it
    ("dates_available", ["2027-W01-1"]),  # fromisoformat accepts it
    ("dates_available", [20270105]),
    ("maps_location", ...),
    ("maps_location", {"lat": -90.01, "lng": 67}),
    ("maps_location", point(67, None)),
    ("maps_location", {"lat": True, "lng": 67}),
    ("maps_location", point(24.86, 91.5)),  # latitude and longitude swapped
    ("maps_location", point(67)),
    ("maps_location", {"$geometry": point(67, 24)}),
    ("maps_location", {"lat": 91, "lng": 67}),
    ("maps_location", {"lat": 24, "lng": 180.5}),
    ("maps_location", {"lat": 24}),
    ("maps_location", {"type": "Polygon", "coordinates": [67, 24]}),
    ("maps_location", point("67", "24")),
    ("maps_location", point(67, 24, 5)),
    ("maps_location", point(67, 24, lat=24, lng=67)),  # both forms at once
    ("owner_id", O2_ID),
    ("pictures", "http://x/a.jpg"),
    ("pictures", ["https://cdn.example.com/a.jpg\r\nX: y"]),
    ("pictures", urls(51)),
    ("pictures", ["javascript:alert(1)"]),
    ("pictures", ["ftp://x.example/a.jpg"]),
    ("pictures", ["https://user:secret@x.example/a.jpg"]),
    ("pictures", ["https://"]),
    ("pictures", ["//x.example/a.jpg"]),
    ("pictures", ["http://x.example/\x00.jpg"]),
    ("pictures", [{"$ne": None}]),
    ("pricing", prices(-1, 1000)),
    ("pricing", {"overrides": [{"date": D1, "price": True}]}),
    ("pricing", prices(None, 1000)),
    ("pricing", prices(1.234, 1000)),
    ("pricing", {"overrides": [{"date": D1, "price": 1}, {"date": D1, "price": 2}]}),
    ("pricing", prices(1000000001)),
    ("pricing", prices("100")),
    ("pricing", {"overrides": [{"date": D1, "price": 1}], "base": 5}),
    ("rev", 999),
    ("space_sqft", -1),
    ("space_sqft", 0),
    ("space_sqft", "4000"),
    ("type", "Castle"),
    ("type", ["Hall"]),
    ("type", "hall"),
    ("venue_name", ...),
    ("venue_name", "v" * 121),
    ("venue_name", "   "),
    ("venue_name", "a\x85b"),  # a control character beyond ASCII
    ("venue_name", "a\x7fb"),
    ("venue_name", "a\nb"),
    ("videos", [video(size_mb=-5)]),
    ("videos", [video(url) for url in urls(11)]),
    ("videos", [video(size_mb=25.01)]),  # over MAX_VIDEO_MB
    ("videos", [video("javascript:alert(1)")]),
    ("videos", [video(x=1)]),
]
VALID_VENUES: list[tuple[str, Any, Any]] = [
    ("pricing", ..., {"overrides": []}),
    ("pricing", {"overrides": []}, {"overrides": []}),
    ("pricing", prices(0, 1000), prices(0, 1000)),
    ("pricing", prices(1_000_000_000), prices(1_000_000_000)),
    ("pricing", prices(99.99), prices(99.99)),
    ("dates_available", [], []),
    ("dates_available", ["2100-12-31"], ["2100-12-31"]),
    ("dates_available", [D2, D1], [D1, D2]),
    ("maps_location", {"lat": 24.5, "lng": 67.5}, point(67.5, 24.5)),
    ("videos", [video(size_mb=25)], [video(size_mb=25)]),
    ("venue_name", "  Pearl  ", "Pearl"),
    ("additional_description", "a\n\tb", "a\n\tb"),
    ("space_sqft", None, None),
]
INVALID_CHANGES: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"maps_location": {"lat": 24.86, "lng": 67, "crs": {}}}, ("maps_location",)),
    ({"pricing": prices(0.001)}, ("pricing",)),
    ({"venue_name": None}, ()),
    ({"owner_id": O2_ID, "_id": NO_ID}, ("owner_id", "_id")),
]


@pytest.mark.parametrize(("field", "value"), INVALID_VENUES, ids=short_id)
def test_a_venue_with_an_invalid_field_is_rejected(api: HostileClient, field: str, value: object) -> None:
    assert_invalid(api.post("/venues/register", changed(VENUE, **{field: value}), token=O1), field)


@pytest.mark.parametrize(("field", "value", "stored"), VALID_VENUES, ids=short_id)
def test_a_venue_with_an_unusual_valid_field_is_stored(
    api: HostileClient, field: str, value: object, stored: object
) -> None:
    response = api.post("/venues/register", changed(VENUE, **{field: value}), token=O1)
    assert response.status == 201
    # repr: an integer must not become a double.
    assert repr(response.data["venue"][field]) == repr(stored)


@pytest.mark.parametrize(("changes", "fields"), INVALID_CHANGES, ids=short_id)
def test_an_invalid_change_of_a_venue_is_rejected(
    api: HostileClient, changes: dict[str, Any], fields: tuple[str, ...]
) -> None:
    assert_invalid(api.patch(f"/venues/{V1}", changes, token=O1), *fields)


@pytest.mark.parametrize(
    "changes", [{"dates_available": []}, {"dates_available": [D1], "venue_name": "Other"}], ids=["all", "with a name"]
)
def test_a_booked_date_is_not_withdrawn(api: HostileClient, changes: dict[str, Any]) -> None:
    assert_outcome(api.patch(f"/venues/{V1}", changes, token=O1), "409 date_booked")


def test_a_new_price_does_not_change_a_booking(api: HostileClient) -> None:
    assert api.patch(f"/venues/{V1}", {"pricing": {"overrides": [{"date": D9, "price": 7}]}}, token=O1).status == 200
    assert api.get(f"/bookings/{B1}", token=U1).data["booking"]["price_locked"] == 109_000


def test_amenities_are_changed_one_by_one(api: HostileClient) -> None:
    amenities = api.patch(f"/venues/{V1}", {"amenities": {"water": False}}, token=O1).data["venue"]["amenities"]
    assert (amenities["water"], amenities["parking_valet"]) == (False, True)


def test_a_venue_with_bookings_is_not_deleted(api: HostileClient) -> None:
    assert_outcome(api.delete(f"/venues/{V1}", token=O1), "409 has_bookings")


def test_a_venue_of_another_owner_is_not_deleted(api: HostileClient) -> None:
    assert_outcome(api.delete(f"/venues/{V1}", token=O2), "403 not_yours")


def test_a_deleted_venue_is_not_found(api: HostileClient) -> None:
    assert api.delete(f"/venues/{V2}", token=O2).data["deleted"] is True
    assert_outcome(api.get(f"/venues/{V2}"), "404 not_found")


def test_a_repeated_registration_with_the_same_key_returns_the_same_venue(api: HostileClient) -> None:
    first, second = (api.post("/venues/register", VENUE, token=O1, Idempotency_Key="a-key") for _ in range(2))
    assert second.status == 201
    assert second.data["venue_id"] == first.data["venue_id"]
    assert second.headers["Idempotent-Replayed"] == "true"
