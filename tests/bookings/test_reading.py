"""Reading bookings: access, order, pages, filters, and the venue summary after a deletion."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from tests.contract_routes import NO_ID
from tests.factories import day, insert_booking, insert_user, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

FIELDS = {
    *("id", "venue_id", "user_id", "date", "guests", "status", "price_locked", "notes", "created_at", "updated_at"),
    *("hold_until", "cancellation", "is_walk_in", "venue"),
}


def id_of(session: Any) -> ObjectId:
    """Return the id of a session's account."""
    return ObjectId(session["profile"]["id"])


def ids(answer: Any) -> list[str]:
    """Return the ids of the bookings on a page."""
    return [booking["id"] for booking in answer.data["bookings"]]


def test_a_page_has_exactly_the_fields_of_the_contract(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    created = api.book(guest, venue_id, day(3)).data["booking"]
    answer = api.get("/bookings", token=guest)
    assert answer.status == 200
    assert answer.data == {"bookings": [created], "next_cursor": None}
    assert created.keys() == FIELDS
    assert created["venue"].keys() == {"id", "venue_name", "address"}


def test_only_the_venue_owner_sees_the_guest(api: ApiClient) -> None:
    owner = api.owner()
    guest = api.sign_up(full_name="Ali", contact_number="03001234567", email="ali@example.com")
    booking_id = api.book(guest["token"], api.list_venue(owner), day(3)).data["booking_id"]
    person = {"full_name": "Ali", "email": "ali@example.com", "contact_number": "03001234567"}
    for answer in (
        api.get("/bookings", token=owner).data["bookings"][0],
        api.get(f"/bookings/{booking_id}", token=owner).data["booking"],
        api.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=owner).data["booking"],
        api.delete(f"/bookings/{booking_id}", token=owner).data["booking"],
    ):
        assert answer.keys() == FIELDS | {"guest"}
        assert answer["guest"] == person
    for answer in (
        api.get("/bookings", token=guest["token"]).data["bookings"][0],
        api.get(f"/bookings/{booking_id}", token=guest["token"]).data["booking"],
        api.delete(f"/bookings/{booking_id}", token=guest["token"]).data["booking"],
    ):
        assert answer.keys() == FIELDS


def test_the_guest_of_a_deleted_account_is_null(api: ApiClient, db: Db) -> None:
    owner, guest = api.owner(), api.sign_up()
    booking_id = api.book(guest["token"], api.list_venue(owner), day(3)).data["booking_id"]
    db.users.delete_one({"_id": id_of(guest)})
    assert api.get(f"/bookings/{booking_id}", token=owner).data["booking"]["guest"] is None


def test_owners_list_bookings_of_all_own_venues_and_guests_own_bookings(api: ApiClient) -> None:
    owner, other, ali, ayesha = api.owner(), api.owner(), api.guest(), api.guest()
    first, second, other_venue = api.list_venue(owner), api.list_venue(owner), api.list_venue(other)
    a = api.book(ali, first, day(4)).data["booking_id"]
    b = api.book(ayesha, second, day(3)).data["booking_id"]
    c = api.book(ali, other_venue, day(2)).data["booking_id"]
    own = api.book(owner, other_venue, day(1)).data["booking_id"]
    assert ids(api.get("/bookings", token=owner)) == [b, a]
    assert ids(api.get("/bookings?as=guest", token=owner)) == [own]
    assert ids(api.get("/bookings", token=other)) == [own, c]
    assert ids(api.get("/bookings", token=ali)) == [c, a]
    assert ids(api.get("/bookings?as=guest", token=ali)) == [c, a]
    assert ids(api.get("/bookings", token=ayesha)) == [b]
    assert ids(api.get("/bookings", token=api.owner())) == []


def test_as_guest_an_owner_sees_the_guest_only_at_own_venues(api: ApiClient) -> None:
    owner = api.owner()
    api.book(owner, api.list_venue(api.owner()), day(1))
    api.book(owner, api.list_venue(owner), day(2))
    elsewhere, own = api.get("/bookings?as=guest", token=owner).data["bookings"]
    assert elsewhere.keys() == FIELDS
    assert own.keys() == FIELDS | {"guest"}


def test_a_new_owner_finds_earlier_bookings_with_as_guest(api: ApiClient) -> None:
    guest = api.guest()
    booking_id = api.book(guest, api.list_venue(api.owner()), day(1)).data["booking_id"]
    api.patch("/auth/me", {"is_venue_owner": True}, token=guest)
    assert ids(api.get("/bookings", token=guest)) == []
    assert ids(api.get("/bookings?as=guest", token=guest)) == [booking_id]


