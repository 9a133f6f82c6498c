"""A replica set of three mongod on loopback that tests can kill, freeze and restart."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from halls.mongo import embedded
from tests.servers import free_port
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COUNT = 3
ELECTION_MS = 2_000
PRIMARY = "isWritablePrimary"
HEALTHY_SECONDS = 60.0
ARGUMENTS = (
    *("--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet", "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"),
    *("--setParameter", "transactionLifetimeLimitSeconds=5", "--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "enableTestCommands=1"),
)


@dataclass
class Nodes:
    """The members of a replica set, addressed by number."""

    folder: Path
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in range(COUNT)])
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        """The URI of the replica set."""
        return f"mongodb://{','.join(f'127.0.0.1:{port}' for port in self.ports)}/halls?replicaSet=rs3"

    def start(self, *numbers: int) -> None:
        """Start nodes with their existing data."""
        for number in numbers:
            data = self.folder / f"node{number}"
            data.mkdir(parents=True, exist_ok=True)
            with (self.folder / f"node{number}.log").open("ab") as log:
                options = ["--replSet", "rs3", "--port", str(self.ports[number]), "--dbpath", str(data)]
                command = [embedded._find_mongod(), *ARGUMENTS, *options]  # noqa: SLF001 - the embedded one
                self.processes[number] = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self, *numbers: int) -> None:
        """Kill nodes with SIGKILL."""
        for number in numbers:
            self.processes[number].kill()
        for number in numbers:
            self.processes[number].wait()

    @contextmanager
    def frozen(self, *numbers: int) -> Iterator[None]:
        """Suspend nodes with SIGSTOP until the block ends."""
        pids = [self.processes[number].pid for number in numbers]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def run_command(self, number: int, command: str | dict[str, Any], database: str = "admin") -> Any:
        """Return the response of one node to a command, in any replica set state."""
        options: Any = {"directConnection": True, "serverSelectionTimeoutMS": 2000, "socketTimeoutMS": 5000}
        with MongoClient[dict[str, Any]]("127.0.0.1", self.ports[number], **options) as client:
            return client[database].command(command)

    def find_in_state(self, state: str) -> list[int]:
        """Return the nodes whose `hello` has this member set: `isWritablePrimary` or `secondary`."""
        numbers = []
        for number in range(COUNT):
            with suppress(PyMongoError):
                if self.run_command(number, "hello").get(state):
                    numbers.append(number)
        return numbers

    def find_primary(self) -> int:
        """Wait for a primary; return its number."""
        wait_until(lambda: len(self.find_in_state(PRIMARY)) == 1, HEALTHY_SECONDS)
        return self.find_in_state(PRIMARY)[0]

    def wait_until_healthy(self) -> None:
        """Wait for a primary and two secondaries."""
        wait_until(
            lambda: len(self.find_in_state("secondary")) == COUNT - 1 and bool(self.find_in_state(PRIMARY)),
            HEALTHY_SECONDS,
        )

    def hashes(self, *collections: str) -> list[dict[str, str]]:
        """Return the hashes of the collections on each node."""
        command = {"dbHash": 1, "collections": list(collections)}
        return [self.run_command(number, dict(command), "halls")["collections"] for number in range(COUNT)]

    def wait_until_equal(self, *collections: str) -> None:
        """Wait until the collections are equal on all nodes."""

        def is_equal() -> bool:
            # A node in rollback does not respond.
            with suppress(PyMongoError):
                first, *others = self.hashes(*collections)
                return all(other == first for other in others)
            return False

        wait_until(is_equal, HEALTHY_SECONDS)


@contextmanager
def replica_set(folder: Path) -> Iterator[Nodes]:
    """Run a replica set of three nodes until the block ends."""
    nodes = Nodes(folder)
    try:
        nodes.start(*range(COUNT))
        members = [{"_id": number, "host": f"127.0.0.1:{port}"} for number, port in enumerate(nodes.ports)]
        settings = {"electionTimeoutMillis": ELECTION_MS, "heartbeatIntervalMillis": 500}
        initiate = {"replSetInitiate": {"_id": "rs3", "members": members, "settings": settings}}
        _retry(lambda: nodes.run_command(0, initiate))
        nodes.wait_until_healthy()
        yield nodes
    finally:
        for process in nodes.processes.values():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
            process.kill()
            process.wait()


def _retry(work: Callable[[], object]) -> None:
    deadline = time.monotonic() + HEALTHY_SECONDS
    while True:
        try:
            work()
        except PyMongoError:  # noqa: PERF203 - expected while it starts
            assert time.monotonic() < deadline, "the nodes did not start"
            time.sleep(0.1)
        else:
            return
