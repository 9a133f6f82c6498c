"""The application behind NGINX, as in production."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from tests.deploy.site import Site, running_site
from tests.hostile.conftest import hostile_db, hostile_uri, settings, smtp_server  # noqa: F401 - fixtures
from tests.races.race_client import RaceClient, over_http
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

BEHIND_NGINX = {"TRUSTED_PROXIES": "1", "PUBLIC_URL": "https://halls.example"}


@pytest.fixture(scope="session")
def site(
    hostile_uri: str,  # noqa: F811 - a fixture
    settings: dict[str, str],  # noqa: F811 - the same
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A site with a high rate limit, because many tests use it."""
    folder = tmp_path_factory.mktemp("site")
    with (
        running_server(mongo_uri=hostile_uri, folder=folder / "app", **settings, **BEHIND_NGINX) as server,
        running_site(server, folder / "nginx") as running,
    ):
        yield running


@pytest.fixture(scope="session")
def hostile_server(site: Site) -> Site:
    """The server that gets the hostile requests."""
    return site


@pytest.fixture
def race_client(hostile_uri: str, site: Site) -> Iterator[RaceClient]:  # noqa: F811 - a fixture
    """A client with accounts and venues, and the database behind the site."""
    db = connect(hostile_uri)
    with closing(db.client):
        yield RaceClient(db, over_http(site.server.port))
