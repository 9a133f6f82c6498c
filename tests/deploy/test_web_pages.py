"""The web pages through NGINX: their headers stay as they are, and their files have a rate limit of their own."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest

from tests.deploy.conftest import BEHIND_NGINX
from tests.deploy.site import running_site
from tests.hostile.raw_http import SERVER_NAME
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.site import Site

MODULE = re.compile(r'src="(/assets/[^"]+/app\.js)"')
PAGE_HEADERS = (
    *("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "Permissions-Policy"),
    *("Cross-Origin-Opener-Policy", "Cache-Control", "Content-Type"),
)


@pytest.fixture
def limited_site(mongo_uri: str, tmp_path: Path) -> Iterator[Site]:
    """The site with the rate limits of deploy/."""
    with (
        running_server(mongo_uri=mongo_uri, folder=tmp_path / "app", **BEHIND_NGINX) as server,
        running_site(server, tmp_path / "nginx", rate="rate=50r/s") as running,
    ):
        yield running


def find_module(site: Site) -> str:
    """Return the path of the first module of the start page."""
    match = MODULE.search(site.ask("GET /").text)
    assert match is not None
    return match[1]


@pytest.mark.parametrize("path", ["/", "/find", "/hall/65a0c0ffee0123456789abcd"])
def test_a_page_keeps_its_headers_and_none_is_sent_twice(site: Site, path: str) -> None:
    through_nginx = site.ask(f"GET {path}")
    direct = site.server.api.get(path)
    for name in PAGE_HEADERS:
        assert through_nginx.header(name) == direct.headers[name], name
    assert "require-trusted-types-for 'script'" in str(through_nginx.header("Content-Security-Policy"))
    assert "unsafe" not in str(through_nginx.header("Content-Security-Policy"))
    assert through_nginx.header("Strict-Transport-Security")


def test_a_page_is_compressed_and_not_sent_again_if_unchanged(site: Site) -> None:
    page = site.ask("GET /find", Accept_Encoding="gzip")
    assert page.header("Content-Encoding") == "gzip"
    assert gzip.decompress(page.body) == site.ask("GET /find").body
    again = site.ask("GET /find", If_None_Match=str(page.header("ETag")), Accept_Encoding="gzip")
    assert (again.status, again.body) == (304, b"")


def test_a_file_is_compressed_once_and_kept_for_a_year(site: Site) -> None:
    path = find_module(site)
    plain, compressed = site.ask(f"GET {path}"), site.ask(f"GET {path}", Accept_Encoding="gzip, br")
    assert (plain.status, plain.header("Content-Encoding")) == (200, None)
    assert compressed.header("Content-Encoding") == "gzip"
    assert gzip.decompress(compressed.body) == plain.body
    for response in (plain, compressed):
        assert response.header("Cache-Control") == "public, max-age=31536000, immutable"
        assert response.header("Content-Type") == "text/javascript; charset=utf-8"
        assert response.header("X-Content-Type-Options") == "nosniff"
        assert "Accept-Encoding" in str(response.header("Vary"))
    assert not str(compressed.header("ETag")).startswith("W/"), "NGINX has not compressed it again"


def test_the_files_of_several_pages_pass_at_once(limited_site: Site) -> None:
    path = find_module(limited_site)
    raw = f"GET {path} HTTP/1.1\r\nHost: {SERVER_NAME}\r\n\r\n" * 99
    last = f"GET {path} HTTP/1.1\r\nHost: {SERVER_NAME}\r\nConnection: close\r\n\r\n"
    statuses = [answer.status for _ in range(4) for answer in limited_site.exchange(raw + last).answers]
    assert statuses == [200] * 400
    assert limited_site.ask("GET /health").status == 200, "files do not use up the limit of requests"
