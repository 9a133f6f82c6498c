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
from tests.faults.fault_injection import SETTINGS, is_well, wait_until
from tests.races.race_client import Call, RaceClient, over_http
from tests.replica.load import AWAY, find_contradictions, under_load
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
            race_client = RaceClient(db, over_http(server.port))
            wait_until(lambda: is_well(race_client))
            with under_load(race_client) as load:
                wait_until(lambda: load.count("201") > 20)
                filling = fill(disk)
                # Small bookings alone would take long to use up what mongod has set aside.
                with pytest.raises(PyMongoError), pymongo.timeout(60):
                    use_up(db)
                wait_until(lambda: any(AWAY in order.said for order in load.orders))
            assert race_client.ask(Call("GET", "/health")).said == "200"
            filling.unlink()
            db.client.close()
        with running_server(mongo_uri=None, folder=disk / "data", **SETTINGS) as server:
            load.race_client.db = connect((disk / "data" / "mongo" / "uri").read_text())
            load.race_client.send = over_http(server.port)
            wait_until(lambda: is_well(load.race_client))
            load.settle()
            assert find_contradictions(load) == []
            load.race_client.db.client.close()
