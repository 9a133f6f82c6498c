"""Takes letters out of the outbox, writes them and sends them, until told to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import pymongo
import structlog
from pymongo.errors import PyMongoError

from halls.clock import utc_now
from halls.mail.message import Email
from halls.mail.smtp import send_email
from halls.metrics import metrics
from halls.outbox.store import claim_entry, complete_entry, retry_later

if TYPE_CHECKING:
    import threading

    from halls.config import Config
    from halls.mongo.client import Db, Document

log = structlog.get_logger()
IDLE_SECONDS = 0.5
AWAY_SECONDS = 2.0
# Each step for itself: the time that a mail server takes must not be missing when its letter is marked as sent.
DATABASE_SECONDS = 10.0
Result = TypeVar("Result")
# Turns an entry into the letter, just before it goes; None when there is nobody to write to.
Writer = Callable[["Db", "Config", "Document", datetime], Email | None]


def deliver_next(db: Db, config: Config, writers: Mapping[str, Writer]) -> bool:
    """Send the letter that is due longest; tell whether there was one."""
    entry = _in_time(claim_entry, db, utc_now(), config.mail_lease_seconds)
    if entry is None:
        return False
    name, tries = str(entry["_id"]), metrics().mails
    try:
        email = _in_time(writers[entry["kind"]], db, config, entry, utc_now())
        if email is not None:
            send_email(config, email, name)
    except PyMongoError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one letter must not keep the others waiting
        # The kind of the error only: a server's words may hold the address.
        reason = type(error).__name__
        lives = _in_time(retry_later, db, entry, utc_now(), reason)
        tries.labels(entry["kind"], "postponed" if lives else "dead").inc()
        log.log(30 if lives else 40, "e-mail not sent", entry=name, tries=entry["tries"], reason=reason, dead=not lives)
    else:
        _in_time(complete_entry, db, entry)
        tries.labels(entry["kind"], "sent" if email else "to nobody").inc()
        log.info("e-mail sent" if email else "no receiver", entry=name, tries=entry["tries"])
    return True


def _in_time(work: Callable[..., Result], *args: Any) -> Result:
    with pymongo.timeout(DATABASE_SECONDS):
        return work(*args)


def run_worker(db: Db, config: Config, writers: Mapping[str, Writer], stop: threading.Event) -> None:
    """Deliver letters until `stop` is set; finishes the one at hand."""
    while not stop.is_set():
        try:
            if not deliver_next(db, config, writers):
                stop.wait(IDLE_SECONDS)
        except PyMongoError as error:  # noqa: PERF203 - away is what it waits for
            log.warning("outbox out of reach", error=type(error).__name__)
            stop.wait(AWAY_SECONDS)
