"""Hostile requests to place, change, cancel and list bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import day
from tests.hostile.client import BOOKING, assert_invalid, assert_outcome, changed, short_id
from tests.hostile.world import (
    B1,
    B_PAST,
    D1,
    D2,
    D9,
    D_BOOKED,
    D_NOT_OFFERED,
    D_PAST,
    NO_ID,
    O1,
    O2,
    U1,
    U1_ID,
    U2,
    U2_ID,
    V1,
)

if TYPE_CHECKING:
    from tests.hostile.client import HostileClient

INVALID_BOOKINGS = [
    ("date", "2026-02-30"),
    ("date", "\uff12\uff10\uff12\uff17-01-05"),
    ("date", "2027-01-05\n"),
    ("date", f"{D1}T00:00:00Z"),
    ("date", "1999-01-01"),
    ("date", "2101-01-01"),
    ("guests", {"$gt": 0}),
    ("guests", -1),
    ("guests", 1.5),
    ("guests", "100"),
    ("guests", True),
    ("guests", 0),
    ("guests", None),
    ("notes", "n" * 2001),
    ("notes", "a\x00b"),
    ("owner_id", U1_ID),
    ("price", 1),
    ("status", "confirmed"),
    ("user_id", U2_ID),
    ("venue_id", {"$ne": None}),
    ("venue_id", ...),  # ObjectId(None) generates an id
    ("venue_id", 5),
    ("venue_id", f"{V1} "),
    ("venue_id", "x"),
    ("venue_id", "ABCDEFABCDEFABCDEFABCDEF"),
]
# The checks have an order: the fields, the venue, the capacity, the date.
REJECTED_BOOKINGS: list[tuple[dict[str, Any], str]] = [
    ({"venue_id": NO_ID, "guests": 0}, "422 validation_error"),
    ({"venue_id": NO_ID}, "404 not_found"),
    ({"venue_id": NO_ID, "date": D_PAST, "guests": 999_999}, "404 not_found"),
    ({"guests": 201}, "422 over_capacity"),
    ({"date": D_BOOKED, "guests": 201}, "422 over_capacity"),
    ({"date": D_PAST}, "422 date_in_past"),
    ({"date": D_NOT_OFFERED}, "409 date_not_offered"),
    ({"date": D_BOOKED}, "409 date_taken"),
    ({"date": D9}, "409 date_taken"),  # the guest's own booking
]
INVALID_LISTS = [
    ("status=Confirmed", "status"),
    (f"user_id={U2_ID}", "user_id"),
    (f"venue_id[$ne]={NO_ID}", "venue_id[$ne]"),
    ("limit=1000000", "limit"),
    ("limit=0", "limit"),
    ("limit=201", "limit"),
    ("cursor=x", "cursor"),
    ("venue_id=x", "venue_id"),
    ("date_from=2027-13-01", "date_from"),
    ("date_to=20270101", "date_to"),
    ("as=owner", "as"),
    ("status=pending&status=cancelled", "status"),
]


@pytest.mark.parametrize(("field", "value"), INVALID_BOOKINGS, ids=short_id)
def test_a_booking_with_an_invalid_field_is_rejected(api: HostileClient, field: str, value: object) -> None:
    assert_invalid(api.post("/bookings", changed(BOOKING, **{field: value}), token=U1), field)


@pytest.mark.parametrize(("changes", "outcome"), REJECTED_BOOKINGS, ids=short_id)
def test_a_booking_that_breaks_a_rule_is_rejected(api: HostileClient, changes: dict[str, Any], outcome: str) -> None:
    assert_outcome(api.post("/bookings", changed(BOOKING, **changes), token=U1), outcome)


def test_today_is_not_in_the_past(api: HostileClient) -> None:
    assert_outcome(api.post("/bookings", changed(BOOKING, date=day(0)), token=U1), "409 date_not_offered")


def test_a_booking_needs_a_token(api: HostileClient) -> None:
    assert_outcome(api.post("/bookings", BOOKING), "401 missing_token")


def test_an_unknown_query_parameter_of_a_booking_is_rejected(api: HostileClient) -> None:
    assert_invalid(api.post("/bookings?debug=1", BOOKING, token=U1), "debug")


@pytest.mark.parametrize("query", INVALID_LISTS, ids=short_id)
def test_an_invalid_list_of_bookings_is_rejected(api: HostileClient, query: tuple[str, str]) -> None:
    assert_invalid(api.get(f"/bookings?{query[0]}", token=O1), query[1])


@pytest.mark.parametrize(
    ("caller", "changes"), [(O2, {"date": D2}), (U1, {"guests": 200})], ids=["by an owner", "the whole capacity"]
)
def test_a_valid_booking_is_placed(api: HostileClient, caller: str, changes: dict[str, Any]) -> None:
    assert api.post("/bookings", changed(BOOKING, **changes), token=caller).status == 201


@pytest.mark.parametrize(("notes", "stored"), [(" a\nb ", "a\nb"), (None, None)])
def test_a_booking_has_trimmed_notes_and_the_price_of_its_date(
    api: HostileClient, notes: str | None, stored: str | None
) -> None:
    booking = api.post("/bookings", changed(BOOKING, notes=notes), token=U1).data["booking"]
    assert (booking["notes"], booking["status"], booking["price_locked"]) == (stored, "pending", 101_000)


@pytest.mark.parametrize("key", ["", "two words", "k" * 256], ids=["empty", "a blank", "256 characters"])
def test_an_invalid_idempotency_key_is_rejected(api: HostileClient, key: str) -> None:
    assert_invalid(api.post("/bookings", BOOKING, token=U1, Idempotency_Key=key), "Idempotency-Key")


def test_an_idempotency_key_has_up_to_255_characters(api: HostileClient) -> None:
    assert api.post("/bookings", BOOKING, token=U1, Idempotency_Key="k" * 255).status == 201


def test_a_repeated_booking_with_the_same_key_returns_the_same_booking(api: HostileClient) -> None:
    first, second = (api.post("/bookings", BOOKING, token=U1, Idempotency_Key="a-key") for _ in range(2))
    assert (second.status, second.data["booking_id"]) == (201, first.data["booking_id"])
    assert second.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("caller", "changes", "outcome"),
    [(U1, {"date": D2}, "422 idempotency_conflict"), (U2, {}, "409 date_taken")],
    ids=["another body", "another account"],
)
def test_a_key_belongs_to_one_body_of_one_account(
    api: HostileClient, caller: str, changes: dict[str, Any], outcome: str
) -> None:
    assert api.post("/bookings", BOOKING, token=U1, Idempotency_Key="a-key").status == 201
    response = api.post("/bookings", changed(BOOKING, **changes), token=caller, Idempotency_Key="a-key")
    assert_outcome(response, outcome)


def test_a_rejected_request_does_not_use_its_key(api: HostileClient) -> None:
    rejected = api.post("/bookings", changed(BOOKING, date=D_BOOKED), token=U1, Idempotency_Key="a-key")
    assert_outcome(rejected, "409 date_taken")
    assert api.post("/bookings", BOOKING, token=U1, Idempotency_Key="a-key").status == 201


@pytest.mark.parametrize("caller", [U1, O1], ids=["the guest", "the owner"])
def test_a_booking_can_be_cancelled_twice(api: HostileClient, caller: str) -> None:
    for _ in range(2):
        data = api.delete(f"/bookings/{B1}", token=caller).data
        assert (data["cancelled"], data["booking"]["status"]) == (True, "cancelled")
    response = api.patch(f"/bookings/{B1}", {"status": "cancelled"}, token=caller)
    assert response.data["booking"]["status"] == "cancelled"


def test_a_past_booking_is_not_cancelled(api: HostileClient) -> None:
    assert_outcome(api.delete(f"/bookings/{B_PAST}", token=U1), "409 bad_transition")


def test_a_cancelled_booking_is_not_confirmed(api: HostileClient) -> None:
    api.delete(f"/bookings/{B1}", token=U1)
    assert_outcome(api.patch(f"/bookings/{B1}", {"status": "confirmed"}, token=O1), "409 bad_transition")


def test_a_cancelled_date_is_free_for_the_next_guest_only_once(api: HostileClient) -> None:
    availability = f"/venues/{V1}/availability?date={D9}"
    api.delete(f"/bookings/{B1}", token=U1)
    assert api.get(availability).data["available"] is True
    assert api.post("/bookings", changed(BOOKING, date=D9), token=U2).status == 201
    # A late second cancel does not free the date of the next booking.
    assert api.delete(f"/bookings/{B1}", token=U1).status == 200
    assert api.get(availability).data["available"] is False


def test_only_the_owner_confirms_a_booking(api: HostileClient) -> None:
    assert_outcome(api.patch(f"/bookings/{B1}", {"status": "confirmed"}, token=U1), "403 not_yours")
    assert api.get(f"/bookings/{B1}", token=U1).data["booking"]["status"] == "pending"
    for _ in range(2):
        response = api.patch(f"/bookings/{B1}", {"status": "confirmed"}, token=O1)
        assert response.data["booking"]["status"] == "confirmed"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "pending"}, "status"),
        ({"status": "Confirmed"}, "status"),
        ({"status": "confirmed", "price_locked": 1}, "price_locked"),
    ],
    ids=["pending", "upper case", "a price"],
)
def test_an_invalid_change_of_a_booking_is_rejected(api: HostileClient, body: dict[str, Any], field: str) -> None:
    assert_invalid(api.patch(f"/bookings/{B1}", body, token=O1), field)
