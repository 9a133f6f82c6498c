"""Measures the processor time of a request in two checkouts of Halls: `processor_time.py --other CHECKOUT`.

"new" is the checkout of this file, "old" is the other one. Each version has its own server and its own mongod on the
same data, so that the time of every process belongs to one version. The versions take turns: kind by kind, round by
round. The first round warms up and is not counted. Linux only: the times come from /proc.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.processes import child_environment

from benchmarks.compare import GUESTS, database, describe_machine, press, sign_up
from benchmarks.data import fill
from benchmarks.questions import Questions
from benchmarks.running import HERE, PEERS, SECRET, Running, begin, running
from halls.clock import day_in_karachi, utc_now
from halls.mongo.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

# The name `halls.cli.main` is a click group in older checkouts and a module in newer ones: both have a `main` to call.
START = "import sys; sys.path.insert(0, {!r}); from halls.cli import main; main.main()"
# The positions of utime, stime, cutime and cstime after the name of the command: proc_pid_stat(5).
TIMES = slice(11, 15)
ORDERS_PER_VENUE = 4
MILLISECONDS = 1000


@dataclass(frozen=True)
class Cost:
    """The processor time of one request in milliseconds."""

    server: float
    database: float

    @property
    def total(self) -> float:
        """The sum of both."""
        return self.server + self.database


Costs = dict[str, dict[str, list[Cost]]]  # by kind, then by version: one cost per round


@dataclass(frozen=True)
class Version:
    """A running server with its database and the tokens of its guests."""

    name: str
    server: Running
    db: Db
    mongod: int
    tokens: str

    def measure(self, asked: Path, seconds: int) -> Cost:
        """Return the cost of one request of that file. Stops the run if a booking meets a date that is taken."""
        server, mongod = processor_seconds(self.server.pid), processor_seconds(self.mongod)
        counted = press(self.server, asked, seconds, self.tokens)
        server, mongod = processor_seconds(self.server.pid) - server, processor_seconds(self.mongod) - mongod
        if counted["conflicts"]:
            sys.exit("There were not enough free dates for all rounds. Use more --venues or fewer --seconds.")
        return Cost(server * MILLISECONDS / counted["ok"], mongod * MILLISECONDS / counted["ok"])


def processor_seconds(pid: int) -> float:
    """Return the user and system time of a process and its children, including children that have ended."""
    process = Path(f"/proc/{pid}")
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[TIMES])) / os.sysconf("SC_CLK_TCK")
    children = (process / "task" / str(pid) / "children").read_text().split()
    return own + sum(processor_seconds(int(child)) for child in children)


@contextmanager
def started(name: str, checkout: Path, folder: Path, venues: int, today: str) -> Iterator[Version]:
    """Run the server of that checkout on a database of its own, filled with the venues."""
    print(f"{name}: {checkout}", flush=True)
    home = folder / name
    with database(home / "mongo") as uri:
        db = connect(uri)
        fill(db, venues, today)
        PEERS["halls"] = ("-c", START.format(str(checkout / "src")), "serve")
        # `fill` fills the search index of this checkout. The other version may have another one.
        command = [sys.executable, "-c", START.format(str(checkout / "src")), "reindex"]
        settings = child_environment(MONGO_URI=uri, JWT_SECRET=SECRET)
        subprocess.run(command, check=True, env=settings, cwd=home)  # noqa: S603 - the command of that checkout
        mongod: int = db.client.admin.command("serverStatus")["pid"]
        with running("halls", uri, home) as server:
            # Bookings of one guest wait for each other: each of them writes to the account.
            tokens = ",".join(sign_up(server, number) for number in range(GUESTS))
            yield Version(name, server, db, mongod, tokens)


def write_rounds(questions: Questions, db: Db, venues: int, rounds: int) -> list[dict[str, Path]]:
    """Return the files of each round by kind of request; only the bookings differ between the rounds."""
    availability = questions.availability(db)
    venue = [line.removesuffix("\n").partition("/availability")[0] for line in availability.open()]
    same = {
        "search mix": questions.searches()["mix"],
        "one venue": questions.write("venue", venue),
        "availability, one date": availability,
    }
    orders = questions.orders(db, ORDERS_PER_VENUE * venues, [str(number) for number in range(rounds)])
    return [{**same, "booking": file} for file in orders.values()]


def measure(versions: list[Version], rounds: list[dict[str, Path]], seconds: int) -> Costs:
    """Return the costs of all rounds. Every second round changes the order of the versions."""
    costs: Costs = {kind: {version.name: [] for version in versions} for kind in rounds[0]}
    for number, files in enumerate(rounds):
        for kind, file in files.items():
            for version in versions if number % 2 else versions[::-1]:
                costs[kind][version.name].append(version.measure(file, seconds))
        totals = [f"{kind} {', '.join(f'{by[v.name][-1].total:.2f}' for v in versions)}" for kind, by in costs.items()]
        print(f"  round {number} ({', '.join(v.name for v in versions)}), ms: {'; '.join(totals)}", flush=True)
    return costs


def describe(costs: Costs) -> str:
    """Return the table: medians per version, and the ratio of the totals of each round."""
    lines = [
        "| request | old ms (server + MongoDB) | new ms (server + MongoDB) | new : old (min to max) |",
        "|---|--:|--:|--:|",
    ]
    for kind, by_version in costs.items():
        old, new = by_version["old"][1:], by_version["new"][1:]
        ratios = [after.total / before.total for before, after in zip(old, new, strict=True)]
        ratio = f"**{median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"
        lines.append(f"| {kind} | {describe_costs(old)} | {describe_costs(new)} | {ratio} |")
    return "\n".join(lines)


def describe_costs(costs: list[Cost]) -> str:
    """Return the medians of a version for one cell."""
    server, mongod = median(cost.server for cost in costs), median(cost.database for cost in costs)
    return f"{median(cost.total for cost in costs):.2f} ({server:.2f} + {mongod:.2f})"


def read_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--other", type=Path, required=True, help="the checkout to compare with")
    parser.add_argument("--venues", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=3, help="how long each kind of request runs in a round")
    options = parser.parse_args()
    if not (options.other / "src" / "halls").is_dir():
        parser.error(f"{options.other} is not a checkout of Halls")
    return options


def main() -> None:
    """Print the table."""
    begin()
    options = read_options()
    today = day_in_karachi(utc_now())
    checkouts = {"old": options.other.resolve(), "new": HERE.resolve().parent}
    with (
        tempfile.TemporaryDirectory(prefix="halls-bench-", ignore_cleanup_errors=True) as temporary,
        ExitStack() as stack,
    ):
        folder = Path(temporary)
        versions = [
            stack.enter_context(started(name, checkout, folder, options.venues, today))
            for name, checkout in checkouts.items()
        ]
        rounds = write_rounds(Questions(folder, today), versions[0].db, options.venues, options.rounds + 1)
        costs = measure(versions, rounds, options.seconds)
    print("\n".join(["", describe_machine(options.seconds), f"{options.venues} venues.", "", describe(costs)]))


if __name__ == "__main__":
    main()
