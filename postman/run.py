"""Checks that the collection is up to date and runs it with newman against a fresh server: `make postman`."""  # noqa: INP001 - a program, not a package

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

from make import COLLECTION, make_files

HERE = Path(__file__).resolve().parent
NEWMAN = HERE.parent / "node_modules" / ".bin" / "newman"
SETTINGS_LEFT_OUT = {"MONGO_URI", "HALLS_ENV", "JWT_SECRET"}
START_SECONDS = 60
STOP_SECONDS = 30


def find_free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(port: int) -> bool:
    """Tell whether the server answers that its database takes writes."""
    with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    return False


def wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    """Return when the server is ready; stop with a message when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(port):
        if server.poll() is not None:
            sys.exit(f"the server ended with code {server.returncode} before it was ready")
        if time.monotonic() > deadline:
            sys.exit(f"the server was not ready within {START_SECONDS} seconds")
        time.sleep(0.2)


def main() -> int:
    """Start a server with an empty database, run the collection, end the server, return newman's code."""
    stale = [path.name for path, text in make_files().items() if path.read_text(encoding="utf-8") != text]
    if stale:
        sys.exit(f"{', '.join(stale)} is out of date: run `python postman/make.py`")
    if not NEWMAN.exists():
        sys.exit("newman is missing: run `npm ci` first")
    port = find_free_port()
    with tempfile.TemporaryDirectory(prefix="halls-postman-", ignore_cleanup_errors=True) as data:
        # Never the user's own database: neither from the shell nor, as the server starts in `data`, from a .env file.
        inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS_LEFT_OUT}  # noqa: TID251 - passed on, not read
        ours = {"DATA_DIR": data, "HOST": "127.0.0.1", "PORT": str(port), "RATE_LIMITS": "off", "LOG_LEVEL": "WARNING"}
        server = subprocess.Popen([sys.executable, "-m", "halls.cli", "serve"], env=inherited | ours, cwd=data)
        try:
            wait_until_ready(server, port)
            command = [str(NEWMAN), "run", str(COLLECTION), "--env-var", f"baseUrl=http://127.0.0.1:{port}"]
            return subprocess.run(command, check=False).returncode  # noqa: S603 - the newman of package-lock.json
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(STOP_SECONDS)
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
