"""Reads CSV, JSON and JSON lines as rows with line numbers. Does not validate the fields."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from halls.data_transfer.csv_rows import read_csv
from halls.data_transfer.json_rows import read_document, read_json_lines
from halls.data_transfer.source import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.data_transfer.rows import Row
    from halls.data_transfer.source import Source

_DOCUMENT = re.compile(r'\s*(\[|\{\s*"(venues|bookings)"\s*:)')


def read_rows(source: Source) -> Iterator[Row]:
    """Yield the rows of a file. Its first characters decide the format. Raises UnreadableFile."""
    buffer = io.BufferedReader(source, PIECE)
    start = buffer.peek().decode(errors="ignore")
    # newline="" keeps line breaks in quoted cells unchanged.
    file = io.TextIOWrapper(buffer, encoding="utf-8", newline="")
    if _DOCUMENT.match(start):
        yield from read_document(file)
    elif start.lstrip().startswith("{"):
        yield from read_json_lines(file)
    else:
        yield from read_csv(file)
