"""The page /docs works in Chromium without internet: log in, send requests, read responses."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import uri_of
from tests.servers import running_server

HERE = Path(__file__).resolve().parent


@pytest.mark.timeout(300)
def test_the_docs_page_works_in_a_browser(mongo_uri: str, tmp_path: Path) -> None:
    pictures = HERE / "screenshots"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir()
    uri = uri_of(mongo_uri, "test_browser")
    with running_server(mongo_uri=uri, folder=tmp_path, RATE_LIMITS="off") as server:
        command = ["node", str(HERE / "docs.mjs"), server.url, str(pictures)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
