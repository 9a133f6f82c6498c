"""Where the races are run: on a real server, and on an application in this process that a test can tamper with."""

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
    """`halls serve` with two workers of eight threads, on a database of its own."""
    uri = uri_of(mongo_uri, f"races_{uuid.uuid4().hex[:12]}")
    with running_server(mongo_uri=uri, folder=tmp_path_factory.mktemp("races"), **SETTINGS) as server:
        db = connect(uri)
        yield RaceClient(db, over_http(server.port))
        assert "Traceback" not in server.log_text()
        assert '"defect"' not in server.log_text()
    db.client.drop_database(db.name)
    db.client.close()


@pytest.fixture
def shadow(fresh_uri: str) -> Iterator[RaceClient]:
    """The same in this process: what a test patches in `halls`, it serves with."""
    app = make_server_app(make_config(mongo_uri=fresh_uri))
    db: Db = app.extensions["halls"].db
    yield RaceClient(db, in_process(app))
    db.client.close()
