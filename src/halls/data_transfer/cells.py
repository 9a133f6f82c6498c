"""The columns of a CSV file of venues, and their conversion into the fields of the API."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from halls.http.schema import DECIMAL, is_day

if TYPE_CHECKING:
    from collections.abc import Callable


def venue_from_cells(cells: dict[str, str]) -> dict[str, Any]:
    """Return the body for POST /venues/register from the cells by column. An empty cell is an absent field.

    Cells with invalid text stay as they are, because the validation of the fields reports them.
    """
    value: dict[str, Any] = {name: COLUMNS[name](cell) for name, cell in cells.items() if cell.strip()}
    # Set even if empty, so that the error names the missing column, lat or lng.
    value["maps_location"] = {"lat": value.pop("lat", None), "lng": value.pop("lng", None)}
    if "prices" in value:
        value["pricing"] = {"overrides": value.pop("prices")}
    return value


def field_in_csv(field: str) -> str:
    """Return the path of a field of the API with the name of its column."""
    return field.replace("pricing.overrides", "prices").replace("maps_location.", "")


def _text(cell: str) -> str:
    return cell.strip(" \t")


def _number(cell: str) -> int | float | str:
    """Return the number in a cell, or its text unchanged, which the validation of the field rejects."""
    text = cell.strip()
    if not DECIMAL.fullmatch(text):
        return cell
    return float(text) if "." in text else int(text)


def _items(cell: str) -> list[str]:
    return [item.strip() for item in cell.split(";") if item.strip()]


def _days(text: str) -> list[str]:
    """Return the days of `2027-01-01..2027-01-31`. Other text stays unchanged, and the validation rejects it."""
    first, dots, last = text.partition("..")
    if not dots or not is_day(first) or not is_day(last) or first > last:
        return [text]
    start = date.fromisoformat(first)
    return [(start + timedelta(n)).isoformat() for n in range((date.fromisoformat(last) - start).days + 1)]


def _dates(cell: str) -> list[str]:
    return [day for item in re.split(r"[;\s]+", cell) if item for day in _days(item)]


def _prices(cell: str) -> list[dict[str, Any]]:
    pairs = [item.partition("=") for item in _items(cell)]
    return [{"date": day, "price": _number(price)} for days, _, price in pairs for day in _days(days.strip())]


def _amenities(cell: str) -> dict[str, bool]:
    return dict.fromkeys(_items(cell), True)


def _videos(cell: str) -> list[dict[str, Any]]:
    pairs = [item.rpartition("=") for item in _items(cell)]  # the address may contain =
    return [{"url": url.strip(), "size_mb": _number(size)} for url, _, size in pairs]


COLUMNS: dict[str, Callable[[str], Any]] = {
    "venue_name": _text,
    "type": _text,
    "address": _text,
    "lat": _number,
    "lng": _number,
    "capacity": _number,
    "dates_available": _dates,
    "prices": _prices,
    "space_sqft": _number,
    "amenities": _amenities,
    "additional_description": _text,
    "pictures": _items,
    "videos": _videos,
    "owner_email": _text,
}
