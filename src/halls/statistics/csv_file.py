"""The CSV file of bookings: its columns, and cells that a spreadsheet does not run as formulas. Pure functions."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from halls.http.json_encoding import write_plain
from halls.statistics.figures import read_guests, read_price

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from halls.bookings.booking import BookingDocument

# With it Excel reads the file as UTF-8.
BOM = b"\xef\xbb\xbf"
HEADER = (
    *("id", "date", "venue_name", "status", "guests", "price_locked"),
    *("guest_name", "guest_email", "guest_contact_number", "is_walk_in", "notes", "created_at"),
)
# A spreadsheet runs a cell that begins with one of these characters as a formula. The last four are full-width.
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_TELEPHONE = re.compile(r"\+?[0-9 ()-]{1,30}")


def write_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """Return the rows as CSV (RFC 4180) in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def make_row(booking: BookingDocument, shown: dict[str, Any]) -> list[str]:
    """Return the cells of a booking. `shown` is the booking as its owner sees it."""
    # None if the account of the guest, or of the owner of a walk-in, is deleted.
    guest = shown.get("guest") or {}
    number = guest.get("contact_number") or ""
    return [
        str(shown["id"]),
        shown["date"],
        escape_formula(shown["venue"]["venue_name"] if shown["venue"] else ""),
        shown["status"] or "",
        _number_cell(read_guests(booking)),
        _number_cell(read_price(booking)),
        escape_formula(guest.get("full_name") or ""),
        escape_formula(guest.get("email") or ""),
        number if _TELEPHONE.fullmatch(number) else escape_formula(number),
        "true" if shown["is_walk_in"] else "false",
        escape_formula(shown["notes"] or ""),
        write_plain(shown["created_at"]),
    ]


def escape_formula(text: str) -> str:
    """Return the text, after an apostrophe if a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text


def _number_cell(number: float | None) -> str:
    return "" if number is None else str(number)
