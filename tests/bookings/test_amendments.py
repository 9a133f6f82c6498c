"""Changing a booking: reasons, guests and notes, the hold, and a price that was agreed later."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId

from tests.factories import day, insert_booking, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient, ApiResponse

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=timezone.utc)


class Parties:
    """A venue's owner, a guest, and the venue."""

    def __init__(self, api: ApiClient, db: Db) -> None:
        self.api, self.db = api, db
        self.owner, guest = api.owner(), api.sign_up()
        self.guest, self.guest_id = guest["token"], ObjectId(guest["profile"]["id"])
        self.venue_id = ObjectId(api.list_venue(self.owner))

    def insert(self, **fields: Any) -> ObjectId:
        """Insert a booking of the guest, in three days."""
        defaults = {"date": day(3), "guests": 100, "notes": "Noon."}
        booking_id: ObjectId = insert_booking(self.db, self.venue_id, self.guest_id, **{**defaults, **fields})["_id"]
        return booking_id

    def patch(self, who: str, booking_id: ObjectId, **body: Any) -> ApiResponse:
        """Change the booking as "guest" or "owner"."""
        return self.api.patch(f"/bookings/{booking_id}", body, token=getattr(self, who))

    def stored(self, booking_id: ObjectId) -> Document:
        """Return the stored booking."""
        booking = self.db.bookings.find_one({"_id": booking_id})
        assert booking is not None
        return booking


@pytest.fixture
def parties(api: ApiClient, db: Db) -> Parties:
    """An owner with a venue for 200 guests, and a guest."""
    return Parties(api, db)


@pytest.mark.parametrize("who", ["guest", "owner"])
@pytest.mark.parametrize("before", ["pending", "confirmed"])
def test_a_cancellation_says_who_when_and_why(parties: Parties, who: str, before: str) -> None:
    with time_machine.travel(NOON, tick=False):
        guest = parties.api.sign_up()
        parties.guest, parties.guest_id = guest["token"], ObjectId(guest["profile"]["id"])
        parties.owner = parties.api.owner()
        parties.venue_id = ObjectId(parties.api.list_venue(parties.owner))
        booking_id = parties.insert(status=before)
        answer = parties.patch(who, booking_id, status="cancelled", reason="  Closed.\r\nSorry. ")
    expected = {"by": who, "at": "2026-11-22T12:00:00Z", "reason": "Closed.\nSorry.", "from": before}
    assert answer.data["booking"]["cancellation"] == expected


def test_a_reason_is_optional_and_the_first_one_stays(parties: Parties) -> None:
    first, second = parties.insert(), parties.insert(date=day(4))
    assert (
        parties.patch("guest", first, status="cancelled", reason="").data["booking"]["cancellation"]["reason"] is None
    )
    assert parties.patch("owner", second, status="cancelled", reason="Closed.").status == 200
    again = parties.patch("guest", second, status="cancelled", reason="Another.")
    assert (again.status, again.data["booking"]["cancellation"]["reason"]) == (200, "Closed.")


@pytest.mark.parametrize(
    ("cancellation", "shown"),
    [
        (None, None),
        ("by the owner", None),
        ({"by": "me", "from": "pending"}, None),
        ({"by": "owner", "from": 1}, None),
        ({"by": "owner", "from": "pending"}, {"by": "owner", "at": None, "reason": None, "from": "pending"}),
        ({"by": ["owner"], "at": NOON, "from": "pending"}, None),
    ],
)
def test_an_unreadable_cancellation_is_shown_as_null(parties: Parties, cancellation: Any, shown: Any) -> None:
    booking_id = parties.insert(status="cancelled", cancellation=cancellation, is_walk_in="yes", hold_until=NOON)
    booking = parties.api.get(f"/bookings/{booking_id}", token=parties.guest).data["booking"]
    assert (booking["cancellation"], booking["is_walk_in"], booking["hold_until"]) == (shown, False, None)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"status": "confirmed", "reason": "Fine."}, ["reason"]),
        ({"reason": "Fine."}, ["reason"]),
        ({"status": "cancelled", "reason": "x" * 501}, ["reason"]),
        ({"status": "cancelled", "reason": None}, ["reason"]),
        ({"status": "cancelled", "guests": 5, "notes": "x"}, ["guests", "notes"]),
        ({"guests": 5, "hold_hours": 5, "price_locked": 5}, ["hold_hours", "price_locked"]),
        ({"hold_hours": 5, "price_locked": 5}, ["price_locked"]),
        ({"guests": None}, ["guests"]),
        ({"guests": 0}, ["guests"]),
        ({"notes": "x" * 2_001}, ["notes"]),
        ({"hold_hours": -1}, ["hold_hours"]),
        ({"hold_hours": 721}, ["hold_hours"]),
        ({"hold_hours": 1.5}, ["hold_hours"]),
        ({"hold_hours": None}, ["hold_hours"]),
        ({"price_locked": None}, ["price_locked"]),
        ({"price_locked": -1}, ["price_locked"]),
        ({"price_locked": 0.001}, ["price_locked"]),
        ({"date": day(5)}, ["date"]),
        ({}, ["body"]),
    ],
)
def test_an_invalid_change_names_its_fields(parties: Parties, body: dict[str, Any], fields: list[str]) -> None:
    booking_id = parties.insert()
    before = parties.stored(booking_id)
    answer = parties.patch("guest", booking_id, **body)
    assert (answer.status, answer.code, sorted(answer.fields)) == (422, "validation_error", fields)
    assert parties.stored(booking_id) == before


