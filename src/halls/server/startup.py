"""Start-up: creates the application, and answers requests only after every index exists."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pymongo
import structlog
from pymongo.errors import PyMongoError

from halls.app import COLLECTIONS, create_app
from halls.mongo.client import is_unavailable
from halls.mongo.indexes import CollectionSpec, IncompatibleDataError, ensure_collections
from halls.mongo.outage_log import StateFilter, outage_log
from halls.search.position import record_empty_index
from halls.search.reindex import list_specs_at_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from halls.config import Config
    from halls.context import AppContext
    from halls.mongo.client import Db
    from halls.mongo.outage_log import OutageLog

log = structlog.get_logger()
RETRY_SECONDS = 1.0
# The start waits this long for the database. Then GET /health is answered without it.
MAX_WAIT_SECONDS = 1.0


def make_server_app(config: Config) -> Flask:
    """Return the application. If the database is away, a thread prepares it as soon as the database is available.

    Raises IncompatibleDataError.
    """
    app = create_app(config)
    context: AppContext = app.extensions["halls"]
    context.is_prepared = prepare_database(context.db, COLLECTIONS, outage_log(config))
    if not context.is_prepared:
        threading.Thread(target=_retry_preparation, args=(context,), name="prepare", daemon=True).start()
    return app


def prepare_database(db: Db, specs: Sequence[CollectionSpec], outages: OutageLog) -> bool:
    """Create the missing indexes. Returns False, and logs it, if the database is away. Raises IncompatibleDataError."""
    try:
        with pymongo.timeout(MAX_WAIT_SECONDS):
            db.client.admin.command("ping")
        ensure_collections(db, list_specs_at_start(db, specs))
        record_empty_index(db)
    except PyMongoError as error:
        if not is_unavailable(error):
            raise
        outages.record_failure(error)
        return False
    outages.record_success()
    return True


def _retry_preparation(context: AppContext) -> None:
    pause = threading.Event()
    reasons = StateFilter("")
    while not context.is_prepared:
        pause.wait(RETRY_SECONDS)
        try:
            context.is_prepared = prepare_database(context.db, COLLECTIONS, outage_log(context.config))
        except (IncompatibleDataError, PyMongoError) as error:
            # The server keeps rejecting requests and retries, so after the data is repaired it needs no restart.
            # Of a driver error only the type is logged: its message may contain stored values.
            reason = str(error) if isinstance(error, IncompatibleDataError) else type(error).__name__
            if reasons.is_due(reason):
                log.error("database preparation failed", reason=reason)  # noqa: TRY400 - a traceback does not help
