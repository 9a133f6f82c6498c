"""Finds and parses the files that the architecture tests read."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "halls"
TESTS = ROOT / "tests"
PROGRAMS = (ROOT / "benchmarks", ROOT / "postman")


def list_files(*folders: Path, suffix: str = ".py") -> list[Path]:
    """Return the files below `folders`, sorted."""
    return sorted(path for folder in folders for path in folder.rglob(f"*{suffix}"))


def parse_file(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(), str(path))


def list_functions(path: Path) -> Iterator[ast.FunctionDef]:
    """Yield every function of a file: public, private, inner functions and methods."""
    return (node for node in ast.walk(parse_file(path)) if isinstance(node, ast.FunctionDef))


def name_place(path: Path, node: ast.stmt | ast.expr | None = None) -> str:
    """Return `path` relative to the checkout, with the line of `node`, in the form that editors open."""
    place = path.relative_to(ROOT).as_posix()
    return f"{place}:{node.lineno}" if node else place
