"""Paused listings: `is_listed` in requests, search, availability, bookings, and in documents of external writers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.cli.check import find_violations
from halls.clock import day_in_karachi, utc_now
from halls.venues.visibility import NOT_OPEN
from tests.factories import (
    bare_venue_document,
    booking_body,
    day,
    index_all,
    insert_owner,
    insert_venue,
    venue_body,
)

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient, ApiResponse

NEAR = "near_lat=24.86&near_lng=67.0&near_km=5"
SEARCHES = ["", f"?date={day(3)}", f"?{NEAR}", f"?{NEAR}&date={day(3)}", f"?date={day(3)}&sort=price", "?type=Hall"]
SEARCHES += ["?capacity_min=100&sort=capacity", "?price_min=1", "?include=calendar&limit=20"]


class Listing:
    """An owner with one venue, which is listed."""

    def __init__(self, api: ApiClient, db: Db) -> None:
        self.api, self.db = api, db
        self.owner = api.owner()
        self.venue_id = api.list_venue(self.owner)

    def set_listed(self, *, is_listed: Any) -> ApiResponse:
        """Pause the listing, or list the venue again."""
        return self.api.patch(f"/venues/{self.venue_id}", {"is_listed": is_listed}, token=self.owner)

    def search(self, query: str = "") -> list[str]:
        """Return the ids of the found venues."""
        return [venue["id"] for venue in self.api.get(f"/venues/search{query}").data["venues"]]

    def list_available(self, dates: str) -> list[bool]:
        """Return whether each day is available."""
        data = self.api.get(f"/venues/{self.venue_id}/availability?{dates}").data
        return [each["available"] for each in data.get("days", [data])]

    def find_violations(self) -> set[str]:
        """Return the violated invariants on data."""
        return {name for name in find_violations(self.db, day_in_karachi(utc_now())) if "." not in name}


@pytest.fixture
def listing(api: ApiClient, db: Db) -> Listing:
    """An owner with a venue."""
    return Listing(api, db)


@pytest.mark.parametrize("query", SEARCHES)
def test_search_does_not_find_a_paused_venue(listing: Listing, query: str) -> None:
    other = listing.api.list_venue(listing.owner)
    listing.set_listed(is_listed=False)
    assert listing.search(query) == [other]
    listing.set_listed(is_listed=True)
    assert sorted(listing.search(query)) == sorted([listing.venue_id, other])


@pytest.mark.parametrize(
    ("dates", "count"), [(f"date={day(3)}", 1), (f"from={day(1)}&to={day(9)}", 9)], ids=["date", "range"]
)
def test_no_day_of_a_paused_venue_is_available_and_prices_stay(listing: Listing, dates: str, count: int) -> None:
    path = f"/venues/{listing.venue_id}/availability?{dates}"
    before = listing.api.get(path).data
    listing.set_listed(is_listed=False)
    assert listing.list_available(dates) == [False] * count
    paused = listing.api.get(path).data
    listing.set_listed(is_listed=True)
    assert listing.api.get(path).data == before
    days = [(each["date"], each["price"]) for each in before.get("days", [before])]
    assert [(each["date"], each["price"]) for each in paused.get("days", [paused])] == days


def test_a_paused_venue_takes_no_booking_and_says_so(listing: Listing) -> None:
    listing.set_listed(is_listed=False)
    answer = listing.api.book(listing.api.guest(), listing.venue_id, day(3))
    assert (answer.status, answer.code, answer.json["error"]) == (409, "date_not_offered", NOT_OPEN)
    assert listing.api.book(listing.owner, listing.venue_id, day(3)).code == "date_not_offered"
    assert listing.api.book(listing.api.guest(), listing.venue_id, day(3), guests=999).code == "over_capacity"
    assert listing.api.book(listing.api.guest(), listing.venue_id, day(-1)).code == "date_in_past"
    listing.set_listed(is_listed=True)
    assert listing.api.book(listing.api.guest(), listing.venue_id, day(3)).status == 201


def test_a_paused_venue_can_be_read_and_changed(listing: Listing) -> None:
    assert listing.set_listed(is_listed=False).data["venue"]["is_listed"] is False
    venue = listing.api.get(f"/venues/{listing.venue_id}").data["venue"]
    assert (venue["is_listed"], len(venue["dates_available"])) == (False, 9)
    (own,) = listing.api.get("/venues/mine", token=listing.owner).data["venues"]
    assert own["is_listed"] is False
    changed = listing.api.patch(f"/venues/{listing.venue_id}", {"capacity": 7}, token=listing.owner).data["venue"]
    assert (changed["capacity"], changed["is_listed"]) == (7, False)
    assert listing.search() == []


def test_bookings_at_a_paused_venue_stay_and_can_change(listing: Listing) -> None:
    guest, api = listing.api.guest(), listing.api
    paths = [f"/bookings/{api.book(guest, listing.venue_id, day(n)).data['booking_id']}" for n in (1, 2, 3)]
    listing.set_listed(is_listed=False)
    assert [each["status"] for each in api.get("/bookings", token=guest).data["bookings"]] == ["pending"] * 3
    assert api.patch(paths[0], {"status": "confirmed"}, token=listing.owner).status == 200
    assert api.patch(paths[0], {"guests": 5}, token=guest).status == 200
    assert api.patch(paths[1], {"status": "cancelled"}, token=listing.owner).status == 200
    assert api.delete(paths[2], token=guest).status == 200
    assert api.get(paths[0], token=guest).data["booking"]["venue"]["venue_name"] == "Pearl Hall"
    assert listing.search() == []
    assert api.patch(f"/venues/{listing.venue_id}", {"dates_available": []}, token=listing.owner).code == "date_booked"
    assert api.delete(f"/venues/{listing.venue_id}", token=listing.owner).code == "has_bookings"
    listing.set_listed(is_listed=True)
    assert listing.list_available(f"from={day(1)}&to={day(3)}") == [False, True, True]
    assert listing.search(f"?date={day(1)}") == []
    assert listing.search(f"?date={day(2)}") == [listing.venue_id]


def test_a_repeated_order_gets_its_first_response_while_the_venue_is_paused(listing: Listing) -> None:
    guest, body = listing.api.guest(), booking_body(listing.venue_id, day(3))
    first = listing.api.post("/bookings", body, token=guest, Idempotency_Key="a")
    listing.set_listed(is_listed=False)
    again = listing.api.post("/bookings", body, token=guest, Idempotency_Key="a")
    assert (again.status, again.data) == (201, first.data)


def test_a_paused_venue_can_be_deleted(listing: Listing) -> None:
    listing.set_listed(is_listed=False)
    assert listing.api.delete(f"/venues/{listing.venue_id}", token=listing.owner).status == 200
    assert listing.db.search_entries.count_documents({}) == 0


@pytest.mark.parametrize(("given", "is_listed"), [(False, False), (True, True), (None, True)])
def test_a_venue_can_be_registered_paused(api: ApiClient, *, given: bool | None, is_listed: bool) -> None:
    body = venue_body(is_listed=given)
    answer = api.post("/venues/register", body, token=api.owner())
    assert (answer.status, answer.data["venue"]["is_listed"]) == (201, is_listed)
    assert len(api.get("/venues/search").data["venues"]) == is_listed


@pytest.mark.parametrize("value", [0, "false", [], "no"], ids=repr)
def test_another_type_is_not_valid(listing: Listing, value: Any) -> None:
    answer = listing.set_listed(is_listed=value)
    assert (answer.code, answer.fields) == ("validation_error", ["is_listed"])
    new = listing.api.post("/venues/register", venue_body(is_listed=value), token=listing.owner)
    assert (new.code, new.fields) == ("validation_error", ["is_listed"])


def test_null_is_not_valid_in_a_change(listing: Listing) -> None:
    answer = listing.set_listed(is_listed=None)
    assert (answer.code, answer.fields) == ("validation_error", ["is_listed"])


def test_only_the_owner_pauses_a_listing(listing: Listing) -> None:
    path = f"/venues/{listing.venue_id}"
    assert listing.api.patch(path, {"is_listed": False}, token=listing.api.owner()).code == "not_yours"
    assert listing.api.patch(path, {"is_listed": False}, token=listing.api.guest()).code == "owner_only"
    assert listing.search() == [listing.venue_id]


def test_pausing_changes_the_version_of_the_venue(listing: Listing) -> None:
    path = f"/venues/{listing.venue_id}"
    tag = listing.api.get(path).headers["ETag"]
    paused = listing.api.patch(path, {"is_listed": False}, token=listing.owner, If_Match=tag)
    assert paused.headers["ETag"] != tag
    stale = listing.api.patch(path, {"is_listed": True}, token=listing.owner, If_Match=tag)
    assert stale.code == "precondition_failed"
    assert listing.search() == []


def test_pausing_twice_is_the_same_as_once(listing: Listing) -> None:
    for is_listed in (False, False, True, True):
        assert listing.set_listed(is_listed=is_listed).data["venue"]["is_listed"] is is_listed
        assert len(listing.search()) == is_listed


@pytest.mark.parametrize(
    "fields", [{}, {"is_listed": None}, {"is_listed": "no"}, {"is_listed": 0}, {"is_listed": [False]}], ids=str
)
def test_a_venue_of_an_external_writer_without_the_field_is_listed(
    api: ApiClient, db: Db, fields: dict[str, Any]
) -> None:
    venue_id = str(insert_venue(db, insert_owner(db)["_id"], **fields)["_id"])
    index_all(db)
    (found,) = api.get("/venues/search").data["venues"]
    assert (found["id"], found["is_listed"]) == (venue_id, True)
    assert api.get(f"/venues/{venue_id}").data["venue"]["is_listed"] is True
    assert api.book(api.guest(), venue_id, day(5)).status == 201


def test_the_owner_pauses_a_bare_venue_of_an_external_writer(listing: Listing) -> None:
    owner_id = listing.db.venues.distinct("owner_id")[0]
    venue = bare_venue_document(owner_id, dates_available=[day(3)])
    listing.db.venues.insert_one(venue)
    index_all(listing.db)
    listing.venue_id = str(venue["_id"])
    assert listing.list_available(f"date={day(3)}") == [True]
    assert listing.set_listed(is_listed=False).status == 200
    assert listing.list_available(f"date={day(3)}") == [False]
    assert listing.venue_id not in listing.search()
    # An external writer that replaces the document lists the venue again.
    listing.db.venues.replace_one({"_id": venue["_id"]}, venue)
    index_all(listing.db)
    assert listing.venue_id in listing.search()


def test_an_external_writer_pauses_a_venue(listing: Listing) -> None:
    listing.db.venues.update_one({}, {"$set": {"is_listed": False}})
    index_all(listing.db)
    assert listing.search() == []
    assert listing.api.book(listing.api.guest(), listing.venue_id, day(3)).code == "date_not_offered"


def test_a_paused_venue_with_bookings_and_walk_ins_violates_no_invariant(listing: Listing) -> None:
    listing.api.book(listing.api.guest(), listing.venue_id, day(1))
    listing.set_listed(is_listed=False)
    body = {"date": day(20), "guests": 5, "guest": {"full_name": "Bilal"}, "offer": True}
    path = f"/venues/{listing.venue_id}/walk-ins"
    walk_in = listing.api.post(path, body, token=listing.owner).data["booking_id"]
    listing.api.post(path, body | {"date": day(2)}, token=listing.owner)
    listing.api.delete(f"/bookings/{walk_in}", token=listing.owner)
    assert listing.find_violations() == set()
    listing.set_listed(is_listed=True)
    assert listing.find_violations() == set()
    assert listing.search(f"?date={day(20)}") == [listing.venue_id]
    assert listing.search(f"?date={day(2)}") == []


def test_a_venue_that_was_paused_when_it_was_registered_can_be_listed(listing: Listing) -> None:
    paused = listing.api.list_venue(listing.owner, is_listed=False)
    [entry] = listing.db.search_entries.find({"_id": ObjectId(paused)}, {"_id": 0, "edition": 0})
    assert entry == {"is_open": False}
    listing.venue_id = paused
    listing.set_listed(is_listed=True)
    assert paused in listing.search(f"?{NEAR}&date={day(3)}")
