"""CONTRIBUTING.md works as written: a copy of the checkout gets the endpoint of its example, and passes the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.architecture.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
NOT_COPIED = shutil.ignore_patterns(
    *(".git", ".venv", ".data", ".env", "node_modules", "site", "build", "screenshots"),
    *("__pycache__", ".*_cache", ".hypothesis", ".coverage*"),
)
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
# The sentence before a block says where the block goes.
TARGET = re.compile(r"Add to the (?:end of|list `(?P<list>\w+)` in)\s+`(?P<file>[\w/.]+)`")
# The test of the example, and all tests that know every route.
TESTS = (
    "tests/venues/test_routes.py::test_an_owner_counts_own_venues",
    *("tests/architecture", "tests/openapi", "tests/postman"),
)


class Block(NamedTuple):
    """A code block, with the text between it and the block before."""

    before: str
    language: str
    code: str


def read_section(heading: str) -> list[Block]:
    """Return the code blocks of a section of CONTRIBUTING.md, in order."""
    section = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks, end = [], 0
    for match in FENCE.finditer(section):
        indent, language, code = match.groups()
        lines = (line.removeprefix(indent) for line in code.splitlines(keepends=True))
        blocks.append(Block(section[end : match.start()], language, "".join(lines)))
        end = match.end()
    return blocks


def apply_block(block: Block, checkout: Path) -> None:
    """Write a block into the file, and the list, that the sentence before it names."""
    target = TARGET.search(block.before)
    assert target, block.before
    path = checkout / target["file"]
    text = path.read_text()
    if target["list"]:
        start = re.compile(rf"^({target['list']}\b.*[{{\[])$", re.MULTILINE)
        text, count = start.subn(lambda match: f"{match[1]}\n{block.code}", text)
        assert count == 1, (path, target["list"])
    else:
        imports, code = split_imports(block.code)
        gap = "\n\n" if path.suffix == ".py" else ""
        text = f"{add_imports(text, imports)}{gap}{code}"
    path.write_text(text)


def split_imports(code: str) -> tuple[str, str]:
    """Return the import lines at the start of a block, and the rest."""
    lines = code.splitlines(keepends=True)
    imports = [line for line in lines if line.startswith(("from ", "import "))]
    return "".join(imports), "".join(line for line in lines if line not in imports).lstrip("\n")


def add_imports(text: str, imports: str) -> str:
    """Return the text of a file with more imports at its top; ruff sorts them."""
    first = "from __future__ import annotations\n"
    assert first in text or not imports
    return text.replace(first, f"{first}{imports}", 1)


def run(command: list[str], checkout: Path) -> str:
    """Run a command in the copy, on its code; return its output. Fails if the command fails."""
    completed = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "HOME": str(checkout), "PYTHONPATH": str(checkout / "src")},  # noqa: TID251 - for a child
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, f"{command}\n{completed.stdout}\n{completed.stderr}"
    return completed.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout that uses the same environment."""
    copy = tmp_path / "halls"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    return copy


def test_the_steps_to_add_an_endpoint_work_as_written(checkout: Path) -> None:
    commands = []
    for block in read_section("To add an endpoint"):
        if block.language == "sh":
            commands += block.code.splitlines()
        else:
            apply_block(block, checkout)
    assert ".venv/bin/halls openapi" in commands
    for command in commands:
        run(command.split(), checkout)
    assert "/venues/mine/count" in (checkout / "openapi.json").read_text()
    output = run([".venv/bin/pytest", "-p", "no:randomly", "-n", "0", *TESTS], checkout)
    assert "failed" not in output


def test_the_example_of_a_race_control_is_a_real_test() -> None:
    (example,) = read_section("To test a race")
    assert example.code in (ROOT / "tests" / "races" / "test_one_date.py").read_text()
