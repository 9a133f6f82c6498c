"""Checks what every response has: the envelope, its headers, and no text that reveals the server's code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.api_client import ApiResponse

# A response must not leak these: stack traces, file paths, words of the driver or of the framework.
LEAKS = (
    *("Traceback (most recent", 'File "/', 'File \\"/', "/site-packages/", "/src/halls"),
    *("pymongo", "E11000", "OperationFailure", "ServerSelection", "mongodb://", "ObjectId(", "UnicodeEncodeError"),
    *("pydantic", "werkzeug", "Werkzeug", "[Errno", "Topology", "replicaSet", "$argon2"),
)

# Contract, section 1: only these codes have details, and each detail has these keys.
CODES_WITH_DETAILS = {"validation_error", "date_booked", "has_bookings"}
DETAIL_KEYS = {"field", "message", "rule", "params"}


def outcome_of(response: ApiResponse) -> str:
    """Return the status, and the code of an error response: "409 date_taken"."""
    is_error = isinstance(response.json, dict) and "code" in response.json
    return f"{response.status} {response.code}" if is_error else str(response.status)


def find_violations(response: ApiResponse, *, with_token: bool = False, may_be_empty: bool = False) -> list[str]:
    """Return every way in which a response breaks the contract; `may_be_empty` allows a response without a body."""
    is_empty = may_be_empty and response.json is None
    return [
        *([] if is_empty else _envelope_violations(response)),
        *_header_violations(response, with_token=with_token),
        *find_leaks(json.dumps(response.json, ensure_ascii=False), response),
    ]


def find_leaks(body: str, response: ApiResponse) -> list[str]:
    """Return each text in a body or its headers that reveals the server's code."""
    visible = body + "\n".join(f"{name}: {value}" for name, value in response.headers if name != "Server")
    return [f"leaks {leak!r}" for leak in LEAKS if leak in visible]


def _envelope_violations(response: ApiResponse) -> list[str]:
    body = response.json
    if response.headers.get("Content-Type", "").split(";")[0] != "application/json" or not isinstance(body, dict):
        return [f"not a JSON envelope: {response.headers.get('Content-Type')} {body}"]
    if response.status < 400:
        return [] if set(body) == {"ok", "data"} and body["ok"] is True else [f"envelope {body}"]
    if set(body) != {"ok", "error", "code", "details"} or body["ok"] is not False or not body["error"]:
        return [f"envelope {body}"]
    if bool(body["details"]) != (body["code"] in CODES_WITH_DETAILS):
        return [f"details {body['details']} with {body['code']}"]
    return [f"detail {row}" for row in body["details"] if set(row) != DETAIL_KEYS or not row["message"]]


def _header_violations(response: ApiResponse, *, with_token: bool) -> list[str]:
    required = {"X-Request-ID": "", "X-Content-Type-Options": "nosniff"}
    required |= {"WWW-Authenticate": "Bearer"} if response.status == 401 else {}
    required |= {"Allow": ""} if response.status == 405 else {}
    required |= {"Retry-After": ""} if response.status in {429, 503} else {}
    required |= {"Cache-Control": "no-store"} if with_token else {}
    return find_missing_headers(response, required)


def find_missing_headers(response: ApiResponse, required: dict[str, str]) -> list[str]:
    """Return a message for each header that is absent, empty, or does not contain its required text."""
    actual = {name: response.headers.get(name, "") for name in required}
    return [
        f"header {name} is {actual[name]!r}, not {text!r}"
        for name, text in required.items()
        if not actual[name] or text not in actual[name]
    ]
