"""The Postman collection matches the OpenAPI document: it has every route and checks every request."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.openapi.document import current_document, list_operations

if TYPE_CHECKING:
    from collections.abc import Iterator

POSTMAN = Path(__file__).resolve().parents[2] / "postman"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
# The variables that a user sets; the environment file has them too.
VARIABLES = ["baseUrl", "jwt", "venue_id", "booking_id"]
DOCUMENT = current_document()


def read(name: str) -> Any:
    return json.loads((POSTMAN / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def collection() -> Any:
    return read("halls_postman_collection_v2.json")


def requests_in(folder: Any) -> Iterator[Any]:
    for item in folder["item"]:
        if "item" in item:
            yield from requests_in(item)
        else:
            yield item


def script_of(item: Any, kind: str) -> str:
    return "\n".join(
        line for event in item.get("event", []) if event["listen"] == kind for line in event["script"]["exec"]
    )


def test_the_files_match_the_current_document() -> None:
    generated = runpy.run_path(str(POSTMAN / "make.py"))["make_files"]()
    stale = [path.name for path, text in generated.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run `python postman/make.py`"


def test_the_collection_has_a_workflow_and_a_folder_for_each_tag(collection: Any) -> None:
    assert collection["info"]["schema"] == SCHEMA
    assert [folder["name"] for folder in collection["item"]] == [
        "A whole day",
        *(tag["name"] for tag in DOCUMENT["tags"]),
    ]
    assert collection["auth"] == {"type": "bearer", "bearer": [{"key": "token", "value": "{{jwt}}", "type": "string"}]}


def test_the_four_variables_are_in_the_collection_and_in_the_environment(collection: Any) -> None:
    collection_values = {variable["key"]: variable["value"] for variable in collection["variable"]}
    environment_values = {
        variable["key"]: variable["value"] for variable in read("halls_local.postman_environment.json")["values"]
    }
    assert list(collection_values)[:4] == list(environment_values) == VARIABLES
    assert collection_values["baseUrl"] == environment_values["baseUrl"] == "http://127.0.0.1:5000"
    assert not any(collection_values[name] or environment_values[name] for name in VARIABLES[1:])


def test_every_variable_that_a_request_uses_is_declared(collection: Any) -> None:
    declared = {variable["key"] for variable in collection["variable"]}
    used = set(re.findall(r"\{\{(\w+)\}\}", json.dumps(collection)))
    assert used <= declared
    assert {f"{name}_jwt" for name in re.findall(r"become\('(\w+)'\)", json.dumps(collection))} <= declared


def operations_of(folder: Any) -> set[str]:
    """Return the operation ids of the requests in a folder, matched by method and path."""
    operations = set()
    for item in requests_in(folder):
        method, path = item["request"]["method"], "/" + "/".join(item["request"]["url"]["path"])
        candidates = [
            each for each in list_operations(DOCUMENT) if each[0] == method.lower() and matches(each[1], path)
        ]
        assert candidates, f"{method} {path} is not a route"
        operations.add(min(candidates, key=lambda each: each[1].count("{"))[2]["operationId"])
    return operations


def matches(template: str, path: str) -> bool:
    pattern = re.sub(r"\{\w+\}", ".+", re.sub(r"\{\w+_id\}", "[^/]+", template))
    return re.fullmatch(pattern, path) is not None


def test_every_route_is_in_the_workflow_and_its_tag_folder(collection: Any) -> None:
    workflow, *folders = collection["item"]
    assert operations_of(workflow) == {operation["operationId"] for _, _, operation in list_operations(DOCUMENT)}
    for folder in folders:
        tagged = {each["operationId"] for _, _, each in list_operations(DOCUMENT) if folder["name"] in each["tags"]}
        assert operations_of(folder) == tagged


def test_every_workflow_request_checks_its_status_and_schema(collection: Any) -> None:
    unchecked = [
        item["name"]
        for item in requests_in(collection["item"][0])
        if "expect(pm.response.code)" not in script_of(item, "test")
    ]
    assert unchecked == []
    assert "to.be.jsonSchema(" in script_of(collection, "test")


def test_every_request_has_an_example_response(collection: Any) -> None:
    for item in requests_in(collection):
        (example,) = item["response"]
        assert example["originalRequest"]["url"] == item["request"]["url"]
        kind = example["header"][0]["value"]
        assert kind != "application/json" or json.loads(example["body"] or "{}") or "openapi" in json.dumps(item)


def test_the_raw_url_matches_its_parts(collection: Any) -> None:
    for item in requests_in(collection):
        url = item["request"]["url"]
        path = url["raw"].partition("?")[0]
        assert path == "{{baseUrl}}/" + "/".join(url["path"]), item["name"]
        query = [f"{pair['key']}={pair['value']}" for pair in url.get("query", []) if not pair.get("disabled")]
        assert url["raw"].partition("?")[2] == "&".join(query), item["name"]
