"""Reads JSON documents and JSON lines as rows, in pieces. Does not validate the fields."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from halls.data_transfer.rows import Part, Row
from halls.errors import BadJson
from halls.http.json_body import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

# Files are read in pieces, so a large file does not fill the memory. A valid row has at most a million characters.
PIECE = 1 << 20
MAX_ROW = 8 << 20
TOO_LONG = "has more than 8 million characters: the rest can't be read"
# A token that the end of a piece cuts off, such as `"bookings"`, `-Infinity` or `\ud83d\ude00`, is shorter than this.
TOKEN_LENGTH = 20
_BLANKS = re.compile(r"[ \t\r\n]*")


def read_document(file: TextIO) -> Iterator[Row]:
    """Yield the rows of an array of venues, or of a file of `halls export`."""
    text = _JsonReader(file)
    try:
        if text.skip("{"):
            yield from _read_export(text)
        else:
            yield from _read_array(text, "venues")
        text.expect_end()
    except _MalformedJson as error:
        yield Row(error.line, unreadable=str(error))


def read_json_lines(file: TextIO) -> Iterator[Row]:
    """Yield the rows of a file with a venue in each line."""
    number = record = 0
    while line := file.readline(MAX_ROW + 1):
        number += 1
        if len(line) > MAX_ROW:
            yield Row(number, unreadable=TOO_LONG)
            return
        if line.strip():
            record += 1
            yield _read_object(number, record, "venues", line)


def _read_object(line: int, record: int, part: Part, text: str) -> Row:
    try:
        return Row(line, parse_json(text.encode()), part, record=record)
    except BadJson:
        message = "is not well-formed JSON, or contains a repeated key, NaN or Infinity"
        return Row(line, part=part, unreadable=message, record=record)


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

    def read_row(self, part: Part, record: int) -> Row:
        """Return the next value and skip it. Raises _MalformedJson if it is incomplete."""
        self.skip("")
        line, end = self.line, self._find_end()
        text = self.text[self.at : end]
        self._move_to(end)
        return _read_object(line, record, part, text)

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
            raise _MalformedJson(self.line, TOO_LONG)
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
    yield text.read_row(part, record=1)
    record = 1
    while text.skip(","):
        record += 1
        yield text.read_row(part, record)
    text.expect("]")
