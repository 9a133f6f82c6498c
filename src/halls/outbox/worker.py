"""Handles the due entries of the outbox, each by the handler of its kind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import pymongo
import structlog
from pymongo.errors import PyMongoError

from halls.clock import utc_now
from halls.metrics import metrics
from halls.outbox.entry import PermanentFailure, ServerUnavailable, TemporaryFailure
from halls.outbox.store import claim_entry, complete_entry, mark_dead, release_entry, retry_later

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.config import Config
    from halls.mongo.client import Db
    from halls.outbox.entry import Handlers, OutboxEntry

log = structlog.get_logger()
# For each database step alone. The time that the mail server takes must not shorten the step that completes the entry.
DATABASE_SECONDS = 10.0
MAX_RUN_SECONDS = 60.0
# The pause after each try during an outage doubles up to this.
MAX_OUTAGE_PAUSE_SECONDS = 60.0
STEP_SECONDS = 0.2
Result = TypeVar("Result")


def handle_due_entries(db: Db, config: Config, should_stop: Callable[[], bool], handlers: Handlers) -> None:
    """Handle entries until none is due, `should_stop`, or a minute has passed. The entry at hand is finished.

    While the receiving server is unavailable, only the oldest entry is tried, after growing pauses.
    Raises PyMongoError. Without the limit of a minute the task would not save a heartbeat during a long backlog.
    """
    end, outages = time.monotonic() + MAX_RUN_SECONDS, 0
    while not should_stop() and (outages or time.monotonic() < end):
        outcome = handle_next(db, config, handlers)
        if outcome is None:
            return
        outages = outages + 1 if outcome == "unavailable" else 0
        if outages:
            _wait(should_stop, min(2.0 ** min(outages, 10), MAX_OUTAGE_PAUSE_SECONDS))


def _wait(should_stop: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not should_stop() and time.monotonic() < end:
        time.sleep(min(STEP_SECONDS, seconds))


def handle_next(db: Db, config: Config, handlers: Handlers) -> str | None:
    """Handle the entry that has been due longest, and return the outcome. None if no entry is due.

    "unavailable" means that the receiving server can't be reached, so that the caller pauses. Raises PyMongoError.
    Entries of kinds without a handler stay due: during an upgrade a worker of the next version handles them.
    """
    entry = _with_deadline(claim_entry, db, handlers.keys(), utc_now(), config.mail_lease_seconds)
    if entry is None:
        return None
    try:
        outcome = handlers[entry["kind"]](db, config, entry, utc_now())
    except PyMongoError:
        raise
    except Exception as error:  # noqa: BLE001 - one entry that fails must not stop the others
        return _record_failure(db, entry, error)
    _with_deadline(complete_entry, db, entry, utc_now())
    metrics().outbox.labels(entry["kind"], outcome).inc()
    log.info("outbox entry handled", **_log_fields(entry), outcome=outcome)
    return outcome


def _record_failure(db: Db, entry: OutboxEntry, error: Exception) -> str:
    """Keep the entry for its next try, or as dead. Return the outcome."""
    # Only the type of the error is stored and logged: a server's text may contain the address.
    is_ours = isinstance(error, PermanentFailure | ServerUnavailable | TemporaryFailure)
    reason, now = str(error) if is_ours else type(error).__name__, utc_now()
    if isinstance(error, PermanentFailure):
        state = _with_deadline(mark_dead, db, entry, reason)
    elif isinstance(error, ServerUnavailable):
        state = _with_deadline(release_entry, db, entry, now, reason)
    else:
        is_temporary = isinstance(error, TemporaryFailure)
        state = _with_deadline(retry_later, db, entry, now, reason, is_temporary=is_temporary)
    outcome = "dead" if state == "dead" else "unavailable" if isinstance(error, ServerUnavailable) else "failed"
    metrics().outbox.labels(entry["kind"], outcome).inc()
    write = log.error if outcome == "dead" else log.warning
    write("outbox entry not handled", **_log_fields(entry), outcome=outcome, reason=reason)
    return outcome


def _log_fields(entry: OutboxEntry) -> dict[str, Any]:
    return {"entry": str(entry["_id"]), "kind": entry["kind"], "tries": entry["tries"]}


def _with_deadline(work: Callable[..., Result], *args: Any, **options: Any) -> Result:
    with pymongo.timeout(DATABASE_SECONDS):
        return work(*args, **options)
