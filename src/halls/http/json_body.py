"""Reads the body of a request as one JSON object, stricter than other JSON parsers (RFC 8259)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from halls.errors import BadJson, BodyTooLarge, NotJson, invalid
from halls.http.body_stream import read_piece

if TYPE_CHECKING:
    from flask import Request

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32


def read_json_object(request: Request) -> dict[str, Any]:
    """Return the body of `request`: a JSON object (RFC 8259) in UTF-8, with at most 256 KiB and 32 levels.

    Raises NotJson, BodyTooLarge, BadJson, and Invalid for text that is not valid Unicode.
    """
    _check_headers(request)
    body = parse_json(_read_bytes(request))
    if not isinstance(body, dict):
        raise BadJson("The body must be a JSON object.")
    check_values(body)
    return body


def parse_json(raw: bytes) -> Any:
    """Return the JSON value in `raw`. Raises BadJson, also for repeated keys, NaN, Infinity and too large numbers."""
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object_without_repeats,
            parse_constant=_reject_constant,
            parse_float=_parse_finite,
        )
    except (ValueError, RecursionError):
        raise BadJson from None


def _check_headers(request: Request) -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    is_json = request.mimetype == "application/json" and charset in {"utf-8", "utf8"}
    if not is_json or request.headers.get("Content-Encoding"):
        raise NotJson


def _read_bytes(request: Request) -> bytes:
    if (request.content_length or 0) > MAX_BYTES:
        raise BodyTooLarge
    raw = read_piece(request, MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise BodyTooLarge
    return raw


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("repeated key")
    return result


def _reject_constant(name: str) -> Any:
    raise ValueError(name)


def _parse_finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(text)
    return number


def check_values(body: dict[str, Any]) -> None:
    """Check the depth of `body` and the Unicode of its texts. Raises BadJson, Invalid."""
    # Not recursive: otherwise a deeply nested body exhausts the stack.
    pending: list[tuple[str, Any, int]] = [("", body, 1)]
    while pending:
        path, value, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise BadJson("The body is nested deeper than 32 levels.")
        if isinstance(value, dict):
            for key, item in value.items():
                name = f"{path}.{key}" if path else key
                _check_unicode(name, key)
                pending.append((name, item, depth + isinstance(item, dict | list)))
        elif isinstance(value, list):
            pending += [(f"{path}.{i}", item, depth + isinstance(item, dict | list)) for i, item in enumerate(value)]
        elif isinstance(value, str):
            _check_unicode(path, value)


def _check_unicode(path: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        field = path.encode(errors="replace").decode()
        raise invalid(field, "contains a lone surrogate, which is not a character", "bad_characters") from None
