"""Prose is plain: no banned openings and phrases, and Markdown text wraps at 100 columns."""

from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import PROGRAMS, ROOT, SRC, TESTS, list_files, name_place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Sentences without a thing as their subject, and words that a reader has to translate.
BANNED = re.compile(
    r"""(?:^|[.:;!?"'`(#] ?)(?:Who|Whoever|What is no)\b"""
    r"""| is no (?!longer)|\banew\b|\bbut for\b|so that nobody"""
)
SPECIFICATION = ROOT / "docs" / "specification.md"
PAGES = [
    page
    for page in [*sorted(ROOT.glob("*.md")), *list_files(ROOT / "docs", ROOT / "benchmarks", suffix=".md")]
    if page != SPECIFICATION
]
CODE = list_files(SRC, TESTS, ROOT / "clients", ROOT / "docs", *PROGRAMS)
TEXTS = [
    ROOT / ".env.example",
    ROOT / "Makefile",
    ROOT / ".ci" / "run",
    ROOT / "pyproject.toml",
    *(path for path in sorted((ROOT / "deploy").rglob("*")) if path.is_file() and path.suffix != ".json"),
]
MAX_COLUMNS = 100
LINK_OR_LONG_CODE = re.compile(r"\]\([^)]*\)|https?://|`[^`]{60,}`")


def _prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line number and text of each comment and string of a Python file, or of each line of another file."""
    if path.suffix != ".py":
        yield from enumerate(path.read_text().splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type in {tokenize.COMMENT, tokenize.STRING}:
            yield from enumerate(token.string.splitlines(), token.start[0])


def find_banned(lines: Iterator[tuple[int, str]]) -> list[str]:
    """Return number and text of each line with a banned phrase."""
    return [f"{number}: {text.strip()}" for number, text in lines if BANNED.search(text.strip())]


@pytest.mark.parametrize("path", [*PAGES, *TEXTS], ids=name_place)
def test_documents_have_no_banned_phrases(path: Path) -> None:
    assert not find_banned(_prose_of(path))


def test_code_has_no_banned_phrases() -> None:
    found = [
        f"{name_place(path)}:{line}"
        for path in CODE
        if path.name != "test_prose.py"
        for line in find_banned(_prose_of(path))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "Who sends it may read.",
        "A sentence. Whoever reads it.",
        "This is no venue.",
        "makes it anew",
        "all but for one",
    ],
)
def test_control_banned_phrases_are_found(text: str) -> None:
    assert find_banned(iter([(1, text)])) == [f"1: {text}"]


@pytest.mark.parametrize("page", PAGES, ids=name_place)
def test_markdown_prose_wraps_at_100_columns(page: Path) -> None:
    long = []
    in_code = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        in_code ^= line.lstrip().startswith("```")
        is_exempt = in_code or line.lstrip().startswith("|") or LINK_OR_LONG_CODE.search(line)
        if not is_exempt and len(line) > MAX_COLUMNS:
            long.append(f"{number}: {line}")
    assert not long, "\n".join(long)
