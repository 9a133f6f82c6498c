"""Checks that the collection is up to date and runs it with newman against a new server: `make postman`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.api_client import ApiClient
from tests.servers import running_server

from postman.make import COLLECTION, make_files

HERE = Path(__file__).resolve().parent
NEWMAN = HERE.parent / "node_modules" / ".bin" / "newman"


def main() -> int:
    """Run the collection against a server with an empty database, and return the exit code of newman."""
    stale = [path.name for path, text in make_files().items() if path.read_text(encoding="utf-8") != text]
    if stale:
        sys.exit(f"{', '.join(stale)} is out of date. Run `python postman/make.py`.")
    if not NEWMAN.exists():
        sys.exit("newman is missing. Run `npm ci` first.")
    with (
        tempfile.TemporaryDirectory(prefix="halls-postman-", ignore_cleanup_errors=True) as folder,
        running_server(mongo_uri=None, folder=Path(folder), LOG_LEVEL="WARNING") as server,
    ):
        ApiClient(server.url).wait_until_ready()
        command = [str(NEWMAN), "run", str(COLLECTION), "--env-var", f"baseUrl={server.url}"]
        return subprocess.run(command, check=False).returncode  # noqa: S603 - the newman of package-lock.json


if __name__ == "__main__":
    sys.exit(main())
