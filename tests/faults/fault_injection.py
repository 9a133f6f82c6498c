"""Breaks things on purpose: a mongod that fails on command, and processes that are looked for, killed and frozen."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests

from halls.mongo import embedded
from halls.mongo.client import connect
from tests.races.race_client import Call, Event, Person, RaceClient, over_http
from tests.servers import RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bson import ObjectId

    from halls.mongo.client import Db

SETTINGS = {"RATE_LIMITS": "off", "LOG_LEVEL": "WARNING", "WEB_WORKERS": "2", "WEB_THREADS": "8"}
START_SECONDS = 30
# Promise 12 of docs/reliability: the bounds of a 503, of fifty at once, and of being well again.
REFUSAL_SECONDS, FIFTY_SECONDS, RECOVERY_SECONDS = 5.0, 8.0, 10.0
# So many good answers in a row, by whichever worker, mean that all workers are well.
IN_A_ROW = 20


@contextmanager
def fallible_mongod(folder: Path) -> Iterator[str]:
    """Run the embedded mongod so that it obeys failpoints."""
    arguments = (*embedded.MONGOD_ARGUMENTS, "--setParameter", "enableTestCommands=1")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(embedded, "MONGOD_ARGUMENTS", arguments)
            uri = stack.enter_context(embedded.embedded_mongod(folder))
        yield uri


@contextmanager
def failing(db: Db, mode: str | dict[str, int], *commands: str, **failure: Any) -> Iterator[None]:
    """Let the mongod fail at `commands` until the block ends, or as often as `mode` says."""
    data = {"failCommands": list(commands), **failure}
    db.client.admin.command("configureFailPoint", "failCommand", mode=mode, data=data)
    try:
        yield
    finally:
        db.client.admin.command("configureFailPoint", "failCommand", mode="off")


@contextmanager
def serving(mongo_uri: str, folder: Path, **settings: str) -> Iterator[tuple[RunningServer, RaceClient]]:
    """Run a server that may have no database yet, and open its database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.servers._wait_until_it_answers", wait_until_it_answers)
        with running_server(mongo_uri=mongo_uri, folder=folder, **{**SETTINGS, **settings}) as server:
            db = connect(mongo_uri)
            try:
                yield server, RaceClient(db, over_http(server.port))
            finally:
                db.client.close()


def wait_until_it_answers(server: RunningServer) -> None:
    """Wait patiently: without a database a server opens its port some seconds before it answers."""

    def is_up() -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"{server.url}/health", timeout=START_SECONDS).ok
        return False

    wait_until(is_up)


def wait_until(find: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Ask until the answer is true; fail when the time is up."""
    deadline = time.monotonic() + seconds
    while not find():
        assert time.monotonic() < deadline, f"not so within {seconds:.0f} s"
        time.sleep(0.02)


def is_well(race_client: RaceClient) -> bool:
    """Tell whether every worker takes writes."""
    return all(race_client.ask(Call("GET", "/health/ready")).said == "200" for _ in range(IN_A_ROW))


def find_children(pid: int) -> list[int]:
    """Return the processes that `pid` has started."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in found.stdout.split()]


def find_processes(mention: str) -> list[str]:
    """Return the running processes whose command line mentions something."""
    listed = subprocess.run(["ps", "-ww", "-A", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if mention in line]


def pid_of_mongod(db: Db) -> int:
    """Return the process behind a database."""
    pid: int = db.client.admin.command("serverStatus")["pid"]
    return pid


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process in the midst of whatever it does, and let it go on after the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def is_refused_well(event: Event) -> bool:
    """Tell whether an answer says in time that the database is away, and when to come again."""
    said = event.said == "503 database_unavailable" and "Retry-After" in event.answer.headers
    return said and event.seconds <= REFUSAL_SECONDS


def all_kinds_of_calls(owner: Person, guest: Person, venue_id: ObjectId) -> list[Call]:
    """Return requests of every kind that needs the database, with a token and without."""
    return [
        guest.order(venue_id),
        guest.order(venue_id, key="a-key"),
        owner.change(venue_id, capacity=300),
        owner.change(venue_id, dates_available=[]),
        Call("DELETE", f"/venues/{venue_id}", owner.token),
        Call("GET", "/bookings", guest.token),
        Call("GET", f"/venues/{venue_id}"),
        Call("GET", "/venues/search?near_lat=24.9&near_lng=67"),
        Call("GET", "/auth/me", guest.token),
        Call("POST", "/auth/login", None, {"email": "a@example.com", "password": "correct horse 7"}),
        Call("GET", "/health/ready"),
    ]
