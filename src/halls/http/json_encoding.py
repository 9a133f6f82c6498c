"""Writes JSON: timestamps in UTC with a Z and in whole seconds, ids as text."""

from __future__ import annotations

from typing import Any

import orjson
from bson import ObjectId


def write_json(value: Any) -> bytes:
    """Return `value` as JSON text in UTF-8. Raises TypeError for a type without a JSON form."""
    return orjson.dumps(value, default=_as_json, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)


def write_plain(value: Any) -> str:
    """Return `value` as it is in JSON, without the quotes of a text. Empty for None."""
    return "" if value is None else write_json(value).decode().strip('"')


def extend_json(encoded: bytes, **more: Any) -> orjson.Fragment:
    """Return the encoded JSON object `encoded` with `more` fields, as a value that `write_json` accepts."""
    return orjson.Fragment(b"%b,%b" % (encoded[:-1], write_json(more)[1:]))


def _as_json(value: Any) -> str:
    if isinstance(value, ObjectId):
        return str(value)
    raise TypeError(type(value).__name__)
