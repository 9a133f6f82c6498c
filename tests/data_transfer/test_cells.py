"""What the cells of a CSV file say of a venue."""

from __future__ import annotations

from typing import Any

import pytest

from halls.data_transfer.cells import field_in_csv, venue_from_cells

NOWHERE = {"maps_location": {"lat": None, "lng": None}}


@pytest.mark.parametrize(
    ("column", "cell", "field", "value"),
    [
        ("venue_name", " Pearl Hall\t", "venue_name", "Pearl Hall"),
        ("capacity", " 200 ", "capacity", 200),
        ("space_sqft", "4000.5", "space_sqft", 4000.5),
        ("capacity", "1e3", "capacity", "1e3"),
        ("capacity", "1,000", "capacity", "1,000"),
        ("capacity", "１２", "capacity", "１２"),  # noqa: RUF001 - not the digits we read
        ("dates_available", "2027-01-05;2027-01-01 2027-02-03\n", "dates_available", 3),
        ("dates_available", "2027-02-27..2027-03-01", "dates_available", ["2027-02-27", "2027-02-28", "2027-03-01"]),
        ("dates_available", "2027-01-02..2027-01-01", "dates_available", ["2027-01-02..2027-01-01"]),
        ("dates_available", "2027-01-02..soon", "dates_available", ["2027-01-02..soon"]),
        ("dates_available", "soon..2027-01-02", "dates_available", ["soon..2027-01-02"]),
        ("amenities", "water; sound_system;", "amenities", {"water": True, "sound_system": True}),
        ("pictures", "https://a.example/1;https://a.example/2", "pictures", 2),
        ("videos", "https://a.example/?v=1=22.5", "videos", [{"url": "https://a.example/?v=1", "size_mb": 22.5}]),
    ],
)
def test_a_cell_is_read_as_its_column_says(column: str, cell: str, field: str, value: Any) -> None:
    read = venue_from_cells({column: cell})[field]
    assert (len(read) if isinstance(value, int) and isinstance(read, list) else read) == value


def test_prices_are_given_by_date_or_by_range() -> None:
    venue = venue_from_cells({"prices": "2027-01-01..2027-01-02=150000; 2027-01-05 = 9.5"})
    assert venue["pricing"] == {
        "overrides": [
            {"date": "2027-01-01", "price": 150_000},
            {"date": "2027-01-02", "price": 150_000},
            {"date": "2027-01-05", "price": 9.5},
        ]
    }


def test_a_place_is_given_by_two_columns_and_an_empty_cell_is_no_field() -> None:
    assert venue_from_cells({"lat": "24.5", "lng": "-67", "capacity": " ", "pictures": ""}) == {
        "maps_location": {"lat": 24.5, "lng": -67}
    }
    assert venue_from_cells({}) == NOWHERE


@pytest.mark.parametrize(
    ("field", "column"),
    [("maps_location.lat", "lat"), ("pricing.overrides.2.price", "prices.2.price"), ("capacity", "capacity")],
)
def test_a_field_is_called_as_its_column(field: str, column: str) -> None:
    assert field_in_csv(field) == column
