"""Cursors are opaque, belong to one query, and are rejected in every other form."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from halls.errors import Invalid
from halls.http.pagination import is_number, make_cursor, read_cursor

ROW = ObjectId("0123456789abcdef01234567")
QUERY = {"type": "Hall", "date": None}


def anything(_: Any) -> bool:
    """Accept every sort key."""
    return True


def forge(change: Any) -> str:
    """Return a valid cursor whose content `change` replaces."""
    cursor = make_cursor(QUERY, 7, row_id=ROW)
    content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return base64.urlsafe_b64encode(json.dumps(change(content)).encode()).decode().rstrip("=")


def test_without_a_cursor_the_position_is_none() -> None:
    assert read_cursor(None, QUERY) is None


# MongoDB stores whole numbers in 64 bits.
INTEGERS = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.none() | INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | st.text(), max_size=3))
def test_a_cursor_returns_its_keys(keys: list[Any]) -> None:
    cursor = make_cursor(QUERY, *keys, row_id=ROW)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert read_cursor(cursor, QUERY, *[anything] * len(keys)) == [*keys, ROW]


@pytest.mark.parametrize("other", [{}, {"type": "Hall"}, {"type": "Lawn", "date": None}, QUERY | {"sort": "price"}])
def test_a_cursor_of_another_query_is_rejected(other: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read_cursor(make_cursor(QUERY, row_id=ROW), other)


def test_the_order_of_the_parameters_does_not_matter() -> None:
    assert read_cursor(make_cursor({"a": 1, "b": 2}, row_id=ROW), {"b": 2, "a": 1}) == [ROW]


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "abc", "====", "a b", "a\n", "é", "%00", "../..", "A" * 100_000),
        *(
            base64.urlsafe_b64encode(raw).decode()
            for raw in (b"null", b"7", b"[]", b'["a"]', b'{"a":1,"b":2}', b"\xff")
        ),
        base64.urlsafe_b64encode(b"[" * 50_000).decode(),
        forge(lambda content: [content[0], content[1]]),
        forge(lambda content: [content[0], content[2]]),
        forge(lambda content: [*content, content[2]]),
        forge(lambda content: ["0" * 16, *content[1:]]),
        forge(lambda content: [content[0], 7, 7]),
        forge(lambda content: [content[0], 7, str(ROW).upper()]),
        forge(lambda content: [content[0], 7, {"$gt": ""}]),
        forge(lambda content: [content[0], "7", content[2]]),
        forge(lambda content: [content[0], {"$gt": 0}, content[2]]),
        forge(lambda content: [content[0], True, content[2]]),
        forge(lambda content: [content[0], None, content[2]]),
        forge(lambda content: [content[0], 2**53, content[2]]),
        forge(lambda content: [content[0], float("nan"), content[2]]),
    ],
    ids=lambda cursor: cursor[:12],
)
def test_an_invalid_cursor_is_rejected_and_named(cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_cursor(cursor, QUERY, is_number)
    assert [fault["field"] for fault in caught.value.details] == ["cursor"]


@pytest.mark.parametrize("key", ["\ud800", "2027-02-14\udfff"])
def test_a_lone_surrogate_in_a_key_is_rejected(key: str) -> None:
    with pytest.raises(Invalid):
        read_cursor(forge(lambda content: [content[0], key, content[2]]), QUERY, anything)


@given(st.text(max_size=60))
def test_any_text_is_rejected_without_a_crash(text: str) -> None:
    with pytest.raises(Invalid):
        read_cursor(text, QUERY, is_number)
