"""Every code sample of the documentation runs against a server with demonstration data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from tests.architecture.source import name_place
from tests.commands import run_halls
from tests.conftest import uri_of
from tests.samples import PAGES, PROGRAMS, find_samples, run_sample
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers import RunningServer

SAMPLES = [(page, language) for page in PAGES for language in sorted(find_samples(page)) if language in PROGRAMS]
NAMES = [f"{name_place(page)} {language}" for page, language in SAMPLES]


@pytest.fixture(scope="module")
def site_uri(mongo_uri: str) -> str:
    """The URI of a database with the demonstration data."""
    uri = uri_of(mongo_uri, "test_site")
    result = run_halls(uri, "demo")
    assert result.exit_code == 0, result.output
    return uri


@pytest.fixture(scope="module")
def server(site_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on the database of `site_uri`."""
    folder = tmp_path_factory.mktemp("server")
    origin = "http://localhost:5173"  # as docs/guides/other-origins.md says
    with running_server(mongo_uri=site_uri, folder=folder, LOG_LEVEL="INFO", CORS_ORIGINS=origin) as running:
        yield running


# A page's samples in one language run together, because later ones use earlier results.
@pytest.mark.parametrize(("page", "language"), SAMPLES, ids=NAMES)
def test_the_samples_of_a_page_run_without_unexpected_errors(
    page: Path, language: str, server: RunningServer, site_uri: str, tmp_path: Path
) -> None:
    log_length = len(server.log_text())
    run_sample(language, "\n".join(find_samples(page)[language]), server, site_uri, tmp_path)
    error_statuses = set(re.findall(r'"?status"?[=:] ?([45]\d\d)', server.log_text()[log_length:]))
    assert all(re.search(rf"\b{status}\b", page.read_text()) for status in error_statuses), error_statuses


@pytest.mark.parametrize("page", PAGES, ids=name_place)
def test_every_block_of_a_page_is_run_or_parsed(page: Path) -> None:
    samples = find_samples(page)
    for text in samples.pop("json", []):
        json.loads(text)
    for text in samples.pop("console", []):
        assert re.fullmatch(r"\$ make \w+\n", text), text
    assert samples.keys() <= PROGRAMS.keys()


def test_each_language_has_samples() -> None:
    assert {language for _, language in SAMPLES} == PROGRAMS.keys()
