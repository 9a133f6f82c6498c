"""The data folder and its files are readable by the account of the server only, also after an upgrade."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from halls.files import make_private_folder
from halls.mongo.embedded import embedded_mongod
from tests.servers import running_server

if TYPE_CHECKING:
    from pathlib import Path


def mode_of(path: Path) -> int:
    """Return the permissions of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def find_open(folder: Path) -> list[str]:
    """Return what other accounts may read, write or enter."""
    return [str(path) for path in (folder, *folder.rglob("*")) if path.exists() and mode_of(path) & 0o077]


def make_open_folder(folder: Path) -> None:
    """Create a data folder as older versions left it."""
    for name in ("mongo/data", "uploads/a", "metrics"):
        (folder / name).mkdir(parents=True)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    for name in ("uploads/a/b.jpg", "mongo/mongod.log", "metrics/0.lock"):
        (folder / name).touch(0o644)
        (folder / name).chmod(0o644)


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a" / "data")
    assert mode_of(tmp_path / "a" / "data") == 0o700


def test_an_open_folder_is_closed_with_the_named_content_only(tmp_path: Path) -> None:
    data, outside = tmp_path / "data", tmp_path / "outside"
    make_open_folder(data)
    for path in (data / "other", outside):
        path.touch()
        path.chmod(0o644)
    (data / "uploads" / "link").symlink_to(outside)
    make_private_folder(data, "mongo", "uploads", "metrics", "missing")
    assert find_open(data) == [str(data / "other"), str(data / "uploads" / "link")]
    assert (mode_of(data), mode_of(data / "uploads" / "a" / "b.jpg"), mode_of(outside)) == (0o700, 0o600, 0o644)


def test_a_folder_that_all_accounts_share_stays_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    (tmp_path / "mongo").mkdir(mode=0o755)
    make_private_folder(tmp_path, "mongo")
    assert (mode_of(tmp_path), mode_of(tmp_path / "mongo")) == (0o1777, 0o755)


def test_a_server_closes_the_folder_of_an_older_version(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        data = tmp_path / "data"
        make_open_folder(data)
        with running_server(mongo_uri=None, folder=tmp_path, DATA_DIR=str(data)) as server:
            assert server.api.get("/health").status == 200
            assert find_open(data) == []
    finally:
        os.umask(umask)


def test_the_embedded_mongod_rejects_clients_without_its_password(tmp_path: Path) -> None:
    with embedded_mongod(tmp_path / "mongo") as uri:
        address = uri.partition("@")[2].partition("/")[0]
        with MongoClient[dict[str, object]](f"mongodb://{address}/?directConnection=true") as stranger:
            for command in (stranger.halls.users.find_one, lambda: add_user(stranger)):
                with pytest.raises(OperationFailure) as raised:
                    command()
                assert raised.value.code == 13, "Unauthorized"
        with MongoClient[dict[str, object]](uri) as owner:
            assert owner.halls.users.find_one() is None
        assert find_open(tmp_path / "mongo") == []
        key = (tmp_path / "mongo" / "key").read_text()
    with embedded_mongod(tmp_path / "mongo") as again:
        assert key in again


def add_user(client: MongoClient[dict[str, object]]) -> None:
    """Try to create the first user, which MongoDB would allow on this machine by default."""
    client.admin.command("createUser", "intruder", pwd="intruder", roles=["root"])
