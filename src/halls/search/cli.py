"""`halls reindex`: rebuilds the search index."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from halls.cli.database import open_existing_database, open_prepared_database
from halls.cli.output import AS_JSON, show_progress
from halls.search.position import read_operation_time, save_position
from halls.search.reindex import drop_old_collections, list_indexed_ids, rebuild_index

if TYPE_CHECKING:
    from halls.config import Config


@click.command("reindex")
@click.option("--drop-old", is_flag=True, help="Only drop the collections of older versions of the search index.")
@AS_JSON
@click.pass_obj
def reindex_command(config: Config, *, drop_old: bool, as_json: bool) -> None:
    """Rebuild the search index from the stored venues and bookings. Safe while servers run."""
    if drop_old:
        _drop_old(config, as_json=as_json)
        return
    with open_prepared_database(config) as db:
        began = read_operation_time(db)
        ids = list_indexed_ids(db)
        for _ in show_progress(rebuild_index(db, ids, only_stale=False), "Indexing", len(ids)):
            pass
        save_position(db, began)
    click.echo(json.dumps({"venues": len(ids)}) if as_json else f"Indexed {len(ids)} venues.")


def _drop_old(config: Config, *, as_json: bool) -> None:
    with open_existing_database(config) as db:
        dropped = drop_old_collections(db)
    if dropped is None:
        raise click.ClickException(
            "The search index of this version is not filled yet. Nothing was dropped. Start `halls worker`, or run "
            "`halls reindex`, and try again."
        )
    text = f"Dropped {', '.join(dropped)}." if dropped else "There are no collections of older versions."
    click.echo(json.dumps({"dropped": dropped}) if as_json else text)
