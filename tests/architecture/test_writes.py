"""Only stores write to MongoDB, each only to its own collection."""

from __future__ import annotations

import ast
from importlib import import_module
from typing import TYPE_CHECKING

from pymongo.collection import Collection
from pymongo.database import Database

from tests.architecture.source import SRC, list_files, name_place, parse_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGINNINGS = ("insert_", "update_", "delete_", "replace_", "find_one_and_", "bulk_", "create_", "drop", "rename")
WRITES = frozenset(name for thing in (Collection, Database) for name in dir(thing) if name.startswith(BEGINNINGS))
WRITING_STAGES = frozenset({"$out", "$merge"})
# Beside the stores: the catalog and how far it is known, the record of keys, the readiness probe, the indexes, and what
# fills an empty database.
OTHER_WRITERS = frozenset(
    {
        "demo/load.py",
        "http/health.py",
        "http/idempotency.py",
        "mongo/indexes.py",
        "search/change_stream.py",
        "search/index.py",
    }
)
FEW = {
    "http/health.py": {"readiness"},
    "search/change_stream.py": {"catalog_state"},
    "demo/load.py": {"users", "venues", "bookings"},
}


def _written_collections(path: Path) -> Iterator[tuple[ast.expr, str]]:
    """Yield each writing call of a file, and the collection it names."""
    for node in ast.walk(parse_file(path)):
        if isinstance(node, ast.Constant) and node.value in WRITING_STAGES:
            yield node, str(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            yield node, _name_collection(node.func.value)


def _name_collection(receiver: ast.expr) -> str:
    """Return "users" for `db.users` and `db["users"]`, else the expression as it stands, such as "COLLECTION.name"."""
    if isinstance(receiver, ast.Attribute):
        return receiver.attr
    if isinstance(receiver, ast.Subscript):
        return ast.unparse(receiver.slice).strip("'")
    return ast.unparse(receiver)


def _place_in_src(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def _allowed(path: Path) -> set[str]:
    place = _place_in_src(path)
    if place in FEW:
        return FEW[place]
    module = import_module("halls." + place.removesuffix(".py").replace("/", "."))
    plans = {name: plan for name, plan in vars(module).items() if name.endswith("COLLECTION")}
    return {f"{name}.name" for name in plans} | {plan.name for plan in plans.values()}


def test_only_stores_write() -> None:
    strangers = [
        name_place(path, node)
        for path in list_files(SRC)
        if path.name != "store.py" and _place_in_src(path) not in OTHER_WRITERS
        for node, _ in _written_collections(path)
    ]
    assert not strangers, strangers


def test_each_store_writes_only_its_own_collection() -> None:
    abroad = [
        f"{name_place(path, node)} writes {collection}"
        for path in list_files(SRC)
        if path.name == "store.py" or _place_in_src(path) in OTHER_WRITERS - {"mongo/indexes.py"}
        for node, collection in _written_collections(path)
        if collection not in _allowed(path)
    ]
    assert not abroad, abroad


def test_the_wall_sees_the_writes_that_there_are() -> None:
    """A wall that no longer recognises a write would stand for nothing."""
    seen = {_place_in_src(path): {name for _, name in _written_collections(path)} for path in list_files(SRC)}
    assert seen["bookings/store.py"] == {"bookings"}
    assert seen["http/idempotency.py"] == {"COLLECTION.name"}
    assert seen["http/health.py"] == {"readiness"}
