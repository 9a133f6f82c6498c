"""Tests of the sweep: what no venue shows for a day goes, everything else stays."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from halls.clock import utc_now
from halls.uploads import cleanup
from halls.uploads.media import new_key
from halls.venues.store import list_media_urls
from tests.conftest import make_config
from tests.uploads.files import make_file, put, sign

if TYPE_CHECKING:
    from pathlib import Path

    from halls.config import Config
    from halls.mongo.client import Db
    from tests.api_client import Api

OWNER_ID = "0123456789abcdef01234567"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return settings with the store in this test's folder."""
    return make_config(data_dir=tmp_path)


def stored(store: Path, *, hours: float, key: str | None = None) -> Path:
    """Put a file into the store that is so many hours old."""
    path = store / (key or new_key(OWNER_ID, "image/jpeg"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make_file())
    then = utc_now().timestamp() - hours * 3600
    os.utime(path, (then, then))
    return path


def test_a_day_old_upload_that_no_venue_shows_goes(db: Db, config: Config, store: Path) -> None:
    old, young = stored(store, hours=24.1), stored(store, hours=23.9)
    assert cleanup.clean_up_uploads(db, config, utc_now()) == 1
    assert (old.exists(), young.exists()) == (False, True)


def test_a_store_never_used_is_no_fault(db: Db, config: Config) -> None:
    assert cleanup.clean_up_uploads(db, config, utc_now()) == 0


def test_what_a_worker_that_died_left_goes_as_well(db: Db, config: Config, store: Path) -> None:
    left, running = stored(store, hours=25, key="incoming/a"), stored(store, hours=1, key="incoming/b")
    assert cleanup.clean_up_uploads(db, config, utc_now()) == 1
    assert (left.exists(), running.exists()) == (False, True)


def test_what_a_venue_shows_stays_and_gets_a_day_when_it_is_taken_down(
    api: Api, owner: str, db: Db, config: Config, store: Path
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
    api.patch(f"/venues/{venue_id}", {"pictures": [], "videos": []}, as_=owner)
    assert cleanup.clean_up_uploads(db, config, now + timedelta(days=40, hours=23)) == 0
    assert cleanup.clean_up_uploads(db, config, now + timedelta(days=41, hours=1)) == 2


def test_any_spelling_of_the_address_counts_as_shown(db: Db, config: Config, store: Path) -> None:
    files = [stored(store, hours=48) for _ in range(4)]
    cdn, quoted, asked, video = (path.name for path in files)
    db.venues.insert_many(
        [
            {"pictures": [f"https://old.example/x/{cdn}", f"http://h/media/{quoted}".replace("a", "%61")]},
            {"pictures": [f"http://h/media/{asked}?w=200", None, 5], "videos": None},
            {"pictures": None, "videos": [{"url": f"http://h/media/{video}"}, {"size_mb": 1}, "x"]},
            {},
        ]
    )
    assert cleanup.clean_up_uploads(db, config, utc_now()) == 0


def test_another_sweeper_may_be_faster(db: Db, config: Config, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, old = stored(store, hours=48), stored(store, hours=48)

    def list_slowly(database: Db) -> Any:
        gone.unlink()
        return list_media_urls(database)

    monkeypatch.setattr(cleanup, "list_media_urls", list_slowly)
    assert cleanup.clean_up_uploads(db, config, utc_now()) == 1
    assert not old.exists()


def test_nothing_goes_while_the_database_is_away(config: Config, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from halls.mongo.client import connect  # noqa: PLC0415 - another database than this worker's

    monkeypatch.setattr("halls.mongo.client.SELECTION_MS", 200)
    monkeypatch.setattr(cleanup, "PERIOD_SECONDS", 0.01)
    old = stored(store, hours=48)
    away = connect("mongodb://127.0.0.1:9/halls")
    run_for(0.6, away, config)
    away.client.close()
    assert old.exists()


def test_the_sweeper_goes_round_until_it_is_stopped(
    db: Db, config: Config, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = stored(store, hours=48)
    run_for(0.2, db, config)
    # The first round is an hour away.
    assert old.exists()
    monkeypatch.setattr(cleanup, "PERIOD_SECONDS", 0.01)
    run_for(0.5, db, config)
    assert not old.exists()


def run_for(seconds: float, db: Db, config: Config) -> None:
    """Run the sweeper so long."""
    stop = threading.Event()
    thread = threading.Thread(target=cleanup.run_cleanup, args=(db, config, stop))
    thread.start()
    thread.join(seconds)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
