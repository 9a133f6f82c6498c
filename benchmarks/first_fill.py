"""Measures the first fill of the search index on existing venues: `python -m benchmarks.first_fill 10000 100000`.

`halls worker` fills the index, and a server answers searches meanwhile. The result has the seconds from the start of
the worker, and the processor time of the worker and of mongod. Linux only: the times come from /proc.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from tests.commands import PRODUCTION
from tests.servers import running_halls, running_server

from benchmarks import data
from benchmarks.processes import processor_seconds
from halls.app import COLLECTIONS
from halls.clock import day_in_karachi, utc_now
from halls.mongo.client import Db, connect
from halls.mongo.embedded import embedded_mongod
from halls.mongo.indexes import ensure_collections
from halls.search.position import is_filled
from halls.search.reindex import find_stale, list_specs_at_start

if TYPE_CHECKING:
    from tests.servers import RunningServer

SIZES = (10_000,)
ASK_SECONDS = 0.5
# The same limit as that of a load balancer's health check.
ANSWER_SECONDS = 5


def watch(server: RunningServer, db: Db) -> tuple[Counter[str], float]:
    """Ask until the index is filled. Return how often each answer came, and the seconds of the slowest one."""
    answers: Counter[str] = Counter()
    slowest = 0.0
    while not is_filled(db):
        for path in ("/health/ready", "/venues/search"):
            began = time.monotonic()
            response = requests.get(server.url + path, timeout=ANSWER_SECONDS)
            slowest = max(slowest, time.monotonic() - began)
            answers[f"{response.status_code} {response.json().get('code', '')}".strip()] += 1
        print("  " + response.json().get("error", ""), file=sys.stderr, flush=True)
        time.sleep(ASK_SECONDS)
    return answers, slowest


def measure(count: int, folder: Path) -> str:
    """Return a row of the table."""
    with embedded_mongod(folder / "mongo") as uri, closing(connect(uri, slow_ms=10_000).client) as client:
        db = client.get_default_database()
        with redirect_stdout(sys.stderr):
            data.insert(db, count, day_in_karachi(utc_now()))
        # Not part of the measurement: a server of an earlier version has these indexes.
        ensure_collections(db, list_specs_at_start(db, COLLECTIONS))
        mongod = json.loads((folder / "mongo" / "state.json").read_text())["pid"]
        with running_server(mongo_uri=uri, folder=folder / "server", **PRODUCTION) as server:
            spent, began = processor_seconds(mongod), time.monotonic()
            with running_halls("worker", uri, folder / "worker.log") as worker:
                answers, slowest = watch(server, db)
                seconds = time.monotonic() - began
                costs = (processor_seconds(worker.pid), processor_seconds(mongod) - spent)
        stale = sum(1 for _ in find_stale(db))
    told = ", ".join(f"{number} × {answer}" for answer, number in answers.items())
    return f"| {count} | {seconds:.1f} | {costs[0]:.1f} | {costs[1]:.1f} | {told} | {slowest:.2f} | {stale} |"


def main() -> None:
    """Print the table."""
    rows = []
    for count in map(int, sys.argv[1:] or SIZES):
        with tempfile.TemporaryDirectory(prefix="halls-fill-", ignore_cleanup_errors=True) as place:
            rows.append(measure(count, Path(place)))
    print("| venues | s | worker, CPU s | mongod, CPU s | answers meanwhile | slowest answer, s | stale entries |")
    print("|--:|--:|--:|--:|---|--:|--:|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
