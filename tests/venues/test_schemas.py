"""Validation of a venue's fields: accepted values, their stored form, and the field that an error names."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from halls.errors import Invalid, make_field_fault
from halls.http.schema import validate
from halls.setting_types import ServiceArea
from halls.venues.schemas import NewVenue, VenueChange
from tests.factories import LIMITS, venue_body

URL = "https://cdn.example/a.jpg"
DATES = [(date(2027, 1, 1) + timedelta(days=ahead)).isoformat() for ahead in range(1_001)]


def validated(**fields: Any) -> dict[str, Any]:
    """Return the validated fields of a change."""
    return validate(VenueChange, fields, **LIMITS).given()


def invalid_fields(**fields: Any) -> list[str]:
    """Return the names of the invalid fields of a change."""
    with pytest.raises(Invalid) as caught:
        validate(VenueChange, fields, **LIMITS)
    return [detail["field"] for detail in caught.value.details]


@pytest.mark.parametrize("field", ["venue_name", "type", "address", "maps_location", "capacity"])
@pytest.mark.parametrize("form", ["absent", "null"])
def test_a_missing_required_field_of_a_new_venue_is_named(field: str, form: str) -> None:
    body = venue_body(**{field: None})
    if form == "absent":
        del body[field]
    with pytest.raises(Invalid) as caught:
        validate(NewVenue, body)
    assert [detail["field"] for detail in caught.value.details] == [field]


def test_all_missing_fields_are_named_together() -> None:
    with pytest.raises(Invalid) as caught:
        validate(NewVenue, {})
    names = {detail["field"] for detail in caught.value.details}
    assert names == {"venue_name", "type", "address", "maps_location", "capacity"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("venue_name", "n"),
        ("venue_name", "n" * 120),
        ("address", "a" * 300),
        *[("type", kind) for kind in ("Hall", "Auditorium", "Banquet", "Lawn")],
        ("capacity", 1),
        ("capacity", 100_000),
        ("dates_available", []),
        ("dates_available", DATES[:1_000]),
        ("dates_available", ["2000-01-01", "2028-02-29", "2100-12-31"]),
        ("space_sqft", 0.01),
        ("space_sqft", 4000),
        ("additional_description", ""),
        ("additional_description", "d" * 5_000),
        ("additional_description", "one\ntwo\tthree"),
        ("pictures", [URL] * 50),
        ("pictures", ["http://cdn.example:8080/a.jpg?x=1#y", f"https://a.b/{'x' * 988}"]),
        ("videos", [{"url": URL, "size_mb": 25}] * 10),
        ("videos", [{"url": URL, "size_mb": 0.1}]),
        ("amenities", {"water": True, "sound_system": False}),
    ],
)
def test_a_valid_value_is_stored_unchanged(field: str, value: Any) -> None:
    assert validated(**{field: value}) == {field: value}


@pytest.mark.parametrize(
    ("field", "value", "error_field"),
    [
        ("venue_name", " \t ", "venue_name"),
        ("venue_name", "n" * 121, "venue_name"),
        ("venue_name", "one\ntwo", "venue_name"),
        ("venue_name", "a\x00b", "venue_name"),
        ("venue_name", 7, "venue_name"),
        ("address", "", "address"),
        ("address", "a" * 301, "address"),
        ("type", "hall", "type"),
        ("type", "Garden", "type"),
        ("type", ["Hall"], "type"),
        ("capacity", 0, "capacity"),
        ("capacity", 100_001, "capacity"),
        ("capacity", "200", "capacity"),
        ("capacity", 200.5, "capacity"),
        ("capacity", True, "capacity"),
        ("capacity", 2**70, "capacity"),
        ("dates_available", "2027-01-01", "dates_available"),
        ("dates_available", ["2027-01-01", "2027-01-01"], "dates_available"),
        ("dates_available", DATES, "dates_available"),
        ("dates_available", ["2027-01-01", "2027-02-29"], "dates_available.1"),
        ("dates_available", ["1999-12-31"], "dates_available.0"),
        ("dates_available", ["2101-01-01"], "dates_available.0"),
        ("dates_available", ["2027-1-1"], "dates_available.0"),
        ("dates_available", ["20270101"], "dates_available.0"),
        ("dates_available", ["2027-01-01\n"], "dates_available.0"),
        ("dates_available", ["２０２７-01-01"], "dates_available.0"),  # noqa: RUF001 - full-width digits on purpose
        ("dates_available", [20270101], "dates_available.0"),
        ("space_sqft", 0, "space_sqft"),
        ("space_sqft", -1, "space_sqft"),
        ("space_sqft", "4000", "space_sqft"),
        ("space_sqft", True, "space_sqft"),
        ("additional_description", "d" * 5_001, "additional_description"),
        ("additional_description", "a\x07b", "additional_description"),
        ("pictures", [URL] * 51, "pictures"),
        ("pictures", [URL, "javascript:alert(1)"], "pictures.1"),
        ("pictures", ["ftp://cdn.example/a"], "pictures.0"),
        ("pictures", ["https://"], "pictures.0"),
        ("pictures", ["https:///a.jpg"], "pictures.0"),
        ("pictures", ["//cdn.example/a.jpg"], "pictures.0"),
        ("pictures", ["https://ali@cdn.example/a"], "pictures.0"),
        ("pictures", ["https://ali:pw@cdn.example/a"], "pictures.0"),
        ("pictures", ["https://cdn.example/a b"], "pictures.0"),
        ("pictures", ["https://cdn.example/\n"], "pictures.0"),
        ("pictures", ["https://cdn.example:0/"], "pictures.0"),
        ("pictures", ["https://cdn.example:99999/"], "pictures.0"),
        ("pictures", ["https://[::1/"], "pictures.0"),
        ("pictures", ['https://cdn.example/"><script>'], "pictures.0"),
        ("pictures", [f"https://a.b/{'x' * 989}"], "pictures.0"),
        ("pictures", [None], "pictures.0"),
        ("videos", [{"url": URL, "size_mb": 1}] * 11, "videos"),
        ("videos", [{"url": URL, "size_mb": 25.01}], "videos.0.size_mb"),
        ("videos", [{"url": URL, "size_mb": -1}], "videos.0.size_mb"),
        ("videos", [{"url": URL, "size_mb": "1"}], "videos.0.size_mb"),
        ("videos", [{"url": URL}], "videos.0.size_mb"),
        ("videos", [{"size_mb": 1}], "videos.0.url"),
        ("videos", [{"url": URL, "size_mb": 1, "title": "x"}], "videos.0.title"),
        ("amenities", {"pool": True}, "amenities.pool"),
        ("amenities", {"water": 1}, "amenities.water"),
        ("amenities", ["water"], "amenities"),
        ("pricing", [], "pricing"),
        ("pricing", {"base": 1}, "pricing.base"),
        ("owner_id", "0123456789abcdef01234567", "owner_id"),
        ("rev", 0, "rev"),
        ("lat_lng", 1, "lat_lng"),
        ("geojson", 1, "geojson"),
        ("$set", {"capacity": 1}, "$set"),
    ],
)
def test_an_invalid_value_is_rejected_and_its_field_named(field: str, value: Any, error_field: str) -> None:
    assert invalid_fields(**{field: value}) == [error_field]


@pytest.mark.parametrize("price", [0, 1, 1_000_000_000, 0.01, 150_000.5, 999_999_999.99, 150_000])
def test_a_valid_price_is_stored_unchanged(price: float) -> None:
    overrides = [{"date": "2027-01-01", "price": price}]
    stored = validated(pricing={"overrides": overrides})["pricing"]["overrides"][0]["price"]
    assert stored == price
    assert type(stored) is type(price)


@pytest.mark.parametrize(
    "price", [-1, -0.01, 1_000_000_000.01, 1_000_000_001, 0.001, 2e-6, "1", True, None, [1], 2**64]
)
def test_an_invalid_price_is_rejected(price: Any) -> None:
    overrides = [{"date": "2027-01-01", "price": 1}, {"date": "2027-01-02", "price": price}]
    assert invalid_fields(pricing={"overrides": overrides}) == ["pricing.overrides.1.price"]


def test_prices_have_distinct_dates_and_at_most_1000_entries() -> None:
    one = {"date": "2027-01-01", "price": 1}
    assert invalid_fields(pricing={"overrides": [one, one]}) == ["pricing.overrides"]
    assert invalid_fields(pricing={"overrides": [{"date": day, "price": 1} for day in DATES]}) == ["pricing.overrides"]
    assert invalid_fields(pricing={"overrides": [{"price": 1}]}) == ["pricing.overrides.0.date"]
    assert (
        len(validated(pricing={"overrides": [{"date": day, "price": 1} for day in DATES[:-1]]})["pricing"]["overrides"])
        == 1_000
    )


def test_dates_are_stored_sorted() -> None:
    assert validated(dates_available=["2027-02-01", "2027-01-31"]) == {"dates_available": ["2027-01-31", "2027-02-01"]}


@pytest.mark.parametrize("place", [{"lat": 24.86, "lng": 67}, {"type": "Point", "coordinates": [67, 24.86]}])
def test_both_forms_of_a_place_are_stored_as_geojson(place: dict[str, Any]) -> None:
    assert validated(maps_location=place) == {"maps_location": {"type": "Point", "coordinates": [67, 24.86]}}


@pytest.mark.parametrize("place", [{"lat": 90, "lng": 180}, {"lat": -90, "lng": -180}, {"lat": 0, "lng": 0}])
def test_the_limits_of_latitude_and_longitude_are_valid(place: dict[str, Any]) -> None:
    coordinates = [place["lng"], place["lat"]]
    assert validated(maps_location=place)["maps_location"]["coordinates"] == coordinates
    assert (
        validated(maps_location={"type": "Point", "coordinates": coordinates})["maps_location"]["coordinates"]
        == coordinates
    )


@pytest.mark.parametrize(
    ("place", "error_fields"),
    [
        ({}, ["maps_location.type", "maps_location.coordinates"]),
        ([67, 24.86], ["maps_location"]),
        ("24.86,67", ["maps_location"]),
        ({"lat": 24.86}, ["maps_location.lng"]),
        ({"lat": 90.01, "lng": 67}, ["maps_location.lat"]),
        ({"lat": 24.86, "lng": 180.01}, ["maps_location.lng"]),
        ({"lat": "24.86", "lng": True}, ["maps_location.lat", "maps_location.lng"]),
        ({"lat": 24.86, "lng": 67, "alt": 1}, ["maps_location.alt"]),
        ({"type": "Polygon", "coordinates": [67, 24.86]}, ["maps_location.type"]),
        ({"type": "Point", "coordinates": [67]}, ["maps_location.coordinates"]),
        ({"type": "Point", "coordinates": [67, 24.86, 5]}, ["maps_location.coordinates"]),
        ({"type": "Point", "coordinates": [24.86, 90.5]}, ["maps_location.coordinates"]),
        ({"type": "Point", "coordinates": [181, 24.86]}, ["maps_location.coordinates"]),
        ({"type": "Point", "coordinates": ["67", 24.86]}, ["maps_location.coordinates.0"]),
        ({"type": "Point", "coordinates": [67, 24.86], "crs": {}}, ["maps_location.crs"]),
    ],
)
def test_an_invalid_place_is_rejected(place: Any, error_fields: list[str]) -> None:
    assert invalid_fields(maps_location=place) == error_fields


def test_a_video_is_limited_by_the_configured_size() -> None:
    body = {"videos": [{"url": URL, "size_mb": 40}]}
    assert validate(VenueChange, body, max_video_mb=40).given() == body
    with pytest.raises(Invalid) as caught:
        validate(VenueChange, body, max_video_mb=39.5)
    (fault,) = caught.value.details
    assert fault == make_field_fault("videos.0.size_mb", "must be at most 39.5 MB", "too_large", max=39.5)


def test_without_a_configured_size_a_video_has_no_limit() -> None:
    assert validate(VenueChange, {"videos": [{"url": URL, "size_mb": 40}]}).given()["videos"][0]["size_mb"] == 40


def test_text_is_trimmed() -> None:
    fields = validated(venue_name="  Pearl Hall\n", address="\t1 Main Road ", additional_description="\n one \n two \n")
    assert fields == {"venue_name": "Pearl Hall", "address": "1 Main Road", "additional_description": "one \n two"}


PAKISTAN = ServiceArea(60.8, 23.6, 77.9, 37.1)
OUTSIDE = "must be in the area that Halls serves: longitude 60.8 to 77.9, latitude 23.6 to 37.1"

EXCHANGED = "It would be inside if latitude and longitude were exchanged."


@pytest.mark.parametrize("coordinates", [(74.36, 31.52), (60.8, 23.6), (77.9, 37.1)])
def test_a_place_in_the_service_area_is_accepted(coordinates: tuple[float, float]) -> None:
    place = {"type": "Point", "coordinates": list(coordinates)}
    assert validate(VenueChange, {"maps_location": place}, service_area=PAKISTAN).given() == {"maps_location": place}


@pytest.mark.parametrize(
    ("place", "message", "is_exchanged"),
    [
        ({"lat": 51.5, "lng": -0.12}, OUTSIDE, False),
        ({"type": "Point", "coordinates": [74.36, 37.2]}, OUTSIDE, False),
        (
            {"lat": 74.36, "lng": 31.52},
            f"{OUTSIDE}. {EXCHANGED}",
            True,
        ),
    ],
)
def test_a_place_outside_the_service_area_is_invalid(
    place: dict[str, Any], message: str, *, is_exchanged: bool
) -> None:
    with pytest.raises(Invalid) as caught:
        validate(NewVenue, venue_body(maps_location=place), service_area=PAKISTAN)
    params = {**PAKISTAN._asdict(), "exchanged": is_exchanged}
    assert list(caught.value.details) == [make_field_fault("maps_location", message, "outside_area", **params)]
