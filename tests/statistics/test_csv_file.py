"""The cells of the CSV file: none is a formula, and each text stays readable."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from hypothesis import given
from hypothesis import strategies as st

from halls.bookings.booking import serialize_booking
from halls.statistics.csv_file import HEADER, escape_formula, make_row, write_rows
from tests.factories import WRITTEN_AT

FORMULAS = ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠A1"]  # noqa: RUF001 - full-width


def read_back(content: bytes) -> list[list[str]]:
    """Return the cells of a CSV file."""
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def row_of(account: Any = None, **fields: Any) -> dict[str, str]:
    """Return the cells of a booking by column. `account` is that of the guest."""
    booking: Any = {
        "_id": ObjectId(),
        "venue_id": ObjectId(),
        "date": "2026-02-14",
        "status": "confirmed",
        "guests": 100,
        "price_locked": 5,
        "created_at": WRITTEN_AT,
        **fields,
    }
    shown = serialize_booking(booking, {"venue_name": fields.get("venue_name", "Pearl Hall")}) | {"guest": account}
    return dict(zip(HEADER, make_row(booking, shown), strict=True))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert escape_formula(text) == f"'{text}"
    guest = {"full_name": text, "email": text, "contact_number": text + "x"}
    row = row_of(guest, venue_name=text, notes=text)
    columns = ("venue_name", "notes", "guest_name", "guest_email", "guest_contact_number")
    assert all(row[column].startswith(f"'{text}") for column in columns)


@pytest.mark.parametrize("text", ["", "5 = 4 + 1", "'=1", "Ayesha", "علی", " =1"])
def test_other_texts_stay_unchanged(text: str) -> None:
    assert escape_formula(text) == text


@pytest.mark.parametrize("number", ["+92 300 1234567", "0300-1234567", "(021) 345 6789", "+923001234567"])
def test_a_telephone_number_stays_unchanged(number: str) -> None:
    assert row_of({"contact_number": number})["guest_contact_number"] == number
    # In another column it may be anything.
    assert row_of({"full_name": number})["guest_name"] == escape_formula(number)


@pytest.mark.parametrize("number", ["+1+cmd|' /C calc'!A0", "=1+1", "-A1", "+92 300\t1", "@1", "+" + "1" * 40])
def test_what_is_not_a_telephone_number_is_no_formula(number: str) -> None:
    assert row_of({"contact_number": number})["guest_contact_number"] == f"'{number}"


@pytest.mark.parametrize(
    ("stored", "cell"),
    [
        (150_000, "150000"),
        (150_000.0, "150000"),
        (99.5, "99.5"),
        (0, "0"),
        (Decimal128("99.50"), "99.5"),
        (0.00001, "0"),
        (None, ""),
        ("5", ""),
        (-1, ""),
        (float("nan"), ""),
        (1e300, ""),
    ],
)
def test_a_price_is_a_plain_number_or_an_empty_cell(stored: Any, cell: str) -> None:
    assert row_of(price_locked=stored)["price_locked"] == cell


def test_a_booking_without_values_has_empty_cells() -> None:
    booking: Any = {"_id": ObjectId(), "venue_id": ObjectId(), "date": "2026-02-14", "status": "unknown"}
    row = dict(zip(HEADER, make_row(booking, serialize_booking(booking, None)), strict=True))
    filled = {"id": str(booking["_id"]), "date": "2026-02-14", "is_walk_in": "false"}
    assert row == dict.fromkeys(HEADER, "") | filled


def test_the_moment_of_the_order_is_written_as_in_the_api() -> None:
    assert row_of()["created_at"] == "2025-08-20T10:30:15Z"


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), min_size=2, max_size=4)))
def test_any_text_is_read_back_from_its_cell(rows: list[list[str]]) -> None:
    assert read_back(write_rows(rows)) == rows


@given(st.text(st.characters(codec="utf-8")))
def test_no_text_begins_like_a_formula_after_the_escape(text: str) -> None:
    assert not escape_formula(text).startswith(tuple("=+-@\t\r＝＋－＠"))  # noqa: RUF001 - full-width


def test_a_line_break_in_a_text_does_not_end_the_row() -> None:
    content = write_rows([["a\nb\r\nc", 'say "no"'], ["d", "e,f"]])
    assert content == b'"a\nb\r\nc","say ""no"""\r\nd,"e,f"\r\n'
