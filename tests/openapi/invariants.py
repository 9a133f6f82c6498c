"""What the document promises to clients, and which promises a newer one breaks.

`python -m tests.openapi.invariants` writes the promises of a release; nobody runs it between releases.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.openapi.document import COMMITTED, follow, list_operations

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASED = Path(__file__).with_name("released.json")
DEPTH = 8

Promises = dict[str, Any]


def list_promises(document: dict[str, Any]) -> Promises:
    """Return for each operation what it needs, what it takes, and the fields of its success."""
    rows = list_operations(document)
    return {f"{method.upper()} {path}": _promises_of(document, operation) for method, path, operation in rows}


def _promises_of(document: dict[str, Any], operation: dict[str, Any]) -> Promises:
    body = operation.get("requestBody", {})
    schema = follow(document, body.get("content", {}).get("application/json", {}).get("schema", {}))
    parameters = operation["parameters"]
    needs = {each["name"] for each in parameters if each["required"]} | set(schema.get("required", ()))
    takes = {each["name"] for each in parameters} | set(schema.get("properties", ()))
    needs |= {"a body"} if body.get("required") else set()
    return {"needs": sorted(needs), "takes": sorted(takes), "answers": sorted(_answers(document, operation))}


def _answers(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        content = follow(document, answer).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        if status.startswith("2"):
            yield from (f"{status} {field}" for field in _fields(document, schema, "", DEPTH))


def _fields(document: dict[str, Any], part: dict[str, Any], name: str, depth: int) -> Iterator[str]:
    schema = follow(document, part)
    yield f"{name}: {schema.get('type', 'one of')}"
    if depth == 0:
        return
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _fields(document, branch, name, depth - 1)
    if "items" in schema:
        yield from _fields(document, schema["items"], f"{name}[]", depth - 1)
    for field, value in schema.get("properties", {}).items():
        yield from _fields(document, value, f"{name}.{field}" if name else field, depth - 1)


def find_breaks(old: Promises, new: Promises) -> list[str]:
    """Return what clients of `old` would miss in `new`."""
    broken = [f"{row} is gone" for row in old if row not in new]
    for row in old.keys() & new.keys():
        before, now = old[row], new[row]
        broken += [f"{row} needs {name}" for name in now["needs"] if name not in before["needs"]]
        broken += [f"{row} takes no {name}" for name in before["takes"] if name not in now["takes"]]
        broken += [f"{row} answers without {field}" for field in before["answers"] if field not in now["answers"]]
    return sorted(broken)


if __name__ == "__main__":
    RELEASED.write_text(json.dumps(list_promises(json.loads(COMMITTED.read_text())), indent=1) + "\n")
