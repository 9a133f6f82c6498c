"""After an election, reads get 503 until the new primary has committed an entry with a majority."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.faults.fault_injection import RECOVERY_SECONDS, is_proper_503
from tests.races.race_client import Call
from tests.replica.nodes import COUNT
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.replica.nodes import Nodes
    from tests.replica.test_nodes import Installation

READS = 3


@contextmanager
def secondary_without_replication(nodes: Nodes) -> Iterator[None]:
    """Stop replication on a secondary that still votes: a new primary then has no majority commit."""
    primary = nodes.find_primary()
    # Not the sync source of another node: otherwise that node would stop replicating too.
    sources = {nodes.run_command(number, "replSetGetStatus")["syncSourceHost"] for number in range(COUNT)}
    leaves = (number for number in range(COUNT) if f"127.0.0.1:{nodes.ports[number]}" not in sources)
    number = next(number for number in leaves if number != primary)
    nodes.run_command(number, {"configureFailPoint": "stopReplProducer", "mode": "alwaysOn"})
    try:
        yield
    finally:
        nodes.run_command(number, {"configureFailPoint": "stopReplProducer", "mode": "off"})


def test_a_booking_acknowledged_before_an_election_is_visible_after_it(
    installation: Installation, nodes: Nodes
) -> None:
    """Invariant 9."""
    _, race_client = installation
    guest = race_client.account()
    order = guest.order(race_client.venue(race_client.account(owner=True)))
    with secondary_without_replication(nodes):
        booking = race_client.request(order)
        victim = nodes.find_primary()
        nodes.kill(victim)
        assert booking.outcome == "201"
        read = Call("GET", f"/bookings/{booking.answer.data['booking_id']}", guest.token)
        nodes.find_primary()
        reads = [race_client.request(read) for _ in range(READS)]
    assert all(is_proper_503(event) for event in reads), [event.outcome for event in reads]
    wait_until(lambda: race_client.request(read).outcome == "200", RECOVERY_SECONDS)
    nodes.start(victim)
    nodes.wait_until_healthy()
