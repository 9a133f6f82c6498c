"""The disk of the embedded MongoDB is full: acknowledged bookings are not lost."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pymongo
import pytest
from pymongo.errors import PyMongoError

from halls.mongo.client import connect
from tests.faults.fault_injection import SETTINGS, is_ready
from tests.races.race_client import Call, RaceClient, over_http
from tests.replica.load import UNAVAILABLE, find_inconsistencies, under_load
from tests.servers import running_server
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db

DISK = "160m"
LEFT_BYTES = 400_000


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a small tmpfs until the block ends. Requires root."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill the disk except for LEFT_BYTES; return the file that uses the space."""
    filler = folder / "filler"
    stats = os.statvfs(folder)
    left = stats.f_bavail * stats.f_frsize - LEFT_BYTES
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, left)
    return filler


def insert_until_error(db: Db) -> None:
    """Insert documents of 1 MB until an insert fails."""
    while True:
        db["filler"].insert_one({"filler": os.urandom(1_000_000)})


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs requires root; CI runs as root")
def test_a_full_disk_rejects_writes_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        with running_server(mongo_uri=None, folder=disk / "data", **SETTINGS) as server:
            db = connect((disk / "data" / "mongo" / "uri").read_text())
            race_client = RaceClient(db, over_http(server.port))
            wait_until(lambda: is_ready(race_client))
            with under_load(race_client) as load:
                wait_until(lambda: load.count("201") > 20)
                filler = fill(disk)
                # Bookings are small: they alone would take long to fill the files that mongod has allocated.
                with pytest.raises(PyMongoError), pymongo.timeout(60):
                    insert_until_error(db)
                wait_until(lambda: any(UNAVAILABLE in order.outcomes for order in load.orders))
            assert race_client.request(Call("GET", "/health")).outcome == "200"
            filler.unlink()
            db.client.close()
        with running_server(mongo_uri=None, folder=disk / "data", **SETTINGS) as server:
            load.race_client.db = connect((disk / "data" / "mongo" / "uri").read_text())
            load.race_client.send = over_http(server.port)
            wait_until(lambda: is_ready(load.race_client))
            load.retry_unknown_orders()
            assert find_inconsistencies(load) == []
            load.race_client.db.client.close()
