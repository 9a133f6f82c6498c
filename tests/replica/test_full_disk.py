"""A disk is full: acknowledged bookings are not lost, and workers run on."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pymongo
import pytest
from pymongo.errors import PyMongoError

from halls.mongo.client import connect
from tests.faults.fault_injection import SETTINGS, find_children, is_ready
from tests.races.race_client import Call, RaceClient, over_http
from tests.replica.load import UNAVAILABLE, find_inconsistencies, under_load
from tests.servers import running_server
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db

DISK = "160m"
METRICS_DISK = "16m"
LEFT_BYTES = 400_000


@contextmanager
def small_disk(folder: Path, size: str = DISK) -> Iterator[Path]:
    """Mount a small tmpfs until the block ends. Requires root."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, left_bytes: int = LEFT_BYTES) -> Path:
    """Fill the disk except for `left_bytes`; return the file that uses the space."""
    filler = folder / "filler"
    stats = os.statvfs(folder)
    left = stats.f_bavail * stats.f_frsize - left_bytes
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, left)
    return filler


def insert_until_error(db: Db) -> None:
    """Insert documents of 1 MB until an insert fails."""
    while True:
        db["filler"].insert_one({"filler": os.urandom(1_000_000)})


REQUIRES_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs requires root; CI runs as root")


@REQUIRES_ROOT
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


@REQUIRES_ROOT
def test_a_worker_that_starts_while_the_disk_of_the_metrics_is_full_counts_on(fresh_uri: str, tmp_path: Path) -> None:
    """Decision 20: a new file of prometheus-client would end each new worker with SIGBUS."""
    with (
        small_disk(tmp_path / "disk", METRICS_DISK) as disk,
        running_server(mongo_uri=fresh_uri, folder=tmp_path / "data", METRICS_DIR=str(disk), WEB_WORKERS="1") as server,
    ):
        server.api.get("/health")
        fill(disk, left_bytes=0)
        [worker] = find_children(server.process.pid)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: find_children(server.process.pid) not in ([], [worker]))
        [next_worker] = find_children(server.process.pid)
        for _ in range(20):
            server.api.get("/health")
        assert 'route="/health"' in server.api.get("/metrics").text
        assert find_children(server.process.pid) == [next_worker]
