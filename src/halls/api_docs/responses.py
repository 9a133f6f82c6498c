"""Describes the responses of an endpoint in the OpenAPI document: successes, errors, headers and examples."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, get_args

from halls.accounts.account import OwnerOnly
from halls.accounts.authentication import Access
from halls.accounts.tokens import InvalidToken, MissingToken, TokenExpired, TokenRevoked
from halls.api_docs.json_schemas import REF, Schema, make_sample, refer_to
from halls.bookings.booking import DateTaken
from halls.errors import (
    ApiError,
    BadId,
    BadJson,
    BodyTooLarge,
    DatabaseUnavailable,
    InternalError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    NotJson,
    RateLimited,
    Rule,
    make_field_fault,
)
from halls.http.conditional import PreconditionFailed
from halls.http.responses import REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from halls.http.endpoint import Endpoint
    from halls.http.schema import ResponseModel

HEADERS: dict[str, tuple[str, Schema]] = {
    "X-Request-ID": (
        "The X-Request-ID of the request, or a generated one. The server's logs contain it.",
        {"type": "string", "pattern": f"^{REQUEST_ID.pattern}$"},
    ),
    "Retry-After": ("Seconds to wait before the request is repeated.", {"type": "integer", "minimum": 1}),
    "WWW-Authenticate": ("The authentication scheme: Bearer.", {"type": "string"}),
    "Idempotent-Replayed": (
        "true: this is the stored response of the first request with this Idempotency-Key.",
        {"type": "string", "enum": ["true"]},
    ),
    "RateLimit-Limit": ("The number of requests that the limit allows in a window.", {"type": "integer"}),
    "RateLimit-Remaining": ("The number of requests left in the current window.", {"type": "integer"}),
    "RateLimit-Reset": ("Seconds until the next window.", {"type": "integer"}),
    "Link": (
        'The URL of other days and other venues, with rel="alternate". Sent with date_taken and date_not_offered.',
        {"type": "string"},
    ),
    "ETag": ("The version of the record or list, for If-None-Match and If-Match.", {"type": "string"}),
}
RATE_LIMIT = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
ERROR_SCHEMAS: dict[str, Schema] = {
    "Failure": {
        "description": "An error response.",
        "type": "object",
        "required": ["ok", "error", "code", "details"],
        "properties": {
            "ok": {"type": "boolean", "const": False},
            "error": {"type": "string", "description": "A sentence for a person."},
            "code": {"$ref": REF + "ErrorCode"},
            "details": {
                "type": "array",
                "items": {"$ref": REF + "FieldFault"},
                "description": "The invalid fields, or the booked dates (date_booked, has_bookings).",
            },
        },
    },
    "FieldFault": {
        "description": "What is wrong with one field.",
        "type": "object",
        "required": ["field", "message", "rule", "params"],
        "properties": {
            "field": {
                "type": "string",
                "description": "The dotted path of the field.",
                "examples": ["pricing.overrides.2.price"],
            },
            "message": {"type": "string", "description": "A sentence or a half-sentence in English."},
            "rule": {"type": "string", "enum": list(get_args(Rule)), "description": "The rule, for programs."},
            "params": {
                "type": "object",
                "description": "What a sentence in another language needs: min, max, allowed, nearest, dates.",
                "examples": [{"max": 1_000_000_000}],
            },
        },
    },
}
Group = tuple[type[ApiError], ...]
_TOKEN: Group = (MissingToken, InvalidToken, TokenExpired, TokenRevoked)
_BODY: Group = (BadJson, BodyTooLarge, NotJson)
# Errors of any path, and the codes of NGINX and Gunicorn for requests that do not reach the API (docs/errors.md).
_EVERYWHERE: Group = (NotFound, MethodNotAllowed, InternalError)
_BEFORE_THE_API = ("bad_request", "uri_too_long", "headers_too_large")
_EXAMPLE_FAULT = make_field_fault("email", "This field is required.", "required")


def list_errors(row: Endpoint) -> list[type[ApiError]]:
    """Return the errors of an endpoint: those that follow from its declaration, and those that it lists."""
    groups: list[tuple[bool, Iterable[type[ApiError]]]] = [
        (row.access is not Access.PUBLIC, _TOKEN),
        (row.access is Access.OWNER, (OwnerOnly,)),
        ("_id>" in row.path, (BadId,)),
        (row.body is not None, _BODY),
        ("if_match" in row.parameters, (PreconditionFailed,)),
        (takes_file(row), (BadJson,)),
        (True, row.errors),
        # Every route rejects unknown query parameters.
        (True, (Invalid,)),
        (row.is_search or bool(row.limits), (RateLimited,)),
        (row.needs_database, (DatabaseUnavailable,)),
        (True, (InternalError,)),
    ]
    return list(dict.fromkeys(error for applies, group in groups if applies for error in group))


def describe_codes(errors: Iterable[type[ApiError]]) -> Schema:
    """Return the schema of an error code: every code of these errors, of any path, and of the servers before it."""
    codes = {error.code for error in (*errors, *_EVERYWHERE)}
    return {
        "description": "The error code, for programs. A code never changes its meaning. New codes may be added.",
        "type": "string",
        "enum": sorted(codes.union(_BEFORE_THE_API)),
    }


def _group_errors(row: Endpoint) -> list[Group]:
    by_status: dict[int, Group] = {}
    for error in list_errors(row):
        by_status[error.status] = (*by_status.get(error.status, ()), error)
    return [by_status[status] for status in sorted(by_status)]


def takes_file(row: Endpoint) -> bool:
    """Return whether the request body is a file."""
    return row.response is not None and bool(row.file_types)


def describe_errors(row: Endpoint) -> dict[str, Any]:
    """Return the error responses of an endpoint, by status. Common ones are references."""
    return {str(group[0].status): _refer_to_common(group) or _describe_error(group) for group in _group_errors(row)}


def describe_common_responses(rows: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the common error responses, by name."""
    groups = {_common_name(group): group for row in rows for group in _group_errors(row)}
    return {name: _describe_error(groups[name]) for name in sorted(groups) if name}


