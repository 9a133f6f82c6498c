"""The document as tests read it: made anew from the routes, and able to judge an answer."""

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
from tests.api_client import Answer, Api

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "openapi.json"
URN = "urn:halls"
METHODS = ("get", "post", "patch", "put", "delete")


def current_document() -> dict[str, Any]:
    """Return the document of the routes as they are now."""
    app = Flask("document", static_folder=None)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return make_document(app)


def list_operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and operation of each row."""
    paths = document["paths"].items()
    return [(method, path, item[method]) for path, item in paths for method in METHODS if method in item]


def follow(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return what `part` refers to, or itself."""
    found: Any = part
    while "$ref" in found:
        target, found = found["$ref"].removeprefix("#/"), document
        for step in target.split("/"):
            found = found[step]
    return dict(found)


class Judge(Api):
    """Speaks to the application, and holds each answer against the document, which names every status and field."""

    def __init__(self, client: FlaskClient, document: dict[str, Any]) -> None:
        super().__init__(client)
        self.document = copy.deepcopy(document)
        _close(self.document)
        resource = DRAFT202012.create_resource(self.document)
        self.registry: Registry[Any] = Registry().with_resource(URN, resource)
        self.succeeded: set[str] = set()

    def send(self, method: str, path: str, body: Any = None, *, as_: str | None = None, **headers: str) -> Answer:
        """Send a request and judge its answer."""
        answer = super().send(method, path, body, as_=as_, **headers)
        operation = self._find_operation(method, path)
        declared = operation["responses"].get(str(answer.status))
        assert declared is not None, f"{method} {path} answered {answer.status} {answer.json}"
        found = follow(self.document, declared)
        self._judge_body(found, answer)
        undeclared = [name for name in _telling(answer.headers) if name not in found["headers"]]
        assert not undeclared, (method, path, undeclared)
        if answer.status < 300:
            self.succeeded.add(operation["operationId"])
        return answer

    def _find_operation(self, method: str, path: str) -> dict[str, Any]:
        adapter = self.client.application.url_map.bind("localhost")
        rule, _ = adapter.match(path.partition("?")[0], method, return_rule=True)
        template = rule.rule.replace("path:", "").replace("<", "{").replace(">", "}")
        operation: dict[str, Any] = self.document["paths"][template][method.lower()]
        return operation

    def _judge_body(self, declared: dict[str, Any], answer: Answer) -> None:
        if "content" not in declared:
            return
        kind = answer.headers["Content-Type"].partition(";")[0]
        schema = declared["content"][kind]["schema"]
        if answer.json is not None:
            Draft202012Validator(_absolute(schema), registry=self.registry).validate(answer.json)


def _telling(headers: Any) -> list[str]:
    names = ("Retry-After", "WWW-Authenticate", "Idempotent-Replayed", "RateLimit-Limit", "ETag")
    return [name for name in names if name in headers]


def _absolute(schema: Any) -> Any:
    """Return `schema` with references into the document, wherever it stands itself."""
    if isinstance(schema, dict):
        return {key: URN + value if key == "$ref" else _absolute(value) for key, value in schema.items()}
    return [_absolute(item) for item in schema] if isinstance(schema, list) else schema


def _close(part: Any) -> None:
    """Forbid, in all of `part`, what it doesn't name."""
    for item in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _close(item)
    if isinstance(part, dict) and part.get("type") == "object" and "properties" in part:
        part.setdefault("additionalProperties", False)
