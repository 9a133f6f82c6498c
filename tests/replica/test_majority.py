"""Majority-committed bookings survive the loss of a primary; a stopped node does not block a start."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from pymongo import WriteConcern
from pymongo.errors import OperationFailure

from halls.bookings.store import ONE_ACTIVE_BOOKING_PER_DATE
from halls.mongo import client
from halls.mongo.client import connect
from halls.server.startup import make_server_app
from tests.conftest import make_config
from tests.faults.fault_injection import RECOVERY_SECONDS, is_ready, serving
from tests.races.race_client import RaceClient, in_process
from tests.replica.load import find_inconsistencies, under_load
from tests.replica.nodes import COUNT
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.replica.load import Load
    from tests.replica.nodes import Nodes
    from tests.replica.test_nodes import Installation

# ALONE_SECONDS is shorter than the time until a primary without secondaries steps down.
BEFORE_SECONDS, ALONE_SECONDS, AFTER_SECONDS = 3.0, 1.0, 6.0
START_SECONDS, HANGS_MS = 20.0, 5_000


def lose_writes_of_the_primary_alone(race_client: RaceClient, nodes: Nodes) -> Load:
    """Kill both secondaries, then the primary; restart the secondaries first. Return the load."""
    primary = nodes.find_primary()
    secondaries = [number for number in range(COUNT) if number != primary]
    with under_load(race_client) as load:
        time.sleep(BEFORE_SECONDS)
        nodes.kill(*secondaries)
        time.sleep(ALONE_SECONDS)
        nodes.kill(primary)
        nodes.start(*secondaries)
        time.sleep(AFTER_SECONDS)
        nodes.start(primary)
        nodes.wait_until_healthy()
        wait_until(lambda: is_ready(race_client), RECOVERY_SECONDS)
    load.retry_unknown_orders()
    nodes.wait_until_equal("venues", "bookings")
    return load


def test_acknowledged_bookings_survive_a_primary_that_dies_alone(installation: Installation, nodes: Nodes) -> None:
    """Scenario X1c."""
    _, race_client = installation
    load = lose_writes_of_the_primary_alone(race_client, nodes)
    assert find_inconsistencies(load) == []
    assert load.count("201") > 20


def test_control_without_majority_write_concern_bookings_are_lost(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAJORITY", WriteConcern(1, j=True))
    app = make_server_app(make_config(mongo_uri=nodes.uri.replace("/halls?", "/control?")))
    with closing((db := app.extensions["halls"].db).client):
        load = lose_writes_of_the_primary_alone(RaceClient(db, in_process(app)), nodes)
        lost = [
            problem for problem in find_inconsistencies(load) if problem.endswith("was acknowledged but is not stored")
        ]
    assert len(lost) > 0


def test_a_server_starts_and_creates_indexes_while_a_node_is_stopped(nodes: Nodes, tmp_path: Path) -> None:
    uri = nodes.uri.replace("/halls?", "/new?")
    with nodes.frozen(nodes.find_in_state("secondary")[0]), serving(uri, tmp_path) as (_, race_client):
        wait_until(lambda: is_ready(race_client), START_SECONDS)
        assert "one_active_booking_per_date" in race_client.db.bookings.index_information()
        guest, venue_id = race_client.account(), race_client.venue(race_client.account(owner=True))
        assert race_client.request(guest.order(venue_id)).outcome == "201"


def test_control_an_index_build_that_needs_every_node_times_out(nodes: Nodes) -> None:
    uri = nodes.uri.replace("/halls?", "/waiting?")
    with closing((db := connect(uri)).client), nodes.frozen(nodes.find_in_state("secondary")[0]):
        db.bookings.insert_one({})
        with pytest.raises(OperationFailure, match="time limit"):
            db.bookings.create_indexes([ONE_ACTIVE_BOOKING_PER_DATE], commitQuorum="votingMembers", maxTimeMS=HANGS_MS)
