"""Deletes files that no venue of their owner has used for a day, from the local storage and from S3."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

import structlog

from halls.clock import utc_now
from halls.uploads import store
from halls.uploads.local_storage import PARTS, storage_folder
from halls.uploads.media import folder_of
from halls.uploads.s3 import delete_s3_file
from halls.uploads.slots import SLOTS
from halls.venues.store import list_media_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from pathlib import Path

    from halls.config import Config
    from halls.mongo.client import Db
    from halls.uploads.store import UploadDocument

log = structlog.get_logger()
UNUSED_LIFETIME = timedelta(days=1)
# When an upload address has expired and its last upload has ended.
UNSENT_LIFETIME = timedelta(hours=1)
# Also the delay of the first run: an operator who starts with the wrong database has an hour to notice.
PERIOD_SECONDS = 3600
_NAME = re.compile(r"[0-9a-f]{32}\.[a-z0-9]+")


def run_cleanup(db: Db, config: Config, _should_stop: Callable[[], bool]) -> None:
    """Delete unused files, as a periodic task. Raises PyMongoError, OSError, and botocore's errors."""
    log.info("uploads cleaned up", removed=clean_up_uploads(db, config, utc_now()))


def clean_up_uploads(db: Db, config: Config, now: datetime) -> int:
    """Delete the files that were neither uploaded nor used by a venue of their owner within a day.

    Return the number of files that were deleted on this server.
    """
    folder = storage_folder(config)
    paths = list(_list_files(folder / "venues"))
    # The files are listed before the venues are read: a file that is uploaded in between is young.
    used = _list_used_keys(db)
    removed = _clean_up_folder(folder, [*paths, *_list_files(folder / PARTS), *_list_files(folder / SLOTS)], used, now)
    for upload in store.list_uploads(db):
        _clean_up_record(db, config, upload, is_used=upload["_id"] in used, now=now)
    return removed


def _clean_up_folder(folder: Path, paths: list[Path], used: Container[str], now: datetime) -> int:
    oldest = (now - UNUSED_LIFETIME).timestamp()
    removed = 0
    for path in paths:
        # Another worker may delete the same file at the same time.
        with suppress(FileNotFoundError):
            if path.relative_to(folder).as_posix() in used:
                # Its day starts again, so that a picture that was removed by mistake can come back.
                os.utime(path, (now.timestamp(), now.timestamp()))
            elif path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed


def _clean_up_record(db: Db, config: Config, upload: UploadDocument, *, is_used: bool, now: datetime) -> None:
    """Record since when the file is unused. After its lifetime delete it from S3, and let it no longer count."""
    key, since = upload["_id"], upload["unused_since"]
    if is_used or since is None:
        unused_since = None if is_used else now
        if unused_since != since:
            store.set_unused_since(db, key, unused_since)
        return
    may_exist = config.s3_bucket or (storage_folder(config) / key).exists()
    if since < now - (UNUSED_LIFETIME if may_exist else UNSENT_LIFETIME):
        if config.s3_bucket:
            delete_s3_file(config, key)
        store.delete_upload(db, key)


def _list_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _list_used_keys(db: Db) -> set[str]:
    """Return the keys of the files that venues of their owners have. Another account's venue keeps no file alive."""
    # Only the random file name is compared: the URL may contain an older PUBLIC_URL or that of a proxy.
    return {f"{folder_of(owner)}/{name}" for owner, url in list_media_urls(db) for name in _NAME.findall(unquote(url))}
