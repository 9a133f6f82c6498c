"""`halls import` and `halls export`: files of venues and bookings, with their progress and a report."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from halls.bookings.store import count_bookings
from halls.cli.database import open_database, open_existing_database, open_prepared_database
from halls.cli.output import AS_JSON, show_progress
from halls.clock import utc_now
from halls.data_transfer.cells import EXAMPLE
from halls.data_transfer.checking import Options
from halls.data_transfer.exporting import export_lines
from halls.data_transfer.files import read_rows
from halls.data_transfer.importing import BATCH_ROWS, import_rows
from halls.data_transfer.report import Report
from halls.data_transfer.source import open_source
from halls.files import write_atomically
from halls.venues.store import count_venues

if TYPE_CHECKING:
    from collections.abc import Mapping

    from halls.config import Config
    from halls.mongo.client import Db


@click.command("export")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write. [default: stdout]")
@click.pass_obj
def export_command(config: Config, *, output: Path | None) -> None:
    """Write all venues and bookings as JSON that `halls import` reads back unchanged.

    It is one document with a line for each. Accounts are named by their e-mail addresses and not written themselves.
    """
    with open_existing_database(config) as db:
        _export_file(db, output, config.venue_limits)


def _print_template(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    if value:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerows([EXAMPLE.keys(), EXAMPLE.values()])
        click.echo(text.getvalue(), nl=False)
        context.exit()


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--skip-bad", is_flag=True, help=f"Import the good rows, {BATCH_ROWS} at a time, and report the others.")
@click.option("--update", is_flag=True, help="Bring venues that are there already up to date with the file.")
@click.option("--dry-run", is_flag=True, help="Check everything and change nothing.")
@click.option("--create-owners", is_flag=True, help="Make accounts without a password for unknown owners.")
@click.option(
    "--template",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_template,
    help="Write a CSV with every column and one filled row, and exit.",
)
@AS_JSON
@click.pass_obj
def import_command(
    config: Config, *, file: Path, skip_bad: bool, update: bool, dry_run: bool, create_owners: bool, as_json: bool
) -> None:
    """Import venues from FILE: all of them or, if anything is wrong, none.

    FILE is CSV with a header, a JSON array of venues, one JSON venue a line, or what `halls export` writes, with its
    bookings. It may be a pipe; - is standard input. A venue has the fields of POST /venues/register and owner_email,
    the address of its owner's account. Every fault is reported with its line, and makes the exit code 1.

    A venue with the owner, the name and the place of a stored venue is there already: it is reported, and not
    imported again. --update sets the fields of the row in the stored venue. It takes no booked date away.

    The owners of --create-owners take their accounts over with a password reset by e-mail.

    \b
    CSV has commas, semicolons or tabs. Columns, any of them, in any order:
      venue_name, type, address, lat, lng, capacity, space_sqft,
      additional_description, hold_hours, terms, owner_email
      dates_available   2027-01-01;2027-01-05..2027-01-31
      prices            2027-01-01=150000;2027-01-05..2027-01-31=99000
      amenities         water;sound_system
      is_listed         true or false   (false: paused, out of search)
      pictures          https://…;https://…
      videos            https://…=22.5;https://…=8   (each with its size in MB)
    """  # noqa: D301 - click reads \b as "do not wrap"
    options = Options(config.venue_limits, skip_bad, update, dry_run, create_owners)
    if not _import_file(config, file, options, as_json=as_json):
        sys.exit(1)


def _export_file(db: Db, output: Path | None, limits: Mapping[str, Any]) -> None:
    """Write all to that file, or to standard output. Raises click.FileError."""
    total = count_venues(db) + count_bookings(db)
    lines = show_progress(enumerate(export_lines(db, utc_now(), limits)), "Writing", total)
    if output is None:
        sys.stdout.buffer.writelines(lines)
        return
    try:
        write_atomically(output, lines)
    except OSError as error:
        raise click.FileError(str(output), error.strerror) from error


def _import_file(config: Config, file: Path, options: Options, *, as_json: bool) -> bool:
    """Import a file, print a report even after an exception, and return whether no fault was found."""
    report = Report()
    # A dry run must not create indexes.
    open_for_import = open_database if options.dry_run else open_prepared_database
    try:
        with open_source(file) as source, open_for_import(config) as db:
            rows = show_progress(((source.position, row) for row in read_rows(source)), "Checking", source.size)
            import_rows(db, rows, report, options, utc_now())
    finally:
        _print_report(report, dry_run=options.dry_run, as_json=as_json)
    return report.faults.count == 0


def _print_report(report: Report, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.as_json(dry_run=dry_run)))
        return
    for messages, noun in ((report.notices, "notices"), (report.faults, "faults")):
        lines = messages.sorted()
        for line in lines:
            click.echo(line, err=True)
        if unnamed := messages.count - len(lines):
            click.echo(f"and {unnamed} more {noun}", err=True)
    click.echo(report.summary(dry_run=dry_run))
