"""GET /openapi.json and /docs: for everybody, cached, and nothing on the page comes from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.openapi.document import current_document

if TYPE_CHECKING:
    from tests.api_client import Api


def test_the_document_is_served_bare_and_to_everybody(api: Api) -> None:
    answer = api.get("/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json == current_document()


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/swagger-ui.css"])
def test_a_client_keeps_what_has_not_changed(api: Api, path: str) -> None:
    first = api.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    again = api.get(path, If_None_Match=first.headers["ETag"])
    assert again.status == 304
    assert api.get(path, If_None_Match='"another"').status == 200


def test_the_page_forbids_what_is_inline_and_what_comes_from_elsewhere(api: Api) -> None:
    answer = api.get("/docs")
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert policy["frame-ancestors"] == "'none'"


def test_every_part_of_the_page_is_here(api: Api) -> None:
    page = api.client.get("/docs").get_data(as_text=True)
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(parts) == 6
    for part in parts:
        answer = api.get(f"/{part}")
        assert answer.status == 200, part
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script>" not in page


@pytest.mark.parametrize("name", ["nothing.js", "page.html", "__init__.py", "..", "%2e%2e%2fapp.py"])
def test_nothing_else_of_the_package_is_served(api: Api, name: str) -> None:
    assert api.get(f"/docs/{name}").status == 404


def test_each_part_has_its_type(api: Api) -> None:
    types = {"page.js": "text/javascript", "page.css": "text/css", "favicon-32x32.png": "image/png"}
    for name, kind in types.items():
        assert api.get(f"/docs/{name}").headers["Content-Type"].startswith(kind)
