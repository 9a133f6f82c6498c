"""`halls serve` with its own MongoDB is killed or stopped: no booking is lost, and nothing stands in its way after."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from tests.faults.fault_injection import SETTINGS, find_processes, wait_until
from tests.races.race_client import Call, RaceClient, over_http
from tests.servers import free_port, running_server

if TYPE_CHECKING:
    from pathlib import Path

LISTENS = "Halls listens on"


def pid_in(folder: Path) -> int:
    """Return the mongod that a server started in its folder."""
    return int(json.loads((folder / "mongo" / "state.json").read_text())["pid"])


@pytest.mark.parametrize("victims", [["server"], ["server", "mongod"]])
def test_a_booking_survives_the_kill_of_its_server_and_a_clean_stop_leaves_no_process(
    victims: list[str], tmp_path: Path
) -> None:
    settings = {**SETTINGS, "PORT": str(free_port())}
    with running_server(mongo_uri=None, folder=tmp_path, **settings) as server:
        db = connect((tmp_path / "mongo" / "uri").read_text())
        race_client = RaceClient(db, over_http(server.port))
        guest = race_client.person()
        order = guest.order(race_client.venue(race_client.person(owner=True)), key="my-only-key")
        booked = race_client.ask(order)
        server.process.kill()
        if "mongod" in victims:
            os.kill(pid_in(tmp_path), signal.SIGKILL)
    db.client.close()
    assert booked.said == "201"
    with running_server(mongo_uri=None, folder=tmp_path, **settings) as server:
        # Until the new server listens, workers of the killed one may answer at the same port.
        wait_until(lambda: server.log_text().count(LISTENS) == 2)
        again = race_client.ask(order)
        assert find_processes(str(tmp_path))
        seen = race_client.ask(Call("GET", f"/bookings/{booked.answer.data['booking_id']}", guest.token))
    assert again.answer.json == booked.answer.json
    assert again.answer.headers["Idempotent-Replayed"] == "true"
    assert seen.answer.data["booking"] == booked.answer.data["booking"]
    assert server.process.returncode == 0
    assert find_processes(str(tmp_path)) == []
