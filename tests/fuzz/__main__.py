"""Runs schemathesis over the whole OpenAPI document against a server of its own: `python -m tests.fuzz`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import requests

from halls.mongo.embedded import embedded_mongod
from tests.servers import RunningServer, running_server

SEED = "20261124"
EXAMPLES = "30"
# In all about three minutes; what the stateful phase makes up beyond that is for another night.
SECONDS = "150"
CHECKS, HOOKS = (Path(__file__).with_name(name) for name in ("schemathesis.toml", "hooks.py"))
# Not the one of the document's examples: or the account would close itself in the first phase.
PASSWORD = "a battery and a staple 9"


def sign_up_owner(server: RunningServer) -> str:
    """Return the token of an owner, who may do what anybody may."""
    body = {"email": "owner@fuzz.example", "password": PASSWORD, "is_venue_owner": True}
    answer = requests.post(f"{server.url}/auth/signup", json=body, timeout=10)
    answer.raise_for_status()
    token: str = answer.json()["data"]["token"]
    return token


def main() -> int:
    """Return schemathesis's exit code; what the server calls a defect counts as a failure too."""
    with tempfile.TemporaryDirectory() as place, embedded_mongod(Path(place) / "mongo") as uri:
        folder = Path(place) / "server"
        with running_server(mongo_uri=uri, folder=folder, LOG_LEVEL="WARNING", WEB_WORKERS="2") as server:
            command: list[str | Path] = [
                *(Path(sys.executable).with_name("schemathesis"), "--config-file", CHECKS),
                *("run", f"{server.url}/openapi.json", "--seed", SEED, "--max-examples", EXAMPLES),
                *("--header", f"Authorization: Bearer {sign_up_owner(server)}", "--max-time", SECONDS),
                *("--continue-on-failure", "--no-shrink", "--suppress-health-check", "all", *sys.argv[1:]),
            ]
            # Among the settings a path of ours would begin where it is called from.
            hooked = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)}  # noqa: TID251 - for a child
            code = subprocess.run(command, check=False, cwd=place, env=hooked).returncode
            if '"defect"' in server.log_text():
                sys.stdout.write(server.log_text())
                code = code or 1
    return code


if __name__ == "__main__":
    sys.exit(main())
