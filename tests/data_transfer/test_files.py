"""Import files are read as rows with line numbers, and errors name the line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from halls.data_transfer import files
from halls.data_transfer.files import Row, UnreadableFile, count_lines, read_rows, take_batches
from tests.data_transfer.rows import CELLS, write_csv

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=[1, 7, files.PIECE], autouse=True)
def _piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces of one character, of seven and of the usual size, because a piece may end inside any token."""
    monkeypatch.setattr(files, "PIECE", request.param)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def read(file: Path, text: str) -> list[Row]:
    file.write_bytes(text.encode())
    return list(read_rows(file))


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
    monkeypatch.setattr(files, "MAX_ROW", 50)
    first, second = read(file, "[1,\n" + unterminated + "1," * 1_000_000)
    assert (first.value, second.line) == (1, 2)
    assert "8 million characters" in str(second.unreadable)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_is_read_with_or_without_a_bom(file: Path, encoding: str) -> None:
    row = CELLS | {"venue_name": "مہتاب ہال", "additional_description": "one\ntwo, “three”"}
    write_csv(file, row, row | {"capacity": "5"}, encoding=encoding)
    first, second = read_rows(file)
    assert (first.line, second.line) == (2, 4)
    assert first.value["venue_name"] == "مہتاب ہال"
    assert first.value["additional_description"] == "one\ntwo, “three”"
    assert second.value["capacity"] == 5
    assert first.name_field("maps_location.lat") == "lat"


def test_a_json_row_reports_api_field_names(file: Path) -> None:
    assert read(file, "[1]")[0].name_field("maps_location.lat") == "maps_location.lat"


def test_empty_csv_lines_are_ignored(file: Path) -> None:
    rows = read(file, "venue_name,type\n\nA,Hall\n,\n\nB,Lawn\n")
    assert [(row.line, row.value["venue_name"]) for row in rows] == [(3, "A"), (6, "B")]


def test_malformed_csv_lines_are_reported_and_the_others_read(file: Path) -> None:
    rows = read(file, 'venue_name,type\nA\nB,Hall,x\nC"D,"E"F\nG,Hall\n"H,Hall\n')
    assert [(row.line, bool(row.unreadable)) for row in rows] == [
        (2, True),
        (3, True),
        (4, True),
        (5, False),
        (6, True),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("venue_name,colour,size\nA,red,1", "'colour', 'size'"),
        ("venue_name,type,type\nA,Hall,Hall", "twice"),
        ('"venue_name"x,type', "The header"),
    ],
)
def test_an_invalid_csv_header_is_rejected_before_any_row(file: Path, text: str, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read(file, text)


@pytest.mark.parametrize(("raw", "lines"), [(b"", 0), (b"a\nb\n", 2), (b"\xef\xbb\xbfa\nb", 2)])
def test_lines_are_counted(file: Path, raw: bytes, lines: int) -> None:
    file.write_bytes(raw)
    assert count_lines(file) == lines


@pytest.mark.parametrize("raw", [b"a\nb\xff\n", b"a\nb\xd9", "a\nپ".encode("cp1256"), "a\nb".encode("utf-16")])
def test_invalid_utf8_is_reported_with_its_line(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    with pytest.raises(UnreadableFile, match=r"Line [12] is not in UTF-8"):
        count_lines(file)


def test_batches_hold_all_items_in_order() -> None:
    assert list(take_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(take_batches([], 2)) == []


def test_an_array_on_one_line_is_read_in_reasonable_time(file: Path) -> None:
    rows = [{"n": n, "text": "x" * 1_000} for n in range(5_000)]
    assert len(read(file, json.dumps(rows))) == len(rows)
