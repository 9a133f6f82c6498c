"""Runs the Postman collection for S3 uploads with newman against an S3 server that verifies signatures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import uri_of
from tests.servers import running_server
from tests.uploads.seaweed import running_seaweed

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = ROOT / "postman" / "halls_s3_uploads.postman_collection.json"


@pytest.mark.timeout(180)
def test_the_collection_uploads_a_picture_to_s3(mongo_uri: str, tmp_path: Path) -> None:
    uri = uri_of(mongo_uri, "test_newman")
    (tmp_path / "seaweed").mkdir()
    with running_seaweed(tmp_path / "seaweed") as seaweed:
        settings = {name.upper(): value for name, value in seaweed.settings.items()}
        with running_server(mongo_uri=uri, folder=tmp_path / "data", **settings) as server:
            newman = [str(ROOT / "node_modules" / ".bin" / "newman"), "run", str(COLLECTION)]
            command = [*newman, "--env-var", f"baseUrl={server.url}", "--color", "off"]
            result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
