"""A hidden venue is 404 for everybody but its owner, and its owner can't list it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bson import ObjectId

from halls.cli.check import find_violations
from halls.clock import utc_now
from halls.venues import store
from halls.venues.hiding import set_hidden
from tests.accounts.concurrency import run_before_first_call
from tests.factories import day

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient


@pytest.fixture
def owner(api: ApiClient) -> str:
    """The token of the owner."""
    return api.owner()


@pytest.fixture
def hidden(api: ApiClient, db: Db, owner: str) -> str:
    """The id of a hidden venue."""
    venue_id = api.list_venue(owner)
    assert set_hidden(db, ObjectId(venue_id), utc_now(), is_hidden=True)
    return venue_id


def paths_of(venue_id: str) -> list[str]:
    """Return the public paths of a venue."""
    return [f"/venues/{venue_id}", f"/venues/{venue_id}/availability?date={day(1)}"]


def test_only_the_owner_sees_a_hidden_venue(api: ApiClient, owner: str, hidden: str) -> None:
    for path in paths_of(hidden):
        for token in (None, api.guest(), api.owner(), "no token"):
            answer = api.get(path, token=token)
            assert (answer.status, answer.code, answer.json["error"]) == (404, "not_found", "No venue has this id.")
        assert api.get(path, token=owner).status == 200
    (mine,) = api.get("/venues/mine", token=owner).data["venues"]
    assert mine["id"] == hidden


def test_the_owner_is_told_that_a_venue_is_hidden(api: ApiClient, db: Db, owner: str, hidden: str) -> None:
    def read() -> list[tuple[bool, bool]]:
        one = api.get(f"/venues/{hidden}", token=owner).data["venue"]
        (mine,) = api.get("/venues/mine", token=owner).data["venues"]
        return [(venue["is_hidden"], venue["is_listed"]) for venue in (one, mine)]

    assert read() == [(True, True)] * 2
    set_hidden(db, ObjectId(hidden), utc_now(), is_hidden=False)
    assert read() == [(False, True)] * 2
    (found,) = api.get("/venues/search?include=calendar").data["venues"]
    assert "is_hidden" not in found


def test_another_owner_can_neither_change_nor_delete_a_hidden_venue(api: ApiClient, hidden: str) -> None:
    rival = api.owner()
    for answer in (
        api.patch(f"/venues/{hidden}", {"capacity": 5}, token=rival),
        api.delete(f"/venues/{hidden}", token=rival),
    ):
        assert (answer.status, answer.code) == (404, "not_found")


def test_a_revoked_token_of_the_owner_does_not_show_it(api: ApiClient, owner: str, hidden: str) -> None:
    api.post("/auth/logout", {}, token=owner)
    assert api.get(f"/venues/{hidden}", token=owner).status == 404


def test_a_visible_venue_is_served_with_any_token(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner())
    for path in paths_of(venue_id):
        assert api.get(path, token="no token").status == 200


def test_a_hidden_venue_is_out_of_search_and_takes_no_bookings(api: ApiClient, owner: str, hidden: str, db: Db) -> None:
    assert api.get("/venues/search").data["venues"] == []
    for token in (api.guest(), owner):
        answer = api.book(token, hidden, day(1))
        assert (answer.status, answer.code) == (404, "not_found")
    availability = api.get(f"/venues/{hidden}/availability?date={day(1)}", token=owner).data
    assert availability["available"] is False
    assert find_violations(db, day(0)) == {}


def test_a_booking_that_races_with_the_hiding_is_rejected(
    api: ApiClient, db: Db, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id = api.list_venue(owner)
    guest = api.guest()
    run_before_first_call(
        monkeypatch, store, "claim_date", lambda: set_hidden(db, ObjectId(venue_id), utc_now(), is_hidden=True)
    )
    answer = api.book(guest, venue_id, day(1))
    assert (answer.status, answer.code) == (404, "not_found")
    assert db.bookings.count_documents({}) == 0


def test_bookings_of_a_hidden_venue_still_name_it(api: ApiClient, db: Db, owner: str) -> None:
    venue_id, guest = api.list_venue(owner), api.guest()
    booking_id = api.book(guest, venue_id, day(1)).data["booking_id"]
    set_hidden(db, ObjectId(venue_id), utc_now(), is_hidden=True)
    for token in (guest, owner):
        booking = api.get(f"/bookings/{booking_id}", token=token).data["booking"]
        assert (booking["status"], booking["venue"]["venue_name"]) == ("pending", "Pearl Hall")


def test_the_owner_can_not_list_a_hidden_venue(api: ApiClient, db: Db, owner: str, hidden: str) -> None:
    before = db.venues.find_one({})
    answer = api.patch(f"/venues/{hidden}", {"is_listed": True, "venue_name": "New"}, token=owner)
    assert (answer.status, answer.code) == (403, "suspended")
    assert "operator has hidden" in answer.json["error"]
    assert db.venues.find_one({}) == before
    stale = api.patch(f"/venues/{hidden}", {"is_listed": True}, token=owner, If_Match='"old"')
    assert (stale.status, stale.code) == (403, "suspended")


def test_the_owner_can_change_and_pause_a_hidden_venue(api: ApiClient, db: Db, owner: str, hidden: str) -> None:
    changed = api.patch(f"/venues/{hidden}", {"is_listed": False, "venue_name": "New"}, token=owner).data["venue"]
    assert (changed["is_listed"], changed["venue_name"]) == (False, "New")
    set_hidden(db, ObjectId(hidden), utc_now(), is_hidden=False)
    assert api.get("/venues/search").data["venues"] == []
    assert api.get(f"/venues/{hidden}").data["venue"]["is_listed"] is False
    assert api.patch(f"/venues/{hidden}", {"is_listed": True}, token=owner).status == 200
    assert [venue["id"] for venue in api.get("/venues/search").data["venues"]] == [hidden]


def test_showing_a_venue_brings_it_back(api: ApiClient, db: Db, hidden: str) -> None:
    assert not set_hidden(db, ObjectId(hidden), utc_now(), is_hidden=True)
    assert set_hidden(db, ObjectId(hidden), utc_now(), is_hidden=False)
    assert not set_hidden(db, ObjectId(hidden), utc_now(), is_hidden=False)
    assert api.get(f"/venues/{hidden}").status == 200
    assert [venue["id"] for venue in api.get("/venues/search").data["venues"]] == [hidden]
    assert api.book(api.guest(), hidden, day(1)).status == 201
    assert not db.venues.find_one({"hidden_at": {"$exists": True}})
    assert find_violations(db, day(0)) == {}
