"""Runs journeys through the web pages: the server with demonstration data, and the browser."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from halls.clock import utc_now
from halls.demo.load import load_demo
from halls.mongo.client import connect
from tests.conftest import uri_of
from tests.processes import child_environment
from tests.servers import RunningServer, running_server
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
PICTURES = HERE.parent / "screenshots" / "web"
TIMEOUT_SECONDS = 600
# Modules that the journeys share.
HELPERS = {"browser", "pages"}
JOURNEYS = sorted(path.stem for path in HERE.glob("*.mjs") if path.stem not in HELPERS)


@contextmanager
def demo_server(mongo_uri: str, database: str, folder: Path, **settings: str) -> Iterator[RunningServer]:
    """Run a server with demonstration data until the block ends."""
    uri = uri_of(mongo_uri, database)
    db = connect(uri)
    load_demo(db, utc_now())
    db.client.close()
    with running_server(mongo_uri=uri, folder=folder, MAX_PENDING_PER_GUEST="30", **settings) as server:
        wait_until(lambda: server.api.get("/health/ready").status == 200)
        yield server


def walk(journey: str, server: RunningServer, url: str, pictures: Path = PICTURES, **environment: str) -> None:
    """Run a journey against `url`, and fail with its output if it fails. Its screenshots go into `pictures`."""
    folder = pictures / journey
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = ["node", str(HERE / f"{journey}.mjs"), url, str(folder), str(server.log)]
    result = subprocess.run(
        command,
        env=child_environment(**environment),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
