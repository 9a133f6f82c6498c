"""Fixtures: one real MongoDB for the whole run, an application on it, and people who use it."""

from __future__ import annotations

import shutil
import sys
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import settings

from halls.app import COLLECTIONS
from halls.config import Config
from halls.mongo.client import connect
from halls.mongo.embedded import embedded_mongod
from halls.search import change_stream
from halls.search.candidates import radius_cache
from halls.server.startup import make_server_app
from tests.api_client import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from halls.mongo.client import Db

SECRET = "a secret of the tests that is long enough"
MONGO_URI = pytest.StashKey[str]()
# How long an example takes is the machine's business.
settings.register_profile("halls", deadline=None)
settings.load_profile("halls")
# So is how long it takes to take in what a test has written past the application.
change_stream.MAX_WAIT_SECONDS = 3.0
# The threads of the application log whenever they like, also while a test reads what a command prints.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))


def pytest_configure(config: pytest.Config) -> None:
    """Start one mongod in the process that leads the run; its workers are told where it is."""
    workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        config.stash[MONGO_URI] = workerinput["mongo_uri"]
        return
    folder = Path(tempfile.mkdtemp(prefix="halls-tests-"))
    stack = ExitStack()
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    config.stash[MONGO_URI] = stack.enter_context(embedded_mongod(folder))
    config.add_cleanup(stack.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where the mongod is."""
    node.workerinput["mongo_uri"] = node.config.stash[MONGO_URI]


@pytest.fixture(scope="session")
def mongo_uri(request: pytest.FixtureRequest) -> str:
    """The replica set's URI; its database is `halls`, which no test uses."""
    return request.config.stash[MONGO_URI]


@pytest.fixture(scope="session")
def worker_uri(mongo_uri: str) -> Iterator[str]:
    """The URI of a database that this pytest worker has to itself."""
    uri = uri_of(mongo_uri, f"test_{uuid.uuid4().hex[:12]}")
    yield uri
    db = connect(uri)
    db.client.drop_database(db.name)
    db.client.close()


@pytest.fixture
def fresh_uri(mongo_uri: str) -> Iterator[str]:
    """The URI of a database that this one test has to itself, without indexes."""
    uri = uri_of(mongo_uri, f"test_{uuid.uuid4().hex[:12]}")
    yield uri
    db = connect(uri)
    db.client.drop_database(db.name)
    db.client.close()


def uri_of(mongo_uri: str, name: str) -> str:
    """Return `mongo_uri` with another database's name."""
    return mongo_uri.replace("/halls?", f"/{name}?")


def make_config(**settings: Any) -> Config:
    """Return settings as a test wants them, whatever the machine's own environment says."""
    defaults = {"jwt_secret": SECRET, "cors_origins": "https://app.example", "log_level": "ERROR", "rate_limits": "off"}
    # How slow the machine is no test wants to read, least of all among what a command prints.
    defaults["slow_command_ms"] = "60000"
    return Config(_env_file=None, **{**defaults, **settings})  # type: ignore[call-arg] # pydantic-settings adds it


@pytest.fixture(scope="session")
def app(worker_uri: str) -> Iterator[Flask]:
    """The application on this worker's database."""
    application = make_server_app(make_config(mongo_uri=worker_uri))
    yield application
    application.extensions["halls"].db.client.close()


@pytest.fixture
def db(app: Flask) -> Db:
    """An empty database, but for its indexes, of which nobody remembers anything; this pytest worker's own."""
    database: Db = app.extensions["halls"].db
    for plan in COLLECTIONS:
        database[plan.name].delete_many({})
    radius_cache.clear()
    return database


@pytest.fixture
def api(app: Flask, db: Db) -> Api:  # noqa: ARG001 - an empty database comes first
    """A client of the application, in this process."""
    return Api(app.test_client())
