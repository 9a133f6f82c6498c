"""Make targets, commands, files and links that the documentation names exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from halls.cli.main import main
from tests.architecture.source import ROOT, SRC, list_files, name_place

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [*sorted(ROOT.glob("*.md")), *list_files(ROOT / "docs", ROOT / "benchmarks", suffix=".md")]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
FILE = re.compile(r"[\w./-]+\.(?:py|md|toml|lock|json|yaml|example)\b|[\w.-]+/(?:[\w.-]+/)*")


def _code_in(page: Path) -> list[str]:
    """Return the code of a page, fenced or between backticks."""
    fenced_code, text = re.compile(r"```\w*\n(.*?)```", re.DOTALL), page.read_text()
    return [*fenced_code.findall(text), *re.findall(r"`([^`\n]+)`", fenced_code.sub("", text))]


@pytest.mark.parametrize("page", PAGES, ids=name_place)
def test_every_make_target_on_a_page_exists(page: Path) -> None:
    named = {name for code in _code_in(page) for name in re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", code)}
    assert named <= TARGETS, named - TARGETS


@pytest.mark.parametrize("page", PAGES, ids=name_place)
def test_every_command_on_a_page_exists(page: Path) -> None:
    named = {name for code in _code_in(page) for name in re.findall(r"(?:^|/)halls ([a-z]+)", code, re.MULTILINE)}
    assert named <= main.commands.keys(), named - main.commands.keys()


@pytest.mark.parametrize("page", PAGES, ids=name_place)
def test_every_file_and_link_on_a_page_exists(page: Path) -> None:
    inline = re.findall(r"`([^`\s]+)`", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL))
    files = {name for name in inline if FILE.fullmatch(name)}
    links = {link for link in re.findall(r"\]\(([^)#]+)", page.read_text()) if ":" not in link}
    missing = {name for name in files if not _exists(name, ROOT, SRC)}
    missing |= {link for link in links if not _exists(link, page.parent)}
    assert not missing, missing


def _exists(name: str, *folders: Path) -> bool:
    # Start or installation creates these; a fresh checkout does not contain them.
    return name.split("/", maxsplit=1)[0] in {".data", ".env", ".venv", "node_modules"} or any(
        (folder / name).exists() for folder in folders
    )
