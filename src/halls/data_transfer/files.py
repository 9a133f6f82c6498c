"""Reads CSV, JSON and JSON lines as rows with line numbers. Does not validate the fields."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from halls.data_transfer.cells import COLUMNS, field_in_csv, venue_from_cells
from halls.errors import BadJson
from halls.http.json_body import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

Part = Literal["venues", "bookings"]
T = TypeVar("T")
PEEK = 4096
_DOCUMENT = re.compile(r'\s*(\[|\{\s*"(venues|bookings)"\s*:)')
_BLANKS = re.compile(r"[ \t\r\n]*")


class UnreadableFile(Exception):
    """The file as a whole cannot be read. The message says why."""


@dataclass(frozen=True)
class Row:
    """A row of a file, with its line: a value, or in `unreadable` the reason why it has none."""

    line: int
    value: Any = None
    part: Part = "venues"
    unreadable: str | None = None
    from_csv: bool = False

    def name_field(self, field: str) -> str:
        """Return the name that a field of the API has in the file."""
        return field_in_csv(field) if self.from_csv else field


def take_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items as lists of at most `size`."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def count_lines(path: Path) -> int:
    """Return the number of lines. Raises UnreadableFile if a line is not in UTF-8."""
    number = 0
    try:
        with path.open("rb") as file:
            for line in file:
                line.decode()
                number += 1
    except UnicodeDecodeError:
        hint = "Save the file as UTF-8; in Excel, as “CSV UTF-8”."
        raise UnreadableFile(f"Line {number + 1} is not in UTF-8. {hint}") from None
    return number


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file. Its first characters decide the format. Raises UnreadableFile."""
    # Excel writes a BOM before UTF-8. newline="" keeps line breaks in quoted cells unchanged.
    with path.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(PEEK)
        file.seek(0)
        if _DOCUMENT.match(start):
            yield from _read_document(_JsonReader(file.read()))
        elif start.lstrip().startswith("{"):
            lines = enumerate(file, 1)
            yield from (_read_object(line, "venues", text) for line, text in lines if text.strip())
        else:
            yield from _read_csv(file)


def _read_object(line: int, part: Part, text: str) -> Row:
    try:
        return Row(line, parse_json(text.encode()), part)
    except BadJson:
        return Row(line, part=part, unreadable="is not well-formed JSON, or contains a repeated key, NaN or Infinity")


class _MalformedJson(Exception):
    """The JSON is malformed at this line, so the start of the next object is unknown."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _JsonReader:
    """A JSON text with a read position."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.line = text, 0, 1

    def skip(self, token: str) -> bool:
        """Skip whitespace, and `token` if it comes next. Return whether it came next."""
        blanks = _BLANKS.match(self.text, self.at)
        self._move_to(blanks.end() if blanks else self.at)
        is_next = self.text.startswith(token, self.at)
        self._move_to(self.at + len(token) * is_next)
        return is_next

    def expect(self, token: str) -> None:
        """Skip `token`. Raises _MalformedJson if other text comes next."""
        if not self.skip(token):
            actual = self.text[self.at : self.at + 20] or "the end of the file"
            raise _MalformedJson(self.line, f"{token} was expected here, not {actual!r}: the rest can't be read")

    def expect_end(self) -> None:
        """Skip whitespace. Raises _MalformedJson if text remains."""
        self.skip("")
        if self.at < len(self.text):
            raise _MalformedJson(self.line, "the file contains text after the end of the document")

    def read_row(self, part: Part) -> Row:
        """Return the next value and skip it. Raises _MalformedJson if it is incomplete."""
        self.skip("")
        line, start = self.line, self.at
        try:
            _, end = json.JSONDecoder().raw_decode(self.text, start)
        except json.JSONDecodeError as error:
            raise _MalformedJson(error.lineno, f"{error.msg}: this is not JSON, and the rest can't be read") from None
        except (ValueError, RecursionError):
            raise _MalformedJson(line, "is nested too deep, or has too long a number: the rest can't be read") from None
        self._move_to(end)
        return _read_object(line, part, self.text[start:end])

    def _move_to(self, at: int) -> None:
        self.line += self.text.count("\n", self.at, at)
        self.at = at


def _read_document(text: _JsonReader) -> Iterator[Row]:
    try:
        if text.skip("{"):
            yield from _read_export(text)
        else:
            yield from _read_array(text, "venues")
        text.expect_end()
    except _MalformedJson as error:
        yield Row(error.line, unreadable=str(error))


def _read_export(text: _JsonReader) -> Iterator[Row]:
    """Yield the rows of a file of `halls export`: venues before their bookings. One of the two may be missing."""
    if text.skip('"venues"'):
        text.expect(":")
        yield from _read_array(text, "venues")
        if text.skip("}"):
            return
        text.expect(",")
    text.expect('"bookings"')
    text.expect(":")
    yield from _read_array(text, "bookings")
    text.expect("}")


def _read_array(text: _JsonReader, part: Part) -> Iterator[Row]:
    text.expect("[")
    if text.skip("]"):
        return
    yield text.read_row(part)
    while text.skip(","):
        yield text.read_row(part)
    text.expect("]")


def _read_csv(file: TextIO) -> Iterator[Row]:
    reader = csv.reader(file, strict=True)
    header = _read_header(reader)
    while True:
        line = reader.line_num + 1  # a quoted cell may contain line breaks
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, unreadable=f"can't be read as CSV: {error}")
            continue
        if len(cells) == len(header):
            if any(cells):
                yield Row(line, venue_from_cells(dict(zip(header, cells, strict=True))), from_csv=True)
        elif cells:
            yield Row(line, unreadable=f"has {len(cells)} cells where the header has {len(header)}")


def _read_header(reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(cells for cells in reader if cells)]
    except StopIteration:
        raise UnreadableFile("The file is empty.") from None
    except csv.Error as error:
        raise UnreadableFile(f"The header can't be read as CSV: {error}.") from None
    known = ", ".join(COLUMNS)
    if unknown := [name for name in header if name not in COLUMNS]:
        raise UnreadableFile(f"Unknown column: {', '.join(map(repr, unknown))}. The columns are: {known}.")
    if len(set(header)) != len(header):
        raise UnreadableFile("The header contains a column twice.")
    return header
