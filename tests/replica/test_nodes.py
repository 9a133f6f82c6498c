"""Nodes are killed and frozen under load: acknowledged bookings survive, and no date is booked twice."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from tests.faults.fault_injection import RECOVERY_SECONDS, is_proper_503, is_ready
from tests.races.race_client import Call
from tests.replica.load import find_inconsistencies, under_load
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.races.race_client import RaceClient
    from tests.replica.nodes import Nodes
    from tests.servers import RunningServer

    Installation = tuple[RunningServer, RaceClient]

BEFORE_SECONDS, AFTER_SECONDS = 3.0, 6.0
# The time before a kill, and the time until the node is restarted.
UNTIL_KILL_SECONDS, DEAD_SECONDS = 8.0, 7.0
LONGEST_GAP_SECONDS, UNAVAILABLE_SHARE = 4.0, 0.08
EVERY_NODE = (0, 1, 2)


@contextmanager
def primary_frozen(nodes: Nodes) -> Iterator[None]:
    """Freeze the primary until the block ends."""
    with nodes.frozen(nodes.find_primary()):
        yield


@contextmanager
def secondary_frozen(nodes: Nodes) -> Iterator[None]:
    """Freeze a secondary until the block ends."""
    with nodes.frozen(nodes.find_in_state("secondary")[0]):
        yield


def test_killing_the_primary_interrupts_bookings_for_at_most_four_seconds(
    installation: Installation, nodes: Nodes
) -> None:
    _, race_client = installation
    with under_load(race_client) as load:
        for _ in range(2):
            time.sleep(UNTIL_KILL_SECONDS)
            victim = nodes.find_primary()
            nodes.kill(victim)
            time.sleep(DEAD_SECONDS)
            nodes.start(victim)
            nodes.wait_until_healthy()
    gap, unavailable = load.longest_gap(), load.share_unavailable()
    load.retry_unknown_orders()
    assert find_inconsistencies(load) == []
    assert load.unanswered == 0
    assert gap <= LONGEST_GAP_SECONDS
    assert unavailable <= UNAVAILABLE_SHARE
    nodes.wait_until_equal("venues", "bookings")


@pytest.mark.parametrize("fault", [primary_frozen, secondary_frozen])
def test_a_frozen_node_neither_loses_nor_duplicates_bookings(
    installation: Installation, nodes: Nodes, fault: Callable[[Nodes], AbstractContextManager[None]]
) -> None:
    _, race_client = installation
    with under_load(race_client) as load:
        for _ in range(2):
            time.sleep(BEFORE_SECONDS)
            with fault(nodes):
                time.sleep(AFTER_SECONDS)
            nodes.wait_until_healthy()
    load.retry_unknown_orders()
    assert find_inconsistencies(load) == []
    assert load.count("201") > 50
    assert load.unanswered == 0
    nodes.wait_until_equal("venues", "bookings")


def test_without_any_node_requests_get_503_and_the_server_recovers(installation: Installation, nodes: Nodes) -> None:
    _, race_client = installation
    with under_load(race_client) as load:
        time.sleep(BEFORE_SECONDS)
        nodes.kill(*EVERY_NODE)
        searches = [race_client.request(Call("GET", "/venues/search")) for _ in range(3)]
        health = race_client.request(Call("GET", "/health"))
        ready = race_client.request(Call("GET", "/health/ready"))
        nodes.start(*EVERY_NODE)
        nodes.wait_until_healthy()
        wait_until(lambda: is_ready(race_client), RECOVERY_SECONDS)
        time.sleep(BEFORE_SECONDS)
    assert all(is_proper_503(event) for event in [*searches, ready])
    assert health.outcome == "200"
    load.retry_unknown_orders()
    assert find_inconsistencies(load) == []
    nodes.wait_until_equal("venues", "bookings")


def test_a_connection_opened_during_recovery_supports_sessions_afterwards(nodes: Nodes) -> None:
    number = nodes.find_in_state("secondary")[0]
    with connect(f"mongodb://127.0.0.1:{nodes.ports[number]}/halls?directConnection=true").client as client:
        nodes.run_command(number, {"replSetMaintenance": 1})
        client.admin.command("ping")
        nodes.run_command(number, {"replSetMaintenance": 0})
        nodes.wait_until_healthy()
        with client.start_session() as session:
            assert client.admin.command("ping", session=session)["ok"]
