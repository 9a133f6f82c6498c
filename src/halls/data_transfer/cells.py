"""The columns of a CSV file of venues, and their conversion into the fields of the API."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from halls.clock import is_real_day
from halls.venues.schemas import MAX_DATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# An item of a list: its own words in the cell, and its value.
Item = tuple[str, Any]
# More than a valid list has. Otherwise a cell with many long ranges of dates would fill the memory.
MAX_ITEMS = 2 * MAX_DATES
MAX_WORDS = 60
# Spreadsheets write them in upper case.
BOOLEANS = {"true": True, "false": False}
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


def venue_from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the body for POST /venues/register from the cells by column. An empty cell is an absent field.

    Cells with invalid text stay as they are, because the validation of the fields reports them.
    """
    value: dict[str, Any] = {name: COLUMNS[name](cell) for name, cell in cells.items() if cell.strip()}
    # Set even if empty, so that the error names the missing column, lat or lng.
    value["maps_location"] = {"lat": value.pop("lat", None), "lng": value.pop("lng", None)}
    if rules := {name: value.pop(name) for name in RULES if name in value}:
        value["booking_rules"] = rules
    if "prices" in value:
        value["pricing"] = {"overrides": value.pop("prices")}
    return value


def describe_cell(field: str, cells: Mapping[str, str]) -> str:
    """Return the column of a field of the API, with the words in its cell that the field comes from."""
    path = field.replace("pricing.overrides", "prices").replace("maps_location.", "").replace("booking_rules.", "")
    if path == "maps_location":
        return ", ".join(describe_cell(column, cells) for column in ("lat", "lng"))
    column, _, inner = path.partition(".")
    words, index = cells.get(column, ""), inner.partition(".")[0]
    if column in ITEMS and index.isdecimal():
        words = next(islice(ITEMS[column](words), int(index), None))[0]
    elif inner:
        words = inner
    return f"{column} “{shorten(words)}”" if words.strip() else column


def shorten(words: str) -> str:
    """Return the words on one line, with at most MAX_WORDS characters."""
    line = " ".join(words[: 2 * MAX_WORDS].split())
    return line if len(line) <= MAX_WORDS else line[: MAX_WORDS - 1] + "…"


def _text(cell: str) -> str:
    return cell.strip(" \t")


def _number(cell: str) -> int | float | str:
    """Return the number in a cell, or its text unchanged, which the validation of the field rejects."""
    text = cell.strip()
    if not _NUMBER.fullmatch(text):
        return cell
    return float(text) if "." in text else int(text)


def _split(cell: str) -> Iterator[str]:
    return (item.strip() for item in cell.split(";") if item.strip())


def _days(text: str) -> Iterator[str]:
    """Yield the days of `2027-01-01..2027-01-31`. Other text stays unchanged, and the validation rejects it."""
    first, dots, last = text.partition("..")
    if not dots or not is_real_day(first) or not is_real_day(last) or first > last:
        yield text
        return
    start = date.fromisoformat(first)
    for n in range((date.fromisoformat(last) - start).days + 1):
        yield (start + timedelta(n)).isoformat()


def _dates(cell: str) -> Iterator[Item]:
    return ((item, day) for item in re.split(r"[;\s]+", cell) if item for day in _days(item))


def _prices(cell: str) -> Iterator[Item]:
    for item in _split(cell):
        days, _, price = item.partition("=")
        for day in _days(days.strip()):
            yield item, {"date": day, "price": _number(price)}


def _pictures(cell: str) -> Iterator[Item]:
    return ((item, item) for item in _split(cell))


def _videos(cell: str) -> Iterator[Item]:
    for item in _split(cell):
        url, _, size = item.rpartition("=")  # the address may contain =
        yield item, {"url": url.strip(), "size_mb": _number(size)}


def _amenities(cell: str) -> dict[str, bool]:
    return dict.fromkeys(_split(cell), True)


def _boolean(cell: str) -> bool | str:
    """Return the value of true or false, also as TRUE or FALSE. Other text stays, and the validation rejects it."""
    return BOOLEANS.get(cell.strip().lower(), cell)


def _list_of(items: Callable[[str], Iterator[Item]]) -> Callable[[str], list[Any]]:
    return lambda cell: [value for _, value in islice(items(cell), MAX_ITEMS)]


ITEMS: dict[str, Callable[[str], Iterator[Item]]] = {
    "dates_available": _dates,
    "prices": _prices,
    "pictures": _pictures,
    "videos": _videos,
}
RULES = ("hold_hours", "terms")
COLUMNS: dict[str, Callable[[str], Any]] = {
    "venue_name": _text,
    "type": _text,
    "address": _text,
    "lat": _number,
    "lng": _number,
    "capacity": _number,
    "dates_available": _list_of(_dates),
    "prices": _list_of(_prices),
    "space_sqft": _number,
    "amenities": _amenities,
    "additional_description": _text,
    "pictures": _list_of(_pictures),
    "videos": _list_of(_videos),
    "hold_hours": _number,
    "terms": _text,
    "is_listed": _boolean,
    "owner_email": _text,
}
# The row of `halls import --template`, with every column.
EXAMPLE = {
    "venue_name": "Pearl Hall",
    "type": "Hall",
    "address": "1 Main Road, Saddar, Karachi",
    "lat": "24.8615",
    "lng": "67.0099",
    "capacity": "300",
    "dates_available": "2027-02-13;2027-03-01..2027-03-31",
    "prices": "2027-02-13=185000;2027-03-01..2027-03-31=150000",
    "space_sqft": "7200",
    "amenities": "parking_valet;air_conditioner",
    "additional_description": "Two stages, and a generator that carries the whole hall.",
    "pictures": "https://pictures.example/pearl-hall.jpg",
    "videos": "https://videos.example/pearl-hall.mp4=18.5",
    "hold_hours": "48",
    "terms": "Half of the price is due a month before the event.",
    "is_listed": "true",
    "owner_email": "owner@example.com",
}
