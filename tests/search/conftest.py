"""Fixtures of the search tests: workers of a server and an external writer, on each test's own database."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from halls.search import change_stream
from halls.server import tasks
from tests.search.change_stream_workers import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the change stream often, and retry soon after an error."""
    monkeypatch.setattr(change_stream, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(change_stream, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(tasks, "MIN_ERROR_PAUSE_SECONDS", 0.05)


@pytest.fixture
def worker(fresh_uri: str, short_waits: None) -> Iterator[Worker]:  # noqa: ARG001 - before the worker starts
    """One worker on the fresh database of this test."""
    with closing(Worker(fresh_uri)) as single_worker:
        yield single_worker


@pytest.fixture
def external_db(fresh_uri: str) -> Iterator[Db]:
    """The connection of an external writer to that database, with the driver's default settings."""
    client: MongoClient[Any] = MongoClient(fresh_uri)
    with closing(client):
        yield client.get_default_database()
