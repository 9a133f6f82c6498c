"""Hostile requests about HTTP itself, as bytes. They go to the application's server, and through NGINX."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.hostile.client import BOOKING, LOGIN
from tests.hostile.raw_http import request_bytes
from tests.hostile.world import B1, D1, D2, O1, U1, U1_MAIL, U2, V1


@dataclass(frozen=True)
class HttpCase:
    """A request, the outcomes that are correct ("400", "409 date_taken" or "closed"), and headers of the response."""

    name: str
    request: bytes
    expected: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)
    absent_headers: tuple[str, ...] = ()
    unequal_headers: dict[str, str] = field(default_factory=dict)
    absent_texts: tuple[str, ...] = ()
    # The response to an unreadable request may come from a layer that does not know the contract.
    is_unreadable: bool = False


def raw(name: str, request: str, *expected: str) -> HttpCase:
    """Return the case of a request in Latin-1."""
    return HttpCase(name, request.encode("latin-1"), expected, is_unreadable=True)


def chunked(name: str, chunks: str, *expected: str, coding: str = "chunked") -> HttpCase:
    """Return the case of a booking whose body has these chunks."""
    head = f"POST /bookings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {U1}\r\nContent-Type: application/json\r\n"
    return raw(name, f"{head}Transfer-Encoding: {coding}\r\n\r\n{chunks}", *expected)


FRAMING = [
    raw(
        "a length and chunks",
        "POST /bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        "GET /auth/me HTTP/1.1\r\nHost: x\r\n\r\n",
        *("400", "501", "401 missing_token", "closed"),
    ),
    raw(
        "two lengths",
        "POST /bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        "400",
        "closed",
    ),
    raw("a signed length", "POST /bookings HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd", "400", "closed"),
    raw("a negative length", "POST /bookings HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400", "closed"),
    raw(
        "a length of 1 GB",
        "POST /bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nx",
        "413",
        "401 missing_token",
    ),
    raw(
        "a blank before the colon",
        "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length : 2\r\n\r\n{}",
        "400",
        "closed",
    ),
    raw(
        "two codings",
        "POST /bookings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
        "0\r\n\r\n",
        *("400", "501", "closed"),
    ),
    raw(
        "a request behind the body",
        "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
        "Content-Length: 2\r\n\r\n{}GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
        "422 validation_error",
    ),
    # Werkzeug ends such a body at MAX_CONTENT_LENGTH without an error.
    chunked("chunks over the limit", "493e0\r\n" + " " * 300_000 + "\r\n0\r\n\r\n", "413 body_too_large"),
    chunked("a chunk size that is not a number", "zz\r\n{}\r\n0\r\n\r\n", "400", "closed"),
    chunked("a negative chunk size", "-2\r\n{}\r\n0\r\n\r\n", "400", "closed"),
    chunked("a chunk size with an underscore", "1_0\r\n{}              \r\n0\r\n\r\n", "400", "closed"),
    chunked("a chunk size with 0x", "0x2\r\n{}\r\n0\r\n\r\n", "400", "closed"),
    chunked("a chunk size with a sign", "+2\r\n{}\r\n0\r\n\r\n", "400", "closed"),
    chunked("an unknown coding", "0\r\n\r\n", "400", "501", "closed", coding="xchunked"),
]
HEADS = [
    raw(
        "a folded header",
        "GET /venues/search HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\nConnection: close\r\n\r\n",
        "400",
        "200",
    ),
    raw(
        "NUL in the path",
        "GET /venues/a%00b/availability?date=2027-01-01 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "400",
        "404",
    ),
    raw(
        "an absolute target",
        "GET http://evil.example/auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        *("401 missing_token", "400", "404", "421"),
    ),
    raw("an unknown version", "GET /venues/search HTTP/9.9\r\nHost: x\r\n\r\n", "505", "400", "closed"),
    raw(
        "a header of 100 kB",
        f"GET /health HTTP/1.1\r\nHost: x\r\nX-A: {'a' * 100_000}\r\nConnection: close\r\n\r\n",
        "400",
        "431",
        "closed",
    ),
    raw(
        "a target of 20 kB",
        f"GET /venues/{'a' * 20_000} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "400",
        "414",
        "431",
        "closed",
    ),
    raw(
        "5000 headers",
        "GET /health HTTP/1.1\r\nHost: x\r\n"
        + "".join(f"X-{number}: a\r\n" for number in range(5000))
        + "Connection: close\r\n\r\n",
        *("400", "431", "closed"),
    ),
    raw("no request line", "GARBAGE\r\n\r\n", "400", "closed"),
    raw("TLS", "\x16\x03\x01\x02\x00\x01\r\n\r\n", "400", "closed"),
    raw(
        "NUL in a header's name",
        "GET /health HTTP/1.1\r\nHost: x\r\nX-A\x00: b\r\nConnection: close\r\n\r\n",
        "400",
        "closed",
    ),
]


def case(
    name: str,
    row: str,
    *expected: str,
    body: str | bytes = b"",
    token: str | None = None,
    sent: dict[str, Any] | None = None,
    **checks: Any,
) -> HttpCase:
    """Return the case of a readable request, with the headers `sent`."""
    return HttpCase(name, request_bytes(row, body, token=token, **(sent or {})), expected, **checks)


WITH_BODY = [
    ("POST /auth/login", None),
    ("POST /auth/signup", None),
    ("POST /bookings", U1),
    ("POST /venues/register", O1),
    (f"PATCH /venues/{V1}", O1),
]
_BODY_FAULTS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("a form", "415 not_json", f"email={U1_MAIL}&password=x", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("Latin-1", "415 not_json", "{}", {"Content-Type": "application/json; charset=latin-1"}),
    ("gzip", "415 not_json", "{}", {"Content-Encoding": "gzip"}),
    ("no content type", "415 not_json", "{}", {"Content-Type": None}),
    ("300 kB", "413 body_too_large", '{"email":"' + "a" * 300_000 + '"}', {}),
]
BODIES = [
    *(
        case(f"{name} at {row}", row, outcome, body=body, token=token, sent=sent)
        for row, token in WITH_BODY
        for name, outcome, body, sent in _BODY_FAULTS
    ),
    case("JSONP", "POST /auth/login", "415 not_json", body="{}", sent={"Content-Type": "application/jsonp"}),
    case(
        "JSON in capitals",
        "POST /auth/login",
        "200",
        body=json.dumps(LOGIN),
        sent={"Content-Type": 'Application/JSON; charset="UTF-8"'},
    ),
    case("just over 256 KiB", "POST /auth/login", "413 body_too_large", body='{"email":"' + "a" * 262_200 + '"}'),
    case("200 kB", "POST /auth/login", "422 validation_error", body='{"email":"' + "a" * 200_000 + '","password":"x"}'),
    case("a body that the route does not read", f"DELETE /bookings/{B1}", "200", body="{not json", token=U1),
]
_INVALID_IDS = {
    "25 digits": "0" * 25,
    "23 digits": "0" * 23,
    "500 digits": "1" * 500,
    "12 bytes": "abcdefghijkl",  # ObjectId accepts them
    "upper case": "ABCDEFABCDEFABCDEFABCDEF",
    "a g": "64b0000000000000000000g0",
    "an operator": "%24ne",
    "JSON": "%7B%22$ne%22%3A1%7D",
    "a line end": f"{V1}%0A",
    "a blank": f"%20{V1}",
    "full-width digits": "%EF%BC%9164b0000000000000000000%EF%BC%91",
}
PATHS = [
    *(case(f"an id with {name}", f"GET /venues/{text}", "400 bad_id") for name, text in _INVALID_IDS.items()),
    *(
        case(
            f"a change of an id with {name}",
            f"PATCH /venues/{_INVALID_IDS[name]}",
            "400 bad_id",
            body='{"capacity":1}',
            token=O1,
        )
        for name in ("25 digits", "500 digits", "an operator", "JSON")
    ),
    case("a booking id in upper case", f"GET /bookings/{_INVALID_IDS['upper case']}", "400 bad_id", token=U1),
    case("availability of an invalid id", f"GET /venues/x/availability?date={D1}", "400 bad_id"),
    case("an id with NUL", f"GET /venues/{V1}%00", "400 bad_id", "404 not_found", "400"),
    case(
        "an encoded parent folder",
        "PATCH /venues/%2e%2e%2fbookings",
        *("404 not_found", "400 bad_id", "405 method_not_allowed"),
        body='{"capacity":1}',
        token=O1,
    ),
    case("encoded dots", "GET /bookings/%2e%2e", "400 bad_id", "404 not_found", token=U1),
    case("a parent folder", "GET /static/../../etc/passwd", "404 not_found", "400", absent_texts=("root:",)),
    case("not UTF-8", "GET /%ff%fe", "404 not_found", "400"),
    # Never a redirect.
    *(case(row, f"GET {row}", "404 not_found") for row in ("/venues/search/", f"/venues/{V1}/")),
    case("//venues/search", "GET //venues/search", "404 not_found", "400", "200"),
    *(case(row, f"GET {row}", "404 not_found") for row in ("/nope", "/.git/HEAD", "/console", "/debug")),
    case("PUT", f"PUT /venues/{V1}", "405 method_not_allowed", body="{}", token=O1, headers={"Allow": "PATCH"}),
    case("GET of a login", "GET /auth/login", "405 method_not_allowed", headers={"Allow": "POST"}),
    case(
        "POST of a search",
        "POST /venues/search",
        "405 method_not_allowed",
        body="{}",
        token=O1,
        headers={"Allow": "GET"},
    ),
    case("TRACE", "TRACE /venues/search", "405 method_not_allowed", "501", "400"),
    case("HEAD", "HEAD /venues/search", "200", "405"),
]
_NO_TOKEN = ("401 invalid_token", "401 missing_token")
AUTHORIZATION = [
    *(
        case(f"Authorization {name}", "GET /auth/me", *_NO_TOKEN, sent={"Authorization": value})
        for name, value in {
            "empty": "",
            "without a token": "Bearer",
            "with a blank": "Bearer ",
            "Basic": "Basic dTpw",
            "Token": f"Token {U1}",
            "with two tokens": f"Bearer {U1} {U2}",
            "with a list": f"Bearer {U1},Bearer {U2}",
        }.items()
    ),
    case(
        "two Authorization headers",
        "GET /auth/me",
        *_NO_TOKEN,
        "400",
        sent={"Authorization": [f"Bearer {U1}", f"Bearer {U2}"]},
    ),
    case("Authorization beyond ASCII", "GET /auth/me", *_NO_TOKEN, "400", sent={"Authorization": "Bearer \xe9\xff"}),
]
_CORS = ("Access-Control-Allow-Origin",)
_ALLOWED = {"Access-Control-Allow-Origin": "https://app.example", "Vary": "Origin"}
_BODY = json.dumps({**BOOKING, "date": D2})
HEADERS = [
    *(
        case(f"the origin {origin}", "GET /venues/search", "200", sent={"Origin": origin}, absent_headers=_CORS)
        for origin in (
            "null",
            "http://app.example",
            "https://app.example.evil.example",
            "https://evil-app.example",
            "https://app.example:444",
            "https://app.example/",
            "HTTPS://APP.EXAMPLE",
        )
    ),
    case(
        "a preflight of an unknown origin",
        "OPTIONS /bookings",
        *("204", "200", "403", "400"),
        sent={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
        absent_headers=_CORS,
    ),
    case(
        "a preflight",
        "OPTIONS /bookings",
        *("204", "200"),
        sent={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"},
        headers=_ALLOWED,
    ),
    # Otherwise a page could not read the error.
    case(
        "an error for a page",
        "GET /auth/me",
        "401 missing_token",
        sent={"Origin": "https://app.example"},
        headers=_ALLOWED,
    ),
    case(
        "a request id",
        "GET /venues/search",
        "200",
        sent={"X-Request-ID": "abc-1.2_3"},
        headers={"X-Request-ID": "abc-1.2_3"},
    ),
    case(
        "a request id of an error",
        "GET /nope",
        "404 not_found",
        sent={"X-Request-ID": "abc"},
        headers={"X-Request-ID": "abc"},
    ),
    *(
        case(
            f"the request id {value[:9]!r}",
            "GET /venues/search",
            "200",
            sent={"X-Request-ID": value},
            unequal_headers={"X-Request-ID": value},
        )
        for value in ("", "a" * 65, 'a"} <b>')
    ),
    case(
        "another host",
        "GET /venues/search",
        "200",
        sent={"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"},
        absent_texts=("evil.example", "gopher"),
    ),
    case(
        "a key beyond ASCII",
        "POST /bookings",
        "422 validation_error",
        "400",
        body=_BODY,
        token=U1,
        sent={"Idempotency-Key": "caf\xe9"},
    ),
    case(
        "two keys",
        "POST /bookings",
        *("422 validation_error", "400", "201"),
        body=_BODY,
        token=U1,
        sent={"Idempotency-Key": ["a", "b"]},
    ),
]
HTTP_CASES = [*FRAMING, *HEADS, *BODIES, *PATHS, *AUTHORIZATION, *HEADERS]
