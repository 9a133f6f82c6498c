"""Compares the processor time of a request: this version of Halls, an earlier version, and the peers. `make bench`.

Each version has its own mongod on the same data, and the safe peer has PostgreSQL, so that the time of each process
belongs to one server. The servers take turns: kind by kind, round by round. The first round warms up and is not
counted. Linux only.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.processes import child_environment

from benchmarks.data import SECRET, fill, free_dates, insert_accounts
from benchmarks.databases import SLOW_MS, UNIQUE_INDEX, copy_for_peer, running_mongod
from benchmarks.postgres import copy_to_postgres, running_postgres
from benchmarks.processes import CONNECTIONS, measure
from benchmarks.questions import Questions
from benchmarks.running import HERE, WITHOUT_LIMITS, Running, begin, running
from benchmarks.table import describe
from halls.clock import day_in_karachi, utc_now
from halls.mongo.client import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.table import Costs, Rows
    from halls.mongo.client import Db

ROOT = HERE.resolve().parent
# The last commit of version 0.1.
BEFORE = "db1a014"
VENUES, MANY_VENUES = 10_000, 100_000
# Many guests: the limits of Halls count by account, and orders of one guest wait for each other.
GUESTS = 20_000
ORDERS_OF_VENUE = 5
THIS, OLD = "this version", "version before"
NO_LIMITS, MANY = ", no limits", f", {MANY_VENUES} venues"
ROWS: Rows = {
    "search mix": {THIS: "", OLD: "", "asking": "1.27", "literal": "", "modern": ""},
    "order with key and limits": {THIS: "5.5 ms", OLD: "", "safe": "3", "eve": ""},
    "order without key and limits": {THIS + NO_LIMITS: "", OLD + NO_LIMITS: "", "safe": "3", "eve": ""},
    "one venue": {THIS: "", OLD: ""},
    "availability, one date": {THIS: "1.6 ms", OLD: "", "literal": ""},
    "availability, 31 days": {THIS: "", OLD: ""},
}
MANY_ROWS: Rows = {
    "search mix, many venues": {THIS + MANY: "", THIS: "1.01"},
    "near and date, many venues": {THIS + MANY: "", THIS: "1.15"},
}
# The name `halls.cli.main` is a click group in older checkouts and a module in newer ones: both have a `main` to call.
START = "import sys; sys.path.insert(0, {!r}); from halls.cli import main; main.main()"


@dataclass(frozen=True)
class Measured:
    """A running server, and the process of its database."""

    server: Running
    database_pid: int


Servers = dict[str, Measured]


def find_checkout(place: str, folder: Path) -> Path:
    """Return a folder with the source of an earlier version. `place` is a checkout, or a commit of this repository."""
    if (Path(place) / "src" / "halls").is_dir():
        return Path(place).resolve()
    target = folder / "before"
    target.mkdir()
    archive = ["git", "-C", str(ROOT), "archive", place, "src"]
    source = subprocess.run(archive, capture_output=True, check=False)  # noqa: S603 - our own arguments
    if source.returncode:
        sys.exit(f"{place} is neither a checkout nor a commit of this repository. Use --before.")
    subprocess.run(["tar", "-x", "-C", str(target)], input=source.stdout, check=True)  # noqa: S603, S607 - the same
    return target


def fill_folder(folder: Path, venues: int) -> list[str]:
    """Fill a mongod of this folder with venues, bookings and accounts. Return the tokens of the guests."""
    with running_mongod(folder) as uri, closing(connect(uri, slow_ms=SLOW_MS).client) as client:
        db = client.get_default_database()
        fill(db, venues, day_in_karachi(utc_now()))
        return insert_accounts(db, GUESTS)


@dataclass(frozen=True)
class Data:
    """A running mongod with venues, bookings and accounts."""

    db: Db
    uri: str
    pid: int


class Run:
    """The servers of a run and the folder of their files. The servers stop when `stack` closes."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.servers: Servers = {}

    def start_mongod(self, name: str, filled: Path) -> Data:
        """Run a mongod on a copy of the folder `filled`."""
        home = self.folder / name.replace(" ", "-")
        shutil.copytree(filled, home)
        uri = self.stack.enter_context(running_mongod(home))
        db = self.stack.enter_context(closing(connect(uri, slow_ms=SLOW_MS).client)).get_default_database()
        return Data(db, uri, db.client.admin.command("serverStatus")["pid"])

    def start_halls(self, name: str, checkout: Path, filled: Path) -> Data:
        """Run a version of Halls with its limits, and once more without them. Return its data."""
        print(f"starting {name}: {checkout}", flush=True)
        data = self.start_mongod(name, filled)
        start = ("-c", START.format(str(checkout / "src")))
        if checkout != ROOT:
            # The data has the search index of this checkout. The other version may have another one.
            settings = child_environment(MONGO_URI=data.uri, JWT_SECRET=SECRET)
            reindex = [sys.executable, *start, "reindex"]
            subprocess.run(reindex, check=True, env=settings, cwd=self.folder)  # noqa: S603 - of that checkout
        # The load names the address of each client, as a proxy does.
        self.start(name, data.uri, data.pid, (*start, "serve"), TRUSTED_PROXIES="1")
        self.start(name + NO_LIMITS, data.uri, data.pid, (*start, "serve"), TRUSTED_PROXIES="1", **WITHOUT_LIMITS)
        return data

    def start(
        self, name: str, uri: str, database_pid: int, command: Sequence[str] | None = None, **settings: str
    ) -> None:
        """Run one server."""
        server = self.stack.enter_context(running(name, uri, self.folder, command, **settings))
        self.servers[name] = Measured(server, database_pid)

    def start_peers(self, filled: Path) -> None:
        """Run the peers on a mongod of their own, and the safe peer on PostgreSQL."""
        print("starting the peers", flush=True)
        data = self.start_mongod("peers", filled)
        # It reads the search index of Halls. The others read copies with their own indexes.
        self.start("asking", data.uri, data.pid)
        peer_uri = copy_for_peer(data.db, data.uri, "peer")
        self.start("literal", peer_uri, data.pid)
        self.start("modern", peer_uri, data.pid)
        self.start("eve", copy_for_peer(data.db, data.uri, "eve", UNIQUE_INDEX), data.pid)
        postgres_uri, postgres = self.stack.enter_context(running_postgres())
        copy_to_postgres(data.db, postgres_uri)
        self.start("safe", postgres_uri, postgres)

    def measure(self, rows: Rows, rounds: list[dict[str, Path]], seconds: int) -> Costs:
        """Return the costs of all rounds but the first. Every second round changes the order of the servers."""
        costs: Costs = {kind: {name: [] for name in servers} for kind, servers in rows.items()}
        for number, files in enumerate(rounds):
            print(f"round {number} of {len(rounds) - 1}", flush=True)
            for kind, by_server in costs.items():
                for name in list(by_server)[:: -1 if number % 2 else 1]:
                    one = self.servers[name]
                    cost = measure(one.server, one.database_pid, files[kind], seconds)
                    by_server[name] += [cost] if number else []
        return costs


