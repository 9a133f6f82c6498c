"""Prepares a service: nothing is read or booked before every index is known to be there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pymongo
import structlog
from pymongo.errors import PyMongoError

from halls.app import COLLECTIONS, create_app
from halls.mongo.client import is_unavailable
from halls.mongo.indexes import CollectionSpec, IncompatibleDataError, ensure_collections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from halls.config import Config
    from halls.context import AppContext
    from halls.mongo.client import Db

log = structlog.get_logger()
RETRY_SECONDS = 1.0
# How long a start waits for its database before it answers without: /health is never silent for longer.
MAX_WAIT_SECONDS = 1.0


def make_server_app(config: Config) -> Flask:
    """Return an application that is prepared, or gets so by itself as soon as its database is there.

    Raises ContradictingData.
    """
    app = create_app(config)
    context: AppContext = app.extensions["halls"]
    context.is_prepared = prepare_database(context.db, COLLECTIONS)
    if not context.is_prepared:
        threading.Thread(target=_retry_preparation, args=(context,), name="prepare", daemon=True).start()
    return app


def prepare_database(db: Db, plans: Sequence[CollectionSpec]) -> bool:
    """Make sure of the indexes; tell whether the database was there. Raises ContradictingData."""
    try:
        with pymongo.timeout(MAX_WAIT_SECONDS):
            db.client.admin.command("ping")
        ensure_collections(db, plans)
    except PyMongoError as error:
        if not is_unavailable(error):
            raise
        log.warning("database unavailable at start", error=type(error).__name__)
        return False
    return True


def _retry_preparation(context: AppContext) -> None:
    pause = threading.Event()
    while not context.is_prepared:
        pause.wait(RETRY_SECONDS)
        try:
            context.is_prepared = prepare_database(context.db, COLLECTIONS)
        except (IncompatibleDataError, PyMongoError) as error:
            # Stays closed, and whoever mends the data needs no restart.
            # Of what the driver says only the kind: its words may hold what is stored.
            reason = str(error) if isinstance(error, IncompatibleDataError) else type(error).__name__
            log.error("the database can't be served", reason=reason)  # noqa: TRY400 - a fact about the data, no traceback
