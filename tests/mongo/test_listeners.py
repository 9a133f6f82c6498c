"""Slow commands are logged by what they ask about, never with what they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog
from pymongo.errors import OperationFailure

from halls.mongo.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from halls.mongo.client import Db


@pytest.fixture
def watched(fresh_uri: str) -> Iterator[Db]:
    """A database of whose commands each is too slow."""
    db = connect(fresh_uri, slow_ms=0)
    yield db
    db.client.close()


def slow_commands(logged: list[Any]) -> dict[str, dict[str, Any]]:
    """Return what was logged of slow commands, by their names."""
    return {line["command"]: line for line in logged if line["event"] == "slow command"}


def test_a_slow_command_is_logged_without_its_values(watched: Db) -> None:
    with structlog.testing.capture_logs() as logged:
        watched.users.insert_many([{"email": f"{i}@secret.example", "n": 1} for i in range(3)])
        list(watched.users.find({"n": 1, "email": {"$ne": "x@secret.example"}}, batch_size=2))
    found = slow_commands(logged)
    assert (found["find"]["collection"], found["find"]["fields"]) == ("users", ["email", "n"])
    assert found["getMore"]["collection"] == "users"
    assert found["insert"]["ms"] >= 0
    assert "secret" not in str(logged)


def test_a_slow_command_that_fails_is_logged_too(watched: Db) -> None:
    with structlog.testing.capture_logs() as logged, pytest.raises(OperationFailure):
        watched.command("nonsense")
    assert slow_commands(logged)["nonsense"]["collection"] == "1"


def test_what_is_quick_is_not_logged(fresh_uri: str) -> None:
    db = connect(fresh_uri, slow_ms=60_000)
    with structlog.testing.capture_logs() as logged:
        db.users.find_one({})
    db.client.close()
    assert logged == []
