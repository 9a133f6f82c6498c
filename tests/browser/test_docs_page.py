"""The page /docs works in Chromium without internet: log in, send requests, read responses."""

from __future__ import annotations

import shutil
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.middleware.http_proxy import ProxyMiddleware
from werkzeug.serving import make_server

from tests.conftest import uri_of
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent


@contextmanager
def proxy_below(path: str, target: str) -> Iterator[str]:
    """Forward requests below `path` to `target` without `path` until the block ends. Yield the URL with the path."""
    proxy = ProxyMiddleware(NotFound(), {f"{path}/": {"target": target, "remove_prefix": True}})
    server = make_server("127.0.0.1", 0, proxy, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}{path}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run_script(url: str, name: str) -> None:
    """Test the page of the server at `url`; write screenshots into the folder `name`."""
    pictures = HERE / "screenshots" / name
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    command = ["node", str(HERE / "docs.mjs"), url, str(pictures)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.timeout(300)
def test_the_docs_page_works_in_a_browser(mongo_uri: str, tmp_path: Path) -> None:
    with running_server(mongo_uri=uri_of(mongo_uri, "test_browser"), folder=tmp_path) as server:
        run_script(server.url, "root")


@pytest.mark.timeout(300)
def test_the_docs_page_works_below_a_path(mongo_uri: str, tmp_path: Path) -> None:
    settings = {"PUBLIC_URL": "https://halls.example/api"}
    uri = uri_of(mongo_uri, "test_browser_below_a_path")
    with (
        running_server(mongo_uri=uri, folder=tmp_path, **settings) as server,
        proxy_below("/api", server.url) as url,
    ):
        run_script(url, "below-a-path")
