"""Database access for the `halls` commands."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from halls.app import COLLECTIONS
from halls.mongo.client import connect
from halls.mongo.embedded import provide_mongod
from halls.mongo.indexes import ensure_collections
from halls.search.position import record_empty_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.config import Config
    from halls.mongo.client import Db


@contextmanager
def open_database(config: Config) -> Iterator[Db]:
    """Yield the database of MONGO_URI, otherwise the embedded one. Raises EmbeddedMongoError."""
    with provide_mongod(config) as complete:
        db = connect(complete.database_uri, complete.slow_command_ms)
        try:
            yield db
        finally:
            db.client.close()


@contextmanager
def open_prepared_database(config: Config) -> Iterator[Db]:
    """Yield the database after creating the missing indexes. Raises IncompatibleDataError, EmbeddedMongoError."""
    with open_database(config) as db:
        ensure_collections(db, COLLECTIONS)
        record_empty_index(db)
        yield db
