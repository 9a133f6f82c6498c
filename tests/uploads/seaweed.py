"""Starts SeaweedFS, an S3 server that verifies signatures, on loopback for tests."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.processes import running_process
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 60
BUCKET, KEY_ID, SECRET_KEY = "pictures", "halls-key-id", "halls-secret-key"
IDENTITIES = {
    "identities": [
        {"name": "halls", "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET_KEY}], "actions": ["Admin"]},
        {"name": "anonymous", "actions": [f"Read:{BUCKET}"]},
    ]
}


@dataclass(frozen=True)
class Seaweed:
    """A running S3 server."""

    url: str

    @property
    def settings(self) -> dict[str, Any]:
        """The Halls settings for this server."""
        return {
            "s3_bucket": BUCKET,
            "s3_region": "us-east-1",
            "s3_endpoint_url": self.url,
            "aws_access_key_id": KEY_ID,
            "aws_secret_access_key": SECRET_KEY,
        }


@contextmanager
def running_seaweed(folder: Path) -> Iterator[Seaweed]:
    """Yield a running server with its data in `folder`; stop it at the end of the block."""
    identities = folder / "s3.json"
    identities.write_text(json.dumps(IDENTITIES))
    ports = {name: (free_port(), free_port()) for name in ("master", "volume", "filer", "s3")}
    command: list[str | Path] = [
        Path(sysconfig.get_path("scripts")) / "weed",
        "server",
        f"-dir={folder}",
        "-filer",
        "-s3",
    ]
    command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={identities}", "-master.telemetry=false"]
    command += ["-volume.max=8", "-master.volumeSizeLimitMB=64", "-master.electionTimeout=1s"]
    # Port 0 disables a service. Two parallel runs would collide on the default ports.
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    for name, (http, grpc) in ports.items():
        command += [f"-{name}.port={http}", f"-{name}.port.grpc={grpc}"]
    server = Seaweed(f"http://127.0.0.1:{ports['s3'][0]}")
    # The server stops slowly on any signal except SIGKILL.
    end = subprocess.Popen.kill
    with running_process(
        command, folder / "weed.log", lambda: _is_ready(server), seconds=START_SECONDS, end=end, cwd=folder
    ):
        yield server


def _is_ready(server: Seaweed) -> bool:
    """Return whether the server writes objects. Creates the bucket."""
    import botocore.session  # noqa: PLC0415 - only the S3 tests need botocore
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    client = botocore.session.get_session().create_client(
        "s3", "us-east-1", endpoint_url=server.url, aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET_KEY
    )
    try:
        # A plain request fails at once. The retries of botocore wait with increasing delays.
        requests.get(server.url, timeout=5)
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="probe", Body=b"x")
    except (requests.RequestException, BotoCoreError, ClientError):
        return False
    finally:
        client.close()
    return True
