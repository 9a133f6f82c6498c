"""Reads CSV as rows of venues: with commas, semicolons or tabs, as spreadsheets write it. Takes bounded memory."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from halls.data_transfer.cells import COLUMNS, shorten, venue_from_cells
from halls.data_transfer.rows import Row, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

# A valid row has fewer than 200 000 characters.
MAX_ROW = 1 << 20
DELIMITERS = (",", ";", "\t")
# Excel writes this line before the header, and reads the delimiter from it.
_DELIMITER_LINE = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)


class _RowTooLong(Exception):
    """A row has more than MAX_ROW characters."""


class _Lines:
    """The lines of a file, with the number of lines read so far.

    Raises _RowTooLong at a row of more than MAX_ROW characters. Otherwise a quotation mark that is never closed would
    read the rest of the file into memory.
    """

    def __init__(self, file: TextIO) -> None:
        self.file, self.number, self.row_length = file, 0, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.file.readline(MAX_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.row_length += len(line)
        if self.row_length > MAX_ROW:
            raise _RowTooLong
        return line


def read_csv(file: TextIO) -> Iterator[Row]:
    """Yield the rows below the header. Raises UnreadableFile for an invalid header."""
    csv.field_size_limit(MAX_ROW)
    lines = _Lines(file)
    header, delimiter = _read_header(lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.row_length = 0
        line = lines.number + 1  # a quoted cell may contain line breaks
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, unreadable=f"can't be read as CSV: {error}")
        except _RowTooLong:
            message = "has more than a million characters, perhaps without a closing quotation mark"
            yield Row(line, unreadable=f"{message}: the rest can't be read")
            return
        else:
            if any(cell.strip() for cell in cells):
                yield _make_row(line, header, cells)


def _make_row(line: int, header: list[str], cells: list[str]) -> Row:
    """Return the row. Missing last cells are empty, and empty cells without a column are skipped."""
    names = header + [""] * (len(cells) - len(header))
    for column, (name, cell) in enumerate(zip(names, cells, strict=False), 1):
        if not name and cell.strip():
            return Row(line, unreadable=f"the cell “{shorten(cell)}” is in column {column}, which has no name")
    by_column = {name: cell for name, cell in zip(names, cells, strict=False) if name}
    return Row(line, venue_from_cells(by_column), cells=by_column)


def _read_header(lines: _Lines) -> tuple[list[str], str]:
    """Return the names of the columns and the delimiter."""
    delimiters: tuple[str, ...] = DELIMITERS
    try:
        first = _next_filled_line(lines)
        if match := _DELIMITER_LINE.fullmatch(first.rstrip("\r\n")):
            delimiters = (match[1],)
            first = _next_filled_line(lines)
    except _RowTooLong:
        raise UnreadableFile("The header has more than a million characters.") from None
    try:
        headers = {delimiter: _split_header(first, delimiter) for delimiter in delimiters}
    except csv.Error as error:
        raise UnreadableFile(f"The header can't be read as CSV: {error}.") from None
    delimiter = max(headers, key=lambda each: len(COLUMNS.keys() & set(headers[each])))
    _check_header(headers[delimiter])
    return headers[delimiter], delimiter


def _next_filled_line(lines: _Lines) -> str:
    for line in lines:
        if line.strip(' \t\r\n,;"'):
            return line
    raise UnreadableFile("The file is empty.")


def _split_header(line: str, delimiter: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True))]


def _check_header(header: list[str]) -> None:
    named = [name for name in header if name]
    if unknown := [name for name in named if name not in COLUMNS]:
        names = ", ".join(f"“{shorten(name)}”" for name in unknown)
        raise UnreadableFile(
            f"Unknown column: {names}. The columns are: {', '.join(COLUMNS)}, with commas, semicolons or tabs between."
        )
    if len(set(named)) != len(named):
        raise UnreadableFile("The header contains a column twice.")
