"""The limits of a guest's requests: pending ones at a time, and a day at one venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.bookings.limits import CHANGES_OF_ACCOUNT
from halls.http.rate_limits import RateLimiter
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.factories import booking_body, day, insert_booking, insert_owner, insert_venue

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from halls.mongo.client import Db


@pytest.fixture
def make_api(app: Flask, db: Db, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ApiClient]:
    """Return a function that changes the settings of the application and returns a client."""
    context = app.extensions["halls"]
    db.rate_limit_counters.delete_many({})

    def make(**settings: Any) -> ApiClient:
        config = make_config(mongo_uri=context.config.mongo_uri, **settings)
        monkeypatch.setattr(context, "config", config)
        monkeypatch.setattr(context, "rate_limiter", RateLimiter(config))
        return ApiClient(app.test_client())

    return make


def id_of(session: Any) -> ObjectId:
    """Return the id of a session's account."""
    return ObjectId(session["profile"]["id"])


def verified_guest(api: ApiClient, db: Db) -> Any:
    """Return the session of a guest with a verified address."""
    guest = api.sign_up()
    db.users.update_one({"_id": id_of(guest)}, {"$set": {"email_verified": True}})
    return guest


def test_a_guest_has_as_many_pending_requests_as_the_setting(make_api: Callable[..., ApiClient], db: Db) -> None:
    api = make_api(max_pending_per_guest=3)
    guest, venue_id = verified_guest(api, db)["token"], api.list_venue(api.owner())
    made = [api.book(guest, venue_id, day(ahead)) for ahead in (1, 2, 3)]
    assert [answer.status for answer in made] == [201, 201, 201]
    refused = api.book(guest, venue_id, day(4))
    assert (refused.status, refused.code, refused.json["details"]) == (409, "limit_reached", [])
    assert refused.json["error"] == "3 of your requests wait for an answer. Wait, or cancel one of them."
    assert db.bookings.count_documents({}) == 3
    assert api.get(f"/venues/{venue_id}/availability?date={day(4)}").data["available"] is True
    assert api.book(api.guest(), venue_id, day(4)).status == 201
    api.delete(f"/bookings/{made[0].data['booking_id']}", token=guest)
    assert api.book(guest, venue_id, day(5)).status == 201


def test_a_guest_has_ten_pending_requests_by_default(make_api: Callable[..., ApiClient], db: Db) -> None:
    api = make_api(max_pending_per_guest=10)
    guest, venue = verified_guest(api, db), insert_venue(db, insert_owner(db)["_id"])["_id"]
    for ahead in range(10, 20):
        insert_booking(db, venue, id_of(guest), date=day(ahead))
    assert api.book(guest["token"], api.list_venue(api.owner()), day(1)).code == "limit_reached"


@pytest.mark.parametrize(("setting", "limit"), [(10, 2), (2, 2), (1, 1)])
@pytest.mark.parametrize("stored", [None, False, "true", 1], ids=repr)
def test_an_unverified_guest_has_two(
    make_api: Callable[..., ApiClient], db: Db, setting: int, limit: int, stored: Any
) -> None:
    api = make_api(max_pending_per_guest=setting)
    guest, venue_id = api.sign_up(), api.list_venue(api.owner())
    db.users.update_one({"_id": id_of(guest)}, {"$set": {"email_verified": stored}})
    statuses = [api.book(guest["token"], venue_id, day(ahead)).status for ahead in range(1, limit + 2)]
    assert statuses == [201] * limit + [409]
    answer = api.book(guest["token"], venue_id, day(5))
    assert answer.json["error"].endswith("Verify your e-mail address to send more.")