def _common_name(group: Group) -> str:
    if group == _TOKEN:
        return "TokenRefused"
    return group[0].__name__ if len(group) == 1 else ""


def _refer_to_common(group: Group) -> dict[str, Any]:
    name = _common_name(group)
    return {"$ref": f"#/components/responses/{name}"} if name else {}


def _describe_error(errors: Group) -> dict[str, Any]:
    status = errors[0].status
    codes = list(dict.fromkeys(error.code for error in errors))
    schema = {"allOf": [{"$ref": REF + "Failure"}], "properties": {"code": {"type": "string", "enum": codes}}}
    examples = {error.__name__: {"$ref": f"#/components/examples/{error.__name__}"} for error in errors}
    headers = {header for error in errors for header in error.headers}
    # Only the errors about an order have a link to its alternatives.
    headers.update({"Link"} if DateTaken in errors else ())
    headers.update(("Retry-After", *RATE_LIMIT) if status == HTTPStatus.TOO_MANY_REQUESTS else ())
    return {
        "description": "\n".join(f"- `{error.code}`: {error.message}" for error in errors),
        "headers": refer_to_headers(headers),
        "content": {"application/json": {"schema": schema, "examples": examples}},
    }


def refer_to_headers(names: Iterable[str]) -> dict[str, Any]:
    """Return references to these headers and to X-Request-ID, which every response has."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *sorted(names))}


_NOT_MODIFIED = {"description": "The version is the one in If-None-Match.", "headers": refer_to_headers({"ETag"})}


def describe_headers() -> dict[str, Any]:
    """Return the descriptions of all response headers, by name."""
    return {name: {"description": text, "schema": schema} for name, (text, schema) in HEADERS.items()}


def make_error_example(error: type[ApiError]) -> dict[str, Any]:
    """Return the example of an error response."""
    details = [_EXAMPLE_FAULT] if error is Invalid else []
    value = {"ok": False, "error": error.message, "code": error.code, "details": details}
    return {"summary": f"{error.code}: {(error.__doc__ or '').splitlines()[0]}", "value": value}


def describe_success(row: Endpoint, schemas: dict[str, Schema]) -> dict[str, Any]:
    """Return the successful responses of an endpoint, and 304, by status."""
    headers = {"Idempotent-Replayed"} if "key" in row.parameters else set()
    headers.update(RATE_LIMIT if row.limits else ())
    if row.response is None:
        file = {"description": "The file.", "headers": refer_to_headers({*headers, "ETag"}), "content": _files(row)}
        if row.is_fleeting:
            return {str(row.status): {**file, "headers": refer_to_headers(headers)}}
        part = {**file, "description": "The part of the file that the header Range requests."}
        parts = {"206": part} if any(kind.startswith("video/") for kind in row.file_types) else {}
        return {str(row.status): file, **parts, "304": _NOT_MODIFIED}
    content = {
        "application/json": {"schema": _envelope(row.response), "examples": _response_examples(row.response, schemas)}
    }
    text = row.response.__doc__ or ""
    headers.update({"ETag"} if row.has_version else ())
    success = {"description": text, "headers": refer_to_headers(headers), "content": content}
    return {str(row.status): success, **({"304": _NOT_MODIFIED} if row.has_version and row.method == "GET" else {})}


def _files(row: Endpoint) -> dict[str, Any]:
    return {kind: {"schema": describe_file(kind)} for kind in row.file_types}


def describe_file(kind: str) -> Schema:
    """Return the schema of a file of this media type."""
    if kind == "application/json":
        return {"type": "object"}
    return {"type": "string"} if kind.startswith("text/") else {"type": "string", "format": "binary"}


def _envelope(response: type[ResponseModel]) -> Schema:
    properties = {"ok": {"type": "boolean", "const": True}, "data": refer_to(response)}
    return {"type": "object", "required": ["ok", "data"], "properties": properties}


def _response_examples(response: type[ResponseModel], schemas: dict[str, Schema]) -> dict[str, Any]:
    own: list[Any] = schemas[response.__name__].get("examples") or [make_sample(refer_to(response), schemas)]
    return {f"example{number}": {"value": {"ok": True, "data": data}} for number, data in enumerate(own, 1)}
