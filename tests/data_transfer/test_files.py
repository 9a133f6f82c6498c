"""JSON files are read as rows with line and record numbers, and errors name the line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from halls.data_transfer import json_rows
from halls.data_transfer.files import read_rows
from halls.data_transfer.rows import take_batches
from halls.data_transfer.source import open_source

if TYPE_CHECKING:
    from pathlib import Path

    from halls.data_transfer.rows import Row


@pytest.fixture(params=[1, 7, json_rows.PIECE], autouse=True)
def _piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces of one character, of seven and of the usual size, because a piece may end inside any token."""
    monkeypatch.setattr(json_rows, "PIECE", request.param)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def read(file: Path, text: str) -> list[Row]:
    file.write_bytes(text.encode())
    with open_source(file) as source:
        return list(read_rows(source))


def lines_of(rows: list[Row]) -> list[tuple[int, str, Any]]:
    return [(row.line, row.part, row.value) for row in rows]


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_line_of_json_lines_is_a_row(file: Path, bom: str, end: str) -> None:
    rows = read(file, bom + end.join(['{"a": 1}', "", '{"a": 2}', '{"a": ', "3", ""]))
    assert lines_of(rows) == [
        (1, "venues", {"a": 1}),
        (3, "venues", {"a": 2}),
        (4, "venues", None),
        (5, "venues", 3),
    ]
    assert rows[2].unreadable


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_an_array_element_has_the_line_where_it_starts(file: Path, bom: str) -> None:
    text = bom + '\n[{"a": 1},\n\n  {"a":\n 2}, {"a":\n3}\n]\n\n'
    assert lines_of(read(file, text)) == [
        (2, "venues", {"a": 1}),
        (4, "venues", {"a": 2}),
        (5, "venues", {"a": 3}),
    ]
    assert read(file, " [ ] ") == []


def test_an_export_file_contains_venues_and_bookings(file: Path) -> None:
    both = '{"venues":[\n{"a":1},\n{"a":2}\n],\n"bookings":[\n{"b":1}\n]}\n'
    assert lines_of(read(file, both)) == [(2, "venues", {"a": 1}), (3, "venues", {"a": 2}), (6, "bookings", {"b": 1})]
    assert lines_of(read(file, '{\n "venues" : [1] }')) == [(2, "venues", 1)]
    assert lines_of(read(file, '{"bookings": [2]}')) == [(1, "bookings", 2)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[", 1),
        ("[1,\n]", 2),
        ("[1\n2]", 2),
        ("[1]\n\n2", 3),
        ('[1,\n{"a": 1,\n}]', 3),
        ("[1,\n" + "[" * 100_000, 2),
        ("[1,\n" + "1" * 5_000 + "]", 2),
        ('{"venues": 1}', 1),
        ('{"venues": [1],\n"others": []}', 2),
        ('{"venues": [1]\n"bookings": []}', 2),
        ('{"venues": [1],\n"bookings": []\n', 3),
        ('{"bookings": [],\n"venues": [1]}', 1),
    ],
    ids=range(12),
)
def test_a_json_syntax_error_is_reported_once_with_its_line(file: Path, text: str, line: int) -> None:
    rows = read(file, text)
    assert [row.value for row in rows[:-1]] in ([1], [])
    assert (rows[-1].line, rows[-1].value) == (line, None)
    assert rows[-1].unreadable


@pytest.mark.parametrize("bad", ['{"a": 1, "a": 2}', '{"a": NaN}', '{"a": Infinity}', '{"a": 1e999}'])
def test_duplicate_keys_and_non_finite_numbers_reject_only_their_row(file: Path, bad: str) -> None:
    for text in (f"[\n{bad},\n2\n]", f'\n{bad}\n{{"a": 2}}'):
        bad_row, good_row = read(file, text)
        assert (bad_row.line, bad_row.value) == (2, None)
        assert bad_row.unreadable
        assert (good_row.line, good_row.unreadable) == (3, None)


def test_a_row_keeps_values_that_the_end_of_a_piece_cuts_off(file: Path) -> None:
    row = {"numbers": [-12.5e-30, 1e9, 0.25], "words": [True, False, None], "text": '\\ " \n مہتاب \U0001f600'}
    text = json.dumps([row, row, -1.5])
    assert [each.value for each in read(file, text)] == [row, row, -1.5]
    assert [each.value for each in read(file, f'{{"bookings" : {text}}}')] == [row, row, -1.5]


@pytest.mark.parametrize("unterminated", ['"', '{"a": [1, ', "[" + " " * 60])
def test_an_oversized_row_is_rejected_without_reading_the_rest(
    file: Path, monkeypatch: pytest.MonkeyPatch, unterminated: str
) -> None:
    monkeypatch.setattr(json_rows, "MAX_ROW", 50)
    first, second = read(file, "[1,\n" + unterminated + "1," * 1_000_000)
    assert (first.value, second.line) == (1, 2)
    assert "8 million characters" in str(second.unreadable)


def test_a_json_row_is_described_by_its_record(file: Path) -> None:
    both = read(file, '{"venues":[1],"bookings":[\n1,\n2]}')
    assert [row.describe("maps_location.lat") for row in both] == [
        "line 1, record 1, maps_location.lat",
        "line 2, record 1 of bookings, maps_location.lat",
        "line 3, record 2 of bookings, maps_location.lat",
    ]
    assert [row.describe() for row in read(file, '{"a": 1}\n\n{"a": 2}')] == ["line 1, record 1", "line 3, record 2"]


def test_an_oversized_json_line_is_rejected_without_reading_the_rest(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "MAX_ROW", 50)
    first, second = read(file, '{"a": 1}\n{"a": "' + "x" * 1_000_000 + '"}\n{"a": 2}')
    assert (first.value, second.line) == ({"a": 1}, 2)
    assert "8 million characters" in str(second.unreadable)


def test_batches_hold_all_items_in_order() -> None:
    assert list(take_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(take_batches([], 2)) == []


def test_an_array_on_one_line_is_read_in_reasonable_time(file: Path) -> None:
    rows = [{"n": n, "text": "x" * 1_000} for n in range(5_000)]
    assert len(read(file, json.dumps(rows))) == len(rows)
