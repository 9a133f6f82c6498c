"""The server that the hostile cases are sent to: one for each test process, with a database of its own."""

import secrets
from collections.abc import Iterator

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from tests.conftest import uri_of
from tests.hostile.world import Document, World, make_world
from tests.servers import RunningServer, running_server

SETTINGS = {"RATE_LIMITS": "off", "CORS_ORIGINS": "https://app.example", "LOG_LEVEL": "INFO"}


@pytest.fixture(scope="session")
def hostile_uri(mongo_uri: str) -> str:
    """Name a database of this process, so that counting documents shows what one case did."""
    return uri_of(mongo_uri, f"hostile_{secrets.token_hex(6)}")


@pytest.fixture(scope="session")
def hostile_server(hostile_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(mongo_uri=hostile_uri, folder=tmp_path_factory.mktemp("hostile"), **SETTINGS) as server:
        yield server


@pytest.fixture(scope="session")
def hostile_database(hostile_uri: str, hostile_server: RunningServer) -> Iterator[Database[Document]]:
    """Open the database once the server has made its indexes in it."""
    assert hostile_server.port
    with MongoClient[Document](hostile_uri) as client:
        database = client.get_default_database()
        yield database
        client.drop_database(database.name)


@pytest.fixture
def world(hostile_database: Database[Document]) -> World:
    return make_world(hostile_database)
