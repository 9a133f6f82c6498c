"""Pagination cursors: opaque positions in a list, valid only for the query that returned them."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from halls.documents import EXACT
from halls.errors import BadJson, Invalid, invalid
from halls.http.json_body import parse_json
from halls.http.json_encoding import write_json
from halls.http.schema import parse_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from bson import ObjectId


def make_cursor(search: dict[str, Any], *keys: Any, row_id: ObjectId) -> str:
    """Return the cursor after the row with these sort `keys` (JSON values) and this id, for the query `search`."""
    raw = write_json([_fingerprint(search), *keys, row_id])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(cursor: str | None, search: dict[str, Any], *checks: Callable[[Any], bool]) -> list[Any] | None:
    """Return the sort keys and the id in a `cursor` of the query `search`, or None without a cursor. Raises Invalid."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        fingerprint, *keys, row_id = parse_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, BadJson):
        raise _invalid_cursor() from None
    last = parse_id(row_id) if isinstance(row_id, str) else None
    if fingerprint != _fingerprint(search) or last is None or len(keys) != len(checks):
        raise _invalid_cursor()
    if not all(check(key) and _can_be_stored(key) for check, key in zip(checks, keys, strict=True)):
        raise _invalid_cursor()
    return [*keys, last]


def is_number(key: Any) -> bool:
    """Return whether a sort key of a cursor is a number that a document can contain."""
    return type(key) in (int, float) and abs(key) < EXACT


def _can_be_stored(key: Any) -> bool:
    """Return whether a key is not a text with a lone surrogate, which is not in any document and fails the query."""
    try:
        str(key).encode()
    except UnicodeEncodeError:
        return False
    return True


def _invalid_cursor() -> Invalid:
    return invalid("cursor", "is not a cursor of this search: start again without a cursor", "bad_format")


def _fingerprint(search: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(search, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
