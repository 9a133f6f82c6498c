"""Only stores query MongoDB, and each store only the collections of its feature."""

from __future__ import annotations

import ast
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from halls.mongo.indexes import CollectionSpec
from tests.architecture.source import SRC, list_files, name_place, parse_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITE_PREFIXES = ("insert_", "update_", "delete_", "replace_", "find_one_and_", "bulk_", "create_", "drop", "rename")
READ_PREFIXES = ("find", "aggregate", "count_", "estimated_", "distinct", "watch", "list_", "index_", "cursor_")
# `command` is not in the list: its uses are pings and settings of the server.
METHODS = frozenset(name for owner in (Collection, Database) for name in dir(owner))
WRITES = frozenset(name for name in METHODS if name.startswith(WRITE_PREFIXES))
READS = frozenset(name for name in METHODS if name.startswith(READ_PREFIXES)) - WRITES
WRITING_STAGES = frozenset({"$out", "$merge"})
WHOLE_DATABASE = "the database"


class Query(NamedTuple):
    """A call that reads or writes a collection."""

    node: ast.expr
    collection: str
    is_write: bool


class Uses(NamedTuple):
    """The collections that a file reads and writes."""

    reads: set[str]
    writes: set[str]


# The files outside mongo/ that query MongoDB and are not stores, with their collections.
EXCEPTIONS = {
    "bookings/event_store.py": Uses({"events"}, {"events"}),
    "bookings/notification_store.py": Uses({"events", "bookings"}, {"events"}),
    "http/health.py": Uses(set(), {"readiness"}),
    "http/idempotency.py": Uses({"idempotency_keys"}, {"idempotency_keys"}),
    "http/rate_limits.py": Uses(set(), {"self.counters"}),
    "search/entries.py": Uses({"search_entries"}, set()),
    "search/change_stream.py": Uses({WHOLE_DATABASE, "bookings"}, set()),
    "search/index.py": Uses({"venues", "bookings", "search_entries"}, {"search_entries"}),
    "search/windows.py": Uses({"search_entries"}, set()),
    "search/position.py": Uses({"search_state", "venues", "db[name]"}, {"search_state"}),
    "search/reindex.py": Uses({"venues", "search_entries", WHOLE_DATABASE}, {"search_entries", WHOLE_DATABASE}),
}


def find_queries(tree: ast.Module, specs: dict[str, CollectionSpec]) -> Iterator[Query]:
    """Yield each query of a file. `specs` are the collections that it defines, by the names of their constants."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in WRITING_STAGES:
            yield Query(node, str(node.value), is_write=True)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS | WRITES:
            yield Query(node, _name_collection(node.func.value, specs), node.func.attr in WRITES)


def _name_collection(receiver: ast.expr, specs: dict[str, CollectionSpec]) -> str:
    """Return "users" for `db.users`, `db["users"]` and `db[COLLECTION.name]`, else the source of the expression."""
    match receiver:
        case ast.Name(id="db") | ast.Attribute(attr="_db"):
            return WHOLE_DATABASE
        case ast.Attribute(value=ast.Name(id="db") | ast.Attribute(attr="_db"), attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Subscript(slice=ast.Attribute(value=ast.Name(id=constant), attr="name")) if constant in specs:
            return specs[constant].name
        case ast.Call(func=ast.Attribute(attr="get_collection"), args=[ast.Constant(value=str(name))]):
            return name
    return ast.unparse(receiver)


def _place_in_src(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def _is_store(path: Path) -> bool:
    """Return whether the file is store.py, or one of several stores of a feature such as link_store.py."""
    return path.stem == "store" or path.stem.endswith("_store")


def _collections_of_feature(path: Path) -> set[str]:
    """Return the names of the collections that the stores of the feature of a file define."""
    stores = [each for each in path.parent.glob("*.py") if _is_store(each)]
    return {spec.name for each in stores for spec in _specs_of(each).values()}


def _specs_of(path: Path) -> dict[str, CollectionSpec]:
    """Return the collections that a file defines, by the names of their constants."""
    module = import_module("halls." + _place_in_src(path).removesuffix(".py").replace("/", "."))
    return {name: value for name, value in vars(module).items() if isinstance(value, CollectionSpec)}


def _queries_by_file() -> dict[Path, list[Query]]:
    """Return the queries of every file outside mongo/ that has any."""
    paths = (path for path in list_files(SRC) if not _place_in_src(path).startswith("mongo/"))
    queries = {path: list(find_queries(parse_file(path), {})) for path in paths}
    return {path: list(find_queries(parse_file(path), _specs_of(path))) for path, found in queries.items() if found}


def _uses(queries: list[Query]) -> Uses:
    reads = {query.collection for query in queries if not query.is_write}
    return Uses(reads, {query.collection for query in queries if query.is_write})


def test_only_stores_query_mongodb() -> None:
    others = [
        name_place(path, query.node)
        for path, queries in _queries_by_file().items()
        if not _is_store(path) and _place_in_src(path) not in EXCEPTIONS
        for query in queries
    ]
    assert not others, others


def test_each_store_queries_only_the_collections_of_its_feature() -> None:
    foreign = [
        f"{name_place(path, query.node)} queries {query.collection}"
        for path, queries in _queries_by_file().items()
        if _is_store(path)
        for query in queries
        if query.collection not in _collections_of_feature(path)
    ]
    assert not foreign, foreign


def test_each_exception_queries_exactly_its_collections() -> None:
    found = {_place_in_src(path): _uses(queries) for path, queries in _queries_by_file().items()}
    assert {place: found.get(place) for place in EXCEPTIONS} == EXCEPTIONS


def test_control_the_queries_of_the_stores_are_found() -> None:
    found = {_place_in_src(path): _uses(queries) for path, queries in _queries_by_file().items()}
    assert found["bookings/store.py"] == Uses({"bookings"}, {"bookings"})
    assert found["accounts/store.py"] == Uses({"users"}, {"users"})
    links = {"password_resets", "email_links"}
    assert found["accounts/link_store.py"] == Uses({"password_resets"}, links)
    assert found["bookings/event_store.py"] == Uses({"events"}, {"events"})


@pytest.mark.parametrize(
    ("source", "collection", "is_write"),
    [
        ("db.venues.find({}, {'_id': 1}).sort('_id')", "venues", False),
        ("context.db['venues'].find_one({})", "venues", False),
        ("self._db.venues.aggregate([])", "venues", False),
        ("db[COLLECTION.name].count_documents({})", "search_entries", False),
        ("db.get_collection('venues', read_concern=concern).distinct('_id')", "venues", False),
        ("db.venues.estimated_document_count()", "venues", False),
        ("db.watch([])", WHOLE_DATABASE, False),
        ("db.list_collection_names()", WHOLE_DATABASE, False),
        ("db.venues.list_indexes()", "venues", False),
        ("collection.find_one({})", "collection", False),
        ("db.venues.find_one_and_update({}, {})", "venues", True),
        ("db.venues.insert_many([])", "venues", True),
        ("db.venues.bulk_write([])", "venues", True),
        ("db.drop_collection('venues')", WHOLE_DATABASE, True),
        ("pipeline = [{'$out': 'venues'}]", "$out", True),
    ],
)
def test_control_each_kind_of_query_is_found(source: str, collection: str, *, is_write: bool) -> None:
    (query,) = find_queries(ast.parse(source), {"COLLECTION": CollectionSpec("search_entries", [])})
    assert (query.collection, query.is_write) == (collection, is_write)
