"""Builds the OpenAPI 3.1 document from the declarations of the routes."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any

from flask import Flask

from halls import __version__
from halls.accounts.authentication import Access
from halls.api_docs.json_schemas import Schema, describe_models, describe_query, refer_to
from halls.api_docs.responses import (
    ERROR_SCHEMAS,
    describe_codes,
    describe_common_responses,
    describe_errors,
    describe_file,
    describe_headers,
    describe_success,
    list_errors,
    make_error_example,
    takes_file,
)
from halls.api_docs.sample_days import COMMITTED_DAY, move_samples
from halls.api_docs.webhooks import describe_webhooks
from halls.http.endpoint import IDEMPOTENCY_KEY, Endpoint
from halls.http.schema import EXAMPLE_ID, ID_PATTERN
from halls.webhooks.schemas import WebhookMessage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from flask import Blueprint

TAGS = {
    "Accounts": "Sign up, log in, and manage your account.",
    "Search": "Search for venues.",
    "Venues": "Show a venue and its free days. Owners register, change and delete their venues.",
    "Bookings": "Book a venue for a day, and confirm or cancel bookings.",
    "Calendars": "Show bookings in a calendar program: as feeds that it reads, or one by one.",
    "Webhooks": "Get a signed request when a booking or a venue changes.",
    "Statistics": "The figures of an owner's bookings, and their export.",
    "Uploads": "Upload pictures and videos.",
    "Service": "The state of the service, and this API reference.",
}
TAG_OF_BLUEPRINT = {
    "accounts": "Accounts",
    "account_emails": "Accounts",
    "blocked_accounts": "Accounts",
    "search": "Search",
    "venues": "Venues",
    "bookings": "Bookings",
    "feeds": "Calendars",
    "webhooks": "Webhooks",
    "statistics": "Statistics",
    "uploads": "Uploads",
    "health": "Service",
    "api_docs": "Service",
}
# The blueprint of the web pages, which are not part of the API.
WEB_PAGES = "web"
ABOUT = """\
Halls lists wedding halls, auditoriums, banquets and lawns, and books them by the day.

A success is `{"ok": true, "data": …}`, an error is `{"ok": false, "error": …, "code": …, "details": […]}`.
Programs use the `code` of an error. Ignore fields that you do not know: responses may get new fields.

