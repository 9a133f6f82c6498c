"""CSV of any spreadsheet is read as rows with line numbers, in bounded memory."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from halls.data_transfer import csv_rows
from halls.data_transfer.files import read_rows
from halls.data_transfer.rows import Row, UnreadableFile
from halls.data_transfer.source import Source, open_source
from tests.data_transfer.rows import CELLS, write_csv

if TYPE_CHECKING:
    from pathlib import Path


def read(text: str, encoding: str = "utf-8") -> list[Row]:
    return list(read_rows(Source(io.BytesIO(text.encode(encoding)))))


def names_of(rows: list[Row]) -> list[tuple[int, str]]:
    return [(row.line, row.unreadable or row.value["venue_name"]) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_csv_is_read_in_any_encoding_that_its_bom_names(tmp_path: Path, encoding: str) -> None:
    row = CELLS | {"venue_name": "مہتاب ہال", "additional_description": "one\ntwo, “three”"}
    with open_source(write_csv(tmp_path / "file", row, row | {"capacity": "5"}, encoding=encoding)) as source:
        first, second = read_rows(source)
    assert (first.line, second.line) == (2, 4)
    assert first.value["venue_name"] == "مہتاب ہال"
    assert first.value["additional_description"] == "one\ntwo, “three”"
    assert second.value["capacity"] == 5
    assert second.describe("maps_location.lat") == "line 4, lat “24.86”"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("first_line", ["", "sep={}\r\n", '"SEP={}"\n', "sep={0}{0}{0}\n", "\n\n", " {0}{0}\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_the_header_tells_the_delimiter(delimiter: str, first_line: str, bom: str) -> None:
    lines = ["venue_name,type", '"One, Two; Three\tFour",Hall']
    text = bom + first_line.format(delimiter) + f"venue_name{delimiter}type\n{lines[1][:-5]}{delimiter}Hall\n"
    (row,) = read(text)
    assert (row.value["venue_name"], row.value["type"]) == ("One, Two; Three\tFour", "Hall")
    assert row.line == text.count("\n")


def test_a_sep_line_may_name_another_delimiter() -> None:
    assert names_of(read("sep=|\nvenue_name|type\nA, B|Hall\n")) == [(3, "A, B")]


def test_missing_last_cells_and_nameless_empty_columns_are_empty() -> None:
    rows = read("venue_name,,type,,\nA\nB,,Hall,,\nC,,Hall\nD,,Hall,,,,\n")
    assert names_of(rows) == [(2, "A"), (3, "B"), (4, "C"), (5, "D")]
    assert ["type" in row.value for row in rows] == [False, True, True, True]


def test_a_filled_cell_in_a_nameless_column_is_an_error() -> None:
    rows = read("venue_name,,type\nA,x,Hall\nB,,Hall\nC,,Hall,y z\n")
    assert names_of(rows) == [
        (2, "the cell “x” is in column 2, which has no name"),
        (3, "B"),
        (4, "the cell “y z” is in column 4, which has no name"),
    ]


def test_rows_without_content_are_skipped() -> None:
    assert names_of(read('venue_name,type\n\nA,Hall\n,\n , \t\n"",""\n\nB,Lawn\n')) == [(3, "A"), (8, "B")]


def test_malformed_csv_lines_are_reported_and_the_others_read() -> None:
    rows = read('venue_name,type\nA\nB,Hall,x\nC"D,"E"F\nG,Hall\n"H,Hall\n')
    assert [(row.line, bool(row.unreadable)) for row in rows] == [
        (2, False),
        (3, True),
        (4, True),
        (5, False),
        (6, True),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty"),
        ("\n\n", "The file is empty"),
        ("sep=;\n", "The file is empty"),
        ("venue_name,colour,size\nA,red,1", "Unknown column: “colour”, “size”. The columns are: venue_name, type"),
        ("venue_name|type\nA|Hall", "Unknown column: “venue_name|type”. .* with commas, semicolons or tabs between"),
        ("venue_name,type,type\nA,Hall,Hall", "twice"),
        ('"venue_name"x,type', "The header can't be read"),
    ],
)
def test_an_invalid_csv_header_is_rejected_before_any_row(text: str, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read(text)


@pytest.mark.parametrize("long", ["x" * 1_000, '"' + "x\n" * 400, '"\n",' * 400, "," * 1_000], ids=range(4))
def test_an_oversized_row_is_rejected_without_reading_the_rest(monkeypatch: pytest.MonkeyPatch, long: str) -> None:
    monkeypatch.setattr(csv_rows, "MAX_ROW", 500)
    first, last = read("venue_name,type\nA,Hall\n" + long + "\n" + "B,Hall\n" * 200)
    assert (first.value["venue_name"], last.line) == ("A", 3)
    assert "a million characters" in str(last.unreadable)


@pytest.mark.parametrize("start", ["", "sep=,\n"])
def test_an_oversized_header_is_rejected(monkeypatch: pytest.MonkeyPatch, start: str) -> None:
    monkeypatch.setattr(csv_rows, "MAX_ROW", 500)
    with pytest.raises(UnreadableFile, match="The header has more than a million characters"):
        read(start + "x" * 1_000)
