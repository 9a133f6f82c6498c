"""The MongoDB profiler: the operations of one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db, Document

Result = TypeVar("Result")


def profile(db: Db, collection: str, call: Callable[[], Result]) -> tuple[Result, list[Document]]:
    """Return the result of `call`, and the profiler's entries about `collection`, the first one first.

    Afterwards the profiler is off and its collection is gone: other tests read all collections of the database.
    """
    db.command("profile", 2)
    try:
        result = call()
        db.command("profile", 0)
        return result, list(db["system.profile"].find({"ns": f"{db.name}.{collection}"}).sort("ts", 1))
    finally:
        db.command("profile", 0)
        db.drop_collection("system.profile")


def reads_edition(entry: Document) -> bool:
    """Tell whether a profiler entry is a query of the change stream reader, which no search sends."""
    return "edition" in (entry["command"].get("projection") or {})
