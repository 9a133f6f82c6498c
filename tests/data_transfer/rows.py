"""Builders of rows and files for import tests."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from tests.factories import OWNER_EMAIL

if TYPE_CHECKING:
    from pathlib import Path

CELLS = {
    "venue_name": "Pearl Hall",
    "type": "Hall",
    "address": "1 Main Road, Karachi",
    "lat": "24.86",
    "lng": "67",
    "capacity": "200",
    "owner_email": OWNER_EMAIL,
}


def write_lines(path: Path, *rows: Any) -> Path:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_export(path: Path, venues: list[Any], bookings: list[Any]) -> Path:
    """Write the two lists like `halls export`, one row per line.

    Venues start on line 2. The first booking is three lines after the last venue.
    """
    parts = [",\n".join(json.dumps(row) for row in rows) for rows in (venues, bookings)]
    path.write_text('{"venues":[\n' + parts[0] + '\n],\n"bookings":[\n' + parts[1] + "\n]}\n")
    return path


def write_csv(path: Path, *rows: dict[str, str], encoding: str = "utf-8") -> Path:
    """Write CSV with the columns of the first row."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def lines_of(stderr: str) -> list[str]:
    """Return the messages about lines of the file."""
    return [line for line in stderr.splitlines() if line.startswith("line ")]


def name_case(value: Any) -> str:
    """Return a parameter's name for the test report: of fields only the names, because dates change daily."""
    return "+".join(value) if isinstance(value, dict) else str(value)
