"""The disk of the MongoDB that comes along is full: no booking that was acknowledged is lost by it."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pymongo
import pytest
from pymongo.errors import PyMongoError

from halls.mongo.client import connect
from tests.faults.breaking import SETTINGS, is_well, wait_until
from tests.races.arena import Arena, Call, over_http
from tests.replica.load import AWAY, find_lies, under_load
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db

DISK = "160m"
LEFT_BYTES = 400_000


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of its own that is soon full; only root may."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take all that is left but a little."""
    filling = folder / "filling"
    disk = os.statvfs(folder)
    left = disk.f_bavail * disk.f_frsize - LEFT_BYTES
    with filling.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, left)
    return filling


def use_up(db: Db) -> None:
    """Write until that fails."""
    while True:
        db["filling"].insert_one({"filling": os.urandom(1_000_000)})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk; CI is root")
def test_a_full_disk_refuses_writes_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        with running_server(mongo_uri=None, folder=disk / "data", **SETTINGS) as server:
            db = connect((disk / "data" / "mongo" / "uri").read_text())
            arena = Arena(db, over_http(server.port))
            wait_until(lambda: is_well(arena))
            with under_load(arena) as load:
                wait_until(lambda: load.count("201") > 20)
                filling = fill(disk)
                # Small bookings alone would take long to use up what mongod has set aside.
                with pytest.raises(PyMongoError), pymongo.timeout(60):
                    use_up(db)
                wait_until(lambda: any(AWAY in order.said for order in load.orders))
            assert arena.ask(Call("GET", "/health")).said == "200"
            filling.unlink()
            db.client.close()
        with running_server(mongo_uri=None, folder=disk / "data", **SETTINGS) as server:
            load.arena.db = connect((disk / "data" / "mongo" / "uri").read_text())
            load.arena.send = over_http(server.port)
            wait_until(lambda: is_well(load.arena))
            load.settle()
            assert find_lies(load) == []
            load.arena.db.client.close()
