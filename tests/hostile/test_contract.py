"""Controls: the checks of a response report each kind of wrong response; otherwise a pass would prove nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.datastructures import Headers

from tests.api_client import ApiResponse
from tests.hostile.client import HostileClient, assert_invalid, assert_outcome
from tests.hostile.contract import find_violations
from tests.hostile.http_cases import HttpCase
from tests.hostile.http_checks import find_problems
from tests.hostile.raw_http import parse_responses, request_bytes

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.servers import RunningServer

HEADERS = {"Content-Type": "application/json", "X-Request-ID": "a", "X-Content-Type-Options": "nosniff"}
DETAIL = {"field": "a.0", "message": "No.", "rule": "wrong_value", "params": {}}
ERROR = {"ok": False, "error": "No.", "code": "validation_error", "details": [DETAIL]}
SUCCESS = {"ok": True, "data": {}}


def respond(document: Any, status: int, **headers: str) -> ApiResponse:
    return ApiResponse(status, Headers({**HEADERS, **headers}), json.dumps(document).encode())


def test_a_correct_response_has_no_violations() -> None:
    assert find_violations(respond(SUCCESS, 200)) == []
    assert find_violations(respond(ERROR, 422)) == []
    assert_invalid(respond(ERROR, 422), "a")


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (ERROR, 401),
        (ERROR, 405),
        (ERROR, 503),
        (ERROR | {"details": []}, 422),
        (ERROR | {"details": [{"field": "a.0", "message": "No."}]}, 422),
        (ERROR | {"code": "not_found"}, 404),
        (ERROR | {"error": "pymongo.errors.X"}, 422),
        (ERROR | {"more": 1}, 422),
        ({"error": "no"}, 422),
        (SUCCESS | {"code": "x"}, 200),
        (None, 200),
    ],
)
def test_a_response_that_breaks_the_contract_is_reported(document: Any, status: int) -> None:
    assert find_violations(respond(document, status)) != []


def test_a_response_with_a_token_must_not_be_stored() -> None:
    assert find_violations(respond(SUCCESS, 200), with_token=True) != []


@pytest.mark.parametrize("expected", [("400 bad_json", "a"), ("422 validation_error", "b")])
def test_another_outcome_or_field_is_reported(expected: tuple[str, str]) -> None:
    with pytest.raises(AssertionError):
        assert_outcome(respond(ERROR, 422), *expected)


def test_an_error_response_that_changed_documents_is_reported(
    api: HostileClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "hash_documents", object)
    with pytest.raises(AssertionError, match="changed documents"):
        api.get("/nope")


@pytest.mark.parametrize(
    "checks",
    [
        {"expected": ("404",)},
        {"headers": {"Allow": "GET"}},
        {"absent_headers": ("x-request-id",)},
        {"unequal_headers": {"X-Request-ID": "abc"}},
        {"absent_texts": ("ok",)},
    ],
    ids=str,
)
def test_a_difference_from_an_http_case_is_reported(
    hostile_server: RunningServer, hostile_db: Db, checks: dict[str, Any]
) -> None:
    request = request_bytes("GET /health", X_Request_ID="abc")
    good: dict[str, Any] = {"name": "health", "request": request, "expected": ("200",)}
    assert find_problems(HttpCase(**good), hostile_server, hostile_db) == []
    assert len(find_problems(HttpCase(**{**good, **checks}), hostile_server, hostile_db)) == 1


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


def test_a_request_has_exactly_the_given_bytes() -> None:
    assert request_bytes("GET /a", "é", token="t", Host=None, X=["1", "\xe9"]) == (
        b"GET /a HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer t\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\nX: 1\r\nX: \xe9\r\n\r\n\xc3\xa9"
    )
