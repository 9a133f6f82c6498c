"""The Postman collection is whole: each route of the server is in it, nothing else is, and each request is checked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.routing import MapAdapter

POSTMAN = Path(__file__).resolve().parents[2] / "postman"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
FOLDERS = ["Service", "Accounts", "Venues", "Search and availability", "Bookings", "Closing down"]
# What a user sets or pastes, and what the environment file offers as well.
VARIABLES = ["baseUrl", "jwt", "venue_id", "booking_id"]
# Still to come into the collection (uploads, Google, reset, leaving), and what only the API page itself fetches.
WITHOUT_A_REQUEST = {
    ("POST", "/auth/google"),
    ("POST", "/auth/forgot-password"),
    ("POST", "/auth/reset-password"),
    ("DELETE", "/auth/me"),
    ("POST", "/uploads/sign-s3"),
    ("POST", "/uploads/sign-cloudinary"),
    ("PUT", "/uploads/local/<path:address>"),
    ("GET", "/media/<path:file>"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/<asset>"),
}


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


def route_of(request: Any) -> tuple[str, str]:
    """Return method and path, with an id where the collection has a variable."""
    path = re.sub(r"\{\{\w+\}\}", "0" * 24, "/" + "/".join(request["url"]["path"]))
    return request["method"], path


def test_it_is_a_collection_of_format_2_1(collection: Any) -> None:
    assert collection["info"]["schema"] == SCHEMA
    assert [folder["name"] for folder in collection["item"]] == FOLDERS
    assert collection["auth"] == {"type": "bearer", "bearer": [{"key": "token", "value": "{{jwt}}", "type": "string"}]}


def test_the_four_variables_are_in_the_collection_and_in_the_environment(collection: Any) -> None:
    named = {variable["key"]: variable["value"] for variable in collection["variable"]}
    offered = {
        variable["key"]: variable["value"] for variable in read("halls_local.postman_environment.json")["values"]
    }
    assert list(named)[:4] == list(offered) == VARIABLES
    assert named["baseUrl"] == offered["baseUrl"] == "http://127.0.0.1:5000"
    assert not any(named[name] or offered[name] for name in VARIABLES[1:])


def test_every_variable_used_is_declared(collection: Any) -> None:
    declared = {variable["key"] for variable in collection["variable"]}
    text = json.dumps(collection)
    used = set(re.findall(r"\{\{(\w+)\}\}", text))
    in_scripts = set(re.findall(r"(?:pm\.(?:variables|collectionVariables)\.[gs]et|keep)\('(\w+)'", text))
    assert used | in_scripts == declared


def test_every_request_checks_its_status(collection: Any) -> None:
    careless = [
        item["name"]
        for item in requests_in(collection)
        if "pm.test(" not in script_of(item, "test") or "to.have.status(" not in script_of(item, "test")
    ]
    assert careless == []


def test_the_written_address_and_its_parts_agree(collection: Any) -> None:
    for item in requests_in(collection):
        url = item["request"]["url"]
        path = url["raw"].partition("?")[0]
        assert path == "{{baseUrl}}/" + "/".join(url["path"]), item["name"]
        query = [f"{pair['key']}={pair['value']}" for pair in url.get("query", []) if not pair.get("disabled")]
        assert url["raw"].partition("?")[2] == "&".join(query), item["name"]


@pytest.fixture(scope="module")
def routes() -> MapAdapter:
    # Here, not above: the other checks tell about the files also while the server is broken.
    from halls.app import create_app  # noqa: PLC0415 - as said
    from halls.config import Config  # noqa: PLC0415 - the same

    config = Config(mongo_uri="mongodb://127.0.0.1/halls", jwt_secret="no token is ever made", rate_limits="off")
    app = create_app(config)
    app.extensions["halls"].db.client.close()
    return app.url_map.bind("127.0.0.1")


def test_no_request_goes_to_a_route_that_is_not_there(collection: Any, routes: MapAdapter) -> None:
    asked = {route_of(item["request"]) for item in requests_in(collection)}
    assert {(method, path) for method, path in asked if not routes.test(path, method)} == set()


def test_every_route_has_a_request(collection: Any, routes: MapAdapter) -> None:
    asked = {route_of(item["request"]) for item in requests_in(collection)}
    answered = {
        (method, routes.match(path, method, return_rule=True)[0].rule)
        for method, path in asked
        if routes.test(path, method)
    }
    served = {
        (method, rule.rule)
        for rule in routes.map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served - answered - WITHOUT_A_REQUEST == set()
