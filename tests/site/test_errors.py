"""docs/errors.md names every code that Halls refuses with, and no other, each with what to do about it."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from typing import TYPE_CHECKING

from tests.api_client import day
from tests.architecture.source import ROOT

import halls
from halls.errors import ApiError
from halls.server import http_worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api_client import Api

PAGE = (ROOT / "docs" / "errors.md").read_text()
ROWS = re.findall(r"^\| `([a-z_]+)` \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)


def _find_kinds(kind: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    for heir in kind.__subclasses__():
        yield heir
        yield from _find_kinds(heir)


def _find_codes() -> dict[str, int]:
    """Return the status of each code, of all that src/halls defines."""
    for module in pkgutil.walk_packages(halls.__path__, "halls."):
        # The program that a server is: it starts one when imported.
        if module.name != "halls.wsgi":
            importlib.import_module(module.name)
    kinds = [kind for kind in _find_kinds() if kind.__module__.startswith("halls.")]
    return {kind.code: kind.status for kind in kinds if hasattr(kind, "code")}


def test_the_page_names_each_code_once_and_no_other() -> None:
    assert sorted(code for code, *_ in ROWS) == sorted(_find_codes())


def test_the_page_names_what_is_refused_before_the_api() -> None:
    site = (ROOT / "deploy" / "nginx" / "halls.conf").read_text()
    before = set(re.findall(r'"code":"([a-z_]+)"', site))
    before |= {code for _, code, _ in (http_worker.BAD_REQUEST, http_worker.BROKEN, *http_worker.SPECIAL.values())}
    listed = PAGE.partition("## Before the API")[2]
    assert before - set(_find_codes()) == set(re.findall(r"`([a-z_]+)`", listed))
    statuses = {status[:3] for status, *_ in http_worker.SPECIAL.values()}
    assert statuses <= set(re.findall(r"\b[45]\d\d\b", listed))


def test_each_code_stands_below_its_status() -> None:
    codes = _find_codes()
    for section in PAGE.split("\n## ")[1:]:
        heading = section.partition("\n")[0]
        for code in re.findall(r"^\| `([a-z_]+)`", section, re.MULTILINE):
            assert str(codes[code]) in heading.replace("5xx", "500 503"), (code, heading)


def test_the_example_of_a_refusal_is_what_the_service_answers(api: Api) -> None:
    (sample,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    refused = api.book(api.guest(), api.list_venue(api.owner()), day(1), guests="many")
    assert refused.json == json.loads(sample)
