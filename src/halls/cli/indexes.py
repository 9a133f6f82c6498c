"""`halls indexes`: creates missing indexes and lists all."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from halls.app import COLLECTIONS
from halls.cli.database import open_prepared_database
from halls.cli.output import AS_JSON, print_table
from halls.mongo.indexes import list_stored_indexes

if TYPE_CHECKING:
    from halls.config import Config
    from halls.mongo.indexes import StoredIndex


@click.command("indexes")
@AS_JSON
@click.pass_obj
def indexes_command(config: Config, *, as_json: bool) -> None:
    """Create the missing indexes, as every start does, and list all by collection.

    A key is a field with 1 (ascending), -1 (descending) or its type. A unique index with a filter is unique among the
    documents that match the filter.
    """
    with open_prepared_database(config) as db:
        found = {spec.name: list_stored_indexes(db, spec) for spec in COLLECTIONS}
    if as_json:
        # default=str, because a filter may contain any BSON type.
        click.echo(
            json.dumps({name: [asdict(each) for each in indexes] for name, indexes in found.items()}, default=str)
        )
    else:
        rows = [(name, *_cells(index)) for name, indexes in found.items() for index in indexes]
        print_table(["collection", "index", "keys", "unique", "filter"], rows)


def _cells(index: StoredIndex) -> tuple[str, str, str, str]:
    keys = ", ".join(f"{field} {direction}" for field, direction in index.keys.items())
    return (
        index.name,
        keys,
        "yes" if index.unique else "no",
        json.dumps(index.filter, default=str) if index.filter else "",
    )
