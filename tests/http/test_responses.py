"""Responses: every error code of the contract, one shape for all errors, and the common headers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId
from pymongo.errors import AutoReconnect, OperationFailure

from halls.accounts import store as accounts_store
from halls.clock import utc_now
from halls.errors import ApiError
from halls.logs import configure_logging
from halls.search import routes as search_routes
from tests.contract_routes import NO_ID, PRIVATE, ROWS, Row, name_of
from tests.factories import PASSWORD, booking_body, day, insert_booking, venue_body
from tests.loggers import preserved_logging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from halls.mongo.client import Db
    from tests.api_client import ApiClient, ApiResponse

# Contract, section 1.
CODES = {
    400: {"bad_json", "bad_id"},
    401: {"missing_token", "invalid_token", "token_expired", "token_revoked", "bad_credentials", "bad_google_token"},
    403: {"owner_only", "not_yours", "bad_signature", "suspended"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    409: {
        *("email_taken", "date_not_offered", "date_taken", "date_booked", "has_bookings", "bad_transition"),
        *("limit_reached", "idempotency_in_progress"),
    },
    412: {"precondition_failed"},
    413: {"body_too_large"},
    415: {"not_json"},
    422: {"validation_error", "date_in_past", "over_capacity", "bad_reset_token", "bad_link", "idempotency_conflict"},
    429: {"rate_limited"},
    500: {"internal_error"},
    503: {"database_unavailable", "search_not_ready", "google_unavailable", "not_configured"},
}
# Codes of other routes: Google sign-in, password resets, uploads, rate limits.
OTHER_ROUTES = {
    "search_not_ready",
    "bad_google_token",
    *("bad_signature", "suspended"),
    "bad_reset_token",
    *("bad_link", "limit_reached"),
    "rate_limited",
    "google_unavailable",
}
# A concurrent request with the same key waits for the first one and gets the replay; the contract allows both.
NOT_REACHED = {"idempotency_in_progress", "not_configured"}


class Scenario:
    """An owner, a guest and a booked venue, for requests that fail."""

    def __init__(self, api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
        self.api, self.db, self.monkeypatch = api, db, monkeypatch
        self.owner, self.guest = api.owner(), api.guest()
        self.venue_id = api.list_venue(self.owner)
        self.booking = f"/bookings/{api.book(self.guest, self.venue_id, day(1)).data['booking_id']}"

    def book(self, date: str, guests: int = 1, **headers: str) -> ApiResponse:
        """Send POST /bookings for the venue."""
        return self.api.post("/bookings", booking_body(self.venue_id, date, guests=guests), token=self.guest, **headers)

    def log_in(self, raw: bytes, content_type: str = "application/json") -> ApiResponse:
        """Log in with the body `raw`."""
        return self.api.post("/auth/login", raw, Content_Type=content_type)

    def expired(self) -> ApiResponse:
        """Send a request with an expired token."""
        with time_machine.travel(utc_now() + timedelta(hours=73), tick=False):
            return self.api.get("/auth/me", token=self.guest)

    def revoked(self) -> ApiResponse:
        """Send a request with the token of a deleted account."""
        self.db.users.delete_many({})
        return self.api.get("/auth/me", token=self.guest)

    def twice_with_one_key(self) -> ApiResponse:
        """Send two different bookings with one idempotency key."""
        self.book(day(2), Idempotency_Key="k")
        return self.book(day(3), Idempotency_Key="k")

    def cancelled_and_confirmed(self) -> ApiResponse:
        """Confirm a cancelled booking."""
        self.api.delete(self.booking, token=self.guest)
        return self.api.patch(self.booking, {"status": "confirmed"}, token=self.owner)

    def failing(self, error: Exception) -> ApiResponse:
        """Search while the database raises `error`."""

        def fail(*_: Any) -> None:
            raise error

        self.monkeypatch.setattr(search_routes, "search_venues", fail)
        response = self.api.get("/venues/search", X_Request_ID="abc-1")
        self.api.wait_until_ready()
        return response


SIGNUP = {"email": "a@example.com", "password": PASSWORD, "is_venue_owner": False}
REQUESTS: dict[str, Callable[[Scenario], ApiResponse]] = {
    "bad_json": lambda scenario: scenario.log_in(b"{"),
    "bad_id": lambda scenario: scenario.api.get("/venues/x"),
    "missing_token": lambda scenario: scenario.api.get("/auth/me"),
    "invalid_token": lambda scenario: scenario.api.get("/auth/me", token="x"),
    "token_expired": lambda scenario: scenario.expired(),
    "token_revoked": lambda scenario: scenario.revoked(),
    "bad_credentials": lambda scenario: scenario.api.post("/auth/login", {"email": "a@b.co", "password": "x"}),
    "owner_only": lambda scenario: scenario.api.get("/venues/mine", token=scenario.guest),
    "not_yours": lambda scenario: scenario.api.get(scenario.booking, token=scenario.api.guest()),
    "not_found": lambda scenario: scenario.api.get("/nothing"),
    "method_not_allowed": lambda scenario: scenario.api.post("/health", {}),
    "email_taken": lambda scenario: [scenario.api.post("/auth/signup", SIGNUP) for _ in range(2)][1],
    "date_not_offered": lambda scenario: scenario.book(day(30)),
    "date_taken": lambda scenario: scenario.book(day(1)),
    "date_booked": lambda scenario: scenario.api.patch(
        f"/venues/{scenario.venue_id}", {"dates_available": []}, token=scenario.owner
    ),
    "has_bookings": lambda scenario: scenario.api.delete(f"/venues/{scenario.venue_id}", token=scenario.owner),
    "bad_transition": lambda scenario: scenario.cancelled_and_confirmed(),
    "precondition_failed": lambda scenario: scenario.api.patch(
        f"/venues/{scenario.venue_id}", {"capacity": 7}, token=scenario.owner, If_Match='"another"'
    ),
    "body_too_large": lambda scenario: scenario.log_in(b" " * (256 * 1024 + 1)),
    "not_json": lambda scenario: scenario.log_in(b"{}", "text/plain"),
    "validation_error": lambda scenario: scenario.log_in(b"{}"),
    "date_in_past": lambda scenario: scenario.book(day(-1)),
    "over_capacity": lambda scenario: scenario.book(day(2), 201),
    "idempotency_conflict": lambda scenario: scenario.twice_with_one_key(),
    "internal_error": lambda scenario: scenario.failing(OperationFailure("secret words", code=9)),
    "database_unavailable": lambda scenario: scenario.failing(AutoReconnect("secret words")),
}


@pytest.fixture
def scenario(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """An owner, a guest and a booked venue."""
    return Scenario(api, db, monkeypatch)


@pytest.mark.parametrize("code", REQUESTS)
def test_every_code_has_the_same_response_shape(scenario: Scenario, code: str) -> None:
    response = REQUESTS[code](scenario)
    assert response.status in CODES
    assert code in CODES[response.status]
    assert response.json == {
        "ok": False,
        "error": response.json["error"],
        "code": code,
        "details": response.json["details"],
    }
    assert re.fullmatch(r"[A-Z].*[.…]", response.json["error"], re.DOTALL), "the message must be a sentence"
    assert bool(response.json["details"]) == (code in {"validation_error", "date_booked", "has_bookings"})
    assert all(detail.keys() == {"field", "message", "rule", "params"} for detail in response.json["details"])
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers.get("WWW-Authenticate") == ("Bearer" if response.status == 401 else None)
    assert ("Allow" in response.headers) == (response.status == 405)
    assert ("Retry-After" in response.headers) == (response.status == 503)
    assert "secret words" not in str(response.json)


def test_every_code_of_the_contract_has_a_request_or_another_route() -> None:
    assert set(REQUESTS) | OTHER_ROUTES | NOT_REACHED == set().union(*CODES.values())


def subclasses_with_code(error: type[ApiError]) -> Iterator[type[ApiError]]:
    """Yield the subclasses of `error` that have a code."""
    for subclass in error.__subclasses__():
        yield from subclasses_with_code(subclass)
        if hasattr(subclass, "code"):
            yield subclass


def test_the_contract_lists_every_error() -> None:
    assert {(subclass.status, subclass.code) for subclass in subclasses_with_code(ApiError)} <= {
        (status, code) for status, codes in CODES.items() for code in codes
    }


@pytest.mark.parametrize("error", [RuntimeError("secret words"), OperationFailure("secret words", code=9)], ids=repr)
def test_an_unexpected_error_is_logged_and_hidden_from_the_client(
    scenario: Scenario, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with preserved_logging():
        configure_logging("INFO")
        response = scenario.failing(error)
    assert (response.status, response.code) == (500, "internal_error")
    assert response.headers["X-Request-ID"] == "abc-1"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    log = capsys.readouterr().err
    assert "abc-1" in log
    assert "test_responses.py" in log
    assert "secret words" not in log + str(response.json)


def test_an_unserializable_response_is_an_internal_error(scenario: Scenario) -> None:
    scenario.monkeypatch.setattr(search_routes, "search_venues", lambda *_: {"venues": [object()]})
    response = scenario.api.get("/venues/search")
    assert (response.status, response.code) == (500, "internal_error")


def test_a_value_error_after_the_view_is_an_internal_error(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "secret words"

    def fail() -> None:
        raise ValueError(secret)

    with monkeypatch.context() as patch, preserved_logging():
        configure_logging("INFO")
        patch.setattr("halls.http.responses.metrics", fail)
        response = api.get("/health")
    assert (response.status, response.code) == (500, "internal_error")
    log = capsys.readouterr().err
    assert "ValueError" in log
    assert secret not in log


def test_an_outage_during_authentication_is_a_503(scenario: Scenario) -> None:
    def fail(*_: Any) -> None:
        raise AutoReconnect("secret words")

    scenario.monkeypatch.setattr(accounts_store, "account_from_document", fail)
    response = scenario.api.get("/auth/me", token=scenario.guest)
    scenario.api.wait_until_ready()
    assert (response.status, response.code) == (503, "database_unavailable")
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "path", ["/nothing", "/health/", "/health//", "/Health", "/venues", "/bookings/", "/venues/%2e%2e/bookings"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
def test_an_unknown_path_is_a_404_and_not_a_redirect(api: ApiClient, path: str, method: str) -> None:
    response = api.send(method, path)
    assert (response.status, response.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/health", {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "/auth/login", {"POST", "OPTIONS"}),
        ("DELETE", "/bookings", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("PUT", f"/bookings/{NO_ID}", {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
        ("POST", f"/venues/{NO_ID}/availability", {"GET", "HEAD", "OPTIONS"}),
        ("TRACE", "/venues/mine", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method_gets_the_allowed_methods(api: ApiClient, method: str, path: str, allowed: set[str]) -> None:
    response = api.send(method, path)
    assert (response.status, response.code) == (405, "method_not_allowed")
    assert allowed <= set(response.headers["Allow"].split(", "))
    assert method not in response.headers["Allow"]


@pytest.mark.parametrize("request_id", ["abc-1", "A.b_c-9", "x" * 64])
@pytest.mark.parametrize("path", ["/health", "/nothing", "/auth/me"])
def test_a_request_keeps_its_id(api: ApiClient, request_id: str, path: str) -> None:
    assert api.get(path, X_Request_ID=request_id).headers["X-Request-ID"] == request_id


@pytest.mark.parametrize("request_id", ["", "x" * 65, "a b", "a\tb", "né", "a;b", "{}"], ids=range(7))
def test_an_invalid_request_id_is_replaced(api: ApiClient, request_id: str) -> None:
    ids = [api.get("/health", X_Request_ID=request_id).headers["X-Request-ID"] for _ in range(2)]
    assert request_id not in ids
    assert ids[0] != ids[1]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", request_id) for request_id in ids)


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_every_response_has_the_common_headers(scenario: Scenario, row: Row) -> None:
    record_id = scenario.booking.rpartition("/")[2] if row.path.startswith("/bookings/") else scenario.venue_id
    query = f"?date={day(1)}" if row.path.endswith(("availability", "alternatives")) else ""
    body = venue_body() if row.path == "/venues/register" else None
    for token in (None, scenario.owner):
        response = scenario.api.send(row.method, row.at(record_id) + query, body, token=token)
        assert response.headers["X-Request-ID"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Type"] == "application/json"
        # A client may store a response with an ETag, and must revalidate it each time.
        public = "no-cache" if "ETag" in response.headers else None
        is_private = token is not None or row.path.startswith("/auth/")
        assert response.headers.get("Cache-Control") == ("no-store" if is_private else public)
        assert response.json.keys() == ({"ok", "data"} if response.status < 400 else {"ok", "error", "code", "details"})
        assert response.json["ok"] is (response.status < 400)


@pytest.mark.parametrize("row", PRIVATE, ids=name_of)
def test_a_response_to_a_rejected_token_is_not_cached(api: ApiClient, row: Row) -> None:
    assert api.send(row.method, row.at(NO_ID), token="x").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/auth/login", {"email": "a@example.com", "password": PASSWORD}, 200),
        ("POST", "/auth/login", {"email": "a@example.com", "password": "another"}, 401),
        ("POST", "/auth/login", {}, 422),
        ("GET", "/auth/login", None, 405),
        ("GET", "/auth/nothing", None, 404),
    ],
)
def test_a_response_below_auth_is_not_stored(api: ApiClient, method: str, path: str, body: Any, status: int) -> None:
    api.sign_up(email="a@example.com")
    response = api.send(method, path, body)
    assert (response.status, response.headers["Cache-Control"]) == (status, "no-store")


def test_timestamps_are_whole_seconds_in_utc(api: ApiClient, db: Db) -> None:
    guest, venue_id = api.sign_up(), api.list_venue(api.owner())
    row = insert_booking(db, ObjectId(venue_id), ObjectId(guest["profile"]["id"]))
    shown = api.get(f"/bookings/{row['_id']}", token=guest["token"]).data["booking"]
    assert shown["created_at"] == "2025-08-20T10:30:15Z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", guest["expires_at"])


def test_head_and_options_get_no_body(api: ApiClient) -> None:
    for method in ("HEAD", "OPTIONS"):
        response = api.send(method, "/health")
        assert (response.status, response.content) == (200, b"")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
