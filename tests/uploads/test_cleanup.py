"""The cleanup deletes files that no venue has referenced for a day, and no others."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import ObjectId
from pymongo.errors import ServerSelectionTimeoutError

from halls.app import TASKS
from halls.clock import utc_now
from halls.mongo.client import connect
from halls.uploads import cleanup
from halls.uploads.media import new_key
from halls.venues.store import list_media_urls
from tests.conftest import make_config
from tests.uploads.files import make_file, put, sign

if TYPE_CHECKING:
    from pathlib import Path

    from halls.config import Config
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

OWNER_ID = "0123456789abcdef01234567"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return settings with the local storage in this test's folder."""
    return make_config(data_dir=tmp_path)


def stored(store: Path, *, hours: float, key: str | None = None) -> Path:
    """Store a file that is so many hours old."""
    path = store / (key or new_key(OWNER_ID, "image/jpeg"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make_file())
    then = utc_now().timestamp() - hours * 3600
    os.utime(path, (then, then))
    return path


def test_an_unreferenced_upload_is_deleted_after_a_day(db: Db, config: Config, store: Path) -> None:
    old, young = stored(store, hours=24.1), stored(store, hours=23.9)
    assert cleanup.clean_up_uploads(db, config, utc_now()) == 1
    assert (old.exists(), young.exists()) == (False, True)


def test_an_empty_storage_is_not_an_error(db: Db, config: Config) -> None:
    assert cleanup.clean_up_uploads(db, config, utc_now()) == 0


def test_parts_of_interrupted_uploads_are_deleted(db: Db, config: Config, store: Path) -> None:
    left, running = stored(store, hours=25, key="incoming/a"), stored(store, hours=1, key="incoming/b")
    assert cleanup.clean_up_uploads(db, config, utc_now()) == 1
    assert (left.exists(), running.exists()) == (False, True)


def test_a_referenced_file_stays_for_a_day_after_its_removal(
    api: ApiClient, owner: str, db: Db, config: Config, store: Path
) -> None:
    picture, video = sign(api, owner), sign(api, owner, "video/mp4")
    put(api, picture["upload_url"], make_file())
    put(api, video["upload_url"], make_file("video/mp4"), "video/mp4")
    shown = {"pictures": [picture["public_url"]], "videos": [{"url": video["public_url"], "size_mb": 1}]}
    venue_id = api.list_venue(owner, **shown)
    files = [path for path in (store / "venues").rglob("*") if path.is_file()]
    assert len(files) == 2
    now = utc_now()
    assert cleanup.clean_up_uploads(db, config, now + timedelta(days=40)) == 0
    api.patch(f"/venues/{venue_id}", {"pictures": [], "videos": []}, token=owner)
    assert cleanup.clean_up_uploads(db, config, now + timedelta(days=40, hours=23)) == 0
    assert cleanup.clean_up_uploads(db, config, now + timedelta(days=41, hours=1)) == 2


def test_any_spelling_of_the_url_counts_as_a_reference(db: Db, config: Config, store: Path) -> None:
    files = [stored(store, hours=48) for _ in range(4)]
    cdn, quoted, asked, video = (path.name for path in files)
    own = {"owner_id": ObjectId(OWNER_ID)}
    db.venues.insert_many(
        [
            {**own, "pictures": [f"https://old.example/x/{cdn}", f"http://h/media/{quoted}".replace("a", "%61")]},
            {**own, "pictures": [f"http://h/media/{asked}?w=200", None, 5], "videos": None},
            {**own, "pictures": None, "videos": [{"url": f"http://h/media/{video}"}, {"size_mb": 1}, "x"]},
            {},
        ]
    )
    assert cleanup.clean_up_uploads(db, config, utc_now()) == 0


def test_a_file_deleted_by_another_worker_is_not_an_error(
    db: Db, config: Config, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, old = stored(store, hours=48), stored(store, hours=48)

    def list_slowly(database: Db) -> Any:
        gone.unlink()
        return list_media_urls(database)

    monkeypatch.setattr(cleanup, "list_media_urls", list_slowly)
    assert cleanup.clean_up_uploads(db, config, utc_now()) == 1
    assert not old.exists()


def test_nothing_is_deleted_while_the_database_is_away(
    config: Config, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halls.mongo.client.SELECTION_MS", 200)
    old = stored(store, hours=48)
    with closing((away := connect("mongodb://127.0.0.1:9/halls")).client), pytest.raises(ServerSelectionTimeoutError):
        cleanup.run_cleanup(away, config, lambda: False)
    assert old.exists()


def test_the_task_deletes_unused_files_and_logs_their_number(db: Db, config: Config, store: Path) -> None:
    old = stored(store, hours=48)
    with structlog.testing.capture_logs() as lines:
        cleanup.run_cleanup(db, config, lambda: False)
    assert not old.exists()
    assert lines == [{"event": "uploads cleaned up", "removed": 1, "log_level": "info"}]


def test_the_first_run_is_an_hour_after_the_start() -> None:
    (task,) = (task for task in TASKS if task.name == "upload-cleanup")
    assert (task.delay_seconds, task.period_seconds) == (3600, 3600)
