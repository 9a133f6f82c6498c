"""Replies: every code of the contract reached, one shape for every error, and the headers that all have."""

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
from tests.api_client import PASSWORD, Answer, Api, day, venue_body
from tests.contract_routes import NO_ID, PRIVATE, ROWS, Row, name_of
from tests.external_documents import put_booking
from tests.loggers import preserved_logging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from halls.mongo.client import Db

# Contract, section 1.
CODES = {
    400: {"bad_json", "bad_id"},
    401: {"missing_token", "invalid_token", "token_expired", "token_revoked", "bad_credentials", "bad_google_token"},
    403: {"owner_only", "not_yours", "bad_signature"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    409: {
        *("email_taken", "date_not_offered", "date_taken", "date_booked", "has_bookings", "bad_transition"),
        "idempotency_in_progress",
    },
    413: {"body_too_large"},
    415: {"not_json"},
    422: {"validation_error", "date_in_past", "over_capacity", "bad_reset_token", "idempotency_conflict"},
    429: {"rate_limited"},
    500: {"internal_error"},
    503: {"database_unavailable", "google_unavailable", "not_configured"},
}
# Of routes that are not reached here: Google, resets, uploads, limits.
ELSEWHERE = {"bad_google_token", "bad_signature", "bad_reset_token", "rate_limited", "google_unavailable"}
# A rival with the same key waits for the first and gets the replay, which the contract allows instead.
NEVER = {"idempotency_in_progress", "not_configured"}


class World:
    """An owner, a guest and a booked venue, to be refused in."""

    def __init__(self, api: Api, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
        self.api, self.db, self.monkeypatch = api, db, monkeypatch
        self.owner, self.guest = api.owner(), api.guest()
        self.venue_id = api.list_venue(self.owner)
        self.booking = f"/bookings/{api.book(self.guest, self.venue_id, day(1)).data['booking_id']}"

    def order(self, date: str, guests: int = 1, **headers: str) -> Answer:
        """Ask for a booking of the venue."""
        body = {"venue_id": self.venue_id, "date": date, "guests": guests}
        return self.api.post("/bookings", body, as_=self.guest, **headers)

    def log_in(self, raw: bytes, **kwargs: Any) -> Answer:
        """Log in with these bytes."""
        response = self.api.client.post("/auth/login", data=raw, **{"content_type": "application/json", **kwargs})
        return Answer(response.status_code, response.get_json(), response.headers)

    def expired(self) -> Answer:
        """Ask with a token of days ago."""
        with time_machine.travel(utc_now() + timedelta(hours=73), tick=False):
            return self.api.get("/auth/me", as_=self.guest)

    def revoked(self) -> Answer:
        """Ask with a token of an account that is gone."""
        self.db.users.delete_many({})
        return self.api.get("/auth/me", as_=self.guest)

    def twice_with_one_key(self) -> Answer:
        """Send two orders with one key."""
        self.order(day(2), Idempotency_Key="k")
        return self.order(day(3), Idempotency_Key="k")

    def cancelled_and_confirmed(self) -> Answer:
        """Confirm what is cancelled."""
        self.api.delete(self.booking, as_=self.guest)
        return self.api.patch(self.booking, {"status": "confirmed"}, as_=self.owner)

    def failing(self, error: Exception) -> Answer:
        """Ask while the database fails so."""

        def fail(*_: Any) -> None:
            raise error

        self.monkeypatch.setattr(search_routes, "search_venues", fail)
        answer = self.api.get("/venues/search", X_Request_ID="abc-1")
        self.api.await_well()
        return answer


SIGNUP = {"email": "a@example.com", "password": PASSWORD, "is_venue_owner": False}
REACHED: dict[str, Callable[[World], Answer]] = {
    "bad_json": lambda world: world.log_in(b"{"),
    "bad_id": lambda world: world.api.get("/venues/x"),
    "missing_token": lambda world: world.api.get("/auth/me"),
    "invalid_token": lambda world: world.api.get("/auth/me", as_="x"),
    "token_expired": lambda world: world.expired(),
    "token_revoked": lambda world: world.revoked(),
    "bad_credentials": lambda world: world.api.post("/auth/login", {"email": "a@b.co", "password": "x"}),
    "owner_only": lambda world: world.api.get("/venues/mine", as_=world.guest),
    "not_yours": lambda world: world.api.get(world.booking, as_=world.api.guest()),
    "not_found": lambda world: world.api.get("/nothing"),
    "method_not_allowed": lambda world: world.api.post("/health", {}),
    "email_taken": lambda world: [world.api.post("/auth/signup", SIGNUP) for _ in range(2)][1],
    "date_not_offered": lambda world: world.order(day(30)),
    "date_taken": lambda world: world.order(day(1)),
    "date_booked": lambda world: world.api.patch(f"/venues/{world.venue_id}", {"dates_available": []}, as_=world.owner),
    "has_bookings": lambda world: world.api.delete(f"/venues/{world.venue_id}", as_=world.owner),
    "bad_transition": lambda world: world.cancelled_and_confirmed(),
    "body_too_large": lambda world: world.log_in(b" " * (256 * 1024 + 1)),
    "not_json": lambda world: world.log_in(b"{}", content_type="text/plain"),
    "validation_error": lambda world: world.log_in(b"{}"),
    "date_in_past": lambda world: world.order(day(-1)),
    "over_capacity": lambda world: world.order(day(2), 201),
    "idempotency_conflict": lambda world: world.twice_with_one_key(),
    "internal_error": lambda world: world.failing(OperationFailure("secret words", code=9)),
    "database_unavailable": lambda world: world.failing(AutoReconnect("secret words")),
}


@pytest.fixture
def world(api: Api, db: Db, monkeypatch: pytest.MonkeyPatch) -> World:
    """Make a world to be refused in."""
    return World(api, db, monkeypatch)


@pytest.mark.parametrize("code", REACHED)
def test_each_code_is_reached_in_the_one_shape(world: World, code: str) -> None:
    answer = REACHED[code](world)
    assert answer.status in CODES
    assert code in CODES[answer.status]
    assert answer.json == {
        "ok": False,
        "error": answer.json["error"],
        "code": code,
        "details": answer.json["details"],
    }
    assert re.fullmatch(r"[A-Z].*[.…]", answer.json["error"], re.DOTALL), "a sentence for a person"
    assert bool(answer.json["details"]) == (code == "validation_error")
    assert all(detail.keys() == {"field", "message"} for detail in answer.json["details"])
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if answer.status == 401 else None)
    assert ("Allow" in answer.headers) == (answer.status == 405)
    assert ("Retry-After" in answer.headers) == (answer.status == 503)
    assert "secret words" not in str(answer.json)


def test_every_code_of_the_contract_is_reached_here_or_belongs_to_other_routes() -> None:
    assert set(REACHED) | ELSEWHERE | NEVER == set().union(*CODES.values())


def kinds_of(error: type[ApiError]) -> Iterator[type[ApiError]]:
    """Yield the refusals below this one that have a code."""
    for kind in error.__subclasses__():
        yield from kinds_of(kind)
        if hasattr(kind, "code"):
            yield kind


def test_there_is_no_refusal_that_the_contract_does_not_list() -> None:
    assert {(kind.status, kind.code) for kind in kinds_of(ApiError)} <= {
        (status, code) for status, codes in CODES.items() for code in codes
    }


@pytest.mark.parametrize("error", [RuntimeError("secret words"), OperationFailure("secret words", code=9)], ids=repr)
def test_a_defect_tells_the_client_nothing_and_the_log_where_it_was(
    world: World, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with preserved_logging():
        configure_logging("INFO")
        answer = world.failing(error)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert answer.headers["X-Request-ID"] == "abc-1"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    said = capsys.readouterr().err
    assert "abc-1" in said
    assert "test_responses.py" in said
    assert "secret words" not in said + str(answer.json)


def test_an_answer_that_can_not_be_written_is_a_defect(world: World) -> None:
    world.monkeypatch.setattr(search_routes, "search_venues", lambda *_: {"venues": [object()]})
    answer = world.api.get("/venues/search")
    assert (answer.status, answer.code) == (500, "internal_error")


def test_what_breaks_after_the_view_is_a_defect_and_no_fault_of_the_request(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "secret words"

    def fail() -> None:
        raise ValueError(words)

    with monkeypatch.context() as patch, preserved_logging():
        configure_logging("INFO")
        patch.setattr("halls.http.responses.metrics", fail)
        answer = api.get("/health")
    assert (answer.status, answer.code) == (500, "internal_error")
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert words not in said


def test_a_database_that_is_away_at_the_token_is_a_503_too(world: World) -> None:
    def fail(*_: Any) -> None:
        raise AutoReconnect("secret words")

    world.monkeypatch.setattr(accounts_store, "account_from_document", fail)
    answer = world.api.get("/auth/me", as_=world.guest)
    world.api.await_well()
    assert (answer.status, answer.code) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/health/", "//health", "/Health", "/venues", "/bookings/", "/venues/%2e%2e/bookings"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
def test_an_unknown_path_is_a_404_and_never_a_redirect(api: Api, path: str, method: str) -> None:
    answer = api.send(method, path)
    assert (answer.status, answer.code) == (404, "not_found")


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
def test_a_wrong_method_names_the_right_ones(api: Api, method: str, path: str, allowed: set[str]) -> None:
    answer = api.send(method, path)
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert allowed <= set(answer.headers["Allow"].split(", "))
    assert method not in answer.headers["Allow"]


@pytest.mark.parametrize("sent", ["abc-1", "A.b_c-9", "x" * 64])
@pytest.mark.parametrize("path", ["/health", "/nothing", "/auth/me"])
def test_a_request_keeps_its_id(api: Api, sent: str, path: str) -> None:
    assert api.get(path, X_Request_ID=sent).headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\tb", "né", "a;b", "{}"], ids=range(7))
def test_another_id_is_replaced_by_one_of_ours(api: Api, sent: str) -> None:
    ids = [api.get("/health", X_Request_ID=sent).headers["X-Request-ID"] for _ in range(2)]
    assert sent not in ids
    assert ids[0] != ids[1]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", one) for one in ids)


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_every_response_has_its_headers(world: World, row: Row) -> None:
    own = world.booking.rpartition("/")[2] if row.path.startswith("/bookings/") else world.venue_id
    query = f"?date={day(1)}" if row.path.endswith("availability") else ""
    body = venue_body() if row.path == "/venues/register" else None
    for token in (None, world.owner):
        answer = world.api.send(row.method, row.at(own) + query, body, as_=token)
        assert answer.headers["X-Request-ID"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"] == "application/json"
        # What has a version may be kept, and is asked about each time.
        public = "no-cache" if "ETag" in answer.headers else None
        assert answer.headers.get("Cache-Control") == (public if token is None else "no-store")
        assert answer.json.keys() == ({"ok", "data"} if answer.status < 400 else {"ok", "error", "code", "details"})
        assert answer.json["ok"] is (answer.status < 400)


@pytest.mark.parametrize("row", PRIVATE, ids=name_of)
def test_a_refused_token_is_not_stored_anywhere_either(api: Api, row: Row) -> None:
    assert api.send(row.method, row.at(NO_ID), as_="x").headers["Cache-Control"] == "no-store"


def test_timestamps_are_whole_seconds_in_utc(api: Api, db: Db) -> None:
    guest, venue_id = api.sign_up(), api.list_venue(api.owner())
    row = put_booking(db, ObjectId(venue_id), ObjectId(guest["profile"]["id"]))
    shown = api.get(f"/bookings/{row['_id']}", as_=guest["token"]).data["booking"]
    assert shown["created_at"] == "2025-08-20T10:30:15Z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", guest["expires_at"])


def test_head_and_options_are_answered_without_a_body(api: Api) -> None:
    for method in ("HEAD", "OPTIONS"):
        answer = api.client.open("/health", method=method)
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
