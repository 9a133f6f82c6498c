"""Background task: deletes the venues, texts and files of deleted owners in batches. It continues after a crash."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pymongo
import structlog
from pymongo.errors import PyMongoError

from halls.accounts import deletion_store
from halls.accounts.deletion import delete_traces
from halls.clock import utc_now
from halls.mongo.client import in_transaction, is_unavailable
from halls.uploads.removal import delete_files_of
from halls.uploads.store import delete_uploads
from halls.venues.service import remove_venue
from halls.venues.store import list_venue_ids
from halls.venues.venue import VenueNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from bson import ObjectId

    from halls.accounts.deletion_store import DeletionDocument
    from halls.config import Config
    from halls.mongo.client import Db, Session

log = structlog.get_logger()
PERIOD_SECONDS = 1.0
# The venues of one transaction. Each may have 1 000 dates, and a copy of its name goes into all its bookings.
BATCH = 10
DATABASE_SECONDS = 10.0


def clear_deleted_accounts(db: Db, config: Config, should_stop: Callable[[], bool]) -> None:
    """Clear all due accounts, as a periodic task. Raises PyMongoError if the database is away.

    Another error delays only its account.
    """
    while not should_stop() and (deletion := _claim_deletion(db)):
        _try_to_clear(db, config, deletion, should_stop)


def _claim_deletion(db: Db) -> DeletionDocument | None:
    # A database that hangs may never report an error.
    with pymongo.timeout(DATABASE_SECONDS):
        return deletion_store.claim_deletion(db, utc_now())


def _try_to_clear(db: Db, config: Config, deletion: DeletionDocument, should_stop: Callable[[], bool]) -> None:
    try:
        _clear_account(db, config, deletion, should_stop)
    except Exception as error:
        if isinstance(error, PyMongoError) and is_unavailable(error):
            raise
        # Such as missing permissions for S3: the next account must not wait.
        log.warning("account not cleared", account_id=str(deletion["_id"]), error=type(error).__name__)


def _clear_account(db: Db, config: Config, deletion: DeletionDocument, should_stop: Callable[[], bool]) -> None:
    account_id = deletion["_id"]
    while _remove_venues(db, account_id):
        if should_stop():
            return
    with pymongo.timeout(DATABASE_SECONDS):
        # Without a transaction: an owner may have entered any number of walk-ins.
        delete_traces(db, account_id, None)
    delete_files_of(config, account_id)
    with pymongo.timeout(DATABASE_SECONDS):
        delete_uploads(db, account_id)
        deletion_store.mark_cleared(db, deletion, utc_now())
    log.info("account cleared", account_id=str(account_id))


def _remove_venues(db: Db, account_id: ObjectId) -> bool:
    """Remove some venues of the account, and keep the claim. Return whether there were any."""

    def remove(session: Session) -> None:
        for venue_id in venue_ids:
            # Another worker may have removed it.
            with suppress(VenueNotFound):
                remove_venue(db, venue_id, utc_now(), session)

    with pymongo.timeout(DATABASE_SECONDS):
        venue_ids = list_venue_ids(db, account_id, limit=BATCH)
        if not venue_ids:
            return False
        in_transaction(db, remove)
        deletion_store.update_claim(db, account_id, utc_now())
        return True
