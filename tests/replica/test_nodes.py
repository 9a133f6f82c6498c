"""Nodes of the database are killed and frozen during bookings: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from tests.faults.fault_injection import RECOVERY_SECONDS, is_refused_well, is_well, wait_until
from tests.races.race_client import Call
from tests.replica.load import find_contradictions, under_load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.races.race_client import RaceClient
    from tests.replica.nodes import Nodes
    from tests.servers import RunningServer

    Installation = tuple[RunningServer, RaceClient]

BEFORE_SECONDS, AFTER_SECONDS = 3.0, 6.0
# Scenario X1, in half a minute: until the kill, and from there until the node is started again.
UNTIL_KILL_SECONDS, DEAD_SECONDS = 8.0, 7.0
LONGEST_GAP_SECONDS, REFUSED_SHARE = 4.0, 0.08
EVERY_NODE = (0, 1, 2)


@contextmanager
def primary_frozen(nodes: Nodes) -> Iterator[None]:
    """Freeze the primary for as long as the block runs."""
    with nodes.frozen(nodes.primary()):
        yield


@contextmanager
def secondary_frozen(nodes: Nodes) -> Iterator[None]:
    """Freeze one that only follows."""
    with nodes.frozen(nodes.found("secondary")[0]):
        yield


def test_a_primary_killed_twice_in_half_a_minute_is_felt_for_four_seconds_and_costs_no_booking(
    installation: Installation, nodes: Nodes
) -> None:
    """Scenario X1."""
    _, race_client = installation
    with under_load(race_client) as load:
        for _ in range(2):
            time.sleep(UNTIL_KILL_SECONDS)
            victim = nodes.primary()
            nodes.kill(victim)
            time.sleep(DEAD_SECONDS)
            nodes.start(victim)
            nodes.await_well()
    gap, refused = load.longest_gap(), load.share_refused()
    load.settle()
    assert find_contradictions(load) == []
    assert load.unanswered == 0
    assert gap <= LONGEST_GAP_SECONDS
    assert refused <= REFUSED_SHARE
    nodes.await_equal("venues", "bookings")


@pytest.mark.parametrize("harm", [primary_frozen, secondary_frozen])
def test_the_loss_of_one_node_costs_no_booking_and_makes_none_twice(
    installation: Installation, nodes: Nodes, harm: Callable[[Nodes], AbstractContextManager[None]]
) -> None:
    _, race_client = installation
    with under_load(race_client) as load:
        for _ in range(2):
            time.sleep(BEFORE_SECONDS)
            with harm(nodes):
                time.sleep(AFTER_SECONDS)
            nodes.await_well()
    load.settle()
    assert find_contradictions(load) == []
    assert load.count("201") > 50
    assert load.unanswered == 0
    nodes.await_equal("venues", "bookings")


def test_with_all_nodes_away_everybody_is_told_and_all_is_well_again_by_itself(
    installation: Installation, nodes: Nodes
) -> None:
    _, race_client = installation
    with under_load(race_client) as load:
        time.sleep(BEFORE_SECONDS)
        nodes.kill(*EVERY_NODE)
        refused = [race_client.ask(Call("GET", "/venues/search")) for _ in range(3)]
        health = race_client.ask(Call("GET", "/health"))
        ready = race_client.ask(Call("GET", "/health/ready"))
        nodes.start(*EVERY_NODE)
        nodes.await_well()
        wait_until(lambda: is_well(race_client), RECOVERY_SECONDS)
        time.sleep(BEFORE_SECONDS)
    assert all(is_refused_well(event) for event in [*refused, ready])
    assert health.said == "200"
    load.settle()
    assert find_contradictions(load) == []
    nodes.await_equal("venues", "bookings")


def test_a_connection_made_while_its_node_recovers_is_as_good_as_any_afterwards(nodes: Nodes) -> None:
    number = nodes.found("secondary")[0]
    with connect(f"mongodb://127.0.0.1:{nodes.ports[number]}/halls?directConnection=true").client as client:
        nodes.ask(number, {"replSetMaintenance": 1})
        client.admin.command("ping")
        nodes.ask(number, {"replSetMaintenance": 0})
        nodes.await_well()
        with client.start_session() as session:
            assert client.admin.command("ping", session=session)["ok"]
