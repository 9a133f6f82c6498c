"""Finds the samples of code on the pages, and runs them against a server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.architecture.source import ROOT, list_files
from tests.conftest import SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import RunningServer

# The blocks of the first two are shapes of documents; those of the third set up a whole machine, as root: they have
# tests/deploy/test_operations.py and `make try-guide`.
NOT_RUN = {"contract.md", "specification.md", "operations.md"}
PAGES = [page for page in list_files(ROOT / "docs", suffix=".md") if page.name not in NOT_RUN]
ADDRESS = "http://127.0.0.1:5000"
PROGRAMS = {
    "bash": ["bash", "-euo", "pipefail", "-s"],
    "js": ["node", "--input-type=module", "-"],
    "python": [sys.executable, "-"],
}
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LIMIT_SECONDS = 60


def find_samples(page: Path) -> dict[str, list[str]]:
    """Return the blocks of a page by language, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for _, language, text in _FENCE.findall(page.read_text()):
        found[language].append(textwrap.dedent(text))
    return found


def run_sample(language: str, text: str, server: RunningServer, uri: str, folder: Path) -> None:
    """Run `text` as somebody would who has copied it, but for the server's port; fails where it does."""
    bin_folder = os.path.dirname(sys.executable)  # noqa: PTH120 - unresolved: the environment's, not the system's
    inherited = {name: os.environ[name] for name in ("PATH", "HOME")}  # noqa: TID251 - for a child
    own = {"PATH": f"{bin_folder}:{inherited['PATH']}", "MONGO_URI": uri, "JWT_SECRET": SECRET, "DATA_DIR": str(folder)}
    done = subprocess.run(
        PROGRAMS[language],
        input=text.replace(ADDRESS, server.url),
        env=inherited | own,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
