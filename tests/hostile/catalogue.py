"""Reads the tables of hostile cases: their steps, their routes and what each case needs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Step = dict[str, Any]

FOLDER = Path(__file__).parent
TABLES = ("hostile_cases.json", "more_cases.json")
EVERYWHERE_LISTS = {"B": "bodies", "E": "tokens"}

_BODY = {"json", "base", "set", "drop", "literal", "text", "hex"}
_REQUEST = {"request", "wire", "as", "headers", "token", "google"} | _BODY
_ANSWER = {"want", "field", "fields", "has", "keys", "each", "none", "lacks", "reply_headers", "no_headers"}
_CASE = {"id", "note", "needs", "setup", "before", "then", "twin", "save", "times", "only"}
_EXTRA = {"reply_differs", "log_lacks", "everywhere", "letter"}
# `from` (another client address) is missing on purpose: no case uses it, and the runner ignores it.
KNOWN_MEMBERS = _REQUEST | _ANSWER | _CASE | _EXTRA


def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return table


_CATALOGUE = _table(TABLES[0])
BASES: dict[str, Step] = _CATALOGUE["bases"]


def load_cases(name: str) -> list[Step]:
    """Return the cases of a table. A misspelled member would weaken its case.

    Raises: ValueError for a member that the runner does not know.
    """
    cases: list[Step] = _table(name)["cases"]
    for case in cases:
        unknown = set(case) - KNOWN_MEMBERS
        if unknown:
            raise ValueError(f"{case['id']}: the runner does not know {sorted(unknown)}")
    return cases


def with_variants(case: Step) -> Iterator[Step]:
    """Yield the case, then a variant for each route of its `everywhere` list."""
    yield case
    if not case.get("everywhere"):
        return
    for entry in _CATALOGUE["everywhere"][EVERYWHERE_LISTS[case["id"][0]]]:
        route, caller = entry if isinstance(entry, list) else (entry, None)
        variant = case | {"request": route, "id": f"{case['id']} at {route}"}
        if caller:
            variant["as"] = caller
        yield variant


def steps_of(case: Step) -> list[Step]:
    """Return every request of a case in order: `before`, the case, its twin, `then`."""
    twin = [case["twin"]] if "twin" in case else []
    return [*case.get("before", []), case, *twin, *case.get("then", [])]


def routes_of(case: Step) -> set[str]:
    """Return the routes that a case calls, as `METHOD /path` without the query string."""
    return {step["request"].split("?")[0] for step in steps_of(case) if "request" in step}


def needs_of(case: Step) -> set[str]:
    """Return what a case needs besides a server and its database."""
    return set(case.get("needs", []))
