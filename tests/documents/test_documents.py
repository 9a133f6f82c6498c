"""Reading values of stored documents: each function returns its type, or the empty value."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Decimal128, Int64

from halls.documents import read_finite, read_items, read_list, read_number, read_object, read_whole
from tests.documents.values import ABSENT, VALUES

NUMBERS = (int, float, Decimal128)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (1, 1),
        (Int64(5), 5),
        (1.0, 1),
        (1.5, 1.5),
        (-0.0, 0),
        (1e300, 1e300),
        (Decimal128("150000"), 150_000),
        (Decimal128("74.36"), 74.36),
        (Decimal128("1E+3"), 1_000),
        (Decimal128("1E+6000"), None),
        (Decimal128("sNaN"), None),
        (Decimal128("-Infinity"), None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        ("5", None),
        (None, None),
    ],
)
def test_each_type_of_bson_numbers_is_read(stored: Any, shown: Any) -> None:
    assert read_number(stored) == shown
    assert isinstance(read_number(stored), type(shown))


@pytest.mark.parametrize(
    ("stored", "whole"),
    [(300.0, 300), (300.5, 300), (Decimal128("-2.5"), -3), (2**53, None), (1e300, None), ("5", None)],
)
def test_a_whole_number_is_rounded_down(stored: Any, whole: int | None) -> None:
    assert read_whole(stored) == whole


@pytest.mark.parametrize(
    "value", [value for value in VALUES if value is not ABSENT], ids=lambda value: type(value).__name__
)
def test_values_of_other_types_are_empty(value: Any) -> None:
    assert isinstance(read_finite(value), int | float | None)
    assert isinstance(value, NUMBERS) or read_finite(value) is None
    assert read_list(value) == (value if isinstance(value, list) else [])
    assert read_object(value) == (value if isinstance(value, dict) else {})
    assert len(read_items(value)) == (len(value) if isinstance(value, list) else 1)
