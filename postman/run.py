"""Checks that the collection is up to date and runs it with newman against a new server: `make postman`."""  # noqa: INP001 - a program, not a package

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
START_SECONDS = 60
STOP_SECONDS = 30


def find_free_port() -> int:
    """Return a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def is_ready(port: int) -> bool:
    """Return whether the server reports that its database accepts writes."""
    with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    return False


def wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    """Return when the server is ready. Exit with a message if it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(port):
        if server.poll() is not None:
            sys.exit(f"The server ended with code {server.returncode} before it was ready.")
        if time.monotonic() > deadline:
            sys.exit(f"The server was not ready within {START_SECONDS} seconds.")
        time.sleep(0.2)


def main() -> int:
    """Run the collection against a server with an empty database, and return the exit code of newman."""
    stale = [path.name for path, text in make_files().items() if path.read_text(encoding="utf-8") != text]
    if stale:
        sys.exit(f"{', '.join(stale)} is out of date. Run `python postman/make.py`.")
    if not NEWMAN.exists():
        sys.exit("newman is missing. Run `npm ci` first.")
    port = find_free_port()
    with tempfile.TemporaryDirectory(prefix="halls-postman-", ignore_cleanup_errors=True) as data:
        # The server gets no settings of the developer: neither from the shell nor from a `.env` file, as its working
        # directory is `data`.
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - for a child
        settings = {
            "DATA_DIR": data,
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "WARNING",
        }
        server = subprocess.Popen([sys.executable, "-m", "halls.cli", "serve"], env=inherited | settings, cwd=data)
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
