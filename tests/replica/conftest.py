"""Fixtures of a complete installation: three nodes, and a server with two workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_injection import is_ready, serving
from tests.replica.nodes import Nodes, replica_set
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.races.race_client import RaceClient
    from tests.servers import RunningServer


@pytest.fixture(scope="session")
def session_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Three nodes for all tests. A test that stops a node restarts it."""
    with replica_set(tmp_path_factory.mktemp("replica")) as nodes:
        yield nodes


@pytest.fixture
def nodes(session_nodes: Nodes) -> Nodes:
    """The three nodes, all healthy."""
    session_nodes.wait_until_healthy()
    return session_nodes


@pytest.fixture
def installation(nodes: Nodes, tmp_path: Path) -> Iterator[tuple[RunningServer, RaceClient]]:
    """A ready server on the three nodes, without data. Fails if its log has a defect or a traceback."""
    with serving(nodes.uri, tmp_path) as (server, race_client):
        wait_until(lambda: is_ready(race_client))
        for name in ("outbox", "events", "users", "email_links", "venues", "bookings", "idempotency_keys"):
            race_client.db[name].delete_many({})
        yield server, race_client
        log = server.log_text()
        assert '"event": "defect"' not in log
        assert "Traceback" not in log
