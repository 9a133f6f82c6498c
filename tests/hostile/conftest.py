"""Fixtures of the hostile requests: applications in this process, and a server process for requests about HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from halls.server.startup import make_server_app
from tests.accounts.google_keys import CLIENT, KeyServer, running_key_server
from tests.conftest import make_config, new_database
from tests.hostile.client import HostileClient
from tests.hostile.world import put_back_world
from tests.http.limiters import close_storage
from tests.mail.smtp_server import SmtpServer, running_smtp_server
from tests.servers import RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

SETTINGS = {
    "CORS_ORIGINS": "https://app.example",
    "LOG_LEVEL": "INFO",
    "CLOUDINARY_CLOUD_NAME": "halls",
    "CLOUDINARY_API_KEY": "123456789012345",
    "CLOUDINARY_API_SECRET": "a secret of Cloudinary",
    "CLOUDINARY_UPLOAD_PRESET": "venues",
}


def make_client(uri: str, google: KeyServer, rate_limits: str) -> Iterator[HostileClient]:
    """Yield a client of an application in this process."""
    settings = {name.lower(): value for name, value in SETTINGS.items() if name != "LOG_LEVEL"}
    google_settings = {"google_client_id": CLIENT, "google_certs_url": google.url}
    app = make_server_app(make_config(mongo_uri=uri, rate_limits=rate_limits, **settings, **google_settings))
    context = app.extensions["halls"]
    yield HostileClient(app.test_client(), context.db)
    context.db.client.close()
    if rate_limits == "on":
        close_storage(context.rate_limiter)


@pytest.fixture(scope="session")
def client_uri(mongo_uri: str) -> Iterator[str]:
    """The database of the applications in this process."""
    yield from new_database(mongo_uri)


@pytest.fixture(scope="session")
def google() -> Iterator[KeyServer]:
    with running_key_server() as keys:
        yield keys


@pytest.fixture(scope="session")
def hostile_client(client_uri: str, google: KeyServer) -> Iterator[HostileClient]:
    yield from make_client(client_uri, google, "off")


@pytest.fixture(scope="session")
def limited_client(client_uri: str, google: KeyServer) -> Iterator[HostileClient]:
    yield from make_client(client_uri, google, "on")


@pytest.fixture
def api(hostile_client: HostileClient) -> HostileClient:
    """A client of an application whose database has the documents of the world."""
    hostile_client.put_back_world()
    return hostile_client


@pytest.fixture(scope="session")
def hostile_uri(mongo_uri: str) -> Iterator[str]:
    """The database of the server process."""
    yield from new_database(mongo_uri)


@pytest.fixture(scope="session")
def smtp_server() -> Iterator[SmtpServer]:
    with running_smtp_server() as server:
        yield server


@pytest.fixture(scope="session")
def settings(smtp_server: SmtpServer) -> dict[str, str]:
    """The settings of a server that sends e-mail."""
    return SETTINGS | {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp_server.port)}


@pytest.fixture(scope="session")
def hostile_server(
    hostile_uri: str, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    with running_server(mongo_uri=hostile_uri, folder=tmp_path_factory.mktemp("hostile"), **settings) as server:
        yield server


@pytest.fixture(scope="session")
def hostile_db(hostile_uri: str, hostile_server: RunningServer) -> Iterator[Db]:
    """The database of the server with the documents of the world; the requests about HTTP change few of them."""
    assert hostile_server.port
    db = connect(hostile_uri)
    put_back_world(db)
    yield db
    db.client.close()