def test_zero_switches_both_limits_off(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(max_pending_per_guest=0)
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    assert {api.book(guest, venue_id, day(ahead)).status for ahead in range(1, 5)} == {201}


def test_only_upcoming_pending_requests_at_venues_of_others_count(make_api: Callable[..., ApiClient], db: Db) -> None:
    api = make_api(max_pending_per_guest=10)
    guest = api.sign_up(owner=True)
    own, venue = api.list_venue(guest["token"]), insert_venue(db, insert_owner(db)["_id"])["_id"]
    insert_booking(db, venue, id_of(guest), date=day(-1))
    insert_booking(db, venue, id_of(guest), date=day(10), status="confirmed")
    insert_booking(db, venue, id_of(guest), date=day(11), status="cancelled")
    for ahead in range(1, 5):
        assert api.book(guest["token"], own, day(ahead)).status == 201
    other = api.list_venue(api.owner())
    assert [api.book(guest["token"], other, day(ahead)).status for ahead in (1, 2, 3)] == [201, 201, 409]
    assert api.book(guest["token"], own, day(6)).status == 201


def test_a_taken_date_is_told_before_the_limit(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(max_pending_per_guest=1)
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    api.book(guest, venue_id, day(1))
    api.book(api.guest(), venue_id, day(2))
    assert [api.book(guest, venue_id, day(ahead)).code for ahead in (1, 2, 3)] == [
        *("date_taken", "date_taken", "limit_reached"),
    ]


def test_a_replay_is_not_limited(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(max_pending_per_guest=1)
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    body = booking_body(venue_id, day(1))
    first = api.post("/bookings", body, token=guest, Idempotency_Key="a")
    assert api.post("/bookings", booking_body(venue_id, day(2)), token=guest, Idempotency_Key="b").status == 409
    assert api.post("/bookings", body, token=guest, Idempotency_Key="a").data == first.data


def test_a_guest_sends_ten_requests_a_day_to_one_venue(make_api: Callable[..., ApiClient], db: Db) -> None:
    api = make_api(rate_limits="on", rate_limit_storage_uri="memory://")
    venue = insert_venue(db, insert_owner(db)["_id"])["_id"]
    other = insert_venue(db, insert_owner(db, email="other@example.com")["_id"])["_id"]
    guest = api.guest()
    assert {api.book(guest, str(venue), day(2)).status for _ in range(10)} == {201, 409}
    limited = api.book(guest, str(venue), day(5))
    assert (limited.status, limited.code) == (429, "rate_limited")
    assert 86_000 < int(limited.headers["Retry-After"]) <= 86_400
    assert api.book(guest, str(other), day(5)).status == 201
    assert api.book(api.guest(), str(venue), day(5)).status == 201


def test_without_rate_limits_a_guest_may_send_more(make_api: Callable[..., ApiClient], db: Db) -> None:
    api = make_api()
    venue = insert_venue(db, insert_owner(db)["_id"])["_id"]
    guest = api.guest()
    assert {api.book(guest, str(venue), day(1)).code for _ in range(11)} == {"date_not_offered"}


def test_an_account_has_a_total_of_changes_a_day_over_all_its_bookings(
    make_api: Callable[..., ApiClient], db: Db
) -> None:
    assert (CHANGES_OF_ACCOUNT.amount, CHANGES_OF_ACCOUNT.seconds) == (1_000, 86_400)
    api = make_api(rate_limits="on", rate_limit_storage_uri="memory://")
    owner, guest = api.sign_up(owner=True), api.sign_up()
    venue_id = insert_venue(db, id_of(owner))["_id"]
    bookings = [insert_booking(db, venue_id, id_of(guest), date=day(ahead))["_id"] for ahead in (2, 5, 9)]
    context = api.client.application.extensions["halls"]
    for _ in range(998):
        context.rate_limiter.hit(CHANGES_OF_ACCOUNT, str(id_of(owner)))
    hold = {"hold_hours": 5}
    assert api.patch(f"/bookings/{bookings[0]}", hold, token=owner["token"]).status == 200
    assert api.delete(f"/bookings/{bookings[1]}", token=owner["token"]).status == 200
    limited = api.patch(f"/bookings/{bookings[2]}", hold, token=owner["token"])
    assert (limited.status, limited.code) == (429, "rate_limited")
    assert api.delete(f"/bookings/{bookings[2]}", token=owner["token"]).code == "rate_limited"
    # The other side of the booking has its own total.
    assert api.delete(f"/bookings/{bookings[2]}", token=guest["token"]).status == 200
