"""Measures the memory of the processes and the disk space of venues and bookings, for docs/operations.md."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import closing, redirect_stdout
from pathlib import Path

import requests
from tests.processes import child_environment, running_process

from benchmarks import data, running
from halls.app import COLLECTIONS
from halls.clock import day_in_karachi, utc_now
from halls.mongo.client import Db, connect
from halls.mongo.embedded import embedded_mongod
from halls.mongo.indexes import ensure_collections
from halls.search.position import record_empty_index
from halls.search.reindex import list_indexed_ids, reindex_venues

VENUES = 10_000
REQUESTS = 3_000
MEASURED = ("venues", "search_entries", "bookings")


def resident_megabytes(pid: int) -> int:
    """Return the resident memory of a process in MB. Needs /proc."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1024


def print_disk(db: Db) -> None:
    """Print the space of documents and indexes, compressed as on the disk, for 1 000 documents."""
    db.client.admin.command("fsync")
    for name in MEASURED:
        stats = db.command("collStats", name)
        thousands = stats["count"] / 1000
        documents, indexes = (stats[field] / thousands / 2**20 for field in ("storageSize", "totalIndexSize"))
        print(f"| {name} | {stats['count']} | {documents:.2f} MB | {indexes:.2f} MB |", flush=True)
    print("\n| index of search_entries | kB a venue |\n|---|--:|")
    stats = db.command("collStats", "search_entries")
    for name, size in sorted(stats["indexSizes"].items(), key=lambda one: -one[1]):
        print(f"| {name} | {size / stats['count'] / 2**10:.2f} |", flush=True)


def print_memory(db: Db, uri: str, folder: Path) -> None:
    """Print the memory of the server processes after requests, and of `halls worker`."""
    days = [row["date"] for row in db.bookings.aggregate([{"$sample": {"size": REQUESTS}}, {"$project": {"date": 1}}])]
    with running.running("halls", uri, folder) as server:
        print(f"server processes after the start: {server.worker_megabytes()} MB", flush=True)
        with requests.Session() as session:
            for day in days:
                session.get(f"{server.address}/venues/search", params={"date": day, "limit": "50"}, timeout=60)
        print(f"after {REQUESTS} searches: {server.worker_megabytes()}, master {resident_megabytes(server.pid)} MB")
    command = [sys.executable, "-m", "halls.cli", "worker"]
    settings = child_environment(MONGO_URI=uri, DATA_DIR=str(folder), JWT_SECRET=data.SECRET)
    with running_process(command, folder / "worker.log", env=settings, cwd=folder) as worker:
        time.sleep(20)
        print(f"`halls worker` after 20 s: {resident_megabytes(worker.pid)} MB", flush=True)


def main() -> None:
    """Fill a new database, and print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else VENUES
    with tempfile.TemporaryDirectory(prefix="halls-sizes-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        with embedded_mongod(folder / "mongo") as uri, closing(connect(uri, slow_ms=10_000).client) as client:
            db = client.get_default_database()
            ensure_collections(db, COLLECTIONS)
            record_empty_index(db)
            with redirect_stdout(sys.stderr):
                data.fill(db, count, day_in_karachi(utc_now()))
            for _ in reindex_venues(db, list_indexed_ids(db)):
                pass
            print("| collection | documents | documents per 1 000 | indexes per 1 000 |\n|---|--:|--:|--:|")
            print_disk(db)
            print_memory(db, uri, folder)
            mongod = json.loads((folder / "mongo" / "state.json").read_text())["pid"]
            print(f"mongod with a cache of 512 MB: {resident_megabytes(mongod)} MB")


if __name__ == "__main__":
    main()
