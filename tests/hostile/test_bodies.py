"""Bodies that are not JSON, that two parsers could read differently, or that break a simple parser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.client import BOOKING, VENUE, assert_invalid, assert_outcome
from tests.hostile.world import B1, O1, O2_ID, U1, U1_MAIL, V1

if TYPE_CHECKING:
    from tests.hostile.client import HostileClient

ROUTES = [
    ("POST", "/auth/login", None),
    ("POST", "/auth/signup", None),
    ("POST", "/bookings", U1),
    ("POST", "/venues/register", O1),
    ("PATCH", f"/venues/{V1}", O1),
]
NOT_AN_OBJECT = {
    "empty": b"",
    "blanks": b"   ",
    "cut short": b'{"email":"u1@example.com"',
    "single quotes": b"{'email':'a'}",
    "bytes after the end": b'{"email":"a"}x',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16 with a mark": b"\xff\xfe{\x00}\x00",
    "UTF-16 without a mark": b"{\x00}\x00",  # json.loads detects and accepts it
    "not UTF-8": b'{"email":"\xff"}',
    "a line end in a string": b'{"email":"a\nb"}',
    "null": b"null",
    "true": b"true",
    "a list": b'[{"email":"u1@example.com","password":"x"}]',
}
UNREADABLE_LOGINS = {
    "5000 levels of objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "100000 levels of lists": b"[" * 100_000,
    "33 levels": b'{"email":' + b"[" * 32 + b"]" * 32 + b',"password":"x"}',
    "a repeated key": json.dumps({"email": U1_MAIL}).encode()[:-1] + b',"email":"u1@example.com","password":"x"}',
    "a repeated key in two spellings": b'{"email":"a","\\u0065mail":"x","password":"x"}',
    "a surrogate in UTF-8": b'{"email":"\xed\xa0\x80"}',
    "a trailing comma": b'{"email":"a",}',
}
INVALID_LOGINS = {
    "21 levels": (b'{"email":' + b'{"a":' * 20 + b"1" + b"}" * 20 + b',"password":"x"}', "email"),
    "32 levels": (b'{"email":' + b"[" * 31 + b"]" * 31 + b',"password":"x"}', "email"),
    "a lone surrogate": (b'{"email":"u1@example.com","password":"\\ud800"}', "password"),  # UnicodeEncodeError
    "NUL": (b'{"email":"u1@example.com\\u0000","password":"x"}', "email"),
    "__proto__": (b'{"email":"u1@example.com","password":"x","__proto__":{"x":1}}', "__proto__"),
    "NUL in a key": (b'{"a\\u0000b":1,"email":"u1@example.com","password":"x"}', None),
    "a lone surrogate in a key": (b'{"\\ud800":1,"email":"u1@example.com","password":"x"}', None),
    "an empty object": (b"{}", "password"),
}


@pytest.mark.parametrize(("method", "path", "caller"), ROUTES, ids=[path for _, path, _ in ROUTES])
@pytest.mark.parametrize("body", NOT_AN_OBJECT.values(), ids=NOT_AN_OBJECT)
def test_a_body_that_is_not_a_json_object_is_rejected(
    api: HostileClient, method: str, path: str, caller: str | None, body: bytes
) -> None:
    assert_outcome(api.send_bytes(method, path, body, token=caller), "400 bad_json")


@pytest.mark.parametrize("body", UNREADABLE_LOGINS.values(), ids=UNREADABLE_LOGINS)
def test_a_login_that_parsers_read_differently_is_rejected(api: HostileClient, body: bytes) -> None:
    assert_outcome(api.send_bytes("POST", "/auth/login", body), "400 bad_json")


@pytest.mark.parametrize(("body", "field"), INVALID_LOGINS.values(), ids=INVALID_LOGINS)
def test_a_login_with_unusual_text_is_rejected(api: HostileClient, body: bytes, field: str | None) -> None:
    assert_invalid(api.send_bytes("POST", "/auth/login", body), *([field] if field else []))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "0100", "1e400", "9" * 5000], ids=lambda n: n[:9])
def test_a_number_that_json_or_a_double_does_not_have_is_rejected(api: HostileClient, number: str) -> None:
    body = json.dumps({**BOOKING, "guests": "number"}).replace('"number"', number)
    assert_outcome(api.send_bytes("POST", "/bookings", body.encode(), token=U1), "400 bad_json")


@pytest.mark.parametrize("number", [2**63, 10**4000], ids=["2^63", "4001 digits"])
def test_an_integer_beyond_64_bits_is_rejected(api: HostileClient, number: int) -> None:
    body = json.dumps({**BOOKING, "guests": number}).encode()
    assert_invalid(api.send_bytes("POST", "/bookings", body, token=U1), "guests")


@pytest.mark.parametrize(
    "changes",
    [
        {"pricing": {"overrides": [{"date": "2030-01-01", "price": "number"}]}},
        {"maps_location": {"lat": "number", "lng": 67}},
        {"space_sqft": "number"},
    ],
    ids=["price", "latitude", "space"],
)
def test_a_venue_with_an_infinite_number_is_rejected(api: HostileClient, changes: dict[str, Any]) -> None:
    body = json.dumps({**VENUE, **changes}).replace('"number"', "1e400")
    assert_outcome(api.send_bytes("POST", "/venues/register", body.encode(), token=O1), "400 bad_json")


def test_a_lone_surrogate_in_the_notes_is_rejected(api: HostileClient) -> None:
    body = json.dumps({**BOOKING, "notes": "\udc00"}).encode()
    assert_invalid(api.send_bytes("POST", "/bookings", body, token=U1), "notes")


def test_a_repeated_key_inside_an_object_is_rejected(api: HostileClient) -> None:
    body = b'{"amenities":{"water":true,"water":false}}'
    assert_outcome(api.send_bytes("PATCH", f"/venues/{V1}", body, token=O1), "400 bad_json")


@pytest.mark.parametrize(
    ("path", "caller", "body", "field"),
    [
        (f"/venues/{V1}", O1, {"$where": "sleep(9000)"}, "$where"),
        (f"/venues/{V1}", O1, {"$set": {"owner_id": O2_ID}}, "$set"),
        (f"/venues/{V1}", O1, {"pricing.overrides.0.price": 1}, "pricing.overrides.0.price"),
        (f"/venues/{V1}", O1, {"amenities": {"a.b": True}}, "amenities"),
        (f"/venues/{V1}", O1, {"amenities": {"": True}}, "amenities"),
        (f"/bookings/{B1}", O1, {"status": {"$ne": "x"}}, "status"),
    ],
    ids=["$where", "$set", "a dotted key", "a dot in a name", "an empty name", "$ne"],
)
def test_an_operator_of_mongodb_is_rejected(
    api: HostileClient, path: str, caller: str, body: dict[str, Any], field: str
) -> None:
    assert_invalid(api.patch(path, body, token=caller), field)


@pytest.mark.parametrize(
    ("path", "caller"),
    [(f"/venues/{V1}", O1), ("/auth/me", U1), (f"/bookings/{B1}", O1)],
    ids=["venue", "me", "booking"],
)
def test_a_change_of_nothing_is_rejected(api: HostileClient, path: str, caller: str) -> None:
    assert_invalid(api.patch(path, {}, token=caller))


def test_each_missing_field_is_named(api: HostileClient) -> None:
    assert_invalid(api.post("/auth/login", {}), "email", "password")