def write_rounds(questions: Questions, db: Db, tokens: list[str], rounds: int) -> list[dict[str, Path]]:
    """Return the files of each round by kind of request. Only the orders differ between the rounds."""
    searches, venues = questions.searches(), questions.venues(db)
    same = {
        "search mix": searches["mix"],
        "search mix, many venues": searches["mix"],
        "near and date, many venues": searches["near and date"],
        "one venue": venues["venue"],
        "availability, one date": venues["date"],
        "availability, 31 days": venues["range"],
    }
    orders = free_dates(db, ORDERS_OF_VENUE)
    size = len(orders) // (2 * rounds)
    parts = iter([orders[first : first + size] for first in range(0, 2 * rounds * size, size)])
    return [
        {
            **same,
            "order with key and limits": questions.orders(f"keyed-{number}", next(parts), tokens, keyed=True),
            "order without key and limits": questions.orders(f"plain-{number}", next(parts), tokens, keyed=False),
        }
        for number in range(rounds)
    ]


def describe_machine(options: argparse.Namespace) -> str:
    """Return the date, the machine and its load, and the options of this run."""
    cpuinfo = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    processor = model[1] if model else platform.processor()
    runs_on = f"{os.cpu_count()} cores ({processor}), {platform.system()}, Python {platform.python_version()}"
    runs = f"{options.venues} venues, {options.rounds} rounds of {options.seconds} s, {CONNECTIONS} connections"
    return f"{utc_now():%Y-%m-%d %H:%M} UTC, {runs_on}. {runs}. Version before: {options.before}."


def read_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", default=BEFORE, help=f"a commit or a checkout to compare with ({BEFORE})")
    parser.add_argument("--venues", type=int, default=VENUES)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=2, help="how long each server gets each kind in a round")
    parser.add_argument("--many", action="store_true", help=f"also search among {MANY_VENUES} venues")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    begin()
    options = read_options()
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="halls-bench-", ignore_cleanup_errors=True) as temporary,
        ExitStack() as stack,
    ):
        folder, rows = Path(temporary), ROWS
        before = find_checkout(options.before, folder)
        tokens = fill_folder(folder / "filled", options.venues)
        run = Run(folder, stack)
        data = run.start_halls(THIS, ROOT, folder / "filled")
        run.start_halls(OLD, before, folder / "filled")
        run.start_peers(folder / "filled")
        if options.many:
            fill_folder(folder / "many", MANY_VENUES)
            run.start_halls(THIS + MANY, ROOT, folder / "many")
            rows = {**ROWS, **MANY_ROWS}
        rounds = write_rounds(Questions(folder, day_in_karachi(utc_now())), data.db, tokens, options.rounds + 1)
        costs = run.measure(rows, rounds, options.seconds)
    print(f"\n{describe_machine(options)} Load of the machine before the run: {load:.1f}.\n\n{describe(rows, costs)}")


if __name__ == "__main__":
    main()
