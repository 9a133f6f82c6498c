"""`halls serve` with its embedded MongoDB is killed: bookings survive, and a new server starts."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from tests.faults.fault_injection import SETTINGS, find_processes
from tests.races.race_client import Call, RaceClient, over_http
from tests.servers import free_port, running_server
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

LISTENS = "Halls listens on"


def mongod_pid(folder: Path) -> int:
    """Return the process id of the mongod that a server started in its folder."""
    return int(json.loads((folder / "mongo" / "state.json").read_text())["pid"])


@pytest.mark.parametrize("killed", [["server"], ["server", "mongod"]])
def test_a_booking_survives_a_killed_server_and_a_stop_ends_all_processes(killed: list[str], tmp_path: Path) -> None:
    settings = {**SETTINGS, "PORT": str(free_port())}
    with running_server(mongo_uri=None, folder=tmp_path, **settings) as server:
        db = connect((tmp_path / "mongo" / "uri").read_text())
        race_client = RaceClient(db, over_http(server.port))
        guest = race_client.account()
        order = guest.order(race_client.venue(race_client.account(owner=True)), key="my-only-key")
        booked = race_client.request(order)
        server.process.kill()
        if "mongod" in killed:
            os.kill(mongod_pid(tmp_path), signal.SIGKILL)
    db.client.close()
    assert booked.outcome == "201"
    with running_server(mongo_uri=None, folder=tmp_path, **settings) as server:
        # Workers of the killed server may still respond on this port until the new server listens.
        wait_until(lambda: server.log_text().count(LISTENS) == 2)
        replayed = race_client.request(order)
        assert find_processes(str(tmp_path))
        read = race_client.request(Call("GET", f"/bookings/{booked.answer.data['booking_id']}", guest.token))
    assert replayed.answer.json == booked.answer.json
    assert replayed.answer.headers["Idempotent-Replayed"] == "true"
    assert read.answer.data["booking"] == booked.answer.data["booking"]
    assert server.process.returncode == 0
    assert find_processes(str(tmp_path)) == []
