"""Runs the PostgreSQL of the safe peer in a folder of its own, and copies the data of Halls into it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from tests.processes import running_process
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from halls.mongo.client import Db

SCHEMA = Path(__file__).parent / "safe.sql"
# PostgreSQL does not run as root. Debian's package creates this user.
USER = "postgres"
# Debian installs the programs in a folder that is not on PATH.
DEBIAN = Path("/usr/lib/postgresql")
# The data fits into shared_buffers, as it fits into the cache of MongoDB. fsync and synchronous_commit stay on.
SETTINGS = {"listen_addresses": "127.0.0.1", "shared_buffers": "1GB", "max_connections": "100", "max_wal_size": "4GB"}


@contextmanager
def running_postgres() -> Iterator[tuple[str, int]]:
    """Run a new PostgreSQL on a loopback port; yield its URI and its process id."""
    owner: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="halls-bench-pg-", ignore_cleanup_errors=True) as place:
        if owner:
            shutil.chown(place, USER, USER)
        initdb = [find_program("initdb"), "-D", f"{place}/data", "-U", "halls", "-A", "trust", "-E", "UTF8"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=place, **owner)  # noqa: S603 - our own arguments
        settings = {**SETTINGS, "port": str(port), "unix_socket_directories": place}
        command = [
            find_program("postgres"),
            "-D",
            f"{place}/data",
            *(f"--{key}={text}" for key, text in settings.items()),
        ]
        uri = f"postgresql://halls@127.0.0.1:{port}/postgres"
        # SIGINT: a fast shutdown, which does not wait for the clients.
        end = lambda process: process.send_signal(signal.SIGINT)  # noqa: E731 - one use
        with running_process(
            command, Path(place) / "log", lambda: _is_ready(uri), end=end, cwd=place, **owner
        ) as process:
            yield uri, process.pid


def find_program(name: str) -> str:
    """Return the path of a program of PostgreSQL. Stops the run if it is not installed."""
    newest_first = sorted(DEBIAN.glob("*/bin"), reverse=True)
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, newest_first)))
    return found or sys.exit(f"{name} is missing. On Debian and Ubuntu: apt-get install postgresql")


def _is_ready(uri: str) -> bool:
    try:
        psycopg.connect(uri).close()
    except psycopg.OperationalError:
        return False
    return True


def copy_to_postgres(db: Db, uri: str) -> None:
    """Create the tables of the safe peer, and fill them with the accounts, venues and bookings of Halls."""
    with psycopg.connect(uri) as target:
        target.execute(SCHEMA.read_text())
        fill = {
            "accounts": _accounts(db),
            "venues": _venues(db),
            "offered_dates": _offers(db),
            "bookings": _bookings(db),
        }
        for table, rows in fill.items():
            columns = "" if table != "bookings" else "(id, venue_id, date, user_id, guests, status, price_locked)"
            with target.cursor().copy(f"COPY {table} {columns} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    with psycopg.connect(uri, autocommit=True) as target:
        target.execute("VACUUM ANALYZE")


def _accounts(db: Db) -> Iterable[tuple[Any, ...]]:
    for one in db.users.find():
        yield str(one["_id"]), one["full_name"], one["contact_number"], one["token_version"]


def _venues(db: Db) -> Iterable[tuple[Any, ...]]:
    for one in db.venues.find({}, {"dates_available": 0, "pricing": 0}):
        lng, lat = one["maps_location"]["coordinates"]
        named = (one[name] for name in ("venue_name", "address", "type", "capacity"))
        yield str(one["_id"]), str(one["owner_id"]), *named, lng, lat, one["pictures"][0], True


def _offers(db: Db) -> Iterable[tuple[Any, ...]]:
    for one in db.venues.find({}, {"pricing": 1}):
        for row in one["pricing"]["overrides"]:
            yield str(one["_id"]), row["date"], row["price"]


def _bookings(db: Db) -> Iterable[tuple[Any, ...]]:
    for one in db.bookings.find():
        ids = (str(one["_id"]), str(one["venue_id"]))
        # The guests of the generated bookings have no account.
        yield *ids, one["date"], None, one["guests"], one["status"], one["price_locked"]
