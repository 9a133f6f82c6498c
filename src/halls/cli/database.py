"""Database access for the `halls` commands."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from halls.app import COLLECTIONS
from halls.mongo.address import describe_database
from halls.mongo.client import connect
from halls.mongo.embedded import provide_mongod
from halls.mongo.indexes import ensure_collections, has_collections
from halls.search.position import record_empty_index
from halls.search.reindex import list_specs_at_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.config import Config
    from halls.mongo.client import Db


@contextmanager
def open_database(config: Config) -> Iterator[Db]:
    """Yield the database of MONGO_URI, otherwise the embedded one. Raises EmbeddedMongoError, ConfigError.

    Standard error names the database, because standard output contains data.
    """
    with provide_mongod(config) as complete:
        origin = "" if config.mongo_uri else f" (the embedded MongoDB in {config.data_dir})"
        click.echo(f"Database: {describe_database(complete.database_uri)}{origin}", err=True)
        db = connect(complete.database_uri, complete.slow_command_ms)
        try:
            yield db
        finally:
            db.client.close()


@contextmanager
def open_prepared_database(config: Config) -> Iterator[Db]:
    """Yield the database after creating the missing indexes. Raises IncompatibleDataError, EmbeddedMongoError."""
    with open_database(config) as db:
        ensure_collections(db, list_specs_at_start(db, COLLECTIONS))
        record_empty_index(db)
        yield db


@contextmanager
def open_existing_database(config: Config) -> Iterator[Db]:
    """Yield the database for a command that only reads. Creates neither a database nor a folder.

    Raises click.ClickException if the database does not exist, EmbeddedMongoError.
    """
    folder = config.data_dir / "mongo" / "data"
    if config.mongo_uri is None and not folder.exists():
        raise click.ClickException(
            f"Halls has no database here: MONGO_URI is not set, and {folder} does not exist. Set MONGO_URI, or run the "
            "command in the folder of the server, or set DATA_DIR to its data folder."
        )
    with open_database(config) as db:
        if not has_collections(db, COLLECTIONS):
            raise click.ClickException(
                f"The database {db.name} does not exist at this address, or has no collection of Halls. "
                "Check the name in MONGO_URI. `halls serve` creates a new database."
            )
        yield db
