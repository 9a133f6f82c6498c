"""docs/errors.md lists every error code of Halls, each below its status."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from typing import TYPE_CHECKING

from tests.architecture.source import ROOT
from tests.factories import day

import halls
from halls.errors import ApiError
from halls.server import http_worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api_client import ApiClient

PAGE = (ROOT / "docs" / "errors.md").read_text()
ROWS = re.findall(r"^\| `([a-z_]+)` \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)


def _find_subclasses(error: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    for subclass in error.__subclasses__():
        yield subclass
        yield from _find_subclasses(subclass)


def _find_codes() -> dict[str, int]:
    """Return the status of each error code that src/halls defines."""
    for module in pkgutil.walk_packages(halls.__path__, "halls."):
        # Importing halls.wsgi would start an application.
        if module.name not in {"halls.wsgi", "halls.cli.__main__"}:
            importlib.import_module(module.name)
    errors = [error for error in _find_subclasses() if error.__module__.startswith("halls.")]
    return {error.code: error.status for error in errors if hasattr(error, "code")}


def test_the_page_lists_exactly_the_existing_codes() -> None:
    assert sorted(code for code, *_ in ROWS) == sorted(_find_codes())


def test_the_page_lists_the_errors_of_nginx_and_gunicorn() -> None:
    site = (ROOT / "deploy" / "nginx" / "halls.conf").read_text()
    proxy_codes = set(re.findall(r'"code":"([a-z_]+)"', site))
    proxy_codes |= {code for _, code, _ in (http_worker.BAD_REQUEST, http_worker.BROKEN, *http_worker.SPECIAL.values())}
    listed = PAGE.partition("## Before the API")[2]
    assert proxy_codes - set(_find_codes()) == set(re.findall(r"`([a-z_]+)`", listed))
    statuses = {status[:3] for status, *_ in http_worker.SPECIAL.values()}
    assert statuses <= set(re.findall(r"\b[45]\d\d\b", listed))


def test_each_code_is_listed_below_its_status() -> None:
    codes = _find_codes()
    for section in PAGE.split("\n## ")[1:]:
        heading = section.partition("\n")[0]
        for code in re.findall(r"^\| `([a-z_]+)`", section, re.MULTILINE):
            assert str(codes[code]) in heading.replace("5xx", "500 503"), (code, heading)


def test_the_example_of_an_error_response_is_real(api: ApiClient) -> None:
    (sample,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    response = api.book(api.guest(), api.list_venue(api.owner()), day(1), guests=0)
    assert response.json == json.loads(sample)
