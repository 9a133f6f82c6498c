"""Fault injection: a mongod with failpoints, and helpers that find, kill and freeze processes."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from halls.mongo import embedded
from halls.mongo.client import connect
from tests.races.race_client import Account, Call, Event, RaceClient, over_http
from tests.servers import RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bson import ObjectId

    from halls.mongo.client import Db

SETTINGS = {"RATE_LIMITS": "off", "LOG_LEVEL": "WARNING", "WEB_WORKERS": "2", "WEB_THREADS": "8"}
# The limits for a 503, for fifty concurrent 503s, and for the recovery.
UNAVAILABLE_SECONDS, FIFTY_SECONDS, RECOVERY_SECONDS = 5.0, 8.0, 10.0
# So many consecutive 200s mean that each worker has responded: the kernel chooses the worker.
CONSECUTIVE_RESPONSES = 20


@contextmanager
def failpoint_mongod(folder: Path) -> Iterator[str]:
    """Run the embedded mongod with failpoints enabled; yield its URI."""
    arguments = (*embedded.MONGOD_ARGUMENTS, "--setParameter", "enableTestCommands=1")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(embedded, "MONGOD_ARGUMENTS", arguments)
            uri = stack.enter_context(embedded.embedded_mongod(folder))
        yield uri


@contextmanager
def failing(db: Db, mode: str | dict[str, int], *commands: str, **failure: Any) -> Iterator[None]:
    """Let the mongod fail `commands` in the way `failure`, until the block ends or as often as `mode` says."""
    data = {"failCommands": list(commands), **failure}
    db.client.admin.command("configureFailPoint", "failCommand", mode=mode, data=data)
    try:
        yield
    finally:
        db.client.admin.command("configureFailPoint", "failCommand", mode="off")


@contextmanager
def serving(mongo_uri: str, folder: Path, **settings: str) -> Iterator[tuple[RunningServer, RaceClient]]:
    """Run a server, whose database may be unavailable; yield it with a client."""
    with running_server(mongo_uri=mongo_uri, folder=folder, **{**SETTINGS, **settings}) as server:
        db = connect(mongo_uri)
        try:
            yield server, RaceClient(db, over_http(server.port))
        finally:
            db.client.close()


def is_ready(race_client: RaceClient) -> bool:
    """Return whether every worker is ready."""
    return all(race_client.request(Call("GET", "/health/ready")).outcome == "200" for _ in range(CONSECUTIVE_RESPONSES))


def find_children(pid: int) -> list[int]:
    """Return the child processes of `pid`."""
    output = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in output.stdout.split()]


def find_processes(text: str) -> list[str]:
    """Return the lines of `ps` whose command line contains the text."""
    output = subprocess.run(["ps", "-ww", "-A", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True)
    return [line for line in output.stdout.splitlines() if text in line]


def pid_of_mongod(db: Db) -> int:
    """Return the process id of the mongod."""
    pid: int = db.client.admin.command("serverStatus")["pid"]
    return pid


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Suspend a process with SIGSTOP until the block ends."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def is_proper_503(event: Event) -> bool:
    """Return whether the response is a timely 503 database_unavailable with Retry-After."""
    is_unavailable = event.outcome == "503 database_unavailable" and "Retry-After" in event.answer.headers
    return is_unavailable and event.seconds <= UNAVAILABLE_SECONDS


def every_kind_of_call(owner: Account, guest: Account, venue_id: ObjectId) -> list[Call]:
    """Return every kind of request that needs the database, with and without a token."""
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
