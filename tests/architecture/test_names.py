"""One grep finds one thing: no two public functions share a name, and those that act are named by a verb."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.architecture.source import SRC, list_files, name_place, parse_file

if TYPE_CHECKING:
    from pathlib import Path

# What routes do for callers, and stores with MongoDB. A word that is missing here is welcome: add it.
WORDS = """
    add cancel change check claim commit count create delete find forget get insert keep link list lock log look mark
    move place queue read register release replace request reset save search send set show sign spend take update verify
    write
"""
VERBS = frozenset(WORDS.split())
FILES_OF_VERBS = frozenset({"routes.py", "store.py"})


def _public_functions() -> list[tuple[Path, ast.FunctionDef]]:
    return [
        (path, node)
        for path in list_files(SRC)
        for node in parse_file(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def test_no_two_public_functions_share_a_name() -> None:
    """A view may have the name of the one function of its own feature that it stands before."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for path, function in _public_functions():
        found[function.name].append(path)
    shared = {
        name: [name_place(path) for path in paths]
        for name, paths in found.items()
        if len(paths) > 1 and not _are_view_and_feature(paths)
    }
    assert not shared, shared


def _are_view_and_feature(paths: list[Path]) -> bool:
    views = [path for path in paths if path.name == "routes.py"]
    others = [path for path in paths if path.name != "routes.py"]
    return len(views) == len(others) == 1 and views[0].parent == others[0].parent


def test_what_acts_is_named_by_a_verb() -> None:
    nouns = [
        f"{name_place(path, function)} {function.name}"
        for path, function in _public_functions()
        if path.name in FILES_OF_VERBS and function.name.partition("_")[0] not in VERBS
    ]
    assert not nouns, nouns
