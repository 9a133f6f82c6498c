"""CSV cells are converted to the fields of a venue."""

from __future__ import annotations

from typing import Any

import pytest

from halls.data_transfer.cells import describe_cell, shorten, venue_from_cells

NO_LOCATION = {"maps_location": {"lat": None, "lng": None}}


@pytest.mark.parametrize(
    ("column", "cell", "field", "value"),
    [
        ("venue_name", " Pearl Hall\t", "venue_name", "Pearl Hall"),
        ("capacity", " 200 ", "capacity", 200),
        ("space_sqft", "4000.5", "space_sqft", 4000.5),
        ("capacity", "1e3", "capacity", "1e3"),
        ("capacity", "1,000", "capacity", "1,000"),
        ("capacity", "１２", "capacity", "１２"),  # noqa: RUF001 - only ASCII digits are read as numbers
        ("dates_available", "2027-01-05;2027-01-01 2027-02-03\n", "dates_available", 3),
        ("dates_available", "2027-02-27..2027-03-01", "dates_available", ["2027-02-27", "2027-02-28", "2027-03-01"]),
        ("dates_available", "2027-01-02..2027-01-01", "dates_available", ["2027-01-02..2027-01-01"]),
        ("dates_available", "2027-01-02..soon", "dates_available", ["2027-01-02..soon"]),
        ("dates_available", "soon..2027-01-02", "dates_available", ["soon..2027-01-02"]),
        ("is_listed", "true", "is_listed", True),
        ("is_listed", " FALSE", "is_listed", False),
        ("is_listed", "no", "is_listed", "no"),
        ("amenities", "water; sound_system;", "amenities", {"water": True, "sound_system": True}),
        ("pictures", "https://a.example/1;https://a.example/2", "pictures", 2),
        ("videos", "https://a.example/?v=1=22.5", "videos", [{"url": "https://a.example/?v=1", "size_mb": 22.5}]),
    ],
)
def test_a_cell_is_converted_by_its_column(column: str, cell: str, field: str, value: Any) -> None:
    result = venue_from_cells({column: cell})[field]
    assert (len(result) if isinstance(value, int) and isinstance(result, list) else result) == value


def test_prices_are_given_per_date_or_date_range() -> None:
    venue = venue_from_cells({"prices": "2027-01-01..2027-01-02=150000; 2027-01-05 = 9.5"})
    assert venue["pricing"] == {
        "overrides": [
            {"date": "2027-01-01", "price": 150_000},
            {"date": "2027-01-02", "price": 150_000},
            {"date": "2027-01-05", "price": 9.5},
        ]
    }


def test_hold_hours_and_terms_form_the_booking_rules() -> None:
    rules = venue_from_cells({"hold_hours": "48", "terms": " No fireworks. "})["booking_rules"]
    assert rules == {"hold_hours": 48, "terms": "No fireworks."}
    assert venue_from_cells({"hold_hours": "soon", "terms": ""})["booking_rules"] == {"hold_hours": "soon"}


def test_lat_and_lng_form_a_location_and_empty_cells_are_ignored() -> None:
    assert venue_from_cells({"lat": "24.5", "lng": "-67", "capacity": " ", "pictures": ""}) == {
        "maps_location": {"lat": 24.5, "lng": -67}
    }
    assert venue_from_cells({}) == NO_LOCATION


CELLS = {
    "lat": "north",
    "lng": " 67.0 ",
    "capacity": "1,000",
    "amenities": "water;pool",
    "dates_available": "2027-01-01..2027-01-31; 2027-02-30",
    "prices": "2027-01-01..2027-01-31=9.5; 2027-02-01=cheap",
    "pictures": "https://a.example/1;ftp://a.example/2",
    "videos": "https://a.example/1=5;https://a.example/2",
    "additional_description": "word\n" * 100,
    "hold_hours": "soon",
}


@pytest.mark.parametrize(
    ("field", "description"),
    [
        ("capacity", "capacity “1,000”"),
        ("maps_location.lat", "lat “north”"),
        ("maps_location", "lat “north”, lng “67.0”"),
        ("dates_available.0", "dates_available “2027-01-01..2027-01-31”"),
        ("dates_available.31", "dates_available “2027-02-30”"),
        ("dates_available", "dates_available “2027-01-01..2027-01-31; 2027-02-30”"),
        ("pricing.overrides.31.price", "prices “2027-02-01=cheap”"),
        ("pricing.overrides.30.price", "prices “2027-01-01..2027-01-31=9.5”"),
        ("pricing.overrides", "prices “2027-01-01..2027-01-31=9.5; 2027-02-01=cheap”"),
        ("pictures.1", "pictures “ftp://a.example/2”"),
        ("videos.1.size_mb", "videos “https://a.example/2”"),
        ("amenities.pool", "amenities “pool”"),
        ("booking_rules.hold_hours", "hold_hours “soon”"),
        ("additional_description", "additional_description “" + "word " * 11 + "word…”"),
        ("address", "address"),
    ],
)
def test_a_field_is_described_by_its_column_and_the_words_of_the_cell(field: str, description: str) -> None:
    assert describe_cell(field, CELLS) == description


def test_long_words_are_shortened_to_one_line() -> None:
    assert shorten(" a\n\tb ") == "a b"
    assert shorten("x" * 60) == "x" * 60
    assert shorten("x" * 61) == "x" * 59 + "…"


def test_a_cell_of_many_long_ranges_makes_a_bounded_list() -> None:
    ranges = "2000-01-01..2100-12-31;" * 40_000
    assert len(venue_from_cells({"dates_available": ranges})["dates_available"]) == 2_000
