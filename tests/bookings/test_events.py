"""Each change of a booking has exactly one event, in the transaction of the change."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, get_args

import pytest
import time_machine
from bson import ObjectId

from halls.bookings import changes, event_store
from halls.bookings.booking import CancelledBy
from halls.bookings.event import new_event
from halls.clock import utc_now
from halls.mongo.client import in_transaction
from tests.factories import PASSWORD, day, insert_booking, insert_venue

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=timezone.utc)


def events(db: Db) -> list[Document]:
    """Return all events, in order."""
    return list(db.events.find({}, sort=[("booking_id", 1), ("seq", 1)]))


def kinds(db: Db) -> list[tuple[int, str, str, Any]]:
    """Return number, type, role and changes of all events, in order."""
    return [(event["seq"], event["type"], event["by"], event["changes"]) for event in events(db)]


def status_changed(before: str, after: str) -> Document:
    """Return the changes of an event that changes only the status."""
    return {"status": {"from": before, "to": after}}


def test_a_new_booking_has_the_event_placed(api: ApiClient, db: Db) -> None:
    with time_machine.travel(NOW, tick=False):
        venue_id = api.list_venue(api.owner())
        booking_id = api.book(api.guest(), venue_id, "2026-11-25", notes="Two stages.").data["booking_id"]
    (event,) = events(db)
    del event["_id"]
    assert event == {
        "booking_id": ObjectId(booking_id),
        "venue_id": ObjectId(venue_id),
        "date": "2026-11-25",
        "seq": 1,
        "at": NOW,
        "type": "placed",
        "by": "guest",
        "changes": {},
        "unprocessed": True,
        "undispatched": True,
        "delete_at": datetime(2029, 11, 25, tzinfo=timezone.utc),
    }
    stored = db.bookings.find_one({})
    assert stored is not None
    assert stored["event_count"] == 1


@pytest.mark.parametrize(
    ("before", "action", "actor", "expected"),
    [
        ("pending", "confirmed", "owner", (1, "confirmed", "owner", status_changed("pending", "confirmed"))),
        ("pending", "cancelled", "owner", (1, "declined", "owner", status_changed("pending", "cancelled"))),
        ("pending", "cancelled", "guest", (1, "cancelled", "guest", status_changed("pending", "cancelled"))),
        ("confirmed", "cancelled", "owner", (1, "cancelled", "owner", status_changed("confirmed", "cancelled"))),
        ("confirmed", "cancelled", "guest", (1, "cancelled", "guest", status_changed("confirmed", "cancelled"))),
    ],
)
def test_each_change_of_the_status_has_one_event(
    api: ApiClient, db: Db, before: str, action: str, actor: str, expected: Any
) -> None:
    owner, guest = api.owner(), api.sign_up()
    venue_id, guest_id = ObjectId(api.list_venue(owner)), ObjectId(guest["profile"]["id"])
    booking = insert_booking(db, venue_id, guest_id, date=day(3), status=before)
    tokens = {"owner": owner, "guest": guest["token"]}
    for _ in range(2):
        assert api.patch(f"/bookings/{booking['_id']}", {"status": action}, token=tokens[actor]).status == 200
    assert kinds(db) == [expected]
    stored = db.bookings.find_one({})
    assert stored is not None
    assert stored["event_count"] == 1
    if action == "cancelled":
        assert stored["cancellation"]["by"] == actor
        assert stored["cancellation"]["from"] == before


def test_an_owner_who_cancels_an_own_request_acts_as_its_guest(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(owner=True)
    venue_id, owner_id = ObjectId(api.list_venue(owner["token"])), ObjectId(owner["profile"]["id"])
    own = insert_booking(db, venue_id, owner_id, date=day(3))
    walk_in = insert_booking(db, venue_id, owner_id, date=day(4), is_walk_in=True)
    for booking in (own, walk_in):
        api.delete(f"/bookings/{booking['_id']}", token=owner["token"])
    assert [(event["booking_id"], event["type"], event["by"]) for event in events(db)] == [
        (own["_id"], "cancelled", "guest"),
        (walk_in["_id"], "declined", "owner"),
    ]


def test_an_error_response_leaves_no_event(api: ApiClient, db: Db) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking_id = api.book(guest, venue_id, day(3)).data["booking_id"]
    assert api.book(api.guest(), venue_id, day(3)).code == "date_taken"
    assert api.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=guest).code == "not_yours"
    api.delete(f"/bookings/{booking_id}", token=guest)
    assert api.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=owner).code == "bad_transition"
    assert [kind[:3] for kind in kinds(db)] == [(1, "placed", "guest"), (2, "cancelled", "guest")]


@pytest.mark.parametrize("action", ["place", "confirm", "cancel", "delete the account"])
def test_a_change_whose_event_fails_is_rolled_back(
    api: ApiClient, db: Db, app: Flask, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    path = f"/bookings/{api.book(guest, venue_id, day(3)).data['booking_id']}"
    before = list(db.bookings.find({})), events(db), list(db.search_entries.find({}))

    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(event_store, "insert_event", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    responses = {
        "place": lambda: api.book(guest, venue_id, day(4)),
        "confirm": lambda: api.patch(path, {"status": "confirmed"}, token=owner),
        "cancel": lambda: api.delete(path, token=guest),
        "delete the account": lambda: api.delete("/auth/me", body={"password": PASSWORD}, token=guest),
    }
    assert responses[action]().status == 500
    assert (list(db.bookings.find({})), events(db), list(db.search_entries.find({}))) == before


def test_the_deletion_of_an_account_cancels_each_upcoming_booking_with_an_event(api: ApiClient, db: Db) -> None:
    guest, venue_id = api.sign_up(), ObjectId(api.list_venue(api.owner()))
    guest_id = ObjectId(guest["profile"]["id"])
    statuses = {day(1): "pending", day(2): "confirmed", day(3): "cancelled", day(-1): "confirmed"}
    for date, status in statuses.items():
        insert_booking(db, venue_id, guest_id, date=date, status=status)
    assert api.delete("/auth/me", body={"password": PASSWORD}, token=guest["token"]).status == 200
    stored = {booking["date"]: booking for booking in db.bookings.find({})}
    assert [stored[day(n)]["status"] for n in (1, 2, 3, -1)] == ["cancelled", "cancelled", "cancelled", "confirmed"]
    assert [stored[day(n)]["cancellation"]["from"] for n in (1, 2)] == ["pending", "confirmed"]
    assert {stored[day(n)]["cancellation"]["by"] for n in (1, 2)} == {"account_deletion"}
    assert sorted((event["date"], event["type"], event["by"]) for event in events(db)) == [
        (day(1), "cancelled", "guest"),
        (day(2), "cancelled", "guest"),
    ]
    assert api.book(api.guest(), str(venue_id), day(2)).status == 201


def test_the_deletion_of_an_account_removes_the_texts_of_its_bookings(api: ApiClient, db: Db) -> None:
    guest, owner = api.sign_up(), api.owner()
    venue_id, guest_id = ObjectId(api.list_venue(owner)), ObjectId(guest["profile"]["id"])
    for date, by in ((day(1), "guest"), (day(2), "owner")):
        cancellation = {"by": by, "at": NOW, "reason": f"A secret of the {by}.", "from": "pending"}
        fields: Document = {"status": "cancelled", "cancellation": cancellation, "notes": "For Ayesha."}
        booking: Any = insert_booking(db, venue_id, guest_id, date=date, **fields)
        notes = {"notes": {"from": "For Ayesha.", "to": "For Bilal."}}
        db.events.insert_one(dict(new_event(booking, 1, "notes_changed", "guest", notes, NOW)))  # type: ignore[arg-type] # as stored
    api.delete("/auth/me", body={"password": PASSWORD}, token=guest["token"])
    reasons = [booking["cancellation"]["reason"] for booking in db.bookings.find({}, sort=[("date", 1)])]
    assert reasons == [None, "A secret of the owner."]
    assert [booking["notes"] for booking in db.bookings.find({})] == [None, None]
    assert [event["changes"] for event in events(db)] == [{"notes": {"from": None, "to": None}}] * 2


def test_a_booking_without_its_event_count_continues_the_numbers(api: ApiClient, db: Db) -> None:
    guest = api.guest()
    booking_id = api.book(guest, api.list_venue(api.owner()), day(3)).data["booking_id"]
    db.bookings.update_one({}, {"$unset": {"event_count": 1}})
    assert api.delete(f"/bookings/{booking_id}", token=guest).status == 200
    assert [event["seq"] for event in events(db)] == [1, 2]
    stored = db.bookings.find_one({})
    assert stored is not None
    assert stored["event_count"] == 2


def test_a_change_to_the_stored_values_is_none(db: Db) -> None:
    venue = insert_venue(db, ObjectId())
    booking = insert_booking(db, venue["_id"], ObjectId(), guests=100)

    def set_guests(guests: int) -> Any:
        return in_transaction(
            db,
            lambda session: changes.change_booking(
                db,
                booking["_id"],
                match={},
                values={"guests": guests},
                type="guests_changed",
                by="guest",
                now=utc_now(),
                session=session,
            ),
        )

    assert set_guests(100) is None
    assert events(db) == []
    assert set_guests(120)["guests"] == 120
    assert kinds(db) == [(1, "guests_changed", "guest", {"guests": {"from": 100, "to": 120}})]


@pytest.mark.parametrize("by", get_args(CancelledBy))
def test_each_way_of_cancelling_has_a_role_in_the_history(by: CancelledBy) -> None:
    assert changes.ACTORS[by] in {"guest", "owner", "system", "operator"}


def test_an_event_of_an_unreadable_day_is_kept_three_years_from_now() -> None:
    booking: Any = {"_id": ObjectId(), "venue_id": "x", "date": [1], "status": "pending"}
    event = new_event(booking, 1, "placed", "guest", {}, NOW)
    assert (event["venue_id"], event["date"]) == (None, None)
    assert event["delete_at"] == NOW + timedelta(days=1_096)


def test_mongodb_deletes_events_three_years_after_the_day(db: Db) -> None:
    assert db.events.index_information()["events_expire"]["expireAfterSeconds"] == 0
