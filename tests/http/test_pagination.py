"""Cursors: opaque, good for the search that they came from, and refused in every other form."""

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
SEARCH = {"type": "Hall", "date": None}


def anything(_: Any) -> bool:
    """Let every key pass."""
    return True


def forged(change: Any) -> str:
    """Return a cursor of ours, its content changed."""
    cursor = make_cursor(SEARCH, 7, row_id=ROW)
    content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return base64.urlsafe_b64encode(json.dumps(change(content)).encode()).decode().rstrip("=")


def test_without_a_cursor_there_is_no_mark() -> None:
    assert read_cursor(None, SEARCH) is None


@given(st.lists(st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), max_size=3))
def test_a_cursor_says_what_was_put_in(keys: list[Any]) -> None:
    cursor = make_cursor(SEARCH, *keys, row_id=ROW)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert read_cursor(cursor, SEARCH, *[anything] * len(keys)) == [*keys, ROW]


@pytest.mark.parametrize("other", [{}, {"type": "Hall"}, {"type": "Lawn", "date": None}, SEARCH | {"sort": "price"}])
def test_a_cursor_of_another_search_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read_cursor(make_cursor(SEARCH, row_id=ROW), other)


def test_the_order_in_which_a_search_is_written_does_not_matter() -> None:
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
        forged(lambda content: [content[0], content[1]]),
        forged(lambda content: [content[0], content[2]]),
        forged(lambda content: [*content, content[2]]),
        forged(lambda content: ["0" * 16, *content[1:]]),
        forged(lambda content: [content[0], 7, 7]),
        forged(lambda content: [content[0], 7, str(ROW).upper()]),
        forged(lambda content: [content[0], 7, {"$gt": ""}]),
        forged(lambda content: [content[0], "7", content[2]]),
        forged(lambda content: [content[0], {"$gt": 0}, content[2]]),
        forged(lambda content: [content[0], True, content[2]]),
        forged(lambda content: [content[0], None, content[2]]),
        forged(lambda content: [content[0], 2**53, content[2]]),
        forged(lambda content: [content[0], float("nan"), content[2]]),
    ],
    ids=lambda cursor: cursor[:12],
)
def test_what_is_no_cursor_of_ours_is_refused_and_named(cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_cursor(cursor, SEARCH, is_number)
    assert [fault["field"] for fault in caught.value.details] == ["cursor"]


@given(st.text(max_size=60))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    with pytest.raises(Invalid):
        read_cursor(text, SEARCH, is_number)
