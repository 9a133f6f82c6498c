"""What the document guarantees to clients, and which guarantees a newer document breaks.

`python -m tests.openapi.invariants` writes the guarantees of a release; run it only for a release.

"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.openapi.document import COMMITTED, list_operations, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASED = Path(__file__).with_name("released.json")
DEPTH = 8

Guarantees = dict[str, Any]


def list_guarantees(document: dict[str, Any]) -> Guarantees:
    """Return, for each operation, what it requires, what it accepts, and the fields of its success."""
    operations = list_operations(document)
    return {f"{method.upper()} {path}": _guarantees_of(document, operation) for method, path, operation in operations}


def _guarantees_of(document: dict[str, Any], operation: dict[str, Any]) -> Guarantees:
    body = operation.get("requestBody", {})
    schema = resolve(document, body.get("content", {}).get("application/json", {}).get("schema", {}))
    parameters = operation["parameters"]
    required = {each["name"] for each in parameters if each["required"]} | set(schema.get("required", ()))
    accepted = {each["name"] for each in parameters} | set(schema.get("properties", ()))
    required |= {"a body"} if body.get("required") else set()
    return {
        "needs": sorted(required),
        "takes": sorted(accepted),
        "answers": sorted(_response_fields(document, operation)),
    }


def _response_fields(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    for status, response in operation["responses"].items():
        content = resolve(document, response).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        if status.startswith("2"):
            yield from (f"{status} {field}" for field in _fields(document, schema, "", DEPTH))


def _fields(document: dict[str, Any], schema: dict[str, Any], name: str, depth: int) -> Iterator[str]:
    schema = resolve(document, schema)
    yield f"{name}: {schema.get('type', 'one of')}"
    if depth == 0:
        return
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _fields(document, branch, name, depth - 1)
    if "items" in schema:
        yield from _fields(document, schema["items"], f"{name}[]", depth - 1)
    for field, value in schema.get("properties", {}).items():
        yield from _fields(document, value, f"{name}.{field}" if name else field, depth - 1)


def find_breaks(old: Guarantees, new: Guarantees) -> list[str]:
    """Return the guarantees of `old` that `new` does not give."""
    breaks = [f"{operation} was removed" for operation in old if operation not in new]
    for operation in old.keys() & new.keys():
        before, now = old[operation], new[operation]
        breaks += [f"{operation} requires {name}" for name in now["needs"] if name not in before["needs"]]
        breaks += [f"{operation} no longer accepts {name}" for name in before["takes"] if name not in now["takes"]]
        breaks += [
            f"{operation} no longer returns {field}" for field in before["answers"] if field not in now["answers"]
        ]
    return sorted(breaks)


if __name__ == "__main__":
    RELEASED.write_text(json.dumps(list_guarantees(json.loads(COMMITTED.read_text())), indent=1) + "\n")