@pytest.fixture
def many(api: ApiClient, db: Db) -> tuple[str, list[Any]]:
    """Insert 24 bookings of one guest at two venues, several on each date. Return the token and the bookings."""
    guest = api.sign_up()
    venues = [insert_venue(db, ObjectId())["_id"] for _ in range(2)]
    rows: list[Any] = []
    for number in range(24):
        status = ("cancelled", "pending", "confirmed")[number % 3] if number % 12 < 6 else "cancelled"
        place = {"venue_id": venues[number // 12], "date": day(number % 6 - 2), "status": status}
        rows.append({"_id": ObjectId(), "user_id": id_of(guest), "guests": 1, "price_locked": None, **place})
    random.shuffle(rows)
    db.bookings.insert_many(rows)
    return guest["token"], sorted(rows, key=lambda row: (row["date"], row["_id"]))


def all_pages(api: ApiClient, token: str, query: str, limit: int) -> list[str]:
    """Return the ids on all pages of a query, in order."""
    seen: list[str] = []
    cursor = ""
    while True:
        page = api.get(f"/bookings?limit={limit}{query}{cursor}", token=token)
        assert len(page.data["bookings"]) <= limit
        seen += ids(page)
        if page.data["next_cursor"] is None:
            return seen
        assert len(page.data["bookings"]) == limit
        cursor = f"&cursor={page.data['next_cursor']}"


@pytest.mark.parametrize("limit", [1, 5, 8, 24, 200])
def test_pages_by_date_and_id_contain_each_booking_once(
    api: ApiClient, many: tuple[str, list[Any]], limit: int
) -> None:
    token, rows = many
    assert all_pages(api, token, "", limit) == [str(row["_id"]) for row in rows]


@pytest.mark.parametrize(("first", "last"), [(None, None), (0, None), (None, 1), (-1, 2), (1, 1), (9, 9)])
def test_filters_work_alone_and_combined(
    api: ApiClient, many: tuple[str, list[Any]], first: int | None, last: int | None
) -> None:
    token, rows = many
    for status, venue in itertools.product(("", "pending", "confirmed", "cancelled"), (None, rows[0]["venue_id"])):
        query = f"&status={status}" if status else ""
        query += f"&venue_id={venue}" if venue else ""
        query += "" if first is None else f"&date_from={day(first)}"
        query += "" if last is None else f"&date_to={day(last)}"
        expected = [
            str(row["_id"])
            for row in rows
            if row["status"] == (status or row["status"])
            and row["venue_id"] == (venue or row["venue_id"])
            and (first is None or row["date"] >= day(first))
            and (last is None or row["date"] <= day(last))
        ]
        assert all_pages(api, token, query, 7) == expected


def test_a_page_has_50_bookings_by_default(api: ApiClient, db: Db) -> None:
    guest = api.sign_up()
    rows = [{"venue_id": ObjectId(), "user_id": id_of(guest), "date": day(1), "status": "pending"} for _ in range(51)]
    db.bookings.insert_many(rows)
    page = api.get("/bookings", token=guest["token"]).data
    assert len(page["bookings"]) == 50
    assert page["next_cursor"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=Pending", "status"),
        ("venue_id=x", "venue_id"),
        ("venue_id=0123456789ABCDEF01234567", "venue_id"),
        ("date_from=2027-02-29", "date_from"),
        ("date_to=tomorrow", "date_to"),
        ("date_from=2027-02-02&date_to=2027-02-01", "date_from"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.0", "limit"),
        ("limit=+1", "limit"),
        ("limit=%D9%A1", "limit"),
        ("limit=5&limit=5", "limit"),
        ("as=owner", "as"),
        ("token=guest", "token"),
        ("user_id=0123456789abcdef01234567", "user_id"),
        ("status[$ne]=pending", "status[$ne]"),
        ("cursor=abc", "cursor"),
    ],
)
def test_an_invalid_query_parameter_is_rejected_and_named(api: ApiClient, query: str, field: str) -> None:
    answer = api.get(f"/bookings?{query}", token=api.guest())
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", [field])


@pytest.mark.parametrize("query", ["status=cancelled", "as=guest", "date_from=2020-01-01", f"venue_id={NO_ID}"])
def test_a_cursor_of_another_query_is_rejected(api: ApiClient, many: tuple[str, list[Any]], query: str) -> None:
    token, _ = many
    cursor = api.get("/bookings?limit=1", token=token).data["next_cursor"]
    assert api.get(f"/bookings?limit=9&cursor={cursor}", token=token).status == 200
    assert api.get(f"/bookings?{query}&cursor={cursor}", token=token).fields == ["cursor"]
    assert api.get(f"/bookings?cursor={cursor}", token=api.guest()).fields == ["cursor"]


def test_only_the_guest_and_the_venue_owner_have_access_to_a_booking(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    path = f"/bookings/{api.book(guest, api.list_venue(owner), day(3)).data['booking_id']}"
    assert api.get(path, token=guest).data.keys() == {"booking"}
    assert api.get(path, token=owner).status == 200
    for stranger in (api.guest(), api.owner()):
        for answer in (
            api.get(path, token=stranger),
            api.patch(path, {"nonsense": 1}, token=stranger),
            api.delete(path, token=stranger),
        ):
            assert (answer.status, answer.code) == (403, "not_yours")
    assert api.get(path, token=guest).data["booking"]["status"] == "pending"


def test_the_venue_summary_is_current_and_stays_after_the_deletion(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking_id = api.book(guest, venue_id, day(3)).data["booking_id"]
    api.patch(f"/venues/{venue_id}", {"venue_name": "Ruby Hall"}, token=owner)
    api.delete(f"/bookings/{booking_id}", token=guest)
    summary = {"id": venue_id, "venue_name": "Ruby Hall", "address": "1 Main Road, Saddar, Karachi"}
    assert api.get(f"/bookings/{booking_id}", token=guest).data["booking"]["venue"] == summary
    assert api.delete(f"/venues/{venue_id}", token=owner).status == 200
    for person in (guest, owner):
        assert api.get(f"/bookings/{booking_id}", token=person).data["booking"]["venue"] == summary
        assert ids(api.get("/bookings", token=person)) == [booking_id]
        assert ids(api.get(f"/bookings?venue_id={venue_id}", token=person)) == [booking_id]
    assert api.get(f"/bookings/{booking_id}", token=owner).data["booking"].keys() == FIELDS | {"guest"}
    assert api.get(f"/bookings/{booking_id}", token=guest).data["booking"].keys() == FIELDS


def test_the_summary_is_null_if_an_external_writer_deleted_the_venue(api: ApiClient, db: Db) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking_id = api.book(guest, venue_id, day(3)).data["booking_id"]
    db.venues.delete_one({"_id": ObjectId(venue_id)})
    shown = api.get(f"/bookings/{booking_id}", token=guest).data["booking"]
    assert shown.keys() == FIELDS
    assert shown["venue"] is None
    assert api.get("/bookings", token=guest).data["bookings"] == [shown]
    assert api.get(f"/bookings/{booking_id}", token=owner).code == "not_yours"
    assert api.delete(f"/bookings/{booking_id}", token=guest).data["booking"]["venue"] is None


def test_external_bookings_are_listed_for_owner_and_guest(api: ApiClient, db: Db) -> None:
    owner, guest = api.sign_up(owner=True), api.sign_up()
    venue = insert_venue(db, id_of(owner))
    first = insert_booking(db, venue["_id"], insert_user(db)["_id"], date=day(-1))
    second = insert_booking(db, venue["_id"], id_of(guest), date=day(5), price_locked=None)
    third = {"_id": ObjectId(), "venue_id": venue["_id"], "user_id": id_of(guest), "date": day(6), "status": "pending"}
    db.bookings.insert_one(third)
    assert ids(api.get("/bookings", token=owner["token"])) == [str(row["_id"]) for row in (first, second, third)]
    shown = api.get("/bookings", token=guest["token"]).data["bookings"]
    assert [booking["id"] for booking in shown] == [str(second["_id"]), str(third["_id"])]
    assert all(booking.keys() == FIELDS for booking in shown)
    missing = {name: shown[1][name] for name in ("guests", "price_locked", "notes", "created_at", "updated_at")}
    assert missing == dict.fromkeys(missing)


def test_bookings_without_guest_or_with_impossible_dates_are_paged(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(is_venue_owner=True)
    venue_id = insert_venue(db, id_of(owner))["_id"]
    dates = ["1999-12-31", "2027-02-30", "2101-01-01"]
    rows = [insert_booking(db, venue_id, ObjectId(), date=date) for date in dates]
    db.bookings.update_many({}, {"$unset": {"user_id": ""}})
    seen: list[str] = []
    cursor = ""
    for _ in dates:
        page = api.get(f"/bookings?limit=1{cursor}", token=owner["token"])
        seen += ids(page)
        cursor = f"&cursor={page.data['next_cursor']}"
    assert seen == [str(row["_id"]) for row in rows]
    assert page.data["next_cursor"] is None
    assert page.data["bookings"][0]["user_id"] is page.data["bookings"][0]["guest"] is None
    assert api.delete(f"/bookings/{seen[-1]}", token=owner["token"]).status == 200
