"""Three mongod on loopback as a replica set, to be killed, frozen and started again."""

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
from tests.faults.fault_injection import wait_until
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COUNT = 3
ELECTION_MS = 2_000
PRIMARY = "isWritablePrimary"
WELL_SECONDS = 60.0
ARGUMENTS = (
    *("--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet", "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"),
    *("--setParameter", "transactionLifetimeLimitSeconds=5", "--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "enableTestCommands=1"),
)


@dataclass
class Nodes:
    """The members of a set, by their numbers."""

    folder: Path
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in range(COUNT)])
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        """Where the set is."""
        return f"mongodb://{','.join(f'127.0.0.1:{port}' for port in self.ports)}/halls?replicaSet=rs3"

    def start(self, *numbers: int) -> None:
        """Start nodes, on the data they had."""
        for number in numbers:
            data = self.folder / f"node{number}"
            data.mkdir(parents=True, exist_ok=True)
            with (self.folder / f"node{number}.log").open("ab") as log:
                place = ["--replSet", "rs3", "--port", str(self.ports[number]), "--dbpath", str(data)]
                command = [embedded._find_mongod(), *ARGUMENTS, *place]  # noqa: SLF001 - the one that comes along
                self.processes[number] = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self, *numbers: int) -> None:
        """End nodes in the midst of whatever they do."""
        for number in numbers:
            self.processes[number].kill()
        for number in numbers:
            self.processes[number].wait()

    @contextmanager
    def frozen(self, *numbers: int) -> Iterator[None]:
        """Stop nodes for as long as the block runs."""
        pids = [self.processes[number].pid for number in numbers]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def ask(self, number: int, command: str | dict[str, Any], database: str = "admin") -> Any:
        """Let one node answer, whatever it is at the moment."""
        options: Any = {"directConnection": True, "serverSelectionTimeoutMS": 2000, "socketTimeoutMS": 5000}
        with MongoClient[dict[str, Any]]("127.0.0.1", self.ports[number], **options) as client:
            return client[database].command(command)

    def found(self, state: str) -> list[int]:
        """Return the nodes that say they are in a state: `isWritablePrimary` or `secondary`."""
        numbers = []
        for number in range(COUNT):
            with suppress(PyMongoError):
                if self.ask(number, "hello").get(state):
                    numbers.append(number)
        return numbers

    def primary(self) -> int:
        """Return the number of the primary, waiting for one."""
        wait_until(lambda: len(self.found(PRIMARY)) == 1, WELL_SECONDS)
        return self.found(PRIMARY)[0]

    def await_well(self) -> None:
        """Wait for a primary and two secondaries."""
        wait_until(lambda: len(self.found("secondary")) == COUNT - 1 and bool(self.found(PRIMARY)), WELL_SECONDS)

    def hashes(self, *collections: str) -> list[dict[str, str]]:
        """Return what each node has of collections, as hashes."""
        asked = {"dbHash": 1, "collections": list(collections)}
        return [self.ask(number, dict(asked), "halls")["collections"] for number in range(COUNT)]

    def await_equal(self, *collections: str) -> None:
        """Wait until all nodes have the same; fail if they never do."""

        def is_equal() -> bool:
            # A node that takes back what only it has seen answers nobody meanwhile.
            with suppress(PyMongoError):
                first, *others = self.hashes(*collections)
                return all(other == first for other in others)
            return False

        wait_until(is_equal, WELL_SECONDS)


@contextmanager
def replica_set(folder: Path) -> Iterator[Nodes]:
    """Run three nodes until the block ends."""
    nodes = Nodes(folder)
    try:
        nodes.start(*range(COUNT))
        members = [{"_id": number, "host": f"127.0.0.1:{port}"} for number, port in enumerate(nodes.ports)]
        settings = {"electionTimeoutMillis": ELECTION_MS, "heartbeatIntervalMillis": 500}
        initiate = {"replSetInitiate": {"_id": "rs3", "members": members, "settings": settings}}
        _retry(lambda: nodes.ask(0, initiate))
        nodes.await_well()
        yield nodes
    finally:
        for process in nodes.processes.values():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
            process.kill()
            process.wait()


def _retry(work: Callable[[], object]) -> None:
    deadline = time.monotonic() + WELL_SECONDS
    while True:
        try:
            work()
        except PyMongoError:  # noqa: PERF203 - it is just starting
            assert time.monotonic() < deadline, "the nodes do not start"
            time.sleep(0.1)
        else:
            return
