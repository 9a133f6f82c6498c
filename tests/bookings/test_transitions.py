"""Confirming and cancelling: pending → confirmed → cancelled, or pending → cancelled, and never back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import time_machine
from bson import ObjectId

from halls.clock import utc_now
from tests.contract_routes import NO_ID
from tests.factories import WRITTEN_AT, day, insert_booking, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient, ApiResponse


class Parties(NamedTuple):
    """A venue's owner, a guest, and the venue."""

    owner: str
    guest: str
    guest_id: ObjectId
    venue_id: ObjectId


@pytest.fixture
def parties(api: ApiClient) -> Parties:
    """An owner with a venue, and a guest."""
    owner, guest = api.owner(), api.sign_up()
    venue_id = api.list_venue(owner)
    return Parties(owner, guest["token"], ObjectId(guest["profile"]["id"]), ObjectId(venue_id))


def booked(db: Db, parties: Parties, status: str, date: str | None = None) -> str:
    """Insert a booking of the guest with that status. Return its path."""
    row = insert_booking(db, parties.venue_id, parties.guest_id, status=status, date=date or day(3))
    return f"/bookings/{row['_id']}"


def act(api: ApiClient, action: str, path: str, token: str) -> ApiResponse:
    """Confirm, cancel with PATCH, or cancel with DELETE."""
    if action == "delete":
        return api.delete(path, token=token)
    return api.patch(path, {"status": action}, token=token)


@pytest.mark.parametrize(
    ("before", "action", "actor", "expected"),
    [
        ("pending", "confirmed", "owner", "confirmed"),
        ("pending", "cancelled", "owner", "cancelled"),
        ("pending", "cancelled", "guest", "cancelled"),
        ("pending", "delete", "owner", "cancelled"),
        ("pending", "delete", "guest", "cancelled"),
        ("confirmed", "cancelled", "owner", "cancelled"),
        ("confirmed", "cancelled", "guest", "cancelled"),
        ("confirmed", "delete", "owner", "cancelled"),
        ("confirmed", "delete", "guest", "cancelled"),
    ],
)
def test_an_allowed_status_change_is_made_and_returned(
    api: ApiClient, db: Db, parties: Parties, before: str, action: str, actor: str, expected: str
) -> None:
    path = booked(db, parties, before)
    original = api.get(path, token=parties.guest).data["booking"]
    later = utc_now() + timedelta(minutes=1)
    with time_machine.travel(later, tick=False):
        answer = act(api, action, path, getattr(parties, actor))
    assert answer.status == 200
    assert answer.data.keys() == ({"cancelled", "booking"} if action == "delete" else {"booking"})
    assert answer.data.get("cancelled", True) is True
    answer.data["booking"].pop("guest", None)
    at = f"{later:%Y-%m-%dT%H:%M:%SZ}"
    cancellation = {"by": actor, "at": at, "reason": None, "from": before} if expected == "cancelled" else None
    assert answer.data["booking"] == original | {"status": expected, "cancellation": cancellation, "updated_at": at}
    assert api.get(path, token=parties.guest).data["booking"] == answer.data["booking"]


@pytest.mark.parametrize(
    ("status", "action", "actor"),
    [
        ("confirmed", "confirmed", "owner"),
        ("cancelled", "cancelled", "owner"),
        ("cancelled", "cancelled", "guest"),
        ("cancelled", "delete", "owner"),
        ("cancelled", "delete", "guest"),
    ],
)
def test_setting_the_current_status_again_changes_nothing(
    api: ApiClient, db: Db, parties: Parties, status: str, action: str, actor: str
) -> None:
    path = booked(db, parties, status)
    answer = act(api, action, path, getattr(parties, actor))
    assert answer.status == 200
    assert answer.data["booking"]["status"] == status
    stored = db.bookings.find_one({})
    assert stored is not None
    assert stored["updated_at"] == WRITTEN_AT


def test_a_cancelled_booking_cannot_be_confirmed(api: ApiClient, db: Db, parties: Parties) -> None:
    path = booked(db, parties, "cancelled")
    answer = act(api, "confirmed", path, parties.owner)
    assert (answer.status, answer.code) == (409, "bad_transition")
    assert api.get(path, token=parties.guest).data["booking"]["status"] == "cancelled"


