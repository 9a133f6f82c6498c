"""Placing a booking: its fields, its price, and each error in the order of the contract."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import Decimal128, ObjectId
from pymongo.errors import OperationFailure

from halls.bookings import service
from halls.venues import store as venues
from tests.accounts.concurrency import run_before_first_call
from tests.contract_routes import NO_ID
from tests.factories import bare_venue_document, day, insert_booking, insert_user, insert_venue

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient

NOW = datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=timezone.utc)
FIELDS = {
    *("id", "venue_id", "user_id", "date", "guests", "status", "price_locked", "notes", "created_at", "updated_at"),
    *("hold_until", "cancellation", "is_walk_in", "venue", "contact"),
}


def count(db: Db) -> int:
    """Return the number of stored bookings."""
    return db.bookings.count_documents({})


def test_a_new_booking_has_exactly_the_fields_of_the_contract(api: ApiClient) -> None:
    with time_machine.travel(NOW, tick=False):
        venue_id = api.list_venue(api.owner())
        guest = api.sign_up()
        answer = api.book(guest["token"], venue_id, day(3), guests=150, notes="  Two stages.\n\tNo smoke. ")
    assert answer.status == 201
    assert answer.data.keys() == {"booking_id", "booking"}
    assert answer.data["booking"] == {
        "id": answer.data["booking_id"],
        "venue_id": venue_id,
        "user_id": guest["profile"]["id"],
        "date": "2026-11-25",
        "guests": 150,
        "status": "pending",
        "price_locked": 103_000,
        "notes": "Two stages.\n\tNo smoke.",
        "hold_until": "2026-11-29T12:00:00Z",
        "cancellation": None,
        "is_walk_in": False,
        "created_at": "2026-11-22T12:00:00Z",
        "updated_at": "2026-11-22T12:00:00Z",
        "venue": {
            "id": venue_id,
            "venue_name": "Pearl Hall",
            "address": "1 Main Road, Saddar, Karachi",
            "type": "Hall",
            "maps_location": {"type": "Point", "coordinates": [67.0, 24.86]},
            "picture": None,
        },
        "contact": dict.fromkeys(("full_name", "contact_number", "whatsapp_url", "call_url")),
    }
    assert ObjectId.is_valid(answer.data["booking_id"])
    assert "Idempotent-Replayed" not in answer.headers


def test_a_booking_is_stored_as_specified(api: ApiClient, db: Db) -> None:
    guest = api.sign_up()
    venue_id = api.list_venue(api.owner())
    api.book(guest["token"], venue_id, day(3))
    stored = db.bookings.find_one({})
    assert stored is not None
    spec = {"_id", "venue_id", "user_id", "date", "guests", "status", "price_locked", "created_at", "updated_at"}
    assert stored.keys() - {"notes", "hold_until", "event_count"} == spec
    assert (stored["venue_id"], stored["user_id"]) == (ObjectId(venue_id), ObjectId(guest["profile"]["id"]))
    assert (stored["date"], stored["status"], stored["price_locked"]) == (day(3), "pending", 103_000)


def test_the_returned_booking_equals_the_one_read_later(api: ApiClient) -> None:
    guest = api.guest()
    created = api.book(guest, api.list_venue(api.owner()), day(3)).data
    assert api.get(f"/bookings/{created['booking_id']}", token=guest).data == {"booking": created["booking"]}


def test_an_owner_can_book_the_own_venue_and_sees_the_guest_block(api: ApiClient) -> None:
    session = api.sign_up(owner=True, full_name="Ali", contact_number="03001234567")
    answer = api.book(session["token"], api.list_venue(session["token"]), day(3))
    assert answer.status == 201
    email = session["profile"]["email"]
    assert answer.data["booking"]["guest"] == {"full_name": "Ali", "email": email, "contact_number": "03001234567"}


def test_missing_notes_are_null(api: ApiClient) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    assert api.book(guest, venue_id, day(3)).data["booking"]["notes"] is None
    assert api.book(guest, venue_id, day(4), notes=None).data["booking"]["notes"] is None


@pytest.mark.parametrize(
    ("ahead", "price", "locked"), [(4, 1, None), (3, 0, 0), (3, 0.5, 0.5), (3, 150_000.0, 150_000), (3, 7, 7)]
)
def test_the_current_price_of_the_date_is_locked(
    api: ApiClient, ahead: int, price: float, locked: float | None
) -> None:
    prices = {"overrides": [{"date": day(ahead), "price": price}]}
    venue_id = api.list_venue(api.owner(), pricing=prices)
    price_locked = api.book(api.guest(), venue_id, day(3)).data["booking"]["price_locked"]
    assert price_locked == locked
    assert type(price_locked) is type(locked)


@pytest.mark.parametrize(
    ("fields", "invalid"),
    [
        ({"venue_id": None}, ["venue_id"]),
        ({"venue_id": "0123456789ABCDEF01234567"}, ["venue_id"]),
        ({"venue_id": "0123456789abcdef0123456"}, ["venue_id"]),
        ({"venue_id": {"$ne": None}}, ["venue_id"]),
        ({"date": None}, ["date"]),
        ({"date": "2027-02-29"}, ["date"]),
        ({"date": "27-1-5"}, ["date"]),
        ({"date": 20270105}, ["date"]),
        ({"guests": None}, ["guests"]),
        ({"guests": 0}, ["guests"]),
        ({"guests": -5}, ["guests"]),
        ({"guests": 2**63}, ["guests"]),
        ({"guests": 10.5}, ["guests"]),
        ({"guests": "10"}, ["guests"]),
        ({"guests": True}, ["guests"]),
        ({"notes": 7}, ["notes"]),
        ({"notes": "a\x00b"}, ["notes"]),
        ({"notes": "n" * 2_001}, ["notes"]),
        ({"status": "confirmed", "price_locked": 1, "user_id": NO_ID}, ["price_locked", "status", "user_id"]),
        ({"venue_id": "x", "date": "x", "guests": "x"}, ["date", "guests", "venue_id"]),
    ],
)
def test_an_invalid_body_is_rejected_before_the_venue_is_read(
    api: ApiClient, db: Db, fields: dict[str, Any], invalid: list[str]
) -> None:
    body = {"venue_id": NO_ID, "date": day(-1), "guests": 1, **fields}
    answer = api.post("/bookings", body, token=api.guest())
    assert (answer.status, answer.code, sorted(answer.fields)) == (422, "validation_error", invalid)
    assert count(db) == 0


def test_an_unknown_venue_is_reported_before_date_and_capacity(api: ApiClient) -> None:
    answer = api.book(api.guest(), NO_ID, day(-1), guests=10**9)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("ahead", "guests", "expected"),
    [
        (-1, 100, (422, "date_in_past")),
        (-1, 201, (422, "date_in_past")),
        (-3_650, 100, (422, "date_in_past")),
        (3, 201, (422, "over_capacity")),
        (20, 201, (422, "over_capacity")),
        (3, 2**53, (422, "over_capacity")),
        (20, 100, (409, "date_not_offered")),
        (5, 201, (422, "over_capacity")),
        (5, 200, (409, "date_taken")),
        (3, 200, (201, None)),
        (0, 1, (201, None)),
    ],
)
def test_past_dates_and_capacity_are_checked_before_offer_and_conflicts(
    api: ApiClient, db: Db, ahead: int, guests: int, expected: tuple[int, str | None]
) -> None:
    venue_id = api.list_venue(api.owner(), dates_available=[day(ahead) for ahead in (-1, 0, 3, 5)])
    insert_booking(db, ObjectId(venue_id), ObjectId(), date=day(5))
    answer = api.book(api.guest(), venue_id, day(ahead), guests=guests)
    assert (answer.status, answer.json.get("code")) == expected
    assert count(db) == (2 if answer.status == 201 else 1)


@pytest.mark.parametrize(("status", "expected"), [("pending", 409), ("confirmed", 409), ("cancelled", 201)])
def test_only_an_active_booking_takes_a_date(api: ApiClient, db: Db, status: str, expected: int) -> None:
    venue_id = api.list_venue(api.owner())
    insert_booking(db, ObjectId(venue_id), ObjectId(), date=day(3), status=status)
    assert api.book(api.guest(), venue_id, day(3)).status == expected


def test_a_guest_can_book_a_date_once_at_each_venue(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id, other_id = api.list_venue(owner), api.list_venue(owner)
    assert api.book(guest, venue_id, day(3)).status == 201
    again = api.book(guest, venue_id, day(3))
    assert (again.code, again.json["error"]) == ("date_taken", "You have already booked this date.")
    assert api.book(api.guest(), venue_id, day(3)).json["error"] == "Somebody has already booked this date."
    assert api.book(guest, venue_id, day(4)).status == 201
    assert api.book(guest, other_id, day(3)).status == 201


def test_a_venue_of_an_external_writer_can_be_booked(api: ApiClient, db: Db) -> None:
    venue = insert_venue(db, ObjectId())
    guest = api.guest()
    answer = api.book(guest, str(venue["_id"]), day(5), guests=500)
    assert answer.status == 201
    assert answer.data["booking"]["price_locked"] == 150_000
    assert answer.data["booking"]["venue"]["venue_name"] == "Shalimar Banquet"
    assert api.book(guest, str(venue["_id"]), day(2)).data["booking"]["price_locked"] == 120_000.5
    assert api.book(guest, str(venue["_id"]), day(9)).data["booking"]["price_locked"] is None
    assert api.book(guest, str(venue["_id"]), day(9), guests=501).code == "over_capacity"


@pytest.mark.parametrize("fields", [{}, {"dates_available": None}, {"dates_available": []}])
def test_a_venue_without_dates_offers_none(api: ApiClient, db: Db, fields: Document) -> None:
    venue = bare_venue_document(ObjectId(), **fields)
    db.venues.insert_one(venue)
    assert api.book(api.guest(), str(venue["_id"]), day(5)).code == "date_not_offered"


def test_an_external_booking_is_shown_to_the_owner_with_its_guest(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(owner=True)
    guest = insert_user(db)
    venue = insert_venue(db, ObjectId(owner["profile"]["id"]))
    booking = insert_booking(db, venue["_id"], guest["_id"])
    shown = api.get(f"/bookings/{booking['_id']}", token=owner["token"]).data["booking"]
    assert shown.keys() == FIELDS | {"guest"}
    assert (shown["guests"], shown["price_locked"], shown["notes"]) == (300, 150_000, None)
    assert (type(shown["guests"]), type(shown["price_locked"])) == (int, int)
    assert shown["created_at"] == "2025-08-20T10:30:15Z"
    assert shown["guest"]["email"].lower() == guest["email"].lower()


def test_the_day_in_karachi_begins_at_19_00_utc(api: ApiClient) -> None:
    midnight = datetime(2026, 11, 22, 19, 0, 0, tzinfo=timezone.utc)
    with time_machine.travel(midnight - timedelta(seconds=1), tick=False):
        venue_id = api.list_venue(api.owner(), dates_available=["2026-11-22", "2026-11-23"])
        guest = api.guest()
        first = api.book(guest, venue_id, "2026-11-22")
        api.delete(f"/bookings/{first.data['booking_id']}", token=guest)
    with time_machine.travel(midnight, tick=False):
        second = api.book(guest, venue_id, "2026-11-22")
        assert api.book(guest, venue_id, "2026-11-23").status == 201
    assert (first.status, second.code) == (201, "date_in_past")
    assert second.json["error"] == "The date is in the past: today is 2026-11-23 in Karachi."


def before_transaction(monkeypatch: pytest.MonkeyPatch, action: Callable[[], Any]) -> None:
    """Run `action` just before the first read or write of the transaction of a booking."""
    run_before_first_call(monkeypatch, venues, "claim_date", action)


def test_an_order_that_succeeds_needs_no_check_with_reads(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "check_order", lambda *_: pytest.fail("read before the transaction"))
    assert api.book(api.guest(), api.list_venue(api.owner()), day(3)).status == 201


def test_an_order_is_checked_again_after_a_write_conflict(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.guest()
    attempts = []

    def conflict(*_: Any) -> None:
        attempts.append("attempt")
        insert_booking(db, venue_id, ObjectId(), date=day(3))
        raise OperationFailure("conflict", 112, {"errorLabels": ["TransientTransactionError"]})

    monkeypatch.setattr(venues, "claim_date", conflict)
    answer = api.book(guest, str(venue_id), day(3))
    assert (answer.code, count(db), attempts) == ("date_taken", 1, ["attempt"])


def test_an_error_that_reads_do_not_find_any_more_is_returned(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, guest = api.list_venue(api.owner()), api.guest()
    monkeypatch.setattr(venues, "claim_date", lambda *_: None)
    assert api.book(guest, venue_id, day(3)).code == "date_not_offered"
    assert count(db) == 0


def test_a_date_removed_before_the_transaction_is_not_booked(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.guest()
    removal = {"$pull": {"dates_available": day(3)}}
    before_transaction(monkeypatch, lambda: db.venues.update_one({"_id": venue_id}, removal))
    assert api.book(guest, str(venue_id), day(3)).code == "date_not_offered"
    assert count(db) == 0


def test_a_venue_deleted_before_the_transaction_is_not_found(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.guest()
    before_transaction(monkeypatch, lambda: db.venues.delete_one({"_id": venue_id}))
    answer = api.book(guest, str(venue_id), day(3))
    assert (answer.status, answer.code, count(db)) == (404, "not_found", 0)


def test_a_capacity_reduced_before_the_transaction_is_not_exceeded(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.guest()
    before_transaction(monkeypatch, lambda: db.venues.update_one({"_id": venue_id}, {"$set": {"capacity": 99}}))
    assert api.book(guest, str(venue_id), day(3)).code == "over_capacity"
    assert count(db) == 0


def test_the_price_in_the_transaction_counts(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.guest()
    new_price = {"$set": {"pricing.overrides.2.price": 7}}
    before_transaction(monkeypatch, lambda: db.venues.update_one({"_id": venue_id}, new_price))
    assert api.book(guest, str(venue_id), day(3)).data["booking"]["price_locked"] == 7


def test_a_rival_booking_before_the_transaction_wins(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.guest()
    before_transaction(monkeypatch, lambda: insert_booking(db, venue_id, ObjectId(), date=day(3)))
    answer = api.book(guest, str(venue_id), day(3))
    assert (answer.status, answer.code, count(db)) == (409, "date_taken", 1)
    assert answer.json["error"] == "Somebody has already booked this date."


def test_a_second_request_of_the_same_guest_is_told_that_the_booking_is_its_own(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.sign_up()
    own = ObjectId(guest["profile"]["id"])
    before_transaction(monkeypatch, lambda: insert_booking(db, venue_id, own, date=day(3)))
    answer = api.book(guest["token"], str(venue_id), day(3))
    assert (answer.code, answer.json["error"]) == ("date_taken", "You have already booked this date.")


@pytest.mark.parametrize(
    ("price", "locked"),
    [
        (Decimal128("150000"), 150_000),
        (Decimal128("0.5"), 0.5),
        ("150000", None),
        (-1, None),
        (True, None),
        ([1], None),
    ],
    ids=str,
)
def test_a_date_with_any_external_price_can_be_booked_and_read(
    api: ApiClient, db: Db, price: Any, locked: float | None
) -> None:
    owner = api.sign_up(is_venue_owner=True)
    owner_id = ObjectId(owner["profile"]["id"])
    pricing = {"overrides": [{"date": day(5), "price": price}]}
    venue = insert_venue(db, owner_id, pricing=pricing, capacity=Decimal128("500"))
    place = {"type": "Point", "coordinates": [Decimal128("67.5"), 24]}
    db.venues.update_one({"_id": venue["_id"]}, {"$set": {"maps_location": place, "dates_available": [5, day(5)]}})
    guest = api.guest()
    placed = api.book(guest, str(venue["_id"]), day(5))
    assert placed.status == 201
    assert placed.data["booking"]["price_locked"] == locked
    path = f"/bookings/{placed.data['booking_id']}"
    assert api.get("/bookings", token=guest).data["bookings"] == [placed.data["booking"]]
    assert api.get(path, token=guest).status == api.get(path, token=owner["token"]).status == 200
    for shown in (
        api.get(f"/venues/{venue['_id']}").data["venue"],
        api.get("/venues/mine", token=owner["token"]).data["venues"][0],
    ):
        assert shown["capacity"] == 500
        assert shown["maps_location"]["coordinates"] == [67.5, 24]
        assert shown["dates_available"] == [day(5)]
    assert api.delete(path, token=guest).status == 200
