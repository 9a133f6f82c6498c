"""Fixtures: an application with its own upload folder, and an S3 server that verifies signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.http.rate_limits import RateLimiter
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.uploads.seaweed import running_seaweed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from flask import Flask

    from halls.mongo.client import Db
    from tests.uploads.seaweed import Seaweed


@pytest.fixture
def make_api(
    app: Flask,
    db: Db,  # noqa: ARG001 - the fixture empties the database before the test
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., ApiClient]:
    """Return a function that changes the settings of the application and returns a client; data is in `tmp_path`."""
    context = app.extensions["halls"]

    def make(**settings: Any) -> ApiClient:
        config = make_config(mongo_uri=context.config.mongo_uri, data_dir=tmp_path, **settings)
        monkeypatch.setattr(context, "config", config)
        monkeypatch.setattr(context, "rate_limiter", RateLimiter(config))
        return ApiClient(app.test_client())

    return make


@pytest.fixture
def api(make_api: Callable[..., ApiClient]) -> ApiClient:
    """Return a client of an application that stores its uploads in `tmp_path`."""
    return make_api()


@pytest.fixture
def owner(api: ApiClient) -> str:
    """Return an owner's token."""
    return api.owner()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return the folder of the local storage."""
    return tmp_path / "uploads"


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """Yield an S3 server on loopback with one publicly readable bucket."""
    with running_seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server
