"""Reads values of stored documents: external writers may store a value of any type in any field (decision 34)."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from bson import Decimal128, ObjectId

from halls.clock import is_real_day

# From this number on, a double does not represent every integer, in MongoDB and in JSON.
EXACT = 2**53


def read_text(value: object) -> str | None:
    """Return a text, otherwise None."""
    # Not isinstance: the driver reads JavaScript as a subclass of str, which is not hashable.
    return value if type(value) is str else None


def read_id(value: object) -> ObjectId | None:
    """Return an ObjectId, otherwise None."""
    return value if isinstance(value, ObjectId) else None


def read_moment(value: object) -> datetime | None:
    """Return a moment, otherwise None. The driver reads a moment after the year 9999 as another type."""
    return value if isinstance(value, datetime) else None


def read_day(value: object) -> str | None:
    """Return a real day as YYYY-MM-DD, otherwise None."""
    return value if type(value) is str and is_real_day(value) else None


def read_list(value: object) -> list[Any]:
    """Return a list with items of any type, otherwise an empty one."""
    return value if isinstance(value, list) else []


def read_items(value: object) -> list[Any]:
    """Return the items of a list, or any other value as the only item. A query for a value matches both."""
    return value if isinstance(value, list) else [value]


def read_object(value: object) -> dict[str, Any]:
    """Return an object with values of any type, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def read_finite(value: object) -> int | float | None:
    """Return a number of any BSON type as it is stored, a decimal as a float. None for NaN and infinities."""
    if isinstance(value, Decimal128):
        decimal = value.to_decimal()
        value = float(decimal) if decimal.is_finite() else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else None  # type: ignore[return-value] # a number


def read_number(value: object) -> int | float | None:
    """Return a number of any BSON type, a whole double or decimal as an integer. None for NaN and infinities."""
    if type(value) is int:
        # The usual case, hundreds of times for each entry of the search index.
        return value
    number = read_finite(value)
    return int(number) if number is not None and abs(number) < EXACT and number == int(number) else number


def read_whole(value: object) -> int | None:
    """Return a number of any BSON type, rounded down. None if a double can't represent it exactly."""
    number = read_finite(value)
    return math.floor(number) if number is not None and abs(number) < EXACT else None
