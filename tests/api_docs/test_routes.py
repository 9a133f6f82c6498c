"""GET /openapi.json and /docs are public and cached; the page loads nothing from other servers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from halls.app import create_app
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.openapi.document import current_document

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def below_api(worker_uri: str) -> Iterator[ApiClient]:
    """A client of an application that a proxy serves below /api."""
    app = create_app(make_config(mongo_uri=worker_uri, public_url="https://halls.example/api/"))
    yield ApiClient(app.test_client())
    app.extensions["halls"].db.client.close()


def test_the_document_is_public_and_has_no_envelope(api: ApiClient) -> None:
    response = api.get("/openapi.json")
    assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json == current_document()


def test_the_document_names_the_path_of_public_url(below_api: ApiClient) -> None:
    [server] = below_api.get("/openapi.json").json.pop("servers")
    assert urljoin("https://halls.example/api/openapi.json", server["url"]) == "https://halls.example/api"


def test_the_page_has_only_relative_addresses(below_api: ApiClient) -> None:
    page = below_api.get("/docs").text
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        public = urljoin("https://halls.example/api/docs", address)
        path = public.removeprefix("https://halls.example/api")
        assert below_api.get(path).status == 200, public
    assert 'url: "openapi.json"' in below_api.get("/docs/page.js").text


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/swagger-ui.css"])
def test_an_unchanged_file_gets_a_304_response(api: ApiClient, path: str) -> None:
    first = api.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    revalidation = api.get(path, If_None_Match=first.headers["ETag"])
    assert revalidation.status == 304
    assert api.get(path, If_None_Match='"another"').status == 200


def test_the_page_forbids_inline_scripts_and_other_origins(api: ApiClient) -> None:
    response = api.get("/docs")
    policy = dict(rule.split(" ", 1) for rule in response.headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert policy["frame-ancestors"] == "'none'"


def test_every_asset_of_the_page_is_served(api: ApiClient) -> None:
    page = api.get("/docs").text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) == 6
    for asset in assets:
        response = api.get(f"/{asset}")
        assert response.status == 200, asset
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script>" not in page


@pytest.mark.parametrize("name", ["nothing.js", "page.html", "__init__.py", "..", "%2e%2e%2fapp.py"])
def test_other_files_of_the_package_are_not_served(api: ApiClient, name: str) -> None:
    assert api.get(f"/docs/{name}").status == 404


def test_each_asset_has_its_content_type(api: ApiClient) -> None:
    types = {"page.js": "text/javascript", "page.css": "text/css", "favicon-32x32.png": "image/png"}
    for name, kind in types.items():
        assert api.get(f"/docs/{name}").headers["Content-Type"].startswith(kind)
