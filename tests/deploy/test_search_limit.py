"""SEARCH_LIMIT behind NGINX: each client has a limit of its own, and no header gives a client another one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from tests.deploy.conftest import BEHIND_NGINX
from tests.deploy.site import running_site
from tests.deploy.test_networks import TRUST
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.site import Site

AMOUNT = 40
SEARCH = "GET /venues/search"
# One worker, which counts exactly. Each worker more may accept one step more.
SETTINGS = {"RATE_LIMITS": "on", "SEARCH_LIMIT": str(AMOUNT), "WEB_WORKERS": "1", **BEHIND_NGINX}


@pytest.fixture(scope="module")
def limited_site(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site in production order: NGINX before one worker with a limit of searches."""
    uri, folder = mongo_uri.replace("/halls?", "/search_limit?"), tmp_path_factory.mktemp("search_limit")
    with (
        running_server(mongo_uri=uri, folder=folder / "app", **SETTINGS) as server,
        running_site(server, folder / "nginx", edit=lambda text: TRUST + text) as site,
    ):
        server.api.wait_until_ready()
        yield site
    db = connect(uri)
    db.client.drop_database(db.name)
    db.client.close()


def count_statuses(site: Site, addresses: list[str], claimed: str = "") -> Counter[int]:
    """Search once from each address, with headers that claim another one. Count the statuses."""
    headers = {"X_Forwarded_For": claimed, "X_Real_IP": claimed, "Forwarded": f"for={claimed}"} if claimed else {}
    return Counter(site.ask(SEARCH, b"", plain=False, X_Client=address, **headers).status for address in addresses)


def test_a_client_has_one_limit_whatever_addresses_it_claims(limited_site: Site) -> None:
    statuses: Counter[int] = Counter()
    for number in range(2 * AMOUNT):
        statuses += count_statuses(limited_site, ["203.0.113.1"], f"198.51.100.{number}")
    assert statuses == {200: AMOUNT, 429: AMOUNT}


def test_each_client_behind_nginx_has_its_own_limit(limited_site: Site) -> None:
    assert count_statuses(limited_site, ["203.0.113.2"] * AMOUNT) == {200: AMOUNT}
    assert count_statuses(limited_site, [f"203.0.113.{number}" for number in range(3, 3 + AMOUNT)]) == {200: AMOUNT}


def test_the_addresses_of_a_64_share_a_limit(limited_site: Site) -> None:
    inside = [f"2001:db8:5:6:{number:x}::1" for number in range(2 * AMOUNT)]
    assert count_statuses(limited_site, inside) == {200: AMOUNT, 429: AMOUNT}
    assert count_statuses(limited_site, ["2001:db8:7::1"]) == {200: 1}
