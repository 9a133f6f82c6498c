"""Journeys through the web pages by HTTPS and NGINX, with the site and the rate limits of deploy/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.web.journeys import demo_server, walk
from tests.deploy.conftest import BEHIND_NGINX
from tests.deploy.site import running_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.site import Site


@pytest.fixture(scope="module")
def demo_site(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site with demonstration data."""
    folder = tmp_path_factory.mktemp("web-site")
    with (
        demo_server(mongo_uri, "test_web_site", folder / "app", **BEHIND_NGINX) as server,
        running_site(server, folder / "nginx", rate="rate=50r/s") as site,
    ):
        yield site


@pytest.mark.timeout(400)
@pytest.mark.parametrize("journey", ["booking", "map", "search"])
def test_a_journey_works_through_nginx(demo_site: Site, tmp_path: Path, journey: str) -> None:
    # The browser resolves the host name to NGINX. Rivals send their requests to the application.
    names = {"NGINX_ADDRESS": f"127.0.0.1:{demo_site.port}", "API_URL": demo_site.server.url}
    walk(journey, demo_site.server, BEHIND_NGINX["PUBLIC_URL"], tmp_path, **names)
