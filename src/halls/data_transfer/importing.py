"""Imports a file of venues and bookings: all of it or nothing, or, if asked, the good rows batch by batch."""

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

# A venue of 1 000 dates and prices is 2 000 index entries; our own mongod takes some 150 000 in a transaction.
BATCH_ROWS = 50
TOLD_AT_MOST = 1_000


class ImportStopped(Exception):
    """The file is good, but the database did not take it; the message says what to do."""


@dataclass
class Report:
    """What became of a file."""

    kept: dict[str, int] = field(default_factory=lambda: {"venues": 0, "bookings": 0})
    fault_count: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)

    def add_faults(self, row: Row, faults: Sequence[FieldFault]) -> None:
        """Note the faults of a row with its line; beyond a thousand only their number."""
        for fault in faults[: TOLD_AT_MOST - len(self.faults)]:
            where = f", {row.name_field(fault['field'])}" if fault["field"] else ""
            self.faults.append((row.line, f"line {row.line}{where}: {fault['message']}"))
        self.fault_count += len(faults)


def import_rows(
    db: Db, rows: Iterable[Row], report: Report, *, skip_bad: bool, max_video_mb: float, now: datetime
) -> None:
    """Check all rows and keep them if none is bad; with `skip_bad` keep the good ones of each batch at once.

    Fills the report as it goes, so that it is true however this ends. Raises ImportStopped.
    """
    checker = Checker(db, now, max_video_mb, report.add_faults)
    waiting: list[Batch] = []
    for _, part in groupby(rows, lambda row: row.part):
        for batch in take_batches(part, BATCH_ROWS):
            waiting.append(checker.check(batch))
            if skip_bad:
                _keep(db, waiting, report)
                checker.pending.clear()
            if skip_bad or report.fault_count:
                waiting.clear()
    _keep(db, waiting, report)


def _keep(db: Db, batches: Sequence[Batch], report: Report) -> None:
    full = [batch for batch in batches if batch.documents]
    if not full:
        return
    try:
        save_batches(db, full)
    except TransactionTooLarge as error:
        remedy = f"Split the file, or use --skip-bad, which keeps {BATCH_ROWS} rows at a time."
        raise ImportStopped(f"{error} {remedy}") from error
    except NotSaved as error:
        raise ImportStopped(f"{error} Begin again.") from error
    for batch in full:
        report.kept[batch.part] += len(batch.documents)
