"""The whole installation: three nodes, and a server of two workers on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_injection import is_well, serving, wait_until
from tests.replica.nodes import Nodes, replica_set

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.races.race_client import RaceClient
    from tests.servers import RunningServer


@pytest.fixture(scope="session")
def set_of_three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Three nodes for all tests: whoever breaks one mends it."""
    with replica_set(tmp_path_factory.mktemp("replica")) as nodes:
        yield nodes


@pytest.fixture
def nodes(set_of_three: Nodes) -> Nodes:
    """The three nodes, well, and empty."""
    set_of_three.await_well()
    return set_of_three


@pytest.fixture
def installation(nodes: Nodes, tmp_path: Path) -> Iterator[tuple[RunningServer, RaceClient]]:
    """A server on the three nodes, ready, with no data; its log must not tell of a defect."""
    with serving(nodes.uri, tmp_path) as (server, race_client):
        wait_until(lambda: is_well(race_client))
        for name in ("users", "venues", "bookings", "idempotency_keys", "outbox"):
            race_client.db[name].delete_many({})
        yield server, race_client
        log = server.log_text()
        assert '"event": "defect"' not in log
        assert "Traceback" not in log
