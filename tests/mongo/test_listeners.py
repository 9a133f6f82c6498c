"""Slow commands are logged with their collection and field names, and without the values."""

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
def slow_db(fresh_uri: str) -> Iterator[Db]:
    """A database for which every command counts as slow."""
    db = connect(fresh_uri, slow_ms=0)
    yield db
    db.client.close()


def slow_commands(log_entries: list[Any]) -> dict[str, dict[str, Any]]:
    """Return the log entries of slow commands, by command name."""
    return {entry["command"]: entry for entry in log_entries if entry["event"] == "slow command"}


def test_a_slow_command_is_logged_without_its_values(slow_db: Db) -> None:
    with structlog.testing.capture_logs() as log_entries:
        slow_db.users.insert_many([{"email": f"{i}@secret.example", "n": 1} for i in range(3)])
        list(slow_db.users.find({"n": 1, "email": {"$ne": "x@secret.example"}}, batch_size=2))
    entries = slow_commands(log_entries)
    assert (entries["find"]["collection"], entries["find"]["fields"]) == ("users", ["email", "n"])
    assert entries["getMore"]["collection"] == "users"
    assert entries["insert"]["ms"] >= 0
    assert "secret" not in str(log_entries)


def test_a_slow_command_that_fails_is_logged(slow_db: Db) -> None:
    with structlog.testing.capture_logs() as log_entries, pytest.raises(OperationFailure):
        slow_db.command("nonsense")
    assert slow_commands(log_entries)["nonsense"]["collection"] == "1"


def test_a_fast_command_is_not_logged(fresh_uri: str) -> None:
    db = connect(fresh_uri, slow_ms=60_000)
    with structlog.testing.capture_logs() as log_entries:
        db.users.find_one({})
    db.client.close()
    assert log_entries == []
