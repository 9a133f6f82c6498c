"""Race clients: of a real server, and of an application in this process, which tests can patch."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from halls.server.startup import make_server_app
from tests.conftest import make_config, uri_of
from tests.races.race_client import RaceClient, in_process, over_http
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

SETTINGS = {"WEB_WORKERS": "2", "WEB_THREADS": "8", "RATE_LIMITS": "off", "LOG_LEVEL": "WARNING"}


@pytest.fixture(scope="session")
def race_client(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RaceClient]:
    """A client of `halls serve` with two workers of eight threads, on its own database."""
    uri = uri_of(mongo_uri, f"races_{uuid.uuid4().hex[:12]}")
    with running_server(mongo_uri=uri, folder=tmp_path_factory.mktemp("races"), **SETTINGS) as server:
        db = connect(uri)
        yield RaceClient(db, over_http(server.port))
        assert "Traceback" not in server.log_text()
        assert '"defect"' not in server.log_text()
    db.client.drop_database(db.name)
    db.client.close()


@pytest.fixture
def in_process_client(fresh_uri: str) -> Iterator[RaceClient]:
    """A client of an application in this process: patches of `halls` affect it."""
    app = make_server_app(make_config(mongo_uri=fresh_uri))
    db: Db = app.extensions["halls"].db
    yield RaceClient(db, in_process(app))
    db.client.close()
