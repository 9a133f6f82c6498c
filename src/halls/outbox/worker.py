"""Handles the due entries of the outbox, each by the handler of its kind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import pymongo
import structlog
from pymongo.errors import PyMongoError

from halls.clock import utc_now
from halls.metrics import metrics
from halls.outbox.entry import PermanentFailure, ServerUnavailable
from halls.outbox.store import claim_entry, complete_entry, mark_dead, retry_later

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.config import Config
    from halls.mongo.client import Db
    from halls.outbox.entry import Handlers, OutboxEntry

log = structlog.get_logger()
# For each database step alone. The time that the mail server takes must not shorten the step that completes the entry.
DATABASE_SECONDS = 10.0
MAX_RUN_SECONDS = 60.0
Result = TypeVar("Result")


def handle_due_entries(db: Db, config: Config, should_stop: Callable[[], bool], handlers: Handlers) -> None:
    """Handle entries until none is due, `should_stop`, or a minute has passed. The entry at hand is finished.

    Raises PyMongoError. Without the limit of a minute the task would not save a heartbeat during a long backlog.
    """
    end = time.monotonic() + MAX_RUN_SECONDS
    while not should_stop() and time.monotonic() < end and handle_next(db, config, handlers):
        pass


def handle_next(db: Db, config: Config, handlers: Handlers) -> bool:
    """Handle the entry that has been due longest, and return whether there was one. Raises PyMongoError.

    Entries of kinds without a handler stay due: during an upgrade a worker of the next version handles them.
    """
    entry = _with_deadline(claim_entry, db, handlers.keys(), utc_now(), config.mail_lease_seconds)
    if entry is None:
        return False
    try:
        outcome = handlers[entry["kind"]](db, config, entry, utc_now())
    except PyMongoError:
        raise
    except Exception as error:  # noqa: BLE001 - one entry that fails must not stop the others
        _record_failure(db, entry, error)
    else:
        _with_deadline(complete_entry, db, entry)
        metrics().outbox.labels(entry["kind"], outcome).inc()
        log.info("outbox entry handled", **_log_fields(entry), outcome=outcome)
    return True


def _record_failure(db: Db, entry: OutboxEntry, error: Exception) -> None:
    # Only the type of the error is stored and logged: a server's text may contain the address.
    reason = str(error) if isinstance(error, PermanentFailure | ServerUnavailable) else type(error).__name__
    if isinstance(error, PermanentFailure):
        _with_deadline(mark_dead, db, entry, reason)
        outcome = "dead"
    else:
        is_unavailable = isinstance(error, ServerUnavailable)
        state = _with_deadline(retry_later, db, entry, utc_now(), reason, is_unavailable=is_unavailable)
        outcome = "dead" if state == "dead" else "unavailable" if is_unavailable else "failed"
    metrics().outbox.labels(entry["kind"], outcome).inc()
    write = log.error if outcome == "dead" else log.warning
    write("outbox entry not handled", **_log_fields(entry), outcome=outcome, reason=reason)


def _log_fields(entry: OutboxEntry) -> dict[str, Any]:
    return {"entry": str(entry["_id"]), "kind": entry["kind"], "tries": entry["tries"]}


def _with_deadline(work: Callable[..., Result], *args: Any, **options: Any) -> Result:
    with pymongo.timeout(DATABASE_SECONDS):
        return work(*args, **options)
