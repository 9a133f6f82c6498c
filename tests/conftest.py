"""Fixtures that every test can use: one real MongoDB for the whole run, an application and a client."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from argon2 import PasswordHasher
from hypothesis import settings
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from halls.accounts import passwords
from halls.app import COLLECTIONS
from halls.config import Config
from halls.mongo import embedded
from halls.mongo.client import connect
from halls.mongo.embedded import embedded_mongod
from halls.search import windows
from halls.search.candidates import radius_cache
from halls.search.position import is_filled, record_empty_index
from halls.server.startup import make_server_app
from tests.api_client import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from halls.mongo.client import Db

SECRET = "a secret of the tests that is long enough"
MONGO_URI = pytest.StashKey[str]()
# The file that the application reads. The tests read none: see _isolate_settings.
ENV_FILE = Config.model_config["env_file"]
# The duration of an example depends on the machine, so a deadline would fail at random.
settings.register_profile("halls", deadline=None)
settings.load_profile("halls")
# A hash at the cost of production takes 20 ms. Only test_passwords.py needs it.
PRODUCTION_HASHER = passwords.HASHER
passwords.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
# The application's threads log at any time, also while a test reads the output of a command.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))


def _isolate_settings() -> None:
    """Ignore the settings of the developer: those of the shell, and the `.env` of the working directory."""
    Config.model_config["env_file"] = None
    for name in list(os.environ):  # noqa: TID251 - removed, not read
        if name.lower() in Config.model_fields:
            del os.environ[name]  # noqa: TID251 - the same


def _with_larger_oplog() -> tuple[str, ...]:
    """Return the arguments of the embedded mongod with an oplog of 512 MB.

    All tests write to this oplog at once. In a small one, the position of a reader that waits is soon lost.
    """
    arguments = embedded.MONGOD_ARGUMENTS
    before = ("", *arguments)
    return tuple("512" if option == "--oplogSize" else each for option, each in zip(before, arguments, strict=False))


def pytest_configure(config: pytest.Config) -> None:
    """Start one mongod in the main process of the run; xdist workers get its URI."""
    _isolate_settings()
    workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        config.stash[MONGO_URI] = workerinput["mongo_uri"]
        return
    folder = Path(tempfile.mkdtemp(prefix="halls-tests-"))
    stack = ExitStack()
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "MONGOD_ARGUMENTS", _with_larger_oplog())
        config.stash[MONGO_URI] = stack.enter_context(embedded_mongod(folder))
    config.add_cleanup(stack.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker the URI of the mongod."""
    node.workerinput["mongo_uri"] = node.config.stash[MONGO_URI]


@pytest.fixture(scope="session")
def mongo_uri(request: pytest.FixtureRequest) -> str:
    """The URI of the replica set; its database is `halls`, which the tests do not use."""
    return request.config.stash[MONGO_URI]


@pytest.fixture(scope="session")
def worker_uri(mongo_uri: str) -> Iterator[str]:
    """The URI of a database of this pytest worker."""
    yield from new_database(mongo_uri)


@pytest.fixture
def fresh_uri(mongo_uri: str) -> Iterator[str]:
    """The URI of a database of one test, without indexes."""
    yield from new_database(mongo_uri)


def new_database(mongo_uri: str) -> Iterator[str]:
    """Yield the URI of a new database; drop it at the end."""
    uri = uri_of(mongo_uri, f"test_{uuid.uuid4().hex[:12]}")
    yield uri
    db = connect(uri)
    db.client.drop_database(db.name)
    db.client.close()


def uri_of(mongo_uri: str, name: str) -> str:
    """Return `mongo_uri` with the database `name`."""
    return mongo_uri.replace("/halls?", f"/{name}?")


def make_config(**settings: Any) -> Config:
    """Return settings for a test, independent of the environment variables of the machine."""
    defaults = {"jwt_secret": SECRET, "cors_origins": "https://app.example", "log_level": "ERROR", "rate_limits": "off"}
    # Most tests book more than a guest with an unverified address may.
    defaults["max_pending_per_guest"] = "0"
    defaults["security_log"] = os.devnull
    # A log line about a slow command would fail tests that read the output of a command.
    defaults["slow_command_ms"] = "60000"
    return Config(_env_file=None, **{**defaults, **settings})  # type: ignore[call-arg] # pydantic-settings adds it


@pytest.fixture(scope="session")
def app(worker_uri: str) -> Iterator[Flask]:
    """The application on the database of this pytest worker."""
    application = make_server_app(make_config(mongo_uri=worker_uri))
    yield application
    application.extensions["halls"].db.client.close()


@pytest.fixture
def db(app: Flask) -> Db:
    """The database of this pytest worker, empty except for its indexes; the caches of searches are empty too."""
    database: Db = app.extensions["halls"].db
    if filled := find_filled_collections(database):
        *others, last = filled
        for name in others:
            database[name].with_options(write_concern=WriteConcern(1)).delete_many({})
        # This delete waits for the majority commit of all deletes. Otherwise majority reads could find old documents.
        database[last].delete_many({})
    if not is_filled(database):
        # The test before has deleted the position. Without it, search waits for a first fill.
        record_empty_index(database)
    radius_cache.clear()
    windows._count.cache_clear()  # noqa: SLF001 - the entries that were counted are gone
    return database


def find_filled_collections(db: Db) -> list[str]:
    """Return the names of the collections that contain documents. One query is faster than eight deletes."""
    first_rows: dict[str, list[dict[str, Any]]] = {
        spec.name: [{"$limit": 1}, {"$project": {"name": {"$literal": spec.name}}}] for spec in COLLECTIONS
    }
    (first, pipeline), *others = first_rows.items()
    unions: list[dict[str, Any]] = [{"$unionWith": {"coll": name, "pipeline": rows}} for name, rows in others]
    found = db[first].with_options(read_concern=ReadConcern("local")).aggregate([*pipeline, *unions])
    return [row["name"] for row in found]


@pytest.fixture
def api(app: Flask, db: Db) -> ApiClient:  # noqa: ARG001 - empties the database first
    """A client of the application in this process."""
    return ApiClient(app.test_client())
