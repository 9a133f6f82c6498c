"""`halls indexes`: creates missing indexes and lists all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from halls.app import COLLECTIONS
from halls.cli.database import open_prepared_database
from halls.cli.output import AS_JSON, print_table

if TYPE_CHECKING:
    from halls.config import Config


@click.command("indexes")
@AS_JSON
@click.pass_obj
def indexes_command(config: Config, *, as_json: bool) -> None:
    """Create the missing indexes, as every start does, and list all by collection."""
    with open_prepared_database(config) as db:
        found = {spec.name: sorted(db[spec.name].index_information()) for spec in COLLECTIONS}
    if as_json:
        click.echo(json.dumps(found))
    else:
        print_table(["collection", "index"], [(name, index) for name, names in found.items() for index in names])
