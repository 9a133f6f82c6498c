"""Ends a mongod under a running server, sends the cases that need that, starts it again and sends the rest."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep

from pymongo import MongoClient

from halls.mongo.embedded import embedded_mongod
from tests.faults.fault_injection import IN_A_ROW
from tests.hostile.catalogue import Step, needs_of
from tests.hostile.conftest import SETTINGS
from tests.hostile.raw_http import request_bytes, send
from tests.hostile.runner import run_case
from tests.hostile.test_hostile_cases import OUTAGE
from tests.hostile.world import Document, World, make_world
from tests.servers import RunningServer, running_server

RECOVERY_SECONDS = 10.0
# Fewer than a worker has threads: whichever worker takes them, nobody waits for a free one.
SIDE_BY_SIDE = 7
CROWD, CROWD_SECONDS = 50, 8.0


class UnseenWorld(World):
    """A world nobody can look at while its database is away; whether it changed is looked at afterwards."""

    def snapshot(self) -> Document:
        """Show nothing."""
        return {}


# One test, since an outage takes its time: what it finds is named by case.
def test_without_a_database_it_says_so_and_is_well_again_by_itself(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with embedded_mongod(tmp_path / "mongo") as uri:
            server = stack.enter_context(running_server(mongo_uri=uri, folder=tmp_path, **SETTINGS))
            client = stack.enter_context(MongoClient[Document](uri))
            _await_readiness(server)
            world = make_world(client.get_default_database())
            before = world.snapshot()
            os.kill(client.admin.command("serverStatus")["pid"], signal.SIGKILL)
        problems = _run_side_by_side(_cases_that_need("outage"), server, UnseenWorld(world.db, names=world.names))
        problems["a crowd"] = _problems_of_a_crowd(server)
        # The same folder: the same data at the same port.
        with embedded_mongod(tmp_path / "mongo"):
            _await_readiness(server)
            problems["nothing has changed"] = [] if world.snapshot() == before else [f"it was {before}"]
            problems |= {case["id"]: run_case(case, server, world) for case in _cases_that_need("recovery")}
            # Before the database goes for good: a client that says goodbye waits half a minute for it.
            stack.close()
    assert {name: found for name, found in problems.items() if found} == {}


def _cases_that_need(what: str) -> list[Step]:
    return [case for case in OUTAGE if what in needs_of(case)]


def _run_side_by_side(cases: list[Step], server: RunningServer, world: World) -> dict[str, list[str]]:
    """Run the cases beside each other: each is answered only when the server has given up on its database."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = pool.map(lambda case: run_case(case, server, world), cases)
        return {case["id"]: problems for case, problems in zip(cases, found, strict=True)}


def _problems_of_a_crowd(server: RunningServer) -> list[str]:
    """Let fifty ask at once: none may be kept waiting for the others' patience to end."""
    asked = request_bytes({"request": "GET /venues/search"}, {}, None)
    with ThreadPoolExecutor(CROWD) as pool:
        exchanges = list(pool.map(lambda _: send(server.port, asked), range(CROWD)))
    told = [exchange for exchange in exchanges if exchange.answers and exchange.seconds <= CROWD_SECONDS]
    refused = [exchange for exchange in told if exchange.answers[0].status == 503]
    return [] if len(refused) == CROWD else [f"{len(refused)} of {CROWD} got their 503 within {CROWD_SECONDS:.0f} s"]


def _await_readiness(server: RunningServer) -> None:
    deadline = monotonic() + RECOVERY_SECONDS
    asked = request_bytes({"request": "GET /health/ready"}, {}, None)
    # So often in a row that every worker was among them: each finds its database by itself.
    while any(send(server.port, asked).answers[0].status != 200 for _ in range(IN_A_ROW)):
        assert monotonic() < deadline, f"not ready {RECOVERY_SECONDS:.0f} s after its database"
        sleep(0.2)
