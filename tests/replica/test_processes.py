"""Servers and their workers are killed, stopped and reloaded under load: nobody who was let in is turned away."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from socket import create_server
from typing import TYPE_CHECKING

from tests.conftest import SECRET
from tests.faults.fault_injection import SETTINGS, find_children, is_well, wait_until
from tests.races.race_client import RaceClient, over_http
from tests.replica.load import find_contradictions, under_load
from tests.servers import START_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from socket import socket

    from tests.replica.nodes import Nodes
    from tests.replica.test_nodes import Installation
    from tests.servers import RunningServer

KILLS, RELOADS, RESTARTS = 20, 4, 3
# By then the server has made good for a killed worker (scenario X2).
WHOLE_SECONDS = 2.0


def is_whole(server: RunningServer, gone: int) -> bool:
    """Tell whether another worker has taken the place of one that is gone."""
    workers = find_children(server.process.pid)
    return gone not in workers and len(workers) == int(SETTINGS["WEB_WORKERS"])


def test_workers_killed_at_random_cost_only_their_own_requests(installation: Installation) -> None:
    server, race_client = installation
    dice = random.Random(7)  # noqa: S311 - a plan that can be repeated, no secret
    with under_load(race_client) as load:
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.3, 1.2))
            victim = dice.choice(find_children(server.process.pid))
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda gone=victim: is_whole(server, gone), WHOLE_SECONDS)  # type: ignore[misc] # bound early
    wait_until(lambda: is_well(race_client))
    load.settle()
    assert find_contradictions(load) == []
    # At most what its threads were at.
    assert load.unanswered <= KILLS * 8


def test_a_reload_under_load_fails_no_request(installation: Installation) -> None:
    server, race_client = installation
    workers = set(find_children(server.process.pid))
    with under_load(race_client) as load:
        for _ in range(RELOADS):
            time.sleep(2)
            server.process.send_signal(signal.SIGHUP)
        time.sleep(3)
    assert not workers & set(find_children(server.process.pid)), "the old workers have gone"
    load.settle()
    assert find_contradictions(load) == []
    assert load.unanswered == 0
    assert not any("503" in said for order in load.orders for said in order.said)


@contextmanager
def held_port() -> Iterator[socket]:
    """Hold a port open, as systemd does with deploy/systemd/halls.socket."""
    with create_server(("127.0.0.1", 0), backlog=2048) as listener:
        yield listener


@contextmanager
def started_by_systemd(listener: socket, uri: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `halls serve` as systemd would: with the open port as its third file."""
    own = {"MONGO_URI": uri, "JWT_SECRET": SECRET, "RATE_LIMITS": "off", "LOG_LEVEL": "WARNING", "LISTEN_FDS": "1"}
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - for a child
    serve = f'exec 3<&{listener.fileno()}; export LISTEN_PID=$$; exec "{sys.executable}" -m halls.cli serve'
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            ["bash", "-c", serve],
            env=inherited | own | {"DATA_DIR": str(folder)},
            cwd=folder,
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def test_a_restart_under_load_drops_nobody_while_systemd_holds_the_port(nodes: Nodes, tmp_path: Path) -> None:
    from halls.mongo.client import connect  # noqa: PLC0415 - only here

    with held_port() as listener:
        db = connect(nodes.uri)
        race_client = RaceClient(db, over_http(listener.getsockname()[1]))
        with started_by_systemd(listener, nodes.uri, tmp_path):
            wait_until(lambda: is_well(race_client))
            db.bookings.delete_many({})
        with under_load(race_client) as load:
            for _ in range(RESTARTS):
                with started_by_systemd(listener, nodes.uri, tmp_path):
                    time.sleep(4)
            # Somebody must answer those that wait still.
            with started_by_systemd(listener, nodes.uri, tmp_path):
                time.sleep(2)
                load.stop.set()
                time.sleep(2)
                load.settle()
        assert find_contradictions(load) == []
        assert load.unanswered == 0
        assert load.count("201") > 50
        db.client.close()
