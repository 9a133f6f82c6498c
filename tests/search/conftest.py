"""Workers of a server, and another tool, on a database of each test's own."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from halls.search import change_stream as following
from tests.search.change_stream_workers import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what waits for a database that is away wait shorter than in earnest, and searches longer."""
    monkeypatch.setattr(following, "AWAY_SECONDS", 0.05)
    monkeypatch.setattr(following, "MAX_WAIT_SECONDS", 10.0)


@pytest.fixture
def workers(fresh_uri: str) -> Iterator[tuple[Worker, Worker]]:
    """Two workers on a database of this test's own."""
    with ExitStack() as stack:
        yield stack.enter_context(closing(Worker(fresh_uri))), stack.enter_context(closing(Worker(fresh_uri)))


@pytest.fixture
def worker(fresh_uri: str) -> Iterator[Worker]:
    """One worker on a database of this test's own."""
    with closing(Worker(fresh_uri)) as one:
        yield one


@pytest.fixture
def other(fresh_uri: str) -> Iterator[Db]:
    """Another tool's connection to that database, with the driver's own settings."""
    client: MongoClient[Any] = MongoClient(fresh_uri)
    with closing(client):
        yield client.get_default_database()