@pytest.mark.parametrize("status", ["pending", "confirmed", "cancelled"])
def test_only_the_venue_owner_can_confirm(api: ApiClient, db: Db, parties: Parties, status: str) -> None:
    path = booked(db, parties, status)
    answer = act(api, "confirmed", path, parties.guest)
    assert (answer.status, answer.code) == (403, "not_yours")
    assert api.get(path, token=parties.guest).data["booking"]["status"] == status


def test_an_owner_can_confirm_own_bookings_only_at_own_venues(api: ApiClient, parties: Parties) -> None:
    own = api.book(parties.owner, str(parties.venue_id), day(3)).data["booking_id"]
    assert act(api, "confirmed", f"/bookings/{own}", parties.owner).status == 200
    elsewhere = api.book(parties.owner, api.list_venue(api.owner()), day(3)).data["booking_id"]
    assert act(api, "confirmed", f"/bookings/{elsewhere}", parties.owner).code == "not_yours"


@pytest.mark.parametrize("status", ["pending", "confirmed"])
@pytest.mark.parametrize("actor", ["owner", "guest"])
def test_a_past_booking_cannot_be_cancelled(api: ApiClient, db: Db, parties: Parties, status: str, actor: str) -> None:
    path = booked(db, parties, status, day(-1))
    for action in ("delete", "cancelled"):
        answer = act(api, action, path, getattr(parties, actor))
        assert (answer.status, answer.code) == (409, "bad_transition")
    assert api.get(path, token=parties.guest).data["booking"]["status"] == status


def test_a_booking_can_be_cancelled_until_its_day_ends_in_karachi(api: ApiClient, db: Db) -> None:
    midnight = datetime(2026, 11, 22, 19, 0, 0, tzinfo=timezone.utc)
    with time_machine.travel(midnight - timedelta(seconds=1), tick=False):
        guest = api.sign_up()
        venue = insert_venue(db, ObjectId())
        rows = [
            insert_booking(db, venue["_id"], ObjectId(guest["profile"]["id"]), date=date)
            for date in ("2026-11-22", "2026-11-23")
        ]
    with time_machine.travel(midnight, tick=False):
        assert api.delete(f"/bookings/{rows[0]['_id']}", token=guest["token"]).code == "bad_transition"
        assert api.delete(f"/bookings/{rows[1]['_id']}", token=guest["token"]).status == 200
    with time_machine.travel(midnight - timedelta(seconds=1), tick=False):
        assert api.delete(f"/bookings/{rows[0]['_id']}", token=guest["token"]).status == 200


def test_a_repeated_cancellation_does_not_change_the_next_booking(api: ApiClient, parties: Parties) -> None:
    first = f"/bookings/{api.book(parties.guest, str(parties.venue_id), day(3)).data['booking_id']}"
    api.delete(first, token=parties.guest)
    other = api.guest()
    second = f"/bookings/{api.book(other, str(parties.venue_id), day(3)).data['booking_id']}"
    assert api.delete(first, token=parties.guest).status == 200
    assert act(api, "cancelled", first, parties.owner).status == 200
    assert api.get(second, token=other).data["booking"]["status"] == "pending"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["body"]),
        ({"status": None}, ["status"]),
        ({"status": "pending"}, ["status"]),
        ({"status": "Confirmed"}, ["status"]),
        ({"status": " confirmed"}, ["status"]),
        ({"status": ["confirmed"]}, ["status"]),
        ({"status": {"$ne": "x"}}, ["status"]),
        ({"status": "confirmed", "guests": 1, "price_locked": 0}, ["guests", "price_locked"]),
    ],
)
def test_an_invalid_status_is_rejected(
    api: ApiClient, db: Db, parties: Parties, body: dict[str, Any], fields: list[str]
) -> None:
    answer = api.patch(booked(db, parties, "pending"), body, token=parties.owner)
    assert (answer.status, answer.code, sorted(answer.fields)) == (422, "validation_error", fields)


@pytest.mark.parametrize("action", ["confirmed", "cancelled", "delete"])
def test_an_unknown_booking_is_a_404(api: ApiClient, action: str) -> None:
    answer = act(api, action, f"/bookings/{NO_ID}", api.guest())
    assert (answer.status, answer.code) == (404, "not_found")


def test_a_body_on_delete_is_ignored(api: ApiClient, db: Db, parties: Parties) -> None:
    answer = api.client.delete(
        booked(db, parties, "pending"),
        data=b"{not json",
        headers={"Authorization": f"Bearer {parties.guest}", "Content-Type": "text/plain"},
    )
    assert answer.status_code == 200
