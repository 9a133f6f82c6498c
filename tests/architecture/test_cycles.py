"""No import cycles between files, and every file belongs to a layer of pyproject.toml."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

from tests.architecture.source import ROOT, SRC

# The layer follows from these file names. Files with another name are listed in pyproject.toml.
LAYER_NAMES = frozenset({"__init__", "cli", "emails", "invariants", "routes", "schemas", "service", "store"})
MAX_ROOT_FILES = 12


def _imports() -> dict[str, set[str]]:
    """Return the modules of halls, each with the modules that it imports, including imports for type checking."""
    graph = grimp.build_graph("halls", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def _find_cycle(imports: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle
    return []


def test_files_have_no_import_cycle() -> None:
    assert _find_cycle(_imports()) == []


def test_control_a_cycle_is_found() -> None:
    imports = _imports()
    imports["halls.venues.store"].add("halls.venues.service")
    assert {"halls.venues.store", "halls.venues.service"} <= set(_find_cycle(imports))


@pytest.mark.parametrize("module", sorted(_imports()))
def test_every_file_with_another_name_is_listed_in_a_layer(module: str) -> None:
    if not (SRC.parent / module.replace(".", "/")).is_dir() and module.rpartition(".")[2] not in LAYER_NAMES:
        listed = (ROOT / "pyproject.toml").read_text().partition("[tool.importlinter]")[2]
        # pyproject.toml may list a whole package, such as halls.mongo.
        assert f'"{module}"' in listed or f'"{module.rpartition(".")[0]}"' in listed or f"{module} :" in listed


def test_few_files_stand_at_the_root() -> None:
    assert len(list(SRC.glob("*.py"))) <= MAX_ROOT_FILES
