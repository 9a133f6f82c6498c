"""`halls reindex`: rebuilds the search index."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from halls.cli.database import open_prepared_database
from halls.cli.output import AS_JSON, show_progress
from halls.search.position import read_operation_time, save_position
from halls.search.reindex import list_indexed_ids, reindex_venues

if TYPE_CHECKING:
    from halls.config import Config


@click.command("reindex")
@AS_JSON
@click.pass_obj
def reindex_command(config: Config, *, as_json: bool) -> None:
    """Rebuild the search index from the stored venues and bookings. Safe while servers run."""
    with open_prepared_database(config) as db:
        began = read_operation_time(db)
        ids = list_indexed_ids(db)
        for _ in show_progress(reindex_venues(db, ids, only_stale=False), "Indexing", len(ids)):
            pass
        save_position(db, began)
    click.echo(json.dumps({"venues": len(ids)}) if as_json else f"Indexed {len(ids)} venues.")
