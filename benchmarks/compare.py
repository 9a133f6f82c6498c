"""Compares Halls with its peers, in one run on the same data: `make bench`, or `compare.py 10000 20000`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, GEOSPHERE
from tests.api_client import ApiClient

from benchmarks.data import fill
from benchmarks.questions import FORMS, LARGER_PAGES, Questions
from benchmarks.running import HERE, Running, begin, running
from halls.app import COLLECTIONS
from halls.clock import day_in_karachi, utc_now
from halls.mongo import embedded
from halls.mongo.client import connect
from halls.mongo.indexes import ensure_collections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

CONNECTIONS = 16
CACHE = "8"  # GB: about MongoDB's default on a machine of 16 GB; 100 000 venues and their copy for the peers fit
ORDERS = 20_000
GUESTS = 64
KINDS = (*FORMS, "mix", *(f"mix by {limit}" for limit in LARGER_PAGES), "availability", "orders")
SERVERS = ("halls", "literal", "modern")
Figures = dict[str, dict[str, Any]]


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """Run a mongod with a cache for all the data; yield its URI."""
    arguments = list(embedded.MONGOD_ARGUMENTS)
    arguments[arguments.index("--wiredTigerCacheSizeGB") + 1] = CACHE
    arguments[arguments.index("--oplogSize") + 1] = "990"
    embedded.MONGOD_ARGUMENTS = tuple(arguments)  # type: ignore[assignment] # the length is the same
    with embedded.embedded_mongod(folder) as uri:
        yield uri


def prepare(uri: str, count: int) -> tuple[Db, str]:
    """Return a database for Halls and the URI of a copy for the peers, each with its own indexes."""
    db = connect(uri.replace("/halls?", f"/halls_{count}?"))
    peer_uri = uri.replace("/halls?", f"/peer_{count}?")
    peer = connect(peer_uri)
    if not db.venues.find_one():
        fill(db, count, day_in_karachi(utc_now()))
        for name in ("venues", "bookings"):
            db[name].aggregate([{"$out": {"db": peer.name, "coll": name}}])
        # The specification lists these indexes.
        for keys in ("owner_id", "type", "capacity", "pricing.overrides.date"):
            peer.venues.create_index(keys)
        peer.venues.create_index([("maps_location", GEOSPHERE)])
        peer.bookings.create_index([("venue_id", ASCENDING), ("date", ASCENDING), ("status", ASCENDING)])
    began = time.monotonic()
    ensure_collections(db, COLLECTIONS)
    print(f"  indexes made in {time.monotonic() - began:.0f} s", flush=True)
    return db, peer_uri


def sign_up(server: Running, number: int) -> str:
    """Return the token of a new guest."""
    token: str = ApiClient(server.address).sign_up(email=f"guest{number}@bench.example.com")["token"]
    return token


def press(server: Running, asked: Path, seconds: int, token: str = "") -> dict[str, Any]:
    """Return the counts of wrk and the rate per second. Stops the run at any status other than 200, 201 and 409."""
    wrk = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--timeout", "20", "--duration", f"{seconds}s"]
    command = [*wrk, "--script", str(HERE / "load.lua"), server.address, "--", str(asked), token]
    report = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own arguments
    found = re.search(r"RESULT (.*)", report)
    if found is None or (counted := json.loads(found[1]))["others"]:
        sys.exit(f"{server.name} returned an unexpected status for {asked.name}:\n{report}")
    return {**counted, "rate": counted["ok"] / counted["seconds"]}


def measure(db: Db, uri: str, peer_uri: str, folder: Path, options: argparse.Namespace) -> Figures:
    """Return the figures of each server by kind of request; the servers run in turns, kind by kind."""
    questions = Questions(folder, day_in_karachi(utc_now()))
    files = questions.searches() | {"availability": questions.availability(db)}
    orders = questions.orders(db, ORDERS, SERVERS)
    uris = {"halls": uri, "literal": peer_uri, "modern": peer_uri}
    figures: Figures = {}
    with ExitStack() as stack:
        servers = [stack.enter_context(running(name, uris[name], folder)) for name in options.servers]
        numbers = range(1_000 * os.getpid(), 1_000 * os.getpid() + GUESTS)
        token = ",".join(sign_up(servers[0], number) for number in numbers) if servers[0].name == "halls" else ""
        for kind in options.kinds:
            figures[kind] = {}
            for server in servers:
                asked = files.get(kind, orders[server.name])
                if kind in files:
                    # Bookings have no warm-up: each date can be booked only once.
                    press(server, asked, 1, token)
                figures[kind][server.name] = press(server, asked, options.seconds, token)
                print(f"  {kind:18} {server.name:8} {figures[kind][server.name]['rate']:7.0f}/s", flush=True)
        figures["memory"] = {server.name: {"megabytes": server.worker_megabytes()} for server in servers}
    return figures


def describe(count: int, figures: Figures) -> str:
    """Return the tables of a run in the form of RESULTS.md."""
    lines = [
        f"### {count} venues",
        "",
        "| asked | Halls /s | p50 ms | p95 ms | literal /s | p50 | p95 | FastAPI /s | Halls : literal | : FastAPI |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    memory = figures.pop("memory")
    for kind, row in figures.items():
        ours, literal, modern = (row.get(name) for name in SERVERS)
        if not (ours and literal and modern):
            continue
        cells = [
            *(f"{ours['rate']:.0f}", f"{ours['p50']:.1f}", f"{ours['p95']:.1f}"),
            *(f"{literal['rate']:.0f}", f"{literal['p50']:.1f}", f"{literal['p95']:.1f}", f"{modern['rate']:.0f}"),
            *(f"**{ours['rate'] / literal['rate']:.1f}**", f"{ours['rate'] / modern['rate']:.1f}"),
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    sizes = ", ".join(f"{name} {' + '.join(map(str, row['megabytes']))}" for name, row in memory.items())
    return "\n".join([*lines, "", f"Memory of the workers, MB: {sizes}."])


def describe_machine(seconds: int) -> str:
    """Return the date and the machine of this run."""
    cpuinfo = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    processor = model[1] if model else platform.processor()
    runs_on = f"{os.cpu_count()} cores ({processor}), {platform.system()}, Python {platform.python_version()}"
    return f"{utc_now():%Y-%m-%d %H:%M} UTC, {runs_on}. {CONNECTIONS} connections, {seconds} s each."


def read_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000], help="numbers of venues")
    parser.add_argument("--seconds", type=int, default=5, help="how long each kind of request runs on each server")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=SERVERS)
    parser.add_argument("--keep", type=Path, help="a folder that keeps the data for the next run")
    return parser.parse_args()


def main() -> None:
    """Print a table for each size."""
    begin()
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="halls-bench-", ignore_cleanup_errors=True) as temporary:
        folder = options.keep or Path(temporary)
        with database(folder / "mongo") as uri:
            reports = [describe_machine(options.seconds)]
            for count in options.sizes:
                print(f"{count} venues", flush=True)
                db, peer_uri = prepare(uri, count)
                halls_uri = uri.replace("/halls?", f"/{db.name}?")
                reports.append(describe(count, measure(db, halls_uri, peer_uri, folder, options)))
    print("\n" + "\n\n".join(reports))


if __name__ == "__main__":
    main()
