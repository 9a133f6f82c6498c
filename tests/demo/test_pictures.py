"""The demonstration venues of owner1 have pictures, which are stored as uploads of owner1."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from halls.app import COLLECTIONS
from halls.clock import utc_now
from halls.demo import pictures
from halls.demo.load import load_demo
from halls.demo.pictures import FOLDER
from halls.server.startup import make_server_app
from halls.uploads.cleanup import clean_up_uploads
from halls.uploads.local_storage import StoreUnusable
from tests.api_client import ApiClient
from tests.conftest import make_config

if TYPE_CHECKING:
    from pathlib import Path

    from halls.config import Config
    from halls.mongo.client import Db


@pytest.fixture
def config(worker_uri: str, tmp_path: Path) -> Config:
    """Settings with an empty storage."""
    return make_config(mongo_uri=worker_uri, data_dir=tmp_path, public_url="https://halls.example")


def test_the_pictures_are_a_dozen_drawings_of_at_most_45_kilobytes() -> None:
    sizes = [path.stat().st_size for path in FOLDER.glob("*.webp")]
    assert len(sizes) == 12
    assert max(sizes) <= 45_000


def test_the_venues_of_one_owner_have_three_pictures_that_the_server_serves(db: Db, config: Config) -> None:
    assert load_demo(db, utc_now(), config)
    app = make_server_app(config)
    api = ApiClient(app.test_client())
    owner = db.users.find_one({"email": "owner1@halls.example"})
    assert owner is not None
    urls = set()
    for venue in db.venues.find():
        assert len(venue["pictures"]) == (3 if venue["owner_id"] == owner["_id"] else 0)
        urls.update(venue["pictures"])
    assert len(urls) == 12, "each drawing is shown, and stored once"
    for url in urls:
        assert url.startswith(f"https://halls.example/media/venues/{owner['_id']}/")
        response = api.get(url.removeprefix("https://halls.example"))
        assert (response.status, response.headers["Content-Type"]) == (200, "image/webp")
    app.extensions["halls"].db.client.close()


def test_the_first_picture_shows_the_type_of_the_venue(db: Db, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "public_url_of", lambda _, key: key)
    names = {pictures._name(path.read_bytes()): path.stem for path in FOLDER.glob("*.webp")}  # noqa: SLF001 - to know which is which
    load_demo(db, utc_now(), config)
    for venue in db.venues.find({"pictures": {"$ne": []}}):
        shown = [names[url.rpartition("/")[2]].rpartition("-")[0] for url in venue["pictures"]]
        assert shown == [venue["type"].lower(), "gate", "table"]


def test_the_cleanup_keeps_the_pictures_and_a_second_load_adds_no_files(db: Db, config: Config) -> None:
    now = utc_now()
    load_demo(db, now, config)
    for collection in COLLECTIONS:
        db[collection.name].delete_many({})
    load_demo(db, now, config)
    assert len(list(config.data_dir.rglob("*.webp"))) == 12
    assert clean_up_uploads(db, config, now + timedelta(days=365)) == 0


def test_without_space_on_the_disk_the_venues_are_loaded_without_pictures(
    db: Db, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreUnusable

    monkeypatch.setattr(pictures, "save_file", fail)
    assert load_demo(db, utc_now(), config)
    assert db.venues.count_documents({"pictures": []}) == 60
