"""Removes from the own store what no venue has shown for a day: uploads never used, and pictures taken down."""

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
    import threading
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from halls.config import Config
    from halls.mongo.client import Db

log = structlog.get_logger()
UNUSED_LIFETIME = timedelta(days=1)
# The first round comes this long after the start: who starts with the wrong database has an hour to notice.
PERIOD_SECONDS = 3600
_NAME = re.compile(r"[0-9a-f]{32}\.[a-z0-9]+")


def clean_up_uploads(db: Db, config: Config, now: datetime) -> int:
    """Remove the files that were neither uploaded nor referenced by any venue within a day; return how many."""
    folder = storage_folder(config)
    paths = list(_list_files(folder / "venues"))
    # Listed first and looked up second: a file that comes meanwhile is young.
    shown = _names_in(list_media_urls(db)) if paths else set()
    oldest = (now - UNUSED_LIFETIME).timestamp()
    removed = 0
    for path in (*paths, *_list_files(folder / PARTS)):
        # Another worker may sweep at the same time.
        with suppress(FileNotFoundError):
            if path.name in shown:
                # Its day begins anew, so that a picture taken down by mistake can come back.
                os.utime(path, (now.timestamp(), now.timestamp()))
            elif path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed


def run_cleanup(db: Db, config: Config, stop: threading.Event) -> None:
    """Sweep once an hour until `stop` is set."""
    while not stop.wait(PERIOD_SECONDS):
        _try_clean_up(db, config)


def _try_clean_up(db: Db, config: Config) -> None:
    try:
        removed = clean_up_uploads(db, config, utc_now())
    except Exception as error:  # noqa: BLE001 - another round may succeed
        log.warning("uploads not swept", error=type(error).__name__)
    else:
        log.info("uploads swept", removed=removed)


def _list_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _names_in(urls: Iterable[str]) -> set[str]:
    # By the name alone, which is random: the address may be an older PUBLIC_URL, a proxy's, or spelt in another way.
    return {name for url in urls for name in _NAME.findall(unquote(url))}
