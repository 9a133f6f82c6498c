"""Kills the mongod of a running server, sends the outage cases, restarts it, sends the recovery cases."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep

from pymongo import MongoClient

from halls.mongo.embedded import embedded_mongod
from tests.faults.fault_injection import CONSECUTIVE_RESPONSES
from tests.hostile.catalogue import Step, needs_of
from tests.hostile.conftest import SETTINGS
from tests.hostile.raw_http import request_bytes, send
from tests.hostile.runner import run_case
from tests.hostile.test_hostile_cases import OUTAGE
from tests.hostile.world import Document, World, make_world
from tests.servers import RunningServer, running_server

RECOVERY_SECONDS = 10.0
# Fewer than the threads of a worker: otherwise a request would wait for a free thread.
CONCURRENT_CASES = 7
FIFTY, FIFTY_SECONDS = 50, 8.0


class UnreadableWorld(World):
    """A world without snapshots, because its database is unavailable; the test compares it after the outage."""

    def snapshot(self) -> Document:
        """Return nothing."""
        return {}


# One test for all cases, because an outage takes long; it reports the problems by case.
def test_the_server_reports_an_outage_and_recovers_by_itself(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with embedded_mongod(tmp_path / "mongo") as uri:
            server = stack.enter_context(running_server(mongo_uri=uri, folder=tmp_path, **SETTINGS))
            client = stack.enter_context(MongoClient[Document](uri))
            _wait_until_ready(server)
            world = make_world(client.get_default_database())
            before = world.snapshot()
            os.kill(client.admin.command("serverStatus")["pid"], signal.SIGKILL)
        problems = _run_concurrently(_cases_that_need("outage"), server, UnreadableWorld(world.db, names=world.names))
        problems["fifty requests"] = _problems_of_fifty_requests(server)
        # The same folder has the same data and the same port.
        with embedded_mongod(tmp_path / "mongo"):
            _wait_until_ready(server)
            problems["data changed"] = [] if world.snapshot() == before else [f"before: {before}"]
            problems |= {case["id"]: run_case(case, server, world) for case in _cases_that_need("recovery")}
            # Close before the database stops: otherwise close() of the client waits 30 s for it.
            stack.close()
    assert {name: messages for name, messages in problems.items() if messages} == {}


def _cases_that_need(need: str) -> list[Step]:
    return [case for case in OUTAGE if need in needs_of(case)]


def _run_concurrently(cases: list[Step], server: RunningServer, world: World) -> dict[str, list[str]]:
    """Run the cases concurrently: each response takes as long as the server's database deadline."""
    with ThreadPoolExecutor(CONCURRENT_CASES) as pool:
        results = pool.map(lambda case: run_case(case, server, world), cases)
        return {case["id"]: problems for case, problems in zip(cases, results, strict=True)}


def _problems_of_fifty_requests(server: RunningServer) -> list[str]:
    """Send fifty requests at once; return a problem unless each gets 503 in time."""
    request = request_bytes({"request": "GET /venues/search"}, {}, None)
    with ThreadPoolExecutor(FIFTY) as pool:
        exchanges = list(pool.map(lambda _: send(server.port, request), range(FIFTY)))
    in_time = [exchange for exchange in exchanges if exchange.answers and exchange.seconds <= FIFTY_SECONDS]
    unavailable = [exchange for exchange in in_time if exchange.answers[0].status == 503]
    return (
        []
        if len(unavailable) == FIFTY
        else [f"{len(unavailable)} of {FIFTY} requests got 503 within {FIFTY_SECONDS:.0f} s"]
    )


def _wait_until_ready(server: RunningServer) -> None:
    deadline = monotonic() + RECOVERY_SECONDS
    request = request_bytes({"request": "GET /health/ready"}, {}, None)
    # So many in a row that each worker has responded: each worker detects the recovery by itself.
    while any(send(server.port, request).answers[0].status != 200 for _ in range(CONSECUTIVE_RESPONSES)):
        assert monotonic() < deadline, f"not ready {RECOVERY_SECONDS:.0f} s after the database started"
        sleep(0.2)
