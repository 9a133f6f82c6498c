"""NGINX counts requests by network: an IPv4 address, or an IPv6 /64, because one client has all its addresses."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import ROOT
from tests.deploy.site import running_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.site import Site

# NGINX takes the address of a client from this header, so that the test has many clients.
TRUST = "set_real_ip_from 127.0.0.1;\nreal_ip_header X-Client;\n"
AMOUNT, BURST = 6, 2
CONFIGURATION = ROOT / "deploy" / "nginx" / "halls.conf"


@pytest.fixture(scope="module")
def strict_site(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that takes BURST + 1 requests from each network."""
    folder = tmp_path_factory.mktemp("strict") / "nginx"
    with running_site(
        site.server, folder, rate="rate=1r/m", edit=lambda text: TRUST + text.replace("burst=100", f"burst={BURST}")
    ) as running:
        yield running


def count_statuses(site: Site, addresses: list[str]) -> Counter[int]:
    """Send a request from each address. Count the statuses."""
    return Counter(site.ask("GET /health", X_Client=address).status for address in addresses)


def test_the_addresses_of_an_ipv6_network_share_a_limit(strict_site: Site) -> None:
    inside = [f"2001:db8:a:b:{number:x}:0a0a::{number:x}" for number in range(AMOUNT)]
    assert count_statuses(strict_site, inside) == {200: BURST + 1, 429: AMOUNT - BURST - 1}
    assert count_statuses(strict_site, [f"2001:db8:a:{number:x}::1" for number in range(AMOUNT)]) == {200: AMOUNT}
    # Bytes of a network may be zero or a line break.
    newlines = [f"a0a:a0a::{number:x}:0:a0a" for number in range(AMOUNT)]
    assert count_statuses(strict_site, newlines) == {200: BURST + 1, 429: AMOUNT - BURST - 1}


def test_each_ipv4_address_has_its_own_limit(strict_site: Site) -> None:
    assert count_statuses(strict_site, [f"203.0.113.{number}" for number in range(AMOUNT)]) == {200: AMOUNT}
    assert count_statuses(strict_site, [f"::ffff:198.51.100.{number}" for number in range(AMOUNT)]) == {200: AMOUNT}
    one = ["198.51.100.77", "::ffff:198.51.100.77"] * 3
    assert count_statuses(strict_site, one) == {200: BURST + 1, 429: AMOUNT - BURST - 1}


def test_each_limit_of_a_client_counts_its_network() -> None:
    zones = re.findall(r"^limit_(?:req|conn)_zone (\S+) zone=(\w+):", CONFIGURATION.read_text(), re.MULTILINE)
    # All uploads together have a limit, too.
    assert {zone for key, zone in zones if key != "$halls_network"} == {"halls_uploads"}
    assert len(zones) == 5
