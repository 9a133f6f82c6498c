"""`halls import` and `halls export`: files of venues and bookings, with their progress and a report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from halls.bookings.store import count_bookings
from halls.cli.database import open_existing_database, open_prepared_database
from halls.cli.output import AS_JSON, show_progress
from halls.clock import utc_now
from halls.data_transfer.exporting import export_lines
from halls.data_transfer.files import count_lines, read_rows
from halls.data_transfer.importing import BATCH_ROWS, Report, import_rows
from halls.files import write_atomically
from halls.venues.store import count_venues

if TYPE_CHECKING:
    from halls.config import Config
    from halls.mongo.client import Db


@click.command("export")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write. [default: stdout]")
@click.pass_obj
def export_command(config: Config, *, output: Path | None) -> None:
    """Write all venues and bookings as JSON that `halls import` reads back.

    It is one document with a line for each. Accounts are named by their e-mail addresses and not written themselves.
    """
    with open_existing_database(config) as db:
        _export_file(db, output)


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--skip-bad", is_flag=True, help=f"Import the good rows, {BATCH_ROWS} at a time, and report the others.")
@AS_JSON
@click.pass_obj
def import_command(config: Config, *, file: Path, skip_bad: bool, as_json: bool) -> None:
    """Import venues from FILE: all of them or, if anything is wrong, none.

    FILE is CSV with a header, a JSON array of venues, one JSON venue a line, or what `halls export` writes, with its
    bookings. A venue has the fields of POST /venues/register and owner_email, the address of its owner's account.
    Every fault is reported with its line, and makes the exit code 1.

    \b
    Columns of CSV, any of them, in any order:
      venue_name, type, address, lat, lng, capacity, space_sqft,
      additional_description, owner_email
      dates_available   2027-01-01;2027-01-05..2027-01-31
      prices            2027-01-01=150000;2027-01-05..2027-01-31=99000
      amenities         water;sound_system
      pictures          https://…;https://…
      videos            https://…=22.5;https://…=8   (each with its size in MB)
    """  # noqa: D301 - click reads \b as "do not wrap"
    if not _import_file(config, file, skip_bad=skip_bad, as_json=as_json):
        sys.exit(1)


def _export_file(db: Db, output: Path | None) -> None:
    """Write all to that file, or to standard output. Raises click.FileError."""
    total = count_venues(db) + count_bookings(db)
    lines = show_progress(enumerate(export_lines(db)), "Writing", total)
    if output is None:
        sys.stdout.buffer.writelines(lines)
        return
    try:
        write_atomically(output, lines)
    except OSError as error:
        raise click.FileError(str(output), error.strerror) from error


def _import_file(config: Config, file: Path, *, skip_bad: bool, as_json: bool) -> bool:
    """Import a file, print a report even after an exception, and return whether no fault was found."""
    report = Report()
    try:
        lines = count_lines(file)
        with open_prepared_database(config) as db:
            rows = show_progress(((row.line, row) for row in read_rows(file)), "Checking", lines)
            import_rows(db, rows, report, skip_bad=skip_bad, max_video_mb=config.max_video_mb, now=utc_now())
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
