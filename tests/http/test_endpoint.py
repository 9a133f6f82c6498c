"""Requests: the order of the checks, ids in paths, and query strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract_routes import NO_ID, OWNERS_ONLY, ROWS, WITH_ID, Row, name_of
from tests.factories import day, venue_body

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db
    from tests.api_client import ApiClient, ApiResponse


def fields_for(api: ApiClient, row: Row, query: str) -> tuple[int, list[str]]:
    """Return the status and the named fields of the response to `query`; path, token and body are valid."""
    session = api.sign_up(owner=True)
    record_id = api.make_record(row.path, session["token"])
    response = api.send(row.method, f"{row.at(record_id)}?{query}", token=session["token"])
    return response.status, response.fields


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_every_route_rejects_and_names_unknown_and_repeated_parameters(api: ApiClient, row: Row) -> None:
    status, fields = fields_for(api, row, "colour=red&size=1&size=2")
    assert status == 422
    assert {"colour", "size"} <= set(fields)


@pytest.mark.parametrize("row", WITH_ID, ids=name_of)
@pytest.mark.parametrize(
    "bad", ["x", "0123456789abcdef0123456", "0123456789abcdef012345678", "0123456789ABCDEF01234567", "%24ne", "None"]
)
def test_a_malformed_id_in_a_path_is_rejected(api: ApiClient, row: Row, bad: str) -> None:
    response = api.send(row.method, row.at(bad), token=api.owner())
    assert (response.status, response.code) == (400, "bad_id")


@pytest.mark.parametrize("row", [row for row in OWNERS_ONLY if row.has_id], ids=name_of)
def test_owner_only_comes_before_a_malformed_id(api: ApiClient, row: Row) -> None:
    response = api.send(row.method, row.at("no-id"), token=api.guest())
    assert (response.status, response.code) == (403, "owner_only")


# Any id can be blocked, also one of no account.
@pytest.mark.parametrize("row", [row for row in WITH_ID if "/blocked/" not in row.path], ids=name_of)
def test_a_missing_record_comes_before_query_and_body(api: ApiClient, row: Row) -> None:
    response = api.send(row.method, row.at(NO_ID) + "?nonsense=1", {"nonsense": 1}, token=api.owner())
    assert (response.status, response.code) == (404, "not_found")


def test_a_fixed_path_is_never_read_as_an_id(app: Flask, api: ApiClient) -> None:
    owner = api.owner()
    fixed = {rule.rule for rule in app.url_map.iter_rules() if not rule.arguments}
    for path in sorted(fixed):
        rules = [rule for rule in app.url_map.iter_rules() if rule.rule == path]
        allowed = set().union(*(rule.methods or set() for rule in rules))
        for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed):
            response = api.send(method, path, token=owner)
            assert (response.status, response.code) == (405, "method_not_allowed"), (method, path)
            assert set(response.headers["Allow"].split(", ")) == allowed, (method, path)
        assert set(api.send("OPTIONS", path).headers["Allow"].split(", ")) == allowed, path


@pytest.mark.parametrize("word", ["mine", "register", "search"])
def test_a_word_of_a_fixed_path_is_a_malformed_id_elsewhere(api: ApiClient, word: str) -> None:
    assert api.get(f"/venues/{word}/availability?date={day(1)}").code == "bad_id"
    assert api.get(f"/venues/{word}s").code == "bad_id"


def test_changing_a_venue_follows_the_contracts_order_of_checks(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    api.book(api.guest(), venue_id, day(1))
    path = f"/venues/{venue_id}"
    removing_all_dates: dict[str, list[str]] = {"dates_available": []}
    bad = {**removing_all_dates, "capacity": 0}
    in_order = [
        api.patch("/venues/no-id", bad),
        api.patch("/venues/no-id", bad, token=owner),
        api.patch(f"/venues/{NO_ID}", bad, token=owner),
        api.patch(path, bad, token=api.owner()),
        api.patch(path, bad, token=owner, If_Match='"old"'),
        api.patch(path, removing_all_dates, token=owner, If_Match='"old"'),
        api.patch(path, removing_all_dates, token=owner),
    ]
    assert [response.status for response in in_order] == [401, 400, 404, 403, 422, 412, 409]


def test_placing_a_booking_follows_the_contracts_order_of_checks(api: ApiClient) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    in_order = [
        api.post("/bookings", {}),
        api.post("/bookings", {"venue_id": NO_ID, "date": "x", "guests": 10**6}, token=guest),
        api.book(guest, NO_ID, day(-1), guests=10**6),
        api.book(guest, venue_id, day(-1), guests=10**6),
        api.book(guest, venue_id, day(99), guests=10**6),
        api.book(guest, venue_id, day(99)),
    ]
    codes = ["missing_token", "validation_error", "not_found", "date_in_past", "over_capacity", "date_not_offered"]
    assert [response.code for response in in_order] == codes


def test_changing_a_booking_follows_the_contracts_order_of_checks(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    path = f"/bookings/{api.book(guest, api.list_venue(owner), day(1)).data['booking_id']}"
    api.delete(path, token=guest)
    in_order = [
        api.patch("/bookings/no-id", {}),
        api.patch("/bookings/no-id", {}, token=owner),
        api.patch(f"/bookings/{NO_ID}", {}, token=owner),
        api.patch(path, {}, token=api.guest()),
        api.patch(path, {"status": "x"}, token=owner),
        api.patch(path, {"status": "confirmed"}, token=owner),
    ]
    assert [response.status for response in in_order] == [401, 400, 404, 403, 422, 409]


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "\tx\t", "ключ", "a\x7f"], ids=range(6))
@pytest.mark.parametrize("path", ["/bookings", "/venues/register"])
def test_a_malformed_idempotency_key_is_rejected_and_named(api: ApiClient, db: Db, path: str, key: str) -> None:
    response = api.post(path, venue_body(), token=api.owner(), Idempotency_Key=key)
    assert (response.status, response.code, response.fields) == (422, "validation_error", ["Idempotency-Key"])
    assert db.venues.count_documents({}) == 0


def test_requests_that_create_nothing_ignore_an_idempotency_key(api: ApiClient) -> None:
    session = api.sign_up()
    for name in ("Ali", "Bilal"):
        response = api.patch("/auth/me", {"full_name": name}, token=session["token"], Idempotency_Key="k k")
        assert response.data["profile"]["full_name"] == name


@pytest.mark.parametrize("body", [{}, {"email": None, "password": None}])
def test_null_in_a_body_equals_absent(api: ApiClient, body: dict[str, None]) -> None:
    response: ApiResponse = api.post("/auth/login", body)
    assert (response.status, response.fields) == (422, ["email", "password"])
