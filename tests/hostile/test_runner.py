"""Controls: the runner reports each kind of wrong response; otherwise a pass would prove nothing."""

import json
from typing import Any

import pytest

from tests.hostile.answers import find_problems
from tests.hostile.catalogue import Step
from tests.hostile.filling import body_of, fill
from tests.hostile.raw_http import Exchange, RawResponse, parse_responses, request_bytes
from tests.hostile.runner import Server, run_case
from tests.hostile.world import Document, World

HEADERS = [("Content-Type", "application/json"), ("X-Request-ID", "a"), ("X-Content-Type-Options", "nosniff")]
ERROR = {"ok": False, "error": "No.", "code": "validation_error", "details": [{"field": "a.0", "message": "No."}]}
SUCCESS = {"ok": True, "data": {"rows": [{"id": "x"}], "number": 1}}


def problems(step: Step, document: Any, status: int = 200, seconds: float = 0.1) -> list[str]:
    answer = RawResponse(status, HEADERS, json.dumps(document).encode())
    return find_problems({"request": "GET /x"} | step, Exchange([answer], seconds, closed=True), {}, is_raw=False)


def test_a_good_response_has_no_problems() -> None:
    expected = {
        "has": {"rows.0.id": "x"},
        "keys": {"rows.0": ["id"]},
        "each": {"rows": {"id": "x"}},
        "lacks": {"": ["y"]},
    }
    assert problems({"want": "200"} | expected, SUCCESS) == []
    assert problems({"want": ["400", "422 validation_error"], "field": "a"}, ERROR, 422) == []


@pytest.mark.parametrize(
    "expected",
    [
        {"want": "201"},
        {"want": "closed"},
        {"has": {"number": 2}},
        {"has": {"number": True}},
        {"has": {"nothing": None}},
        {"keys": {"rows.0": ["id", "name"]}},
        {"each": {"rows": {"id": "y"}}},
        {"none": {"rows": {"id": "x"}}},
        {"lacks": {"rows": ["x"]}},
        {"reply_headers": {"Vary": "Origin"}},
        {"no_headers": ["x-request-id"]},
        {"reply_differs": {"X-Request-ID": "a"}},
        {"as": "U1"},
    ],
    ids=str,
)
def test_a_difference_from_the_case_is_reported(expected: Step) -> None:
    assert problems(expected, SUCCESS) != []


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (ERROR, 401),
        (ERROR, 405),
        (ERROR, 503),
        (ERROR | {"details": []}, 422),
        (ERROR | {"code": "not_found"}, 404),
        (ERROR | {"error": "pymongo.errors.X"}, 422),
        (ERROR | {"more": 1}, 422),
        ({"error": "no"}, 422),
        (SUCCESS | {"code": "x"}, 200),
    ],
)
def test_a_response_that_breaks_a_common_rule_is_reported(document: Any, status: int) -> None:
    assert problems({"want": str(status)}, document, status) != []


def test_slow_and_second_responses_and_missing_fields_are_reported() -> None:
    assert problems({}, SUCCESS, seconds=5.1) != []
    assert problems({"want": "422", "fields": ["a", "b"]}, ERROR, 422) != []
    twice = Exchange([RawResponse(200, HEADERS, json.dumps(SUCCESS).encode())] * 2, 0.1, closed=True)
    assert find_problems({"want": "200"}, twice, {}, is_raw=True) == ["2 responses"]


class ChangingWorld(World):
    """A world whose snapshots all differ."""

    def snapshot(self) -> Document:
        """Return a new value."""
        return {"value": object()}


def test_an_error_response_that_changed_data_is_reported(hostile_server: Server, world: World) -> None:
    changing = ChangingWorld(world.db, names=world.names)
    reported = run_case({"request": "GET /nope", "want": "404 not_found"}, hostile_server, changing)
    assert [problem[:20] for problem in reported] == ["rejected but changed"]


def test_responses_are_parsed_from_the_received_bytes() -> None:
    head = b"HTTP/1.1 200 OK\r\n"
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    assert [answer.body for answer in parse_responses(interim + chunked * 2)] == [b"abc", b"abc"]
    assert [answer.body for answer in parse_responses(head + b"Content-Length: 2\r\n\r\nab" + chunked)] == [
        b"ab",
        b"abc",
    ]
    assert parse_responses(head + b"Content-Length: 3\r\n\r\nab", ended=False) == []
    assert [answer.body for answer in parse_responses(head + b"\r\nab")] == [b"ab"]
    assert len(parse_responses(head + b"Content-Length: 3\r\n\r\n", head=True)) == 1


def test_a_request_has_exactly_the_bytes_of_its_case() -> None:
    step = {"request": "GET /{A}", "headers": {"Host": None, "X": ["1", "é"]}, "text": ["a", ["{I}", 3], "{A}"]}
    assert request_bytes(step, {"A": "b"}, "t") == (
        b"GET /b HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer t\r\nContent-Type: application/json\r\n"
        b"Content-Length: 5\r\nX: 1\r\nX: \xe9\r\n\r\na012b"
    )
    assert body_of({"json": {"a": "{A}"}, "literal": {"b": "1e400"}}, {"A": "x"}) == b'{"a":"x","b":1e400}'
    assert fill({"{A}": ["{URLS:2}"]}, {"A": "x"})["x"] == [
        ["https://cdn.example.com/0.jpg", "https://cdn.example.com/1.jpg"]
    ]
    with pytest.raises(KeyError):
        fill("{UNKNOWN}", {})
