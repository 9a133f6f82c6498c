"""Finds the code samples of the documentation and runs them against a server."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.architecture.source import ROOT, list_files
from tests.conftest import SECRET
from tests.processes import child_environment, run_program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import RunningServer

# The samples of contract.md and specification.md are document shapes. Those of operations.md set up a whole machine as
# root: tests/deploy/test_operations.py and `make try-guide` cover them. Those of web-pages.md are parts of modules for
# a browser, which the journeys of tests/browser cover.
NOT_RUN = {"contract.md", "specification.md", "operations.md", "web-pages.md"}
PAGES = [page for page in list_files(ROOT / "docs", suffix=".md") if page.name not in NOT_RUN]
ADDRESS = "http://127.0.0.1:5000"
# Compiles the sample with types from openapi.json, as docs/guides/typed-client.md says, and runs it.
_TYPESCRIPT = f"""cat > sample.mts; node_modules/.bin/openapi-typescript {ROOT}/openapi.json -o halls.d.ts
node_modules/.bin/tsc --strict --target es2022 --module nodenext --lib es2022,dom --types node --skipLibCheck sample.mts
node sample.mjs"""
PROGRAMS = {
    "bash": ["bash", "-euo", "pipefail", "-s"],
    "js": ["node", "--input-type=module", "-"],
    "python": [sys.executable, "-"],
    "ts": ["bash", "-euo", "pipefail", "-c", _TYPESCRIPT],
}
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def find_samples(page: Path) -> dict[str, list[str]]:
    """Return the code blocks of a page by language, in order."""
    samples: dict[str, list[str]] = defaultdict(list)
    for _, language, text in _FENCE.findall(page.read_text()):
        samples[language].append(textwrap.dedent(text))
    return samples


def run_sample(language: str, text: str, server: RunningServer, uri: str, folder: Path) -> None:
    """Run `text` as a reader would type it, with the server's port replaced; fails if it exits with an error."""
    bin_folder = os.path.dirname(sys.executable)  # noqa: PTH120 - a link, not to be resolved
    settings = {"PATH": f"{bin_folder}:{child_environment()['PATH']}", "MONGO_URI": uri}
    settings |= {"JWT_SECRET": SECRET, "DATA_DIR": str(folder)}
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    completed = run_program(PROGRAMS[language], folder, text.replace(ADDRESS, server.url), **settings)
    assert completed.returncode == 0, f"{text}\n{completed.stdout}\n{completed.stderr}"
