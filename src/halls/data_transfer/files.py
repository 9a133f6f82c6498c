"""Reads CSV, JSON and JSON lines as rows with line numbers. Does not validate the fields."""

from __future__ import annotations

import codecs
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
# Files are read in pieces, so a large file does not fill the memory. A valid row has at most a million characters.
PIECE = 1 << 20
MAX_ROW = 8 << 20
# A token that the end of a piece cuts off, such as `"bookings"`, `-Infinity` or `\ud83d\ude00`, is shorter than this.
TOKEN_LENGTH = 20
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
    number, end = 0, b"\n"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                decoder.decode(piece)
                number, end = number + piece.count(b"\n"), piece[-1:]
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line = number + error.object.count(b"\n", 0, error.start) + 1
        hint = "Save the file as UTF-8; in Excel, as “CSV UTF-8”."
        raise UnreadableFile(f"Line {line} is not in UTF-8. {hint}") from None
    return number + (end != b"\n")


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file. Its first characters decide the format. Raises UnreadableFile."""
    # Excel writes a BOM before UTF-8. newline="" keeps line breaks in quoted cells unchanged.
    with path.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(PEEK)
        file.seek(0)
        if _DOCUMENT.match(start):
            yield from _read_document(_JsonReader(file))
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
    """A JSON text with a read position. `text` is the piece that is in memory."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.text, self.at, self.line = file, "", 0, 1

    def skip(self, token: str) -> bool:
        """Skip whitespace, and `token` if it comes next. Return whether it came next."""
        self._skip_blanks()
        while len(self.text) - self.at < TOKEN_LENGTH and self._read_more():
            self._skip_blanks()
        is_next = self.text.startswith(token, self.at)
        self._move_to(self.at + len(token) * is_next)
        return is_next

    def expect(self, token: str) -> None:
        """Skip `token`. Raises _MalformedJson if other text comes next."""
        if not self.skip(token):
            actual = self.text[self.at : self.at + TOKEN_LENGTH] or "the end of the file"
            raise _MalformedJson(self.line, f"{token} was expected here, not {actual!r}: the rest can't be read")

    def expect_end(self) -> None:
        """Skip whitespace. Raises _MalformedJson if text remains."""
        self.skip("")
        if self.at < len(self.text):
            raise _MalformedJson(self.line, "the file contains text after the end of the document")

    def read_row(self, part: Part) -> Row:
        """Return the next value and skip it. Raises _MalformedJson if it is incomplete."""
        self.skip("")
        line, end = self.line, self._find_end()
        text = self.text[self.at : end]
        self._move_to(end)
        return _read_object(line, part, text)

    def _find_end(self) -> int:
        """Return the position after the next value, and keep all of the value in `text`. Raises _MalformedJson."""
        while True:
            fault = None
            try:
                _, end = json.JSONDecoder().raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                fault, end = error, len(self.text) if error.msg.startswith("Unterminated string") else error.pos
            except (ValueError, RecursionError):
                message = "is nested too deep, or has too long a number: the rest can't be read"
                raise _MalformedJson(self.line, message) from None
            # Near the end of the piece, the fault or the number may only be cut off.
            if len(self.text) - end >= TOKEN_LENGTH or not self._read_more():
                break
        if fault is not None:
            line = self.line + self.text.count("\n", self.at, fault.pos)
            raise _MalformedJson(line, f"{fault.msg}: this is not JSON, and the rest can't be read")
        return end

    def _read_more(self) -> bool:
        """Read more text, and forget the text before the position. Return False at the end of the file."""
        unread = self.text[self.at :]
        if len(unread) > MAX_ROW:
            raise _MalformedJson(self.line, "has more than 8 million characters: the rest can't be read")
        # At least as much as is unread: otherwise a long row is parsed again for each piece.
        if more := self.file.read(max(PIECE, len(unread))):
            self.text, self.at = unread + more, 0
        return bool(more)

    def _skip_blanks(self) -> None:
        blanks = _BLANKS.match(self.text, self.at)
        self._move_to(blanks.end() if blanks else self.at)

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
