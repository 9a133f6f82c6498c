"""Fixtures of the search tests: workers of a server and an external writer, on each test's own database."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from halls.search import change_stream
from tests.search.change_stream_workers import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pause after a lost connection, and lengthen the time that a search waits."""
    monkeypatch.setattr(change_stream, "AWAY_SECONDS", 0.05)
    monkeypatch.setattr(change_stream, "MAX_WAIT_SECONDS", 10.0)


@pytest.fixture
def workers(fresh_uri: str) -> Iterator[tuple[Worker, Worker]]:
    """Two workers on the fresh database of this test."""
    with ExitStack() as stack:
        yield stack.enter_context(closing(Worker(fresh_uri))), stack.enter_context(closing(Worker(fresh_uri)))


@pytest.fixture
def worker(fresh_uri: str) -> Iterator[Worker]:
    """One worker on the fresh database of this test."""
    with closing(Worker(fresh_uri)) as single_worker:
        yield single_worker


@pytest.fixture
def external_db(fresh_uri: str) -> Iterator[Db]:
    """The connection of an external writer to that database, with the driver's default settings."""
    client: MongoClient[Any] = MongoClient(fresh_uri)
    with closing(client):
        yield client.get_default_database()
