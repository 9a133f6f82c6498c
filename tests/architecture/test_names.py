"""Public functions have one name each within a layer, and begin with a verb in routes and stores."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.architecture.source import SRC, list_files, name_place, parse_file
from tests.architecture.test_cycles import LAYER_NAMES

if TYPE_CHECKING:
    from pathlib import Path

# What routes do for callers, and stores with MongoDB. A word that is missing here is welcome: add it.
WORDS = """
    add cancel change check claim commit complete consume count create delete enqueue find get insert link list lock log
    mark place read register release replace request requeue reset retry save search send set show sign take update
    verify write
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


def test_no_two_public_functions_of_a_layer_share_a_name() -> None:
    """`delete_venue` may stand in routes, service and store, but only once in each."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for path, function in _public_functions():
        layer = path.stem if path.stem in LAYER_NAMES else "other"
        found[layer, function.name].append(name_place(path))
    shared = {name: places for name, places in found.items() if len(places) > 1}
    assert not shared, shared


def test_what_acts_is_named_by_a_verb() -> None:
    nouns = [
        f"{name_place(path, function)} {function.name}"
        for path, function in _public_functions()
        if path.name in FILES_OF_VERBS and function.name.partition("_")[0] not in VERBS
    ]
    assert not nouns, nouns