Dates are days in Pakistan (`YYYY-MM-DD`), timestamps are UTC, prices are in PKR. Routes with a lock need a token:
log in (`POST /auth/login`) and send the token as `Authorization: Bearer …`.
"""
ACCESS_RULES = {
    Access.PUBLIC: "Open to everybody.",
    Access.ACCOUNT: "Needs a token.",
    Access.OWNER: "Needs the token of an account that owns venues.",
}
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The `token` in the response of sign-up and login.",
}
KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A unique text that the client chooses. Within 24 hours, a request with the same key and body gets "
    "the first successful response again, and nothing is created twice.",
    "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY.pattern}$", "examples": ["4f1c2a52-booking-1"]},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of the version that the client has read. If another request has changed it since then, "
    "the response is 412 and nothing is changed. Several with commas, or `*` for any version.",
    "schema": {"type": "string", "examples": ['"3f786850e387550fdab836ed7e6dc881de23001b"']},
}
ID: Schema = {"type": "string", "pattern": f"^{ID_PATTERN}$", "examples": [EXAMPLE_ID]}
_PATH_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")

Row = tuple[str, Endpoint]


def list_endpoints(app: Flask) -> list[Row]:
    """Return the tag and the declaration of each route of the API, ordered by tag."""
    views = [(name.split(".")[0], view) for name, view in app.view_functions.items()]
    rows = [(TAG_OF_BLUEPRINT[blueprint], row_of(view)) for blueprint, view in views if blueprint != WEB_PAGES]
    return sorted(rows, key=lambda row: list(TAGS).index(row[0]))


def row_of(view: Any) -> Endpoint:
    """Return the declaration that `halls.http.endpoint.endpoint` attached to a view."""
    row: Endpoint = vars(view)["endpoint"]
    return row


def make_document(app: Flask, today: str, base_path: str = "") -> dict[str, Any]:
    """Return the OpenAPI document of the routes of `app`, which a proxy serves below `base_path`, such as `/api`.

    Its sample dates count from `today`.
    """
    rows = list_endpoints(app)
    models = {model for _, row in rows for model in (row.body, row.response) if model is not None}
    models.add(WebhookMessage)
    schemas = describe_models(sorted(models, key=lambda model: model.__name__))
    paths: dict[str, Any] = {}
    for tag, row in rows:
        path = _PATH_PARAMETER.sub(r"{\1}", row.path)
        paths.setdefault(path, {})[row.method.lower()] = _describe_operation(tag, row, schemas)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Halls",
            "version": __version__,
            "description": ABOUT,
            "contact": {"name": "The operators of this server"},
        },
        "servers": [{"url": base_path or "/", "description": "This server"}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": paths,
        "webhooks": describe_webhooks(),
        "components": _describe_components([row for _, row in rows], schemas),
    }
    return move_samples(document, today)


def _describe_components(rows: list[Endpoint], schemas: dict[str, Schema]) -> dict[str, Any]:
    errors = {error.__name__: error for row in rows for error in list_errors(row)}
    return {
        "schemas": {**ERROR_SCHEMAS, "ErrorCode": describe_codes(errors.values()), **schemas},
        "responses": describe_common_responses(rows),
        "examples": {name: make_error_example(errors[name]) for name in sorted(errors)},
        "headers": describe_headers(),
        "securitySchemes": {"bearer": BEARER},
    }


def _describe_operation(tag: str, row: Endpoint, schemas: dict[str, Schema]) -> dict[str, Any]:
    text = inspect.getdoc(row.view) or ""
    operation: dict[str, Any] = {
        "tags": [tag],
        "operationId": row.view.__name__,
        "summary": text.splitlines()[0].split(". ")[0].rstrip("."),
        "description": "\n\n".join([text, ACCESS_RULES[row.access], *_describe_limits(row)]),
        "security": [] if row.access is Access.PUBLIC else [{"bearer": []}],
        "parameters": _describe_parameters(row),
        "responses": {**describe_success(row, schemas), **describe_errors(row)},
    }
    body = _describe_body(row, schemas)
    return {**operation, "requestBody": body} if body else operation


def _describe_limits(row: Endpoint) -> list[str]:
    searches = ["An address has a limit of searches and requests of availability in a minute."] if row.is_search else []
    return searches + [
        f"At most {limit.amount} in {limit.seconds} seconds, for each {'account' if limit.by_account else 'address'}."
        for limit in row.limits
    ]


def _describe_parameters(row: Endpoint) -> list[dict[str, Any]]:
    parameters = [_describe_path_parameter(name) for name in _PATH_PARAMETER.findall(row.path)]
    fields = row.query.model_fields.items()
    required = {field.alias or name for name, field in fields if field.is_required()}
    for name, schema in describe_query(row.query).items():
        own: Schema = {key: schema.pop(key) for key in ("description", "example") if key in schema}
        parameters.append({"name": name, "in": "query", "required": name in required, **own, "schema": schema})
    headers = {"key": KEY_PARAMETER, "if_match": IF_MATCH}
    return [*parameters, *(header for name, header in headers.items() if name in row.parameters)]


def _describe_path_parameter(name: str) -> dict[str, Any]:
    # Swagger UI fills in the example of a parameter, but not the examples of its schema.
    own = {"example": EXAMPLE_ID, "schema": ID} if name.endswith("_id") else {"schema": {"type": "string"}}
    return {"name": name, "in": "path", "required": True, **own}


def _describe_body(row: Endpoint, schemas: dict[str, Schema]) -> dict[str, Any] | None:
    if row.body is not None:
        examples = schemas[row.body.__name__].get("examples", ())
        named = {f"example{number}": {"value": value} for number, value in enumerate(examples, 1)}
        content = {"schema": refer_to(row.body), "examples": named}
        return {"required": not row.body_optional, "content": {"application/json": content}}
    if takes_file(row):
        return {"required": True, "content": {kind: {"schema": describe_file(kind)} for kind in row.file_types}}
    return None


def write_document(path: Path, blueprints: Iterable[Blueprint]) -> None:
    """Write the document of these blueprints to `path`. Needs neither settings nor a database."""
    app = Flask("document", static_folder=None)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    path.write_text(
        json.dumps(make_document(app, COMMITTED_DAY), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
