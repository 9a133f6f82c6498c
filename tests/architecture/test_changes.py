"""Only the gate (`bookings/changes.py`) inserts and changes bookings, so that each change has its event."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import SRC, list_files, list_functions, parse_file
from tests.architecture.test_queries import find_queries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORES = ("bookings/store.py", "bookings/event_store.py", "bookings/notification_store.py")
# The functions that write bookings or events, and the files that may name them.
WRITERS = {
    "insert_booking": {"bookings/changes.py"},
    "update_booking": {"bookings/changes.py"},
    "delete_texts": {"bookings/changes.py"},
    "delete_walk_in_guests": {"bookings/changes.py"},
    "insert_event": {"bookings/changes.py"},
    "delete_notes_in_events": {"bookings/changes.py"},
    # Not a change either: the event is told.
    "mark_event_processed": {"bookings/notifications.py"},
    "mark_event_dispatched": {"webhooks/dispatch.py"},
    # Imported bookings and demonstration data have no history before the first change.
    "insert_bookings": {"data_transfer/transaction.py", "demo/load.py"},
    # Not a change of the booking: a deleted venue leaves its name.
    "save_venue_summary": {"venues/service.py"},
}
# These functions of the gate have the names of functions of the store.
OF_THE_GATE = {"insert_booking": {"bookings/service.py", "bookings/walk_ins.py"}}


def _place(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def find_writers() -> Iterator[tuple[str, str]]:
    """Yield file and function of each write to bookings and events."""
    for path in list_files(SRC):
        for function in list_functions(path):
            for query in find_queries(ast.Module([function], []), {}):
                if query.is_write and query.collection in {"bookings", "events"}:
                    yield _place(path), function.name


def find_users(tree: ast.Module, name: str) -> bool:
    """Return whether a file imports or calls `name`."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=attribute) if attribute == name:
                return True
            case ast.ImportFrom(names=names) if name in {alias.name for alias in names}:
                return True
    return False


def test_only_known_functions_of_the_stores_write_bookings_and_events() -> None:
    found = set(find_writers())
    assert {place for place, _ in found} == set(STORES)
    assert {name for _, name in found} == WRITERS.keys()


def test_only_the_gate_uses_the_functions_that_write_bookings() -> None:
    users = {name: {_place(path) for path in list_files(SRC) if find_users(parse_file(path), name)} for name in WRITERS}
    assert users == {name: places | OF_THE_GATE.get(name, set()) for name, places in WRITERS.items()}


@pytest.mark.parametrize("name", ["service.py", "walk_ins.py"])
def test_orders_and_walk_ins_are_inserted_through_the_gate(name: str) -> None:
    source = (SRC / "bookings" / name).read_text()
    assert "changes.insert_booking(" in source
    assert "store.insert_booking(" not in source


def test_control_a_user_of_the_store_is_found() -> None:
    assert find_users(ast.parse("store.update_booking(db)"), "update_booking")
    assert find_users(ast.parse("from halls.bookings.store import update_booking"), "update_booking")
    assert not find_users(ast.parse("changes.change_booking(db)"), "update_booking")
