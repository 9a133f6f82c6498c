"""Servers and workers are killed, reloaded and restarted under load: accepted requests are not lost."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import contextmanager
from socket import create_server
from typing import TYPE_CHECKING, Any

from halls.search.reindex import find_stale
from tests.conftest import SECRET
from tests.faults.fault_injection import SETTINGS, find_children, is_ready
from tests.processes import child_environment, running_process
from tests.races.race_client import RaceClient, over_http
from tests.replica.load import find_inconsistencies, under_load
from tests.waiting import wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path
    from socket import socket

    from tests.replica.load import Load
    from tests.replica.nodes import Nodes
    from tests.replica.test_nodes import Installation
    from tests.servers import RunningServer

KILLS, RELOADS, RESTARTS = 20, 4, 3
# The time in which the server replaces a killed worker.
REPLACED_SECONDS = 2.0


def find_final_inconsistencies(load: Load) -> list[str]:
    """Return the inconsistencies after the change stream reader has indexed the venues.

    The venues were inserted by an external writer, and after a killed reader another process takes over the lease.
    """
    wait_until(lambda: not any(find_stale(load.race_client.db)))
    return find_inconsistencies(load)


def has_replaced(server: RunningServer, killed: int) -> bool:
    """Return whether a new worker has replaced a killed one."""
    workers = find_children(server.process.pid)
    return killed not in workers and len(workers) == int(SETTINGS["WEB_WORKERS"])


def test_killed_workers_lose_only_their_own_requests(installation: Installation) -> None:
    server, race_client = installation
    rng = random.Random(7)  # noqa: S311 - a reproducible sequence, not a secret
    with under_load(race_client) as load:
        for _ in range(KILLS):
            time.sleep(rng.uniform(0.3, 1.2))
            victim = rng.choice(find_children(server.process.pid))
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda killed=victim: has_replaced(server, killed), REPLACED_SECONDS)  # type: ignore[misc] # bound early
    wait_until(lambda: is_ready(race_client))
    load.retry_unknown_orders()
    assert find_final_inconsistencies(load) == []
    # A killed worker loses at most one request for each of its eight threads.
    assert load.unanswered <= KILLS * 8


def test_a_reload_under_load_fails_no_request(installation: Installation) -> None:
    server, race_client = installation
    workers = set(find_children(server.process.pid))
    with under_load(race_client) as load:
        for _ in range(RELOADS):
            time.sleep(2)
            server.process.send_signal(signal.SIGHUP)
        time.sleep(3)
    assert not workers & set(find_children(server.process.pid)), "old workers are still running"
    load.retry_unknown_orders()
    assert find_final_inconsistencies(load) == []
    assert load.unanswered == 0
    assert not any("503" in outcome for order in load.orders for outcome in order.outcomes)


@contextmanager
def held_port() -> Iterator[socket]:
    """Listen on a port, as systemd does with deploy/systemd/halls.socket."""
    with create_server(("127.0.0.1", 0), backlog=2048) as listener:
        yield listener


@contextmanager
def started_by_systemd(listener: socket, uri: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `halls serve` as systemd does: the listening socket is file descriptor 3."""
    settings = {"MONGO_URI": uri, "JWT_SECRET": SECRET, "LOG_LEVEL": "WARNING", "LISTEN_FDS": "1"}
    settings |= {"RATE_LIMITS": "off", "MAX_PENDING_PER_GUEST": "0"}
    serve = f'exec 3<&{listener.fileno()}; export LISTEN_PID=$$; exec "{sys.executable}" -m halls.cli serve'
    environment = child_environment(**settings, DATA_DIR=str(folder))
    options: dict[str, Any] = {"env": environment, "cwd": folder, "pass_fds": [listener.fileno()]}
    with running_process(["bash", "-c", serve], folder / "server.log", **options) as process:
        yield process


def test_a_restart_with_socket_activation_drops_no_request(nodes: Nodes, tmp_path: Path) -> None:
    from halls.mongo.client import connect  # noqa: PLC0415 - only this test needs it

    with held_port() as listener:
        db = connect(nodes.uri)
        race_client = RaceClient(db, over_http(listener.getsockname()[1]))
        with started_by_systemd(listener, nodes.uri, tmp_path):
            wait_until(lambda: is_ready(race_client))
            db.bookings.delete_many({})
        with under_load(race_client) as load:
            for _ in range(RESTARTS):
                with started_by_systemd(listener, nodes.uri, tmp_path):
                    time.sleep(4)
            # One more server: otherwise the requests that still wait in the backlog get no response.
            with started_by_systemd(listener, nodes.uri, tmp_path):
                time.sleep(2)
                load.stop.set()
                time.sleep(2)
                load.retry_unknown_orders()
        assert find_final_inconsistencies(load) == []
        assert load.unanswered == 0
        assert load.count("201") > 50
        db.client.close()
