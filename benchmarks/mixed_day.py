"""Measures mixed requests through NGINX: 80 % search, 12 % availability, 4 % login, 4 % booking; and memory over time.

`.venv/bin/python -m benchmarks.mixed_day [seconds] [requests for memory]`
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from tests.deploy.site import running_site
from tests.servers import RunningServer
from werkzeug.security import generate_password_hash

from benchmarks import data, running
from benchmarks.processes import CONNECTIONS, run_wrk
from benchmarks.questions import get
from halls.accounts.account import account_from_document
from halls.accounts.passwords import hash_password
from halls.accounts.tokens import make_token
from halls.app import COLLECTIONS
from halls.clock import day_in_karachi, utc_now
from halls.mongo.client import connect
from halls.mongo.embedded import embedded_mongod
from halls.mongo.outage_log import OutageLog
from halls.server.startup import prepare_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document

VENUES, PEOPLE, REQUESTS = 2_000, 50, 20_000
SHARES = {"search": 80, "availability": 12, "login": 4, "booking": 4}
PASSWORD = "correct horse 7"  # noqa: S105 - of invented accounts
EVERY_SECONDS = 5.0
# In production Gunicorn replaces a worker after 50 000 requests, which would hide a memory leak.
NEVER_REPLACED = (
    "from halls.server import gunicorn_app; gunicorn_app.MAX_REQUESTS = 0; from halls.cli.main import main; main()"
)
COMMANDS = {
    "literal": (*running.GUNICORN, "benchmarks.literal_login:app", *running.BIND),
    "halls": ("-c", NEVER_REPLACED, "serve"),
}
# All requests come from one address: the rate limit of NGINX would reject them.
NO_LIMIT = "rate=1000000r/s"


@dataclass
class Watch:
    """Records the memory of the workers of a server at intervals."""

    server: running.Running
    megabytes: list[int] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Record the sum over all workers until `stop` is set."""
        while not self.stop.is_set():
            self.megabytes.append(sum(self.server.worker_megabytes()))
            self.stop.wait(EVERY_SECONDS)


@contextmanager
def record_memory(server: running.Running) -> Iterator[Watch]:
    """Record the memory while the block runs."""
    watch = Watch(server)
    thread = threading.Thread(target=watch.look)
    thread.start()
    try:
        yield watch
    finally:
        watch.stop.set()
        thread.join()


def add_people(db: Db) -> list[Any]:
    """Insert accounts that can log in to both servers; return them."""
    ours, theirs = hash_password(PASSWORD), generate_password_hash(PASSWORD)
    now = utc_now()
    common: Document = {"full_name": "A Guest", "contact_number": None, "is_venue_owner": False, "role": "user"}
    times: Document = {"auth_provider": "password", "token_version": 0, "created_at": now, "updated_at": now}
    people = [
        {**common, **times, "_id": ObjectId(), "email": f"guest{number}@example.com", "password_hash": ours}
        for number in range(PEOPLE)
    ]
    db.users.insert_many([{**person, "literal_hash": theirs} for person in people])
    return people


def write_requests(db: Db, path: Path, token: str) -> None:
    """Write the requests to a file: the same requests in the same order for each server."""
    chance = random.Random(data.SEED)  # noqa: S311 - the same every time
    venues = list(db.venues.find({}, {"dates_available": 1, "maps_location": 1}))
    kinds = chance.choices(list(SHARES), weights=list(SHARES.values()), k=REQUESTS)
    path.write_text("\n".join(_line(kind, chance, chance.choice(venues), token) for kind in kinds) + "\n")


def _line(kind: str, chance: random.Random, venue: Document, token: str) -> str:
    day = chance.choice(venue["dates_available"])
    if kind == "search":
        lng, lat = venue["maps_location"]["coordinates"]
        near = f"&near_lat={lat}&near_lng={lng}&near_km=10" if chance.random() < 0.5 else ""  # noqa: PLR2004 - a half
        return get(f"/venues/search?date={day}&capacity_min={chance.randrange(50, 500, 50)}{near}")
    if kind == "availability":
        return get(f"/venues/{venue['_id']}/availability?date={day}")
    if kind == "login":
        body = {"email": f"guest{chance.randrange(PEOPLE)}@example.com", "password": PASSWORD}
        return f"POST /auth/login - - {json.dumps(body)}"
    order = {"venue_id": str(venue["_id"]), "date": day, "guests": 20}
    return f"POST /bookings {token} - {json.dumps(order)}"


def measure(name: str, uri: str, folder: Path, seconds: int, total: int) -> None:
    """Print a row for one server, and for Halls the memory during `total` more requests."""
    db = connect(uri, slow_ms=10_000)
    db.client.drop_database(db.name)
    prepare_database(db, COLLECTIONS, OutageLog(db.name))
    with redirect_stdout(sys.stderr):
        data.fill(db, VENUES, day_in_karachi(utc_now()))
    guest = account_from_document(add_people(db)[0])
    token = make_token(guest, secret=data.SECRET, now=utc_now(), hours=24)[0]
    requests = folder / "requests.txt"
    write_requests(db, requests, token)
    db.client.close()
    with running.running(name, uri, folder, COMMANDS[name], **running.WITHOUT_LIMITS) as server:
        port = int(server.address.rpartition(":")[2])
        behind = RunningServer(None, port, folder / f"{name}.log")  # type: ignore[arg-type] # running() stops the process
        with running_site(behind, folder / f"nginx-{name}", rate=NO_LIMIT) as site, record_memory(server) as watch:
            url = f"https://127.0.0.1:{site.port}"
            run_wrk(url, requests, 3)
            result = run_wrk(url, requests, seconds)
            answered = result["ok"] + result["conflicts"] + result["others"]
            peak = f"{watch.megabytes[0]} → {watch.megabytes[-1]}"
            cells = [f"{answered / result['seconds']:.0f}", f"{result['p50']:.0f} ms", f"{result['p99']:.0f} ms"]
            print(
                "|", " | ".join([name, *cells, str(result["conflicts"]), str(result["others"]), peak]), "|", flush=True
            )
            if name == "halls" and total:
                # Without logins and bookings, which take ten times as long: 92 % of the requests remain.
                quick = folder / "quick.txt"
                lines = requests.read_text().splitlines(keepends=True)
                quick.write_text("".join(line for line in lines if line.startswith("GET")))
                print_memory(watch, lambda: run_wrk(url, quick, 20), total)


def print_memory(watch: Watch, go_on: Any, total: int) -> None:
    """Send `total` requests, and print the memory of all workers after each step."""
    sent, rows = 0, [f"0: {watch.megabytes[-1]}"]
    while sent < total:
        result = go_on()
        sent += result["ok"] + result["conflicts"] + result["others"]
        rows.append(f"{sent}: {watch.megabytes[-1]}")
    print("\nMegabytes of all workers after so many requests: " + ", ".join(rows), flush=True)


def main() -> None:
    """Print the table in RESULTS.md."""
    running.begin()
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    total = int(sys.argv[2]) if len(sys.argv) > 2 else 200_000  # noqa: PLR2004 - the second argument
    with tempfile.TemporaryDirectory(prefix="halls-day-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        with embedded_mongod(folder / "mongo") as uri:
            print("| server | requests a second | median | 99 % | 409 | failed | MB of all workers |")
            print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
            for name in COMMANDS:
                measure(name, uri, folder, seconds, total)
    print(f"\n{time.strftime('%Y-%m-%d')}, {seconds} s each, {CONNECTIONS} connections, {VENUES} venues.")


if __name__ == "__main__":
    main()
