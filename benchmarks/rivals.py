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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import requests
from bson import ObjectId

from benchmarks.compare import database, prepare, sign_up
from benchmarks.data import free_dates
from benchmarks.running import running
from halls.mongo.client import connect

if TYPE_CHECKING:
    from typing import Any

    from benchmarks.running import Running
    from halls.mongo.client import Db

SERVERS = ("halls", "literal", "modern")
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


def measure(server: Running, db: Db, orders: list[dict[str, Any]], tokens: list[str]) -> Outcome:
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
            stored = _count_active(db, order)
            outcome.double += stored > 1
            outcome.unbooked += stored == 0
    for session in sessions:
        session.close()
    return outcome


def _order(server: Running, session: requests.Session, order: dict[str, Any], start: threading.Barrier) -> int:
    start.wait()
    return session.post(f"{server.address}/bookings", json=order, timeout=ANSWER_SECONDS).status_code


def _count_active(db: Db, order: dict[str, Any]) -> int:
    match = {"venue_id": ObjectId(order["venue_id"]), "date": order["date"]}
    return db.bookings.count_documents({**match, "status": {"$in": ["pending", "confirmed"]}})


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
        with database(folder / "mongo") as uri:
            db, peer_uri = prepare(uri, VENUES)
            orders = free_dates(db, options.rounds)[: options.rounds]
            with running("halls", uri.replace("/halls?", f"/{db.name}?"), folder) as server:
                # The peers accept the tokens too.
                tokens = [sign_up(server, number) for number in range(options.rivals)]
            for name in options.servers:
                server_db = db if name == "halls" else connect(peer_uri)
                with running(name, uri.replace("/halls?", f"/{server_db.name}?"), folder) as server:
                    outcome = measure(server, server_db, orders, tokens)
                server_db.bookings.delete_many({"guests": orders[0]["guests"]})
                is_safe = is_safe and (name != "halls" or outcome.statuses[HTTPStatus.CREATED] == len(orders))
                is_safe = is_safe and (name != "halls" or outcome.double == outcome.unbooked == 0)
                rows.append(outcome.describe(name, options.rivals))
                print(f"  {name}: {outcome.double} dates were booked twice", flush=True)
    print("\n".join(["", *rows]))
    sys.exit(0 if is_safe else 1)


if __name__ == "__main__":
    main()
