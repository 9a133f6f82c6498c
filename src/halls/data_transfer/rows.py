"""A row of an import file with its place in the file, and the error of a file that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from halls.data_transfer.cells import describe_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Part = Literal["venues", "bookings"]
T = TypeVar("T")


class UnreadableFile(Exception):
    """The file as a whole cannot be read. The message says why."""


@dataclass(frozen=True)
class Row:
    """A row of a file, with its line: a value, or in `unreadable` the reason why it has none.

    A row of JSON has the number of its record, a row of CSV its cells by column.
    """

    line: int
    value: Any = None
    part: Part = "venues"
    unreadable: str | None = None
    record: int | None = None
    cells: Mapping[str, str] | None = None

    @property
    def is_exact(self) -> bool:
        """Return whether the row is an exact copy of a document (see exact_rows.py)."""
        return isinstance(self.value, dict) and isinstance(self.value.get("stored"), dict)

    def describe(self, field: str = "") -> str:
        """Return the line with the record or the column, and the own words of the cell."""
        part = " of bookings" if self.part == "bookings" else ""
        record = f", record {self.record}{part}" if self.record else ""
        name = describe_cell(field, self.cells) if field and self.cells is not None else field
        return f"line {self.line}{record}{', ' if name else ''}{name}"


def take_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items as lists of at most `size`."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
