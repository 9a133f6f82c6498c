"""Walk-ins: their fields, and each error in the order of the contract."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId

from halls.clock import utc_now
from halls.metrics import metrics
from tests.bookings.walk_in_desk import CONTACT, GUEST, SHOWN, Desk
from tests.contract_routes import NO_ID
from tests.factories import day, insert_booking, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient

NOW = datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=timezone.utc)


@pytest.fixture
def desk(api: ApiClient, db: Db) -> Desk:
    """An owner with a venue."""
    return Desk(api, db)


def test_a_walk_in_has_exactly_the_fields_of_the_contract(api: ApiClient, db: Db) -> None:
    with time_machine.travel(NOW, tick=False):
        desk = Desk(api, db)
        answer = desk.enter(guests=150, notes="Paid half.", price=99_000.5)
        booking = answer.data["booking"]
        assert answer.status == 201
        assert answer.data.keys() == {"booking_id", "booking"}
        assert booking == {
            "id": answer.data["booking_id"],
            "venue_id": desk.venue_id,
            "user_id": str(desk.owner_id),
            "date": "2026-11-25",
            "guests": 150,
            "status": "confirmed",
            "price_locked": 99_000.5,
            "notes": "Paid half.",
            "hold_until": None,
            "cancellation": None,
            "is_walk_in": True,
            "created_at": "2026-11-22T12:00:00Z",
            "updated_at": "2026-11-22T12:00:00Z",
            "venue": booking["venue"],
            "contact": CONTACT,
            "guest": SHOWN,
        }
        assert booking["venue"]["venue_name"] == "Pearl Hall"
        assert api.get(f"/bookings/{booking['id']}", token=desk.token).data["booking"] == booking
        assert api.get("/bookings", token=desk.token).data["bookings"] == [booking]
        assert api.get("/bookings?as=guest", token=desk.token).data["bookings"] == []


def test_a_walk_in_is_stored_with_its_guest_and_without_hold(desk: Desk) -> None:
    desk.enter()
    stored = desk.db.bookings.find_one({})
    assert stored is not None
    assert stored["guest"] == SHOWN
    assert (stored["is_walk_in"], stored["user_id"], stored["status"]) == (True, desk.owner_id, "confirmed")
    assert (stored["hold_until"], stored["event_count"]) == (None, 1)


def test_only_the_name_of_the_guest_is_required(desk: Desk) -> None:
    booking = desk.enter(guest={"full_name": "Bilal Ahmed", "email": None}).data["booking"]
    assert booking["guest"] == {"full_name": "Bilal Ahmed", "contact_number": None, "email": None}
    assert booking["contact"] == dict.fromkeys(CONTACT) | {"full_name": "Bilal Ahmed"}
    assert booking["notes"] is None


@pytest.mark.parametrize(
    ("given", "on_date", "locked"), [(None, 7, 7), (None, None, None), (5, 7, 5), (0, 7, 0), (5, None, 5)]
)
def test_the_given_price_is_locked_or_that_of_the_date(
    desk: Desk, given: float | None, on_date: float | None, locked: float | None
) -> None:
    desk.change_venue(pricing={"overrides": [{"date": day(3), "price": on_date}] if on_date is not None else []})
    assert desk.enter(price=given).data["booking"]["price_locked"] == locked


def test_a_price_can_be_agreed_later_once(desk: Desk) -> None:
    desk.change_venue(pricing={"overrides": []})
    path = desk.enter_and_get_path()
    assert desk.api.patch(path, {"price_locked": 80_000}, token=desk.token).data["booking"]["price_locked"] == 80_000
    assert desk.api.patch(path, {"price_locked": 90_000}, token=desk.token).code == "bad_transition"
    priced = desk.enter_and_get_path(date=day(4), price=5)
    assert desk.api.patch(priced, {"price_locked": 90_000}, token=desk.token).code == "bad_transition"


@pytest.mark.parametrize(
    ("fields", "invalid"),
    [
        ({"date": None}, ["date"]),
        ({"date": "2027-02-29"}, ["date"]),
        ({"guests": None}, ["guests"]),
        ({"guests": 0}, ["guests"]),
        ({"guests": 10.5}, ["guests"]),
        ({"guest": None}, ["guest"]),
        ({"guest": "Bilal"}, ["guest"]),
        ({"guest": {}}, ["guest.full_name"]),
        ({"guest": {"full_name": " "}}, ["guest.full_name"]),
        ({"guest": {"full_name": "n" * 201}}, ["guest.full_name"]),
        ({"guest": {"full_name": "n", "contact_number": "12"}}, ["guest.contact_number"]),
        ({"guest": {"full_name": "n", "email": "bilal"}}, ["guest.email"]),
        ({"guest": {"full_name": "n", "id": NO_ID}}, ["guest.id"]),
        ({"price": -1}, ["price"]),
        ({"price": 0.001}, ["price"]),
        ({"price": 1_000_000_001}, ["price"]),
        ({"price": "7"}, ["price"]),
        ({"notes": "n" * 2_001}, ["notes"]),
        ({"offer": 1}, ["offer"]),
        ({"status": "pending", "user_id": NO_ID}, ["status", "user_id"]),
    ],
)
def test_an_invalid_body_names_its_fields(desk: Desk, fields: dict[str, Any], invalid: list[str]) -> None:
    answer = desk.enter(**fields)
    assert (answer.status, answer.code, sorted(answer.fields)) == (422, "validation_error", invalid)
    assert desk.count() == 0


def test_a_name_of_200_characters_and_an_international_number_are_accepted(desk: Desk) -> None:
    guest = {"full_name": "n" * 200, "contact_number": "٠٣٠٠ ١٢٣٤٥٦٧"}
    shown = desk.enter(guest=guest).data["booking"]["guest"]
    assert (shown["full_name"], shown["contact_number"]) == ("n" * 200, "0300 1234567")


def test_access_is_checked_before_the_body(desk: Desk) -> None:
    assert desk.enter(token=desk.api.guest(), guests=0).code == "owner_only"
    assert desk.enter(venue_id=NO_ID, guests=0).code == "not_found"
    assert desk.enter(venue_id="x", guests=0).code == "bad_id"
    assert desk.enter(token=desk.api.owner(), guests=0).code == "not_yours"
    assert desk.enter(token=desk.api.owner()).code == "not_yours"


@pytest.mark.parametrize(
    ("ahead", "guests", "offer", "expected"),
    [
        (-1, 201, False, (422, "date_in_past")),
        (-1, 201, True, (422, "date_in_past")),
        (20, 201, False, (422, "over_capacity")),
        (20, 201, True, (422, "over_capacity")),
        (5, 201, True, (422, "over_capacity")),
        (20, 200, False, (409, "date_not_offered")),
        (5, 200, False, (409, "date_taken")),
        (5, 200, True, (409, "date_taken")),
        (21, 200, True, (409, "date_taken")),
        (20, 200, True, (201, None)),
        (3, 200, True, (201, None)),
        (0, 1, False, (201, None)),
    ],
)
def test_the_checks_come_in_the_order_of_the_contract(
    desk: Desk, ahead: int, guests: int, expected: tuple[int, str | None], *, offer: bool
) -> None:
    desk.change_venue(dates_available=[day(ahead) for ahead in (-1, 0, 3, 5)])
    for booked in (5, 21):
        insert_booking(desk.db, ObjectId(desk.venue_id), ObjectId(), date=day(booked))
    before = desk.venue
    answer = desk.enter(date=day(ahead), guests=guests, offer=offer)
    assert (answer.status, answer.json.get("code")) == expected
    if answer.status != 201:
        assert (desk.count(), desk.venue) == (2, before)


def test_a_venue_without_capacity_takes_no_walk_in(desk: Desk) -> None:
    desk.change_venue(capacity=None)
    assert desk.enter().code == "date_not_offered"


@pytest.mark.parametrize("fields", [{"is_listed": False}, {"hidden_at": NOW}], ids=["paused", "hidden"])
def test_a_walk_in_is_allowed_at_a_paused_or_hidden_venue(desk: Desk, fields: Document) -> None:
    desk.change_venue(**fields)
    assert desk.enter().status == 201
    assert desk.enter(date=day(20), offer=True).status == 201


def test_an_expired_hold_gives_way_and_a_valid_one_does_not(desk: Desk) -> None:
    guest = desk.api.guest()
    old_id = desk.api.book(guest, desk.venue_id, day(3)).data["booking_id"]
    assert desk.enter().code == "date_taken"
    desk.db.bookings.update_one({}, {"$set": {"hold_until": utc_now() - timedelta(seconds=1)}})
    assert desk.enter().status == 201
    old = desk.api.get(f"/bookings/{old_id}", token=guest).data["booking"]
    assert (old["status"], old["cancellation"]["by"]) == ("cancelled", "expiry")
    history = desk.api.get(f"/bookings/{old_id}/history", token=guest).data["history"]
    assert [(entry["type"], entry["by"]) for entry in history] == [("placed", "guest"), ("expired", "system")]
    assert not desk.find_stale_entries()


def test_a_walk_in_has_no_limit_of_pending_requests(desk: Desk) -> None:
    assert [desk.enter(date=day(ahead)).status for ahead in range(1, 10)] == [201] * 9


def test_the_history_has_one_entry_by_the_owner(desk: Desk) -> None:
    path = desk.enter_and_get_path()
    (entry,) = desk.api.get(f"{path}/history", token=desk.token).data["history"]
    assert (entry["type"], entry["by"], entry["changes"]) == ("placed", "owner", {})
    desk.db.events.delete_many({})
    (entry,) = desk.api.get(f"{path}/history", token=desk.token).data["history"]
    assert (entry["type"], entry["by"]) == ("placed", "owner")


def test_the_owner_changes_and_cancels_a_walk_in(desk: Desk) -> None:
    path = desk.enter_and_get_path()
    changed = desk.api.patch(path, {"guests": 50, "notes": "Noon."}, token=desk.token).data["booking"]
    assert (changed["guests"], changed["notes"], changed["guest"]) == (50, "Noon.", SHOWN)
    assert desk.api.patch(path, {"status": "confirmed"}, token=desk.token).data["booking"] == changed
    assert desk.api.patch(path, {"hold_hours": 5}, token=desk.token).code == "bad_transition"
    cancelled = desk.api.delete(path, token=desk.token).data["booking"]
    assert (cancelled["status"], cancelled["contact"], cancelled["guest"]) == ("cancelled", None, SHOWN)
    assert (cancelled["cancellation"]["by"], cancelled["cancellation"]["from"]) == ("owner", "confirmed")
    assert desk.api.book(desk.api.guest(), desk.venue_id, day(3)).status == 201


def test_another_account_sees_no_walk_in(desk: Desk) -> None:
    path = desk.enter_and_get_path()
    for token in (desk.api.guest(), desk.api.owner()):
        assert desk.api.get(path, token=token).code == "not_yours"


def test_an_account_that_does_not_own_the_venue_sees_no_guest(desk: Desk) -> None:
    path = desk.enter_and_get_path()
    new_owner = desk.api.sign_up(owner=True, full_name="Chand")
    desk.change_venue(owner_id=ObjectId(new_owner["profile"]["id"]))
    booking = desk.api.get(path, token=desk.token).data["booking"]
    assert "guest" not in booking
    assert booking["contact"]["full_name"] == "Chand"
    assert desk.api.get(path, token=new_owner["token"]).data["booking"]["guest"] == SHOWN


@pytest.mark.parametrize("guest", [None, 5, [], {}, "Bilal"], ids=repr)
def test_an_unreadable_guest_is_shown_as_null(desk: Desk, guest: Any) -> None:
    path = desk.enter_and_get_path()
    desk.db.bookings.update_one({}, {"$set": {"guest": guest}})
    booking = desk.api.get(path, token=desk.token).data["booking"]
    assert (booking["guest"], booking["contact"]) == (None, None)


def test_unreadable_fields_of_a_guest_are_shown_as_null(desk: Desk) -> None:
    path = desk.enter_and_get_path()
    desk.db.bookings.update_one({}, {"$set": {"guest": {"full_name": 5, "email": None, "contact_number": ["1"]}}})
    booking = desk.api.get(path, token=desk.token).data["booking"]
    assert booking["guest"] == dict.fromkeys(GUEST)
    assert booking["contact"] == dict.fromkeys(CONTACT)


def test_only_walk_ins_show_a_stored_guest(desk: Desk) -> None:
    booking = insert_booking(desk.db, ObjectId(desk.venue_id), desk.owner_id, guest=GUEST)
    shown = desk.api.get(f"/bookings/{booking['_id']}", token=desk.token).data["booking"]
    assert shown["guest"]["full_name"] == "Ayesha"


def test_walk_ins_have_their_own_label_in_the_metrics(desk: Desk) -> None:
    def count(outcome: str) -> float:
        return float(metrics().bookings.labels(outcome)._value.get())  # noqa: SLF001 - the only way to read a counter

    before = {outcome: count(outcome) for outcome in ("walk_in", "placed", "date_taken")}
    desk.enter()
    desk.enter()
    after = {outcome: count(outcome) - number for outcome, number in before.items()}
    assert after == {"walk_in": 1, "placed": 0, "date_taken": 1}


def test_a_venue_of_an_external_writer_takes_a_walk_in(desk: Desk) -> None:
    venue = insert_venue(desk.db, desk.owner_id)
    booking = desk.enter(venue_id=venue["_id"], date=day(5), guests=500).data["booking"]
    assert (booking["price_locked"], booking["venue"]["venue_name"]) == (150_000, "Shalimar Banquet")
