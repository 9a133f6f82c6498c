"""Fixtures of the hostile cases: a server for each pytest worker, with its own database."""

import secrets
from collections.abc import Iterator

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from tests.accounts.google_keys import CLIENT, KeyServer, running_key_server
from tests.conftest import uri_of
from tests.hostile.world import Document, World, make_world
from tests.mail.smtp_server import SmtpServer, running_smtp_server
from tests.servers import RunningServer, running_server

SETTINGS = {
    "RATE_LIMITS": "off",
    "CORS_ORIGINS": "https://app.example",
    "LOG_LEVEL": "INFO",
    "GOOGLE_CLIENT_ID": CLIENT,
    "CLOUDINARY_CLOUD_NAME": "halls",
    "CLOUDINARY_API_KEY": "123456789012345",
    "CLOUDINARY_API_SECRET": "a secret of Cloudinary",
    "CLOUDINARY_UPLOAD_PRESET": "venues",
}


@pytest.fixture(scope="session")
def hostile_uri(mongo_uri: str) -> str:
    """The URI of a database of this pytest worker: other writers would change the document counts of a case."""
    return uri_of(mongo_uri, f"hostile_{secrets.token_hex(6)}")


@pytest.fixture(scope="session")
def smtp_server() -> Iterator[SmtpServer]:
    with running_smtp_server() as server:
        yield server


@pytest.fixture(scope="session")
def google() -> Iterator[KeyServer]:
    with running_key_server() as keys:
        yield keys


@pytest.fixture(scope="session")
def settings(smtp_server: SmtpServer, google: KeyServer) -> dict[str, str]:
    """The settings of a server that sends e-mail and trusts the tests' Google keys."""
    mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp_server.port)}
    return SETTINGS | mail | {"GOOGLE_CERTS_URL": google.url}


@pytest.fixture(scope="session")
def hostile_server(
    hostile_uri: str, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    with running_server(mongo_uri=hostile_uri, folder=tmp_path_factory.mktemp("hostile"), **settings) as server:
        yield server


@pytest.fixture(scope="session")
def limited_server(
    hostile_uri: str, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    limited = settings | {"RATE_LIMITS": "on"}
    with running_server(mongo_uri=hostile_uri, folder=tmp_path_factory.mktemp("limited"), **limited) as server:
        yield server


@pytest.fixture(scope="session")
def hostile_database(hostile_uri: str, hostile_server: RunningServer) -> Iterator[Database[Document]]:
    """The database of the server, after the server has created its indexes."""
    assert hostile_server.port
    with MongoClient[Document](hostile_uri) as client:
        database = client.get_default_database()
        yield database
        client.drop_database(database.name)


@pytest.fixture
def world(hostile_database: Database[Document], smtp_server: SmtpServer) -> World:
    return make_world(hostile_database, smtp_server)
