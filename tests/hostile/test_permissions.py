"""Requests of the wrong account, for unknown records, and in which the order of the checks matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.client import BOOKING, assert_outcome
from tests.hostile.tokens import access_token
from tests.hostile.world import B1, B2, D1, NO_ID, O1, O2, O2_ID, U1, U1_ID, U2, U2_ID, V1, V2

if TYPE_CHECKING:
    from tests.hostile.client import HostileClient

UNKNOWN = [
    ("GET", f"/venues/{NO_ID}", None, None),
    ("GET", f"/venues/{NO_ID}/availability?date={D1}", None, None),
    ("PATCH", f"/venues/{NO_ID}", O1, {"additional_description": "x"}),
    ("PATCH", f"/venues/{NO_ID}", O1, {"capacity": -1}),  # 404 before 422
    ("DELETE", f"/venues/{NO_ID}", O1, None),
    ("GET", f"/venues/{NO_ID}/calendar", O1, None),
    ("POST", f"/venues/{NO_ID}/calendar", O1, {}),
    ("GET", f"/bookings/{NO_ID}", U1, None),
    ("PATCH", f"/bookings/{NO_ID}", O1, {"status": "confirmed"}),
    ("PATCH", f"/bookings/{NO_ID}", O1, {"status": "x"}),
    ("DELETE", f"/bookings/{NO_ID}", U1, None),
]
NOT_YOURS = [
    ("PATCH", f"/venues/{V1}", O2, {"venue_name": "x"}),
    ("PATCH", f"/venues/{V1}", O2, {"capacity": -1}),
    ("GET", f"/venues/{V1}/calendar?month=x", O2, None),
    ("POST", f"/venues/{V1}/calendar", O2, {}),
    ("GET", f"/bookings/{B1}", U2, None),
    ("GET", f"/bookings/{B1}", O2, None),
    ("PATCH", f"/bookings/{B1}", U2, {"status": "cancelled"}),
    ("PATCH", f"/bookings/{B1}", U2, {"status": "x"}),
    ("PATCH", f"/bookings/{B1}", O2, {"status": "confirmed"}),
    ("DELETE", f"/bookings/{B1}", O2, None),
]
OWNER_ONLY = [
    ("GET", "/venues/mine", U1, None),
    ("PATCH", f"/venues/{V1}", U1, {"venue_name": "x"}),
    ("DELETE", f"/venues/{V2}", U1, None),
    ("GET", f"/venues/{V1}/calendar", U1, None),
    ("POST", f"/venues/{V1}/calendar", U1, {}),
    # The token says more than the account.
    ("PATCH", f"/venues/{V1}", access_token(sub=U1_ID, is_venue_owner=True, role="owner"), {"venue_name": "x"}),
]


@pytest.mark.parametrize(("method", "path", "caller", "body"), UNKNOWN, ids=range(len(UNKNOWN)))
def test_an_unknown_id_is_not_found(api: HostileClient, method: str, path: str, caller: str | None, body: Any) -> None:
    assert_outcome(api.send(method, path, body, token=caller), "404 not_found")


@pytest.mark.parametrize(("method", "path", "caller", "body"), NOT_YOURS, ids=range(len(NOT_YOURS)))
def test_a_record_of_another_account_is_rejected(
    api: HostileClient, method: str, path: str, caller: str, body: Any
) -> None:
    assert_outcome(api.send(method, path, body, token=caller), "403 not_yours")


@pytest.mark.parametrize(("method", "path", "caller", "body"), OWNER_ONLY, ids=range(len(OWNER_ONLY)))
def test_a_guest_has_no_access_to_the_routes_of_owners(
    api: HostileClient, method: str, path: str, caller: str, body: Any
) -> None:
    assert_outcome(api.send(method, path, body, token=caller), "403 owner_only")


@pytest.mark.parametrize(
    ("method", "path", "caller", "outcome"),
    [
        ("POST", "/bookings", None, "401 missing_token"),
        ("POST", "/bookings", "x", "401 invalid_token"),
        ("POST", "/venues/register", None, "401 missing_token"),
        ("POST", "/venues/register", U1, "403 owner_only"),
        ("PATCH", f"/venues/{V1}", O2, "403 not_yours"),
    ],
    ids=["no token", "invalid token", "no token of an owner", "a guest", "another owner"],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_access_is_checked_before_the_body(
    api: HostileClient, method: str, path: str, caller: str | None, outcome: str, content_type: str
) -> None:
    assert_outcome(api.send_bytes(method, path, b"{", token=caller, content_type=content_type), outcome)


@pytest.mark.parametrize("path", ["/bookings/x", "/bookings?limit=0"])
def test_the_token_is_checked_before_the_id_and_the_query(api: HostileClient, path: str) -> None:
    assert_outcome(api.get(path), "401 missing_token")


def test_lists_have_only_records_of_the_caller(api: HostileClient) -> None:
    bookings = api.get("/bookings", token=U2).data["bookings"]
    assert [booking["id"] for booking in bookings] == [B2]
    assert {booking["user_id"] for booking in bookings} == {U2_ID}
    assert {booking["venue_id"] for booking in api.get("/bookings", token=O1).data["bookings"]} == {V1}
    assert {venue["owner_id"] for venue in api.get("/venues/mine", token=O2).data["venues"]} == {O2_ID}
    assert api.get("/bookings?as=guest", token=O1).data["bookings"] == []


def test_an_owner_does_not_list_the_bookings_of_another_owners_venue(api: HostileClient) -> None:
    api.post("/bookings", {**BOOKING, "venue_id": V2}, token=U1)
    assert api.get(f"/bookings?venue_id={V2}", token=O1).data["bookings"] == []


def test_a_guest_reads_no_other_fields_of_a_booking(api: HostileClient) -> None:
    response = api.get(f"/bookings/{B1}", token=U1)
    assert set(response.data["booking"]) == BOOKING_FIELDS
    summary = {"id", "venue_name", "address", "type", "maps_location", "picture"}
    assert set(response.data["booking"]["venue"]) == summary
    assert set(response.data["booking"]["contact"]) == {"full_name", "contact_number", "whatsapp_url", "call_url"}
    assert_lacks(response.json, "password", "@example.com")


def test_an_owner_reads_how_to_reach_the_guest(api: HostileClient) -> None:
    booking = api.get(f"/bookings/{B1}", token=O1).data["booking"]
    assert set(booking) == BOOKING_FIELDS | {"guest"}
    assert set(booking["guest"]) == {"full_name", "email", "contact_number"}


@pytest.mark.parametrize("path", [f"/venues/{V1}", "/venues/search"])
def test_a_venue_reveals_nothing_about_the_account_of_its_owner(api: HostileClient, path: str) -> None:
    assert_lacks(api.get(path).json, "password", "@example.com", "contact_number", "'rev'")


BOOKING_FIELDS = {
    *("id", "venue_id", "user_id", "date", "guests", "status", "price_locked", "notes", "created_at", "updated_at"),
    *("hold_until", "cancellation", "is_walk_in", "venue", "contact"),
}


def assert_lacks(document: Any, *texts: str) -> None:
    """Fail if a JSON document contains one of the texts."""
    assert [text for text in texts if text in repr(document)] == []
