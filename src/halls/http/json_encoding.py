"""JSON as this API writes it: timestamps in UTC with a Z, in whole seconds; ids as text."""

from __future__ import annotations

from typing import Any

import orjson
from bson import Decimal128, ObjectId


def write_json(value: Any) -> bytes:
    """Return `value` as JSON text. Raises TypeError for what has no form in it."""
    return orjson.dumps(value, default=_as_json, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)


def extend_json(written: bytes, **more: Any) -> orjson.Fragment:
    """Return a JSON object that is written already, with more fields; it may stand in what `write_json` writes."""
    return orjson.Fragment(b"%b,%b" % (written[:-1], write_json(more)[1:]))


def _as_json(value: Any) -> str | float:
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, Decimal128):
        return float(value.to_decimal())
    raise TypeError(type(value).__name__)
