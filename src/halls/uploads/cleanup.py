"""Deletes files of the local storage that no venue has referenced for a day."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

import structlog

from halls.clock import utc_now
from halls.uploads.local_storage import PARTS, storage_folder
from halls.venues.store import list_media_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from halls.config import Config
    from halls.mongo.client import Db

log = structlog.get_logger()
UNUSED_LIFETIME = timedelta(days=1)
# Also the delay of the first run: an operator who starts with the wrong database has an hour to notice.
PERIOD_SECONDS = 3600
_NAME = re.compile(r"[0-9a-f]{32}\.[a-z0-9]+")


def run_cleanup(db: Db, config: Config, _should_stop: Callable[[], bool]) -> None:
    """Delete unused files, as a periodic task. Raises PyMongoError, OSError."""
    log.info("uploads cleaned up", removed=clean_up_uploads(db, config, utc_now()))


def clean_up_uploads(db: Db, config: Config, now: datetime) -> int:
    """Delete the files that were neither uploaded nor referenced by a venue within a day. Return their number."""
    folder = storage_folder(config)
    paths = list(_list_files(folder / "venues"))
    # The files are listed before the references are read: a file that is uploaded in between is young.
    referenced = _names_in(list_media_urls(db)) if paths else set()
    oldest = (now - UNUSED_LIFETIME).timestamp()
    removed = 0
    for path in (*paths, *_list_files(folder / PARTS)):
        # Another worker may delete the same file at the same time.
        with suppress(FileNotFoundError):
            if path.name in referenced:
                # Its day starts again, so that a picture that was removed by mistake can come back.
                os.utime(path, (now.timestamp(), now.timestamp()))
            elif path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed


def _list_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _names_in(urls: Iterable[str]) -> set[str]:
    # Only the random file name is compared: the URL may contain an older PUBLIC_URL or that of a proxy.
    return {name for url in urls for name in _NAME.findall(unquote(url))}
