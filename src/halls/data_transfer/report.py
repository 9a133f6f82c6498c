"""The result of an import: what was imported, which records were there already, and the faults by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.data_transfer.rows import Part, Row
    from halls.errors import FieldFault

MAX_MESSAGES = 1_000


def _none() -> dict[Part, int]:
    return {"venues": 0, "bookings": 0}


@dataclass
class Messages:
    """Messages with the lines they are about: the first thousand, and the number of all."""

    count: int = 0
    lines: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, message: str) -> None:
        """Count a message, and keep it if it is one of the first."""
        self.count += 1
        if len(self.lines) < MAX_MESSAGES:
            self.lines.append((line, message))

    def sorted(self) -> list[str]:
        """Return the kept messages in order of the lines."""
        return [message for _, message in sorted(self.lines, key=lambda each: each[0])]


@dataclass
class Report:
    """The numbers of records by what happened to them, and the messages about lines."""

    imported: dict[Part, int] = field(default_factory=_none)
    present: dict[Part, int] = field(default_factory=_none)
    updated: int = 0
    accounts: int = 0
    faults: Messages = field(default_factory=Messages)
    notices: Messages = field(default_factory=Messages)

    def add_faults(self, row: Row, faults: Sequence[FieldFault]) -> None:
        """Add the faults of a row."""
        for fault in faults:
            self.faults.add(row.line, f"{row.describe(fault['field'])}: {fault['message']}")

    def add_present(self, row: Row, message: str) -> None:
        """Add a record that is not imported because it is there already."""
        self.present[row.part] += 1
        self.notices.add(row.line, f"{row.describe()}: {message}")

    def as_json(self, *, dry_run: bool) -> dict[str, Any]:
        """Return the report for `--json`."""
        return {
            "dry_run": dry_run,
            "imported": self.imported,
            "updated": self.updated,
            "already_there": self.present,
            "accounts_made": self.accounts,
            "fault_count": self.faults.count,
            "faults": self.faults.sorted(),
            "notices": self.notices.sorted(),
        }

    def summary(self, *, dry_run: bool) -> str:
        """Return the sentences that end the output."""
        imported = " and ".join(_count(number, part[:-1]) for part, number in self.imported.items())
        parts = [f"Would import {imported}." if dry_run else f"Imported {imported}."]
        if self.updated:
            parts.append(f"{'Would update' if dry_run else 'Updated'} {_count(self.updated, 'venue')}.")
        if self.accounts:
            parts.append(f"{'Would make' if dry_run else 'Made'} {_count(self.accounts, 'account')}.")
        parts += [f"Already there: {_count(number, part[:-1])}." for part, number in self.present.items() if number]
        if dry_run:
            parts.append("Nothing was changed.")
        return " ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
