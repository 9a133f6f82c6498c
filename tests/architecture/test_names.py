"""Names of public functions are unique within a layer, and start with a verb in routes and stores."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.architecture.source import SRC, list_files, name_place, parse_file
from tests.architecture.test_cycles import LAYER_NAMES

if TYPE_CHECKING:
    from pathlib import Path

# The verbs of routes and stores. A new verb may be added here.
WORDS = """
    add cancel change check claim commit complete consume count create delete disown enqueue export find get has insert
    link list lock log mark match place read refresh register release replace replay request requeue reset retry revoke
    save search send set show sign take unsubscribe update verify write
"""
VERBS = frozenset(WORDS.split())
LAYERS_OF_VERBS = frozenset({"routes", "store"})


def _public_functions() -> list[tuple[Path, ast.FunctionDef]]:
    return [
        (path, node)
        for path in list_files(SRC)
        for node in parse_file(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def _layer_of(path: Path) -> str:
    """Return the layer that a file name ends in: `store` for store.py and for link_store.py."""
    return path.stem.rpartition("_")[2]


def test_no_two_public_functions_of_a_layer_share_a_name() -> None:
    """`delete_venue` may stand in routes, service and store, but only once in each."""
    places_of: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for path, function in _public_functions():
        layer = _layer_of(path) if _layer_of(path) in LAYER_NAMES else "other"
        places_of[layer, function.name].append(name_place(path))
    shared = {name: places for name, places in places_of.items() if len(places) > 1}
    assert not shared, shared


def test_functions_of_routes_and_stores_start_with_a_verb() -> None:
    nouns = [
        f"{name_place(path, function)} {function.name}"
        for path, function in _public_functions()
        if _layer_of(path) in LAYERS_OF_VERBS and function.name.partition("_")[0] not in VERBS
    ]
    assert not nouns, nouns
