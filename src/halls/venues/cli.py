"""`halls venue`: an operator hides a venue, and shows it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from halls.cli.database import open_existing_database
from halls.cli.output import AS_JSON
from halls.cli.parameters import read_id_argument
from halls.clock import utc_now
from halls.venues.hiding import set_hidden

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.config import Config


@click.group("venue")
def venue_command() -> None:
    """Hide a venue, and show it again."""


@venue_command.command("hide")
@AS_JSON
@click.argument("venue_id", metavar="ID", callback=read_id_argument)
@click.pass_obj
def hide_venue_command(config: Config, *, venue_id: ObjectId, as_json: bool) -> None:
    """Hide a venue: only its owner sees it, and it takes no new bookings. Bookings already made stay.

    The owner can't list it again until `halls venue show`.
    """
    _set_hidden(config, venue_id, is_hidden=True, as_json=as_json)


@venue_command.command("show")
@AS_JSON
@click.argument("venue_id", metavar="ID", callback=read_id_argument)
@click.pass_obj
def show_venue_command(config: Config, *, venue_id: ObjectId, as_json: bool) -> None:
    """Show a hidden venue again. A venue that its owner has paused stays paused."""
    _set_hidden(config, venue_id, is_hidden=False, as_json=as_json)


def _set_hidden(config: Config, venue_id: ObjectId, *, is_hidden: bool, as_json: bool) -> None:
    with open_existing_database(config) as db:
        is_changed = set_hidden(db, venue_id, utc_now(), is_hidden=is_hidden)
    if as_json:
        click.echo(json.dumps({"venue_id": str(venue_id), "is_hidden": is_hidden, "is_changed": is_changed}))
        return
    state = "hidden" if is_hidden else "not hidden"
    click.echo(f"Venue {venue_id} is {state}{'' if is_changed else ' already'}.")
