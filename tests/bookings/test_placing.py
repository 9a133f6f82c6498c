"""Placing a booking: its shape, its price, and each reason for a no, in the contract's order."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import Decimal128, ObjectId

from halls.bookings import service
from tests.api_client import Api, day
from tests.contract_routes import NO_ID
from tests.external_documents import bare_venue_document, put_booking, put_user, put_venue

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db, Document

NOW = datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=timezone.utc)
FACTS = {
    *("id", "venue_id", "user_id", "date", "guests", "status", "price_locked", "notes", "created_at", "updated_at"),
    "venue",
}


def count(db: Db) -> int:
    """Return how many bookings there are."""
    return db.bookings.count_documents({})


def test_a_booking_is_answered_as_the_contract_lists(api: Api) -> None:
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
        "created_at": "2026-11-22T12:00:00Z",
        "updated_at": "2026-11-22T12:00:00Z",
        "venue": {"id": venue_id, "venue_name": "Pearl Hall", "address": "1 Main Road, Saddar, Karachi"},
    }
    assert ObjectId.is_valid(answer.data["booking_id"])
    assert "Idempotent-Replayed" not in answer.headers


def test_a_booking_is_kept_in_the_shape_of_the_specification(api: Api, db: Db) -> None:
    guest = api.sign_up()
    venue_id = api.list_venue(api.owner())
    api.book(guest["token"], venue_id, day(3))
    kept = db.bookings.find_one({})
    assert kept is not None
    spec = {"_id", "venue_id", "user_id", "date", "guests", "status", "price_locked", "created_at", "updated_at"}
    assert kept.keys() - {"notes"} == spec
    assert (kept["venue_id"], kept["user_id"]) == (ObjectId(venue_id), ObjectId(guest["profile"]["id"]))
    assert (kept["date"], kept["status"], kept["price_locked"]) == (day(3), "pending", 103_000)


def test_an_answered_booking_is_what_a_reader_sees_afterwards(api: Api) -> None:
    guest = api.guest()
    made = api.book(guest, api.list_venue(api.owner()), day(3)).data
    assert api.get(f"/bookings/{made['booking_id']}", as_=guest).data == {"booking": made["booking"]}


def test_an_owner_may_book_his_own_hall_and_sees_himself_as_the_guest(api: Api) -> None:
    session = api.sign_up(owner=True, full_name="Ali", contact_number="03001234567")
    answer = api.book(session["token"], api.list_venue(session["token"]), day(3))
    assert answer.status == 201
    email = session["profile"]["email"]
    assert answer.data["booking"]["guest"] == {"full_name": "Ali", "email": email, "contact_number": "03001234567"}


def test_notes_never_given_are_null(api: Api) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    assert api.book(guest, venue_id, day(3)).data["booking"]["notes"] is None
    assert api.book(guest, venue_id, day(4), notes=None).data["booking"]["notes"] is None


@pytest.mark.parametrize(
    ("ahead", "asked", "locked"), [(4, 1, None), (3, 0, 0), (3, 0.5, 0.5), (3, 150_000.0, 150_000), (3, 7, 7)]
)
def test_the_price_is_locked_as_it_is_at_that_moment(api: Api, ahead: int, asked: float, locked: float | None) -> None:
    prices = {"overrides": [{"date": day(ahead), "price": asked}]}
    venue_id = api.list_venue(api.owner(), pricing=prices)
    found = api.book(api.guest(), venue_id, day(3)).data["booking"]["price_locked"]
    assert found == locked
    assert type(found) is type(locked)


@pytest.mark.parametrize(
    ("fields", "named"),
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
        ({"guests": 10.0}, ["guests"]),
        ({"guests": "10"}, ["guests"]),
        ({"guests": True}, ["guests"]),
        ({"notes": 7}, ["notes"]),
        ({"notes": "a\x00b"}, ["notes"]),
        ({"notes": "n" * 2_001}, ["notes"]),
        ({"status": "confirmed", "price_locked": 1, "user_id": NO_ID}, ["price_locked", "status", "user_id"]),
        ({"venue_id": "x", "date": "x", "guests": "x"}, ["date", "guests", "venue_id"]),
    ],
)
def test_a_malformed_order_is_refused_before_the_venue_is_looked_for(
    api: Api, db: Db, fields: dict[str, Any], named: list[str]
) -> None:
    order = {"venue_id": NO_ID, "date": day(-1), "guests": 1, **fields}
    answer = api.post("/bookings", order, as_=api.guest())
    assert (answer.status, answer.code, sorted(answer.fields)) == (422, "validation_error", named)
    assert count(db) == 0


def test_a_venue_that_is_not_there_comes_before_all_but_the_shape(api: Api) -> None:
    answer = api.book(api.guest(), NO_ID, day(-1), guests=10**9)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("ahead", "guests", "wanted"),
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
def test_past_and_capacity_come_before_offer_and_rivals(
    api: Api, db: Db, ahead: int, guests: int, wanted: tuple[int, str | None]
) -> None:
    venue_id = api.list_venue(api.owner(), dates_available=[day(ahead) for ahead in (-1, 0, 3, 5)])
    put_booking(db, ObjectId(venue_id), ObjectId(), date=day(5))
    answer = api.book(api.guest(), venue_id, day(ahead), guests=guests)
    assert (answer.status, answer.json.get("code")) == wanted
    assert count(db) == (2 if answer.status == 201 else 1)


@pytest.mark.parametrize(("status", "wanted"), [("pending", 409), ("confirmed", 409), ("cancelled", 201)])
def test_only_an_active_booking_takes_a_date(api: Api, db: Db, status: str, wanted: int) -> None:
    venue_id = api.list_venue(api.owner())
    put_booking(db, ObjectId(venue_id), ObjectId(), date=day(3), status=status)
    assert api.book(api.guest(), venue_id, day(3)).status == wanted


def test_the_same_guest_can_not_have_the_date_twice_but_the_next_date_and_venue(api: Api) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id, other_id = api.list_venue(owner), api.list_venue(owner)
    assert api.book(guest, venue_id, day(3)).status == 201
    assert api.book(guest, venue_id, day(3)).code == "date_taken"
    assert api.book(guest, venue_id, day(4)).status == 201
    assert api.book(guest, other_id, day(3)).status == 201


def test_a_venue_of_another_tool_is_booked(api: Api, db: Db) -> None:
    venue = put_venue(db, ObjectId())
    guest = api.guest()
    answer = api.book(guest, str(venue["_id"]), day(5), guests=500)
    assert answer.status == 201
    assert answer.data["booking"]["price_locked"] == 150_000
    assert answer.data["booking"]["venue"]["venue_name"] == "Shalimar Banquet"
    assert api.book(guest, str(venue["_id"]), day(2)).data["booking"]["price_locked"] == 120_000.5
    assert api.book(guest, str(venue["_id"]), day(9)).data["booking"]["price_locked"] is None
    assert api.book(guest, str(venue["_id"]), day(9), guests=501).code == "over_capacity"


@pytest.mark.parametrize("fields", [{}, {"dates_available": None}, {"dates_available": []}])
def test_a_venue_without_dates_offers_none(api: Api, db: Db, fields: Document) -> None:
    venue = bare_venue_document(ObjectId(), **fields)
    db.venues.insert_one(venue)
    assert api.book(api.guest(), str(venue["_id"]), day(5)).code == "date_not_offered"


def test_a_foreign_guest_books_and_is_shown_to_a_foreign_owner(api: Api, db: Db) -> None:
    owner = api.sign_up(owner=True)
    guest = put_user(db)
    venue = put_venue(db, ObjectId(owner["profile"]["id"]))
    booking = put_booking(db, venue["_id"], guest["_id"])
    shown = api.get(f"/bookings/{booking['_id']}", as_=owner["token"]).data["booking"]
    assert shown.keys() == FACTS | {"guest"}
    assert (shown["guests"], shown["price_locked"], shown["notes"]) == (300, 150_000, None)
    assert (type(shown["guests"]), type(shown["price_locked"])) == (int, int)
    assert shown["created_at"] == "2025-08-20T10:30:15Z"
    assert shown["guest"]["email"].lower() == guest["email"].lower()


def test_today_turns_in_karachi_at_19_hours_utc(api: Api) -> None:
    turn = datetime(2026, 11, 22, 19, 0, 0, tzinfo=timezone.utc)
    with time_machine.travel(turn - timedelta(seconds=1), tick=False):
        venue_id = api.list_venue(api.owner(), dates_available=["2026-11-22", "2026-11-23"])
        guest = api.guest()
        first = api.book(guest, venue_id, "2026-11-22")
        api.delete(f"/bookings/{first.data['booking_id']}", as_=guest)
    with time_machine.travel(turn, tick=False):
        late = api.book(guest, venue_id, "2026-11-22")
        assert api.book(guest, venue_id, "2026-11-23").status == 201
    assert (first.status, late.code) == (201, "date_in_past")


def after_the_look(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """Let something happen between the plain reads of an order and its transaction."""
    look = service._check_order  # noqa: SLF001 - the seam between the look and the decision

    def look_and_then(*args: Any) -> None:
        look(*args)
        happens()

    monkeypatch.setattr(service, "_check_order", look_and_then)


def test_a_date_taken_away_after_the_look_is_not_booked(api: Api, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.guest()
    taken_away = {"$pull": {"dates_available": day(3)}}
    after_the_look(monkeypatch, lambda: db.venues.update_one({"_id": venue_id}, taken_away))
    assert api.book(guest, str(venue_id), day(3)).code == "date_not_offered"
    assert count(db) == 0


def test_a_hall_made_smaller_after_the_look_is_not_overfilled(
    api: Api, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.guest()
    after_the_look(monkeypatch, lambda: db.venues.update_one({"_id": venue_id}, {"$set": {"capacity": 99}}))
    assert api.book(guest, str(venue_id), day(3)).code == "over_capacity"
    assert count(db) == 0


def test_the_price_is_that_of_the_deciding_moment_and_not_of_the_look(
    api: Api, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.guest()
    risen = {"$set": {"pricing.overrides.2.price": 7}}
    after_the_look(monkeypatch, lambda: db.venues.update_one({"_id": venue_id}, risen))
    assert api.book(guest, str(venue_id), day(3)).data["booking"]["price_locked"] == 7


def test_a_rival_after_the_look_wins(api: Api, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    venue_id, guest = ObjectId(api.list_venue(api.owner())), api.guest()
    after_the_look(monkeypatch, lambda: put_booking(db, venue_id, ObjectId(), date=day(3)))
    answer = api.book(guest, str(venue_id), day(3))
    assert (answer.status, answer.code, count(db)) == (409, "date_taken", 1)


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
def test_whatever_another_tool_has_for_a_price_the_date_is_booked_and_the_booking_read(
    api: Api, db: Db, price: Any, locked: float | None
) -> None:
    owner = api.sign_up(is_venue_owner=True)
    owner_id = ObjectId(owner["profile"]["id"])
    pricing = {"overrides": [{"date": day(5), "price": price}]}
    venue = put_venue(db, owner_id, pricing=pricing, capacity=Decimal128("500"))
    place = {"type": "Point", "coordinates": [Decimal128("67.5"), 24]}
    db.venues.update_one({"_id": venue["_id"]}, {"$set": {"maps_location": place, "dates_available": [5, day(5)]}})
    guest = api.guest()
    placed = api.book(guest, str(venue["_id"]), day(5))
    assert placed.status == 201
    assert placed.data["booking"]["price_locked"] == locked
    path = f"/bookings/{placed.data['booking_id']}"
    assert api.get("/bookings", as_=guest).data["bookings"] == [placed.data["booking"]]
    assert api.get(path, as_=guest).status == api.get(path, as_=owner["token"]).status == 200
    for shown in (
        api.get(f"/venues/{venue['_id']}").data["venue"],
        api.get("/venues/mine", as_=owner["token"]).data["venues"][0],
    ):
        assert shown["capacity"] == 500
        assert shown["maps_location"]["coordinates"] == [67.5, 24]
        assert shown["dates_available"] == [day(5)]
    assert api.delete(path, as_=guest).status == 200
