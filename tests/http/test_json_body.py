"""Request bodies: exactly one JSON object in UTF-8; every other body gets its own error response."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from halls.errors import BadJson
from halls.http.json_body import MAX_BYTES, parse_json
from tests.contract_routes import WITH_BODY, Row, name_of

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.api_client import ApiClient

GOOD = {"email": "ali@example.com", "password": "correct horse 7"}
BODY_WAS_READ = (401, "bad_credentials")  # the response if the body was read: the account does not exist


def send(api: ApiClient, raw: bytes, content_type: str | None = "application/json", **environ: Any) -> TestResponse:
    """Send `raw` as the body of a log-in."""
    return api.client.post("/auth/login", data=raw, content_type=content_type, **environ)


def status_and_code(response: TestResponse) -> tuple[int, str]:
    """Check the envelope of an error response; return status and code."""
    body = response.get_json()
    assert body.keys() == {"ok", "error", "code", "details"}
    return response.status_code, body["code"]


def nested(levels: int) -> bytes:
    """Return an object with `levels` levels."""
    return b'{"a":' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(GOOD).encode(),
        b' \t\r\n{"email":"ali@example.com","password":"x"}\n',
        '{"email":"ali@example.com","password":"شادی"}'.encode(),
        b'{"email":"ali@example.com","password":"\\ud83d\\ude00"}',
        b'{"email":"ali\\u0040example.com","password":"x"}',
    ],
)
def test_a_well_formed_body_is_read(api: ApiClient, raw: bytes) -> None:
    assert status_and_code(send(api, raw)) == BODY_WAS_READ


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/json;x=y"],
)
def test_every_spelling_of_json_in_utf_8_is_accepted(api: ApiClient, content_type: str) -> None:
    assert status_and_code(send(api, json.dumps(GOOD).encode(), content_type)) == BODY_WAS_READ


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/problem+json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
    ],
)
def test_another_content_type_or_charset_is_rejected(api: ApiClient, content_type: str | None) -> None:
    assert status_and_code(send(api, json.dumps(GOOD).encode(), content_type)) == (415, "not_json")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity", "x"])
def test_any_content_encoding_is_rejected(api: ApiClient, encoding: str) -> None:
    response = send(api, json.dumps(GOOD).encode(), headers={"Content-Encoding": encoding})
    assert status_and_code(response) == (415, "not_json")


@pytest.mark.parametrize("row", WITH_BODY, ids=name_of)
def test_every_route_with_a_body_requires_json(api: ApiClient, row: Row) -> None:
    session = api.sign_up(owner=True)
    record_id = api.make_record(row.path, session["token"])
    headers = {"Authorization": f"Bearer {session['token']}"}
    for content_type, raw, expected in (
        ("text/plain", b"{}", (415, "not_json")),
        ("application/json", b"", (400, "bad_json")),
        ("application/json", b"{", (400, "bad_json")),
        ("application/json", b'{"nonsense":1}', (422, "validation_error")),
    ):
        response = api.client.open(
            row.at(record_id), method=row.method, data=raw, content_type=content_type, headers=headers
        )
        assert status_and_code(response) == expected
    assert "nonsense" in [detail["field"] for detail in response.get_json()["details"]]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"null",
        b"true",
        b"7",
        b'"text"',
        b"[]",
        b'[{"email":"ali@example.com"}]',
        b"{",
        b'{"email"}',
        b"{'email':'x'}",
        b'{"email":"x",}',
        b'{"email":"x"} x',
        b'{"email":"x"}{"email":"x"}',
        b'{"email":"x","email":"y"}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        b'{"a":-1e400}',
        b'{"a":01}',
        b'{"a":.5}',
        b'{"a":"\t"}',
        b'{"a":"\\x"}',
        b"// a comment\n{}",
        b"\xef\xbb\xbf{}",
        '{"email":"x"}'.encode("utf-16"),
        '{"email":"x"}'.encode("utf-32-le"),
        b'{"email":"\xff"}',
        b'{"email":"\xed\xa0\x80"}',
        b'{"email":"\xc0\xaf"}',
        nested(33),
        nested(30_000),
        b"[" * 100_000,
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
    ids=range(37),
)
def test_a_body_other_than_one_json_object_is_rejected(api: ApiClient, raw: bytes) -> None:
    response = send(api, raw)
    assert status_and_code(response) == (400, "bad_json")
    assert response.get_json()["details"] == []


@pytest.mark.parametrize("raw", [nested(32), b'{"a":' + b"[" * 31 + b"]" * 31 + b"}"], ids=["objects", "lists"])
def test_thirty_two_levels_are_accepted(api: ApiClient, raw: bytes) -> None:
    assert status_and_code(send(api, raw)) == (422, "validation_error")


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"email":"\\ud800"}', "email"),
        (b'{"a":{"b":["x","\\udfff y"]}}', "a.b.1"),
        (b'{"a":[{"\\udc00":1}]}', "a.0.?"),
    ],
)
def test_a_lone_surrogate_is_rejected_and_named(api: ApiClient, raw: bytes, field: str) -> None:
    response = send(api, raw)
    assert status_and_code(response) == (422, "validation_error")
    assert [detail["field"] for detail in response.get_json()["details"]] == [field]


def padded(size: int) -> bytes:
    """Return a log-in of exactly `size` bytes."""
    raw = json.dumps(GOOD).encode()
    return raw + b" " * (size - len(raw))


def test_a_body_may_have_at_most_256_kib(api: ApiClient) -> None:
    assert MAX_BYTES == 256 * 1024
    assert status_and_code(send(api, padded(MAX_BYTES))) == BODY_WAS_READ
    assert status_and_code(send(api, padded(MAX_BYTES + 1))) == (413, "body_too_large")


class UnknownLength(io.BytesIO):
    """A body without Content-Length; the server marks its end, as with chunked encoding."""


@pytest.mark.parametrize(("size", "expected"), [(MAX_BYTES, BODY_WAS_READ), (MAX_BYTES + 1, (413, "body_too_large"))])
def test_a_body_of_unknown_length_has_the_same_limit(api: ApiClient, size: int, expected: tuple[int, str]) -> None:
    environ = {"wsgi.input": UnknownLength(padded(size)), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    response = api.client.post("/auth/login", content_type="application/json", environ_overrides=environ)
    assert status_and_code(response) == expected


def test_a_content_length_above_the_limit_is_rejected_before_reading(api: ApiClient) -> None:
    class FailingInput(io.BytesIO):
        """An input that fails if it is read."""

        def read(self, _size: int | None = -1, /) -> bytes:
            """Fail."""
            raise AssertionError("the body was read")

    environ = {"wsgi.input": FailingInput(), "CONTENT_LENGTH": str(MAX_BYTES + 1)}
    response = api.client.post("/auth/login", content_type="application/json", environ_overrides=environ)
    assert status_and_code(response) == (413, "body_too_large")


def test_an_unreadable_body_is_rejected(api: ApiClient) -> None:
    class Broken(io.BytesIO):
        """An input that fails like a server's input at a bad chunk size or a closed connection."""

        def read(self, _size: int | None = -1, /) -> bytes:
            """Fail."""
            raise OSError("connection reset")

    environ = {"wsgi.input": Broken(), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    response = api.client.post("/auth/login", content_type="application/json", environ_overrides=environ)
    assert status_and_code(response) == (400, "bad_json")


def test_a_truncated_body_is_rejected(api: ApiClient) -> None:
    assert status_and_code(send(api, b'{"email":', headers={"Content-Length": "100"})) == (400, "bad_json")


@pytest.mark.parametrize("raw", [b"1.5", b"[1, 2]", b'"x"', b"-0.0", b"18446744073709551616"])
def test_any_json_value_can_be_parsed(raw: bytes) -> None:
    assert parse_json(raw) == json.loads(raw)


def test_an_invalid_json_value_is_rejected() -> None:
    with pytest.raises(BadJson):
        parse_json(b"x")
