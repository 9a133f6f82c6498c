"""`halls indexes`: creates missing indexes and lists all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from halls.app import COLLECTIONS
from halls.cli.database import open_prepared_database
from halls.cli.output import AS_JSON, print_table
from halls.mongo.indexes import list_index_names

if TYPE_CHECKING:
    from halls.config import Config


@click.command("indexes")
@AS_JSON
@click.pass_obj
def indexes_command(config: Config, *, as_json: bool) -> None:
    """Create the missing indexes, as every start does, and list all by collection."""
    with open_prepared_database(config) as db:
        index_names = {spec.name: list_index_names(db, spec) for spec in COLLECTIONS}
    if as_json:
        click.echo(json.dumps(index_names))
    else:
        print_table(["collection", "index"], [(name, index) for name, names in index_names.items() for index in names])
