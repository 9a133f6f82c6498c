"""Values of every BSON type, and documents with one of them in any field."""

from __future__ import annotations

import copy
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import bson
from bson import Binary, Code, DatetimeMS, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.raw_bson import RawBSONDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Document

# The field is left out.
ABSENT = object()
# Stored as bytes that are not UTF-8.
NOT_UTF8 = "~~~~"
VALUES: list[Any] = [
    ABSENT,
    None,
    True,
    7,
    -1,
    2**31,
    Int64(2**62),
    2.5,
    1e300,
    float("nan"),
    float("inf"),
    *(Decimal128(text) for text in ("74.5", "-3", "NaN", "sNaN", "Infinity", "1E+6000")),
    "text",
    "",
    "\x00\x1f",
    "2027-02-30",
    NOT_UTF8,
    b"bytes",
    Binary(b"0123456789abcdef", 4),
    [],
    [None],
    [["text"]],
    [{"a": 1}],
    {},
    {"$ref": "venues"},
    {"a": [1]},
    ObjectId(),
    datetime(1, 1, 1, tzinfo=timezone.utc),
    DatetimeMS(2**60),
    Regex("a"),
    Timestamp(1, 2),
    MinKey(),
    MaxKey(),
    Code("text"),
    DBRef("venues", ObjectId()),
]
# One of each kind, for tests that send requests.
KINDS: list[Any] = [
    ABSENT,
    None,
    "text",
    NOT_UTF8,
    7,
    Decimal128("sNaN"),
    b"bytes",
    [ObjectId(), {"a": 1}],
    {"a": [1]},
    DatetimeMS(2**60),
    MaxKey(),
]


def encode(document: Document) -> RawBSONDocument:
    """Return a document as BSON, with each NOT_UTF8 as bytes that are not UTF-8."""
    return RawBSONDocument(bson.encode(document).replace(NOT_UTF8.encode(), b"\xff~\xfe~"))


def list_paths(value: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of each field and of each first item in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, item in items:
        if name != "_id":
            yield f"{prefix}{name}"
            yield from list_paths(item, f"{prefix}{name}.")


def set_value(document: Document, path: str, value: Any) -> Document:
    """Return a copy of the document with `value` in the field of a dotted path."""
    changed = copy.deepcopy(document)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target: Any = changed
    for part in parents:
        target = target[part]
    if value is not ABSENT:
        target[last] = value
    else:
        del target[last]
    return changed
