"""The journeys through the web pages, in Chromium, against a server with demonstration data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.web.journeys import JOURNEYS, demo_server, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import RunningServer


@pytest.fixture(scope="module")
def server(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with demonstration data."""
    folder = tmp_path_factory.mktemp("web")
    with demo_server(mongo_uri, "test_web_pages", folder, GOOGLE_CLIENT_ID="web-client.example") as server:
        yield server


@pytest.mark.timeout(640)
@pytest.mark.parametrize("journey", JOURNEYS)
def test_a_journey_works_in_a_browser(server: RunningServer, journey: str) -> None:
    walk(journey, server, server.url)
