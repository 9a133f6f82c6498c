"""`halls import` and `halls export`: files of venues and bookings, with their progress and a report."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from halls.clock import utc_now
from halls.listings.exporting import export_lines, write_whole
from halls.listings.files import count_lines, read_rows
from halls.listings.importing import Report, import_rows
from halls.terminal import show_progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from halls.mongo.client import Db


def export_file(db: Db, output: Path | None) -> None:
    """Write all to that file, or to standard output. Raises click.FileError."""
    total = db.venues.estimated_document_count() + db.bookings.estimated_document_count()
    lines = show_progress(enumerate(export_lines(db)), "Writing", total)
    if output is None:
        sys.stdout.buffer.writelines(lines)
        return
    try:
        write_whole(output, lines)
    except OSError as error:
        raise click.FileError(str(output), error.strerror) from error


def import_file(
    open_database: Callable[[], AbstractContextManager[Db]],
    file: Path,
    *,
    skip_bad: bool,
    as_json: bool,
    max_video_mb: float,
) -> bool:
    """Bring in a file and report on it, however that ends; tell whether it was without fault."""
    report = Report()
    try:
        lines = count_lines(file)
        with open_database() as db:
            rows = show_progress(((row.line, row) for row in read_rows(file)), "Checking", lines)
            import_rows(db, rows, report, skip_bad=skip_bad, max_video_mb=max_video_mb, now=utc_now())
    finally:
        _print_report(report, as_json=as_json)
    return report.fault_count == 0


def _print_report(report: Report, *, as_json: bool) -> None:
    faults = [fault for _, fault in sorted(report.faults, key=lambda found: found[0])]
    if as_json:
        click.echo(json.dumps({"imported": report.kept, "fault_count": report.fault_count, "faults": faults}))
        return
    for fault in faults:
        click.echo(fault, err=True)
    if unnamed := report.fault_count - len(faults):
        click.echo(f"and {unnamed} more faults", err=True)
    click.echo(f"Imported {report.kept['venues']} venues and {report.kept['bookings']} bookings.")
