"""A new primary may not know yet what its predecessor acknowledged: until the majority knows it, nothing is read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.faults.fault_injection import RECOVERY_SECONDS, is_refused_well, wait_until
from tests.races.race_client import Call
from tests.replica.nodes import COUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.replica.nodes import Nodes
    from tests.replica.test_nodes import Installation

LOOKS = 3


@contextmanager
def follower_that_learns_nothing(nodes: Nodes) -> Iterator[None]:
    """Let a follower vote but take no change any more: of what a next primary writes the majority learns nothing."""
    primary = nodes.primary()
    # Not one from which the other takes its changes.
    sources = {nodes.ask(number, "replSetGetStatus")["syncSourceHost"] for number in range(COUNT)}
    leaves = (number for number in range(COUNT) if f"127.0.0.1:{nodes.ports[number]}" not in sources)
    number = next(number for number in leaves if number != primary)
    nodes.ask(number, {"configureFailPoint": "stopReplProducer", "mode": "alwaysOn"})
    try:
        yield
    finally:
        nodes.ask(number, {"configureFailPoint": "stopReplProducer", "mode": "off"})


def test_what_was_acknowledged_before_an_election_is_seen_after_it(installation: Installation, nodes: Nodes) -> None:
    """Promise 9."""
    _, race_client = installation
    guest = race_client.person()
    order = guest.order(race_client.venue(race_client.person(owner=True)))
    with follower_that_learns_nothing(nodes):
        booking = race_client.ask(order)
        victim = nodes.primary()
        nodes.kill(victim)
        assert booking.said == "201"
        look = Call("GET", f"/bookings/{booking.answer.data['booking_id']}", guest.token)
        nodes.primary()
        looks = [race_client.ask(look) for _ in range(LOOKS)]
    assert all(is_refused_well(event) for event in looks), [event.said for event in looks]
    wait_until(lambda: race_client.ask(look).said == "200", RECOVERY_SECONDS)
    nodes.start(victim)
    nodes.await_well()
