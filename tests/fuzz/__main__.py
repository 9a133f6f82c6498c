"""Runs schemathesis with openapi.json against its own server: `python -m tests.fuzz`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from halls.mongo.embedded import embedded_mongod
from tests.servers import RunningServer, running_server

SEED = "20261124"
EXAMPLES = "30"
# About three minutes in total with start and stop; without a limit, the stateful phase takes much longer.
SECONDS = "150"
CHECKS, HOOKS = (Path(__file__).with_name(name) for name in ("schemathesis.toml", "hooks.py"))
# Differs from the password in the examples: otherwise the example of DELETE /auth/me would delete this account.
PASSWORD = "a battery and a staple 9"


def sign_up_owner(server: RunningServer) -> str:
    """Return the token of an owner, because an owner may call every route."""
    body = {"email": "owner@fuzz.example", "password": PASSWORD, "is_venue_owner": True}
    token: str = server.api.post("/auth/signup", body).data["token"]
    return token


def main() -> int:
    """Return the exit code of schemathesis; 1 also if the server logged a defect."""
    with tempfile.TemporaryDirectory() as temporary, embedded_mongod(Path(temporary) / "mongo") as uri:
        folder = Path(temporary) / "server"
        with running_server(mongo_uri=uri, folder=folder, LOG_LEVEL="WARNING", WEB_WORKERS="2") as server:
            command: list[str | Path] = [
                *(Path(sys.executable).with_name("schemathesis"), "--config-file", CHECKS),
                *("run", f"{server.url}/openapi.json", "--seed", SEED, "--max-examples", EXAMPLES),
                *("--header", f"Authorization: Bearer {sign_up_owner(server)}", "--max-time", SECONDS),
                *("--continue-on-failure", "--no-shrink", "--suppress-health-check", "all", *sys.argv[1:]),
            ]
            # As a setting in schemathesis.toml, the path would be relative to the working directory.
            environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)}  # noqa: TID251 - for a child
            code = subprocess.run(command, check=False, cwd=temporary, env=environment).returncode
            if '"defect"' in server.log_text():
                sys.stdout.write(server.log_text())
                code = code or 1
    return code


if __name__ == "__main__":
    sys.exit(main())
