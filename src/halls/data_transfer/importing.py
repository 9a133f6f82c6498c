"""Imports a file of venues and bookings: all rows or none, or with --skip-bad all valid rows."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from halls.data_transfer.booking_rows import BookingRows
from halls.data_transfer.checking import Options, Run
from halls.data_transfer.rows import take_batches
from halls.data_transfer.transaction import Batch, NotSaved, TransactionTooLarge, save_batches
from halls.data_transfer.venue_rows import VenueRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from halls.data_transfer.report import Report
    from halls.data_transfer.rows import Row
    from halls.mongo.client import Db

# A venue with 1 000 dates and prices makes 2 000 index entries. A transaction of the embedded mongod holds about
# 150 000.
BATCH_ROWS = 50
# Without --skip-bad the documents are in memory until all rows are checked.
MAX_TRANSACTION_BYTES = 48 << 20


class ImportStopped(Exception):
    """The rows are valid, but the transaction failed. The message says what to do."""


def import_rows(db: Db, rows: Iterable[Row], report: Report, options: Options, now: datetime) -> None:
    """Validate all rows, and insert them if all are valid. With `skip_bad`, insert the valid rows batch by batch.

    The report is updated after each step, so it is correct after an error too. Raises ImportStopped.
    """
    run = Run(db, now, options, report)
    check = {"venues": VenueRows(run).check, "bookings": BookingRows(run).check}
    checked: list[Batch] = []
    for part, part_rows in groupby(rows, lambda row: row.part):
        for batch_rows in take_batches(part_rows, BATCH_ROWS):
            checked.append(check[part]([row for row in batch_rows if run.is_readable(row)]))
            if options.skip_bad:
                _save(run, checked)
            if options.skip_bad or report.faults.count:
                checked.clear()
            if sum(batch.size for batch in checked) > MAX_TRANSACTION_BYTES:
                raise _stopped(TransactionTooLarge())
    _save(run, checked)


def _save(run: Run, batches: Sequence[Batch]) -> None:
    non_empty = [batch for batch in batches if batch.documents or batch.updates]
    if not run.options.dry_run and non_empty:
        try:
            save_batches(run.db, non_empty)
        except NotSaved as error:
            raise _stopped(error) from error
        run.pending.clear()
    for batch in non_empty:
        run.report.imported[batch.part] += len(batch.documents)
        run.report.updated += len(batch.updates)
        run.report.accounts += len(batch.new_accounts)


def _stopped(error: NotSaved) -> ImportStopped:
    remedy = "Start the import again."
    if isinstance(error, TransactionTooLarge):
        remedy = f"Split the file, or use --skip-bad, which inserts {BATCH_ROWS} rows at a time."
    return ImportStopped(f"{error} {remedy}")
