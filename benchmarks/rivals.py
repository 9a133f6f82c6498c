"""Counts doubly booked dates: rivals send an order for one date at once, round by round.

`python -m benchmarks.rivals` runs 100 rounds of 20 rivals on Halls and on each peer. Each rival has its own account and
its own connection. The program counts the stored active bookings of each date, not only the responses.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import psycopg
import requests
from bson import ObjectId

from benchmarks.data import fill, free_dates, insert_accounts
from benchmarks.databases import SLOW_MS, UNIQUE_INDEX, copy_for_peer, running_mongod
from benchmarks.postgres import copy_to_postgres, running_postgres
from benchmarks.running import WITHOUT_LIMITS, running
from halls.clock import day_in_karachi, utc_now
from halls.mongo.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.running import Running
    from halls.mongo.client import Db

# Halls is the last one: the peers copy its data before it has orders.
SERVERS = ("literal", "modern", "eve", "safe", "halls")
# Returns the number of active bookings of an order's date.
Count = Callable[[dict[str, Any]], int]
VENUES = 500
ANSWER_SECONDS = 60
MILLISECONDS = 1000


@dataclass
class Outcome:
    """What the rounds of one server came to."""

    # Dates with two or more active bookings, and with none.
    double: int = 0
    unbooked: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    # Until the last answer of each round.
    milliseconds: list[float] = field(default_factory=list)

    def describe(self, name: str, rivals: int) -> str:
        """Return a row of the table in RESULTS.md."""
        others = sum(self.statuses.values()) - self.statuses[201] - self.statuses[409]
        cells = [name, str(len(self.milliseconds)), str(rivals), f"**{self.double}**", str(self.unbooked)]
        cells += [str(self.statuses[201]), str(self.statuses[409]), str(others), f"{median(self.milliseconds):.0f}"]
        return f"| {' | '.join(cells)} |"


def measure(server: Running, count: Count, orders: list[dict[str, Any]], tokens: list[str]) -> Outcome:
    """Return the outcome of a round for each of the orders."""
    outcome = Outcome()
    sessions = [requests.Session() for _ in tokens]
    for session, token in zip(sessions, tokens, strict=True):
        session.headers["Authorization"] = f"Bearer {token}"
        # Opens the connection before the first round.
        session.get(f"{server.address}/venues/search?limit=1", timeout=ANSWER_SECONDS)
    with ThreadPoolExecutor(len(tokens)) as pool:
        for order in orders:
            start = threading.Barrier(len(tokens) + 1)
            sent = [pool.submit(_order, server, session, order, start) for session in sessions]
            start.wait()
            began = time.perf_counter()
            outcome.statuses.update(each.result() for each in sent)
            outcome.milliseconds.append((time.perf_counter() - began) * MILLISECONDS)
            stored = count(order)
            outcome.double += stored > 1
            outcome.unbooked += stored == 0
    for session in sessions:
        session.close()
    return outcome


def _order(server: Running, session: requests.Session, order: dict[str, Any], start: threading.Barrier) -> int:
    start.wait()
    return session.post(f"{server.address}/bookings", json=order, timeout=ANSWER_SECONDS).status_code


@contextmanager
def data_of(name: str, db: Db, uri: str) -> Iterator[tuple[str, Count]]:
    """Yield the URI of the data of a server, and a function that counts the active bookings of an order's date."""
    if name == "safe":
        with running_postgres() as (postgres_uri, _), psycopg.connect(postgres_uri, autocommit=True) as connection:
            copy_to_postgres(db, postgres_uri)
            yield postgres_uri, partial(_count_rows, connection)
    elif name == "halls":
        yield uri, partial(_count_documents, db)
    else:
        peer_uri = copy_for_peer(db, uri, f"peer_{name}", *([UNIQUE_INDEX] if name == "eve" else []))
        with closing(connect(peer_uri, slow_ms=SLOW_MS).client) as client:
            yield peer_uri, partial(_count_documents, client.get_default_database())


def _count_documents(db: Db, order: dict[str, Any]) -> int:
    match = {"venue_id": ObjectId(order["venue_id"]), "date": order["date"]}
    return db.bookings.count_documents({**match, "status": {"$in": ["pending", "confirmed"]}})


def _count_rows(connection: psycopg.Connection[Any], order: dict[str, Any]) -> int:
    query = "SELECT 1 FROM bookings WHERE venue_id = %(venue_id)s AND date = %(date)s AND status <> 'cancelled'"
    return connection.execute(query, order).rowcount


def read_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--rivals", type=int, default=20)
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=SERVERS)
    return parser.parse_args()


def main() -> None:
    """Print the table. Exit with 1 if Halls booked a date twice, or did not book it."""
    options = read_options()
    rows = [
        "| server | rounds | rivals | doubly booked | not booked | 201 | 409 | other | ms a round |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    is_safe = True
    with tempfile.TemporaryDirectory(prefix="halls-bench-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        with running_mongod(folder / "mongo") as uri, closing(connect(uri, slow_ms=SLOW_MS).client) as client:
            db = client.get_default_database()
            fill(db, VENUES, day_in_karachi(utc_now()))
            # The peers accept the tokens too.
            tokens = insert_accounts(db, options.rivals)
            orders = free_dates(db, 1)[: options.rounds]
            for name in sorted(options.servers, key=SERVERS.index):
                with data_of(name, db, uri) as (data, count), running(name, data, folder, **WITHOUT_LIMITS) as server:
                    outcome = measure(server, count, orders, tokens)
                if name == "halls":
                    is_safe = (outcome.double, outcome.unbooked, outcome.statuses[201]) == (0, 0, len(orders))
                rows.append(outcome.describe(name, options.rivals))
                print(f"  {name}: {outcome.double} dates were booked twice", flush=True)
    print("\n".join(["", *rows]))
    sys.exit(0 if is_safe else 1)


if __name__ == "__main__":
    main()
