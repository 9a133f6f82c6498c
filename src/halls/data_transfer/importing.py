"""Imports a file of venues and bookings: all rows or none, or with --skip-bad all valid rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from halls.data_transfer.checking import Checker
from halls.data_transfer.files import Row, take_batches
from halls.data_transfer.transaction import Batch, NotSaved, TransactionTooLarge, save_batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from halls.errors import FieldFault
    from halls.mongo.client import Db

# A venue with 1 000 dates and prices makes 2 000 index entries. A transaction of the embedded mongod holds about
# 150 000.
BATCH_ROWS = 50
MAX_REPORTED_FAULTS = 1_000


class ImportStopped(Exception):
    """The rows are valid, but the transaction failed. The message says what to do."""


@dataclass
class Report:
    """The result of an import: the numbers of inserted rows and of faults."""

    kept: dict[str, int] = field(default_factory=lambda: {"venues": 0, "bookings": 0})
    fault_count: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)

    def add_faults(self, row: Row, faults: Sequence[FieldFault]) -> None:
        """Add the faults of a row with its line. After the first thousand faults, only count them."""
        for fault in faults[: MAX_REPORTED_FAULTS - len(self.faults)]:
            field_name = f", {row.name_field(fault['field'])}" if fault["field"] else ""
            self.faults.append((row.line, f"line {row.line}{field_name}: {fault['message']}"))
        self.fault_count += len(faults)


def import_rows(
    db: Db, rows: Iterable[Row], report: Report, *, skip_bad: bool, max_video_mb: float, now: datetime
) -> None:
    """Validate all rows, and insert them if all are valid. With `skip_bad`, insert the valid rows batch by batch.

    The report is updated after each step, so it is correct after an error too. Raises ImportStopped.
    """
    checker = Checker(db, now, max_video_mb, report.add_faults)
    checked: list[Batch] = []
    for _, part in groupby(rows, lambda row: row.part):
        for batch in take_batches(part, BATCH_ROWS):
            checked.append(checker.check(batch))
            if skip_bad:
                _save(db, checked, report)
                checker.pending.clear()
            if skip_bad or report.fault_count:
                checked.clear()
    _save(db, checked, report)


def _save(db: Db, batches: Sequence[Batch], report: Report) -> None:
    non_empty = [batch for batch in batches if batch.documents]
    if not non_empty:
        return
    try:
        save_batches(db, non_empty)
    except TransactionTooLarge as error:
        remedy = f"Split the file, or use --skip-bad, which inserts {BATCH_ROWS} rows at a time."
        raise ImportStopped(f"{error} {remedy}") from error
    except NotSaved as error:
        raise ImportStopped(f"{error} Start the import again.") from error
    for batch in non_empty:
        report.kept[batch.part] += len(batch.documents)
