"""The history of a booking: its entries, its readers, and bookings from before history was kept."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import Decimal128, ObjectId

from halls.clock import utc_now
from tests.contract_routes import NO_ID
from tests.factories import PASSWORD, WRITTEN_AT, day, insert_booking, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=timezone.utc)


def read_history(api: ApiClient, booking_id: object, token: str) -> list[Any]:
    """Return the history of a booking."""
    history: list[Any] = api.get(f"/bookings/{booking_id}/history", token=token).data["history"]
    return history


def test_the_history_has_one_entry_for_each_change_in_order(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    with time_machine.travel(NOON, tick=False) as clock:
        venue_id = api.list_venue(owner, pricing={"overrides": []})
        booking_id = api.book(guest, venue_id, "2026-11-25", notes="Noon.").data["booking_id"]
        path = f"/bookings/{booking_id}"
        bodies: list[tuple[str, Any]] = [
            (guest, {"guests": 150}),
            (guest, {"notes": None}),
            (guest, {"guests": 160, "notes": "Evening."}),
            (owner, {"hold_hours": 24}),
            (owner, {"hold_hours": 0}),
            (owner, {"price_locked": 185_000.5}),
            (owner, {"status": "confirmed"}),
            (guest, {"status": "cancelled", "reason": "Moved to May."}),
        ]
        for token, body in bodies:
            clock.shift(timedelta(minutes=1))
            assert api.patch(path, body, token=token).status == 200
    held = "2026-11-23T12:04:00Z"
    expected: list[tuple[str, str, dict[str, tuple[Any, Any]]]] = [
        ("placed", "guest", {}),
        ("guests_changed", "guest", {"guests": (100, 150)}),
        ("notes_changed", "guest", {"notes": ("Noon.", None)}),
        ("guests_changed", "guest", {"guests": (150, 160), "notes": (None, "Evening.")}),
        ("hold_changed", "owner", {"hold_until": ("2026-11-29T12:00:00Z", held)}),
        ("hold_changed", "owner", {"hold_until": (held, None)}),
        ("price_agreed", "owner", {"price_locked": (None, 185_000.5)}),
        ("confirmed", "owner", {"status": ("pending", "confirmed")}),
        ("cancelled", "guest", {"status": ("confirmed", "cancelled")}),
    ]
    history = read_history(api, booking_id, guest)
    assert history == [
        {
            "at": f"2026-11-22T12:{minute:02}:00Z",
            "type": kind,
            "by": by,
            "changes": {name: {"from": old, "to": new} for name, (old, new) in changes.items()},
        }
        for minute, (kind, by, changes) in enumerate(expected)
    ]
    assert read_history(api, booking_id, owner) == history


@pytest.mark.parametrize("created_at", [WRITTEN_AT, None, "yesterday"])
def test_a_booking_without_events_begins_with_its_creation(api: ApiClient, db: Db, created_at: Any) -> None:
    owner = api.sign_up(owner=True)
    venue = insert_venue(db, ObjectId(owner["profile"]["id"]))
    booking = insert_booking(db, venue["_id"], ObjectId(), created_at=created_at)
    at = "2025-08-20T10:30:15Z" if created_at is WRITTEN_AT else None
    placed: dict[str, Any] = {"at": at, "type": "placed", "by": "guest", "changes": {}}
    assert read_history(api, booking["_id"], owner["token"]) == [placed]
    api.patch(f"/bookings/{booking['_id']}", {"status": "confirmed"}, token=owner["token"])
    assert read_history(api, booking["_id"], owner["token"])[0] == placed
    assert [entry["type"] for entry in read_history(api, booking["_id"], owner["token"])] == ["placed", "confirmed"]


def test_only_the_guest_and_the_owner_read_a_history(api: ApiClient) -> None:
    booking_id = api.book(api.guest(), api.list_venue(api.owner()), day(3)).data["booking_id"]
    assert api.get(f"/bookings/{booking_id}/history", token=api.owner()).code == "not_yours"
    assert api.get(f"/bookings/{NO_ID}/history", token=api.guest()).code == "not_found"
    assert api.get("/bookings/xyz/history", token=api.guest()).code == "bad_id"
    assert api.get(f"/bookings/{booking_id}/history").code == "missing_token"


def test_values_of_external_writers_are_read_leniently(api: ApiClient, db: Db) -> None:
    guest, venue_id = api.sign_up(), ObjectId(api.list_venue(api.owner()))
    booking = insert_booking(db, venue_id, ObjectId(guest["profile"]["id"]), guests=Decimal128("90"), date=day(3))
    path = f"/bookings/{booking['_id']}"
    for guests in (90, 120):
        assert api.patch(path, {"guests": guests}, token=guest["token"]).data["booking"]["guests"] == guests
    db.events.update_one({}, {"$set": {"changes.notes": "unreadable", "changes.colour": {"from": 1, "to": 2}}})
    assert read_history(api, booking["_id"], guest["token"])[1]["changes"] == {
        "guests": {"from": 90, "to": 120},
        "notes": {"from": None, "to": None},
    }


def test_the_history_of_a_deleted_guest_has_no_texts(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    booking_id = api.book(guest, api.list_venue(owner), day(3), notes="For Ayesha.").data["booking_id"]
    api.patch(f"/bookings/{booking_id}", {"notes": "For Bilal."}, token=guest)
    api.delete("/auth/me", body={"password": PASSWORD}, token=guest)
    history = read_history(api, booking_id, owner)
    assert [(entry["type"], entry["by"]) for entry in history] == [
        ("placed", "guest"),
        ("notes_changed", "guest"),
        ("cancelled", "guest"),
    ]
    assert history[1]["changes"] == {"notes": {"from": None, "to": None}}
    booking = api.get(f"/bookings/{booking_id}", token=owner).data["booking"]
    assert booking["cancellation"] | {"at": None} == {
        "by": "account_deletion",
        "at": None,
        "reason": None,
        "from": "pending",
    }
    assert booking["cancellation"]["at"] <= f"{utc_now():%Y-%m-%dT%H:%M:%SZ}"