@pytest.mark.parametrize("status", ["pending", "confirmed"])
def test_a_guest_changes_guests_and_notes_and_the_price_stays(parties: Parties, status: str) -> None:
    booking_id = parties.insert(status=status, price_locked=5)
    assert parties.patch("guest", booking_id, guests=200).data["booking"]["guests"] == 200
    cleared = parties.patch("guest", booking_id, notes=None).data["booking"]
    assert (cleared["notes"], cleared["guests"], cleared["price_locked"], cleared["status"]) == (None, 200, 5, status)


def test_guests_and_notes_that_are_stored_already_change_nothing(parties: Parties) -> None:
    booking_id = parties.insert()
    before = parties.stored(booking_id)
    assert parties.patch("guest", booking_id, guests=100, notes="Noon.").status == 200
    assert parties.stored(booking_id) == before
    assert parties.db.events.count_documents({}) == 0
    parties.patch("guest", booking_id, guests=100, notes="Evening.")
    assert [event["type"] for event in parties.db.events.find()] == ["notes_changed"]


def test_the_venue_must_hold_the_new_number_of_guests(parties: Parties) -> None:
    booking_id, cancelled = parties.insert(), parties.insert(date=day(4), status="cancelled")
    for one in (booking_id, cancelled):
        answer = parties.patch("guest", one, guests=201)
        assert (answer.status, answer.code) == (422, "over_capacity")
    parties.db.venues.update_one({"_id": parties.venue_id}, {"$set": {"capacity": None}})
    assert parties.patch("guest", booking_id, guests=50).code == "date_not_offered"
    assert parties.patch("guest", booking_id, notes="Evening.").status == 200
    parties.db.venues.delete_one({"_id": parties.venue_id})
    assert parties.patch("guest", booking_id, guests=50).code == "not_found"


@pytest.mark.parametrize("fields", [{"status": "cancelled"}, {"date": day(-1)}])
@pytest.mark.parametrize("body", [{"guests": 50}, {"notes": None}, {"notes": "Noon."}])
def test_only_an_upcoming_active_booking_can_be_changed(parties: Parties, fields: Document, body: Document) -> None:
    answer = parties.patch("guest", parties.insert(**fields), **body)
    assert (answer.status, answer.code) == (409, "bad_transition")


def test_only_the_guest_changes_guests_and_notes(parties: Parties) -> None:
    booking_id = parties.insert()
    assert parties.patch("owner", booking_id, guests=50).code == "not_yours"
    assert parties.patch("owner", booking_id, notes="x").code == "not_yours"


def test_the_owner_changes_the_guests_of_a_walk_in(parties: Parties) -> None:
    booking_id = parties.insert(is_walk_in=True, status="confirmed")
    assert parties.patch("guest", booking_id, guests=50).code == "not_yours"
    booking = parties.patch("owner", booking_id, guests=50).data["booking"]
    assert (booking["guests"], booking["is_walk_in"]) == (50, True)
    assert [event["by"] for event in parties.db.events.find()] == ["owner"]


@pytest.mark.parametrize(
    ("hours", "hold_until"), [(1, "2026-11-22T13:00:00Z"), (720, "2026-12-22T12:00:00Z"), (0, None)]
)
def test_an_owner_extends_a_hold_counted_from_now(api: ApiClient, hours: int, hold_until: str | None) -> None:
    with time_machine.travel(NOON, tick=False):
        owner = api.owner()
        path = f"/bookings/{api.book(api.guest(), api.list_venue(owner), '2026-11-25').data['booking_id']}"
        for _ in range(2):
            assert api.patch(path, {"hold_hours": hours}, token=owner).data["booking"]["hold_until"] == hold_until


@pytest.mark.parametrize("fields", [{"status": "confirmed"}, {"status": "cancelled"}, {"date": day(-1)}])
def test_only_an_upcoming_pending_booking_has_a_hold(parties: Parties, fields: Document) -> None:
    answer = parties.patch("owner", parties.insert(**fields), hold_hours=5)
    assert (answer.status, answer.code) == (409, "bad_transition")


@pytest.mark.parametrize("body", [{"hold_hours": 5}, {"price_locked": 5}])
def test_only_the_owner_sets_hold_and_price(parties: Parties, body: Document) -> None:
    assert parties.patch("guest", parties.insert(price_locked=None), **body).code == "not_yours"


@pytest.mark.parametrize("stored", [None, "150000", {"rupees": 5}])
def test_an_owner_sets_the_price_of_a_booking_without_one_once(parties: Parties, db: Db, stored: Any) -> None:
    booking_id = parties.insert(price_locked=None, date=day(-1))
    # The validator of the collection rejects other types than numbers.
    db.command("collMod", "bookings", validationLevel="off")
    db.bookings.update_one({"_id": booking_id}, {"$set": {"price_locked": stored}})
    db.command("collMod", "bookings", validationLevel="moderate")
    assert parties.patch("owner", booking_id, price_locked=185_000).data["booking"]["price_locked"] == 185_000
    for price in (185_000, 5):
        assert parties.patch("owner", booking_id, price_locked=price).code == "bad_transition"


@pytest.mark.parametrize("fields", [{"price_locked": 0}, {"price_locked": None, "status": "cancelled"}])
def test_a_booked_price_never_changes(parties: Parties, fields: Document) -> None:
    answer = parties.patch("owner", parties.insert(**fields), price_locked=5)
    assert (answer.status, answer.code) == (409, "bad_transition")


def test_an_owner_of_a_deleted_venue_sets_a_price(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(owner=True)
    venue = insert_venue(db, ObjectId(owner["profile"]["id"]))
    booking = insert_booking(db, venue["_id"], ObjectId(), date=day(-1), price_locked=None)
    assert api.delete(f"/venues/{venue['_id']}", token=owner["token"]).status == 200
    assert api.patch(f"/bookings/{booking['_id']}", {"price_locked": 7}, token=owner["token"]).status == 200
