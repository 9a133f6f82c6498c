"""The OpenAPI document of the current routes, and a client that validates responses against it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from halls.api_docs.document import make_document
from halls.app import BLUEPRINTS
from tests.api_client import ApiClient, ApiResponse
from tests.factories import day

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "openapi.json"
URN = "urn:halls"
METHODS = ("get", "post", "patch", "put", "delete")


def current_document(today: str | None = None) -> dict[str, Any]:
    """Return the document of the current routes, with samples that count from today."""
    app = Flask("document", static_folder=None)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return make_document(app, today or day(0))


def list_operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and operation of each route."""
    paths = document["paths"].items()
    return [(method, path, item[method]) for path, item in paths for method in METHODS if method in item]


def resolve(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return the target of `part`'s reference, or `part`."""
    resolved: Any = part
    while "$ref" in resolved:
        target, resolved = resolved["$ref"].removeprefix("#/"), document
        for step in target.split("/"):
            resolved = resolved[step]
    return dict(resolved)


class ValidatingClient(ApiClient):
    """Sends requests and validates each response against the document: status, headers and every field."""

    def __init__(self, client: FlaskClient, document: dict[str, Any]) -> None:
        super().__init__(client)
        self.document = copy.deepcopy(document)
        _forbid_additional(self.document)
        resource = DRAFT202012.create_resource(self.document)
        self.registry: Registry[Any] = Registry().with_resource(URN, resource)
        self.succeeded: set[str] = set()

    def send(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> ApiResponse:
        """Send a request and validate its response."""
        response = super().send(method, path, body, token=token, **headers)
        operation = self._find_operation(method, path)
        declared = operation["responses"].get(str(response.status))
        assert declared is not None, f"{method} {path} returned {response.status} {response.json}"
        resolved = resolve(self.document, declared)
        self._validate_body(resolved, response)
        undeclared = [name for name in _optional_headers(response.headers) if name not in resolved["headers"]]
        assert not undeclared, (method, path, undeclared)
        if response.status < 300:
            self.succeeded.add(operation["operationId"])
        return response

    def _find_operation(self, method: str, path: str) -> dict[str, Any]:
        adapter = self.client.application.url_map.bind("localhost")
        rule, _ = adapter.match(path.partition("?")[0], method, return_rule=True)
        template = rule.rule.replace("path:", "").replace("<", "{").replace(">", "}")
        operation: dict[str, Any] = self.document["paths"][template][method.lower()]
        return operation

    def _validate_body(self, declared: dict[str, Any], response: ApiResponse) -> None:
        if "content" not in declared:
            return
        kind = response.headers["Content-Type"].partition(";")[0]
        schema = declared["content"][kind]["schema"]
        if response.json is not None:
            Draft202012Validator(_absolute(schema), registry=self.registry).validate(response.json)


def _optional_headers(headers: Any) -> list[str]:
    names = ("Retry-After", "WWW-Authenticate", "Idempotent-Replayed", "RateLimit-Limit", "ETag", "Link")
    return [name for name in names if name in headers]


def _absolute(schema: Any) -> Any:
    """Return `schema` with its references as absolute URIs, so that they resolve outside the document."""
    if isinstance(schema, dict):
        return {key: URN + value if key == "$ref" else _absolute(value) for key, value in schema.items()}
    return [_absolute(item) for item in schema] if isinstance(schema, list) else schema


def _forbid_additional(part: Any) -> None:
    """Forbid additional properties in all objects of `part`."""
    for item in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _forbid_additional(item)
    if isinstance(part, dict) and part.get("type") == "object" and "properties" in part:
        part.setdefault("additionalProperties", False)
