"""Closing an account: personal data goes from everywhere, other people's history stays, and no booking is left over."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId, json_util

from halls.accounts import deletion as closure
from halls.bookings import service as bookings
from halls.bookings import store as bookings_store
from halls.clock import utc_now
from halls.venues import service as listings
from halls.venues import store as venues_store
from tests.accounts.concurrency import at_once, meanwhile
from tests.accounts.google_keys import id_token
from tests.api_client import PASSWORD, Answer, Api, day, venue_body
from tests.external_documents import put_booking, put_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from halls.mongo.client import Db

EMAIL = "ayesha@example.com"
PERSON: dict[str, Any] = {"full_name": "Ayesha Siddiqui", "email": EMAIL, "contact_number": "0300-7654321"}
NOTES = "Red carpet for grandmother"


def close(api: Api, token: str, body: Any = None) -> Answer:
    """Close an account."""
    return api.send("DELETE", "/auth/me", {"password": PASSWORD} if body is None else body, as_=token)


def dump(db: Db) -> str:
    """Return all that is stored, in every collection, as one text."""
    # How far other tools are followed changes by itself.
    names = set(db.list_collection_names()) - {"catalog_state"}
    return "".join(json.dumps(json.loads(json_util.dumps(db[name].find()))) for name in sorted(names))


def test_who_closes_an_account_is_gone(api: Api, db: Db) -> None:
    token = api.sign_up(**PERSON)["token"]
    answer = close(api, token)
    assert (answer.status, answer.data) == (200, {"deleted": True})
    assert api.get("/auth/me", as_=token).code == "token_revoked"
    assert close(api, token).code == "token_revoked"
    assert api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).code == "bad_credentials"
    assert db.users.count_documents({}) == 0
    again = api.sign_up(**PERSON)
    assert api.get("/auth/me", as_=again["token"]).status == 200
    assert api.get("/auth/me", as_=token).code == "token_revoked"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, (422, "validation_error")),
        ({"password": None}, (422, "validation_error")),
        ({"password": ""}, (422, "validation_error")),
        ({"password": 7}, (422, "validation_error")),
        ({"password": "x" * 129}, (422, "validation_error")),
        ({"password": PASSWORD, "email": EMAIL}, (422, "validation_error")),
        ({"password": "wrong horse 7"}, (401, "bad_credentials")),
        ([], (400, "bad_json")),
    ],
)
def test_without_the_right_password_nothing_happens(api: Api, body: Any, said: tuple[int, str]) -> None:
    token = api.sign_up(**PERSON)["token"]
    answer = close(api, token, body)
    assert (answer.status, answer.code) == said
    assert api.get("/auth/me", as_=token).status == 200


def raw_delete(api: Api, token: str, **kwargs: Any) -> int:
    """Send a DELETE as bytes."""
    return api.client.delete("/auth/me", headers={"Authorization": f"Bearer {token}"}, **kwargs).status_code


def test_no_body_is_a_missing_password(api: Api) -> None:
    token = api.sign_up(**PERSON)["token"]
    answer = api.delete("/auth/me", as_=token)
    assert (answer.status, answer.fields) == (422, ["password"])
    assert raw_delete(api, token, data=b"", content_type="application/json") == 422
    assert raw_delete(api, token, data=b"{", content_type="application/json") == 400
    assert raw_delete(api, token, data=b'{"password": "x"}', content_type="text/plain") == 415


def test_a_body_in_chunks_is_read_as_well(api: Api) -> None:
    token = api.sign_up(**PERSON)["token"]
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    stream = io.BytesIO(json.dumps({"password": PASSWORD}).encode())
    kwargs = {"input_stream": stream, "content_type": "application/json", "environ_overrides": chunked}
    assert raw_delete(api, token, **kwargs) == 200


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("body", [None, {}, {"password": "whatever"}])
def test_an_account_of_googles_needs_no_password(api: Api, db: Db, body: Any) -> None:
    token = api.post("/auth/google", {"id_token": id_token()}).data["token"]
    assert api.send("DELETE", "/auth/me", body, as_=token).status == 200
    assert db.users.count_documents({}) == 0
    # Whoever signs in again begins anew.
    assert api.post("/auth/google", {"id_token": id_token()}).status == 200


def test_a_guests_personal_data_are_gone_and_the_owners_history_stays(api: Api, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    session = api.sign_up(**PERSON)
    guest, guest_id = session["token"], session["profile"]["id"]
    order = {"venue_id": venue_id, "date": day(1), "guests": 100, "notes": NOTES}
    booking_id = api.post("/bookings", order, as_=guest, Idempotency_Key="first").data["booking_id"]
    put_booking(db, ObjectId(venue_id), ObjectId(guest_id), date=day(-5), notes=NOTES, status="confirmed")
    for typed in (EMAIL, EMAIL.upper(), f" {EMAIL.title()} "):
        api.post("/auth/forgot-password", {"email": typed})
    kept = db.users.find_one({"email": EMAIL})
    assert kept is not None
    secrets = [EMAIL, *PERSON.values(), NOTES, kept["password_hash"]]
    assert all(secret in dump(db) for secret in secrets)

    assert close(api, guest).status == 200
    stored = dump(db).lower()
    assert [secret for secret in secrets if secret.lower() in stored] == []
    assert [db[name].count_documents({}) for name in ("outbox", "password_resets", "idempotency_keys")] == [0, 0, 0]
    past, coming = api.get("/bookings", as_=owner).data["bookings"]
    assert (past["date"], past["status"], past["price_locked"]) == (day(-5), "confirmed", 150_000)
    assert (coming["id"], coming["status"], coming["price_locked"]) == (booking_id, "cancelled", 101_000)
    assert (past["guest"], coming["guest"], past["notes"], coming["notes"]) == (None, None, None, None)
    assert api.book(api.guest(), venue_id, day(1)).status == 201


def test_a_booking_of_today_in_karachi_is_a_coming_one(api: Api, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, dates_available=[day(0)])
    guest = api.guest()
    booking_id = api.book(guest, venue_id, day(0)).data["booking_id"]
    assert close(api, guest).status == 200
    kept = db.bookings.find_one({"_id": ObjectId(booking_id)})
    assert kept is not None
    assert kept["status"] == "cancelled"


def test_an_owners_personal_data_and_venues_are_gone_and_the_guests_history_stays(api: Api, db: Db) -> None:
    owner = api.sign_up(owner=True, **PERSON)["token"]
    venue_ids = [api.list_venue(owner, venue_name=name) for name in ("Pearl Hall", "Ruby Hall")]
    guest = api.guest()
    booking_id = api.book(guest, venue_ids[0], day(1)).data["booking_id"]
    with time_machine.travel(utc_now() + timedelta(days=2)):
        assert close(api, owner).status == 200
    stored = dump(db)
    assert [secret for secret in PERSON.values() if secret in stored] == []
    assert db.venues.count_documents({}) == 0
    booking = api.get(f"/bookings/{booking_id}", as_=guest).data["booking"]
    assert (booking["status"], booking["venue"]["venue_name"]) == ("pending", "Pearl Hall")
    assert api.get(f"/venues/{venue_ids[1]}").status == 404


@pytest.mark.parametrize("by", ["another", "the owner himself"])
def test_an_owner_stays_while_people_count_on_one_of_the_venues(api: Api, db: Db, by: str) -> None:
    owner = api.sign_up(owner=True, **PERSON)["token"]
    venue_ids = [api.list_venue(owner) for _ in range(3)]
    guest = api.guest() if by == "another" else owner
    booking_id = api.book(guest, venue_ids[1], day(1)).data["booking_id"]
    before = dump(db)
    answer = close(api, owner)
    assert (answer.status, answer.code) == (409, "has_bookings")
    assert dump(db) == before
    assert api.get("/auth/me", as_=owner).status == 200
    assert api.delete(f"/bookings/{booking_id}", as_=owner).status == 200
    assert close(api, owner).status == 200
    assert db.venues.count_documents({}) == 0


def test_an_account_of_another_tool_can_be_closed(api: Api, db: Db) -> None:
    put_user(db, email="Bilal.KHAN@Example.COM")
    session = api.post("/auth/login", {"email": "bilal.khan@example.com", "password": "written by another tool"}).data
    api.post("/auth/forgot-password", {"email": "bilal.khan@example.com"})
    assert close(api, session["token"], {"password": "written by another tool"}).status == 200
    assert "bilal" not in dump(db).lower()


def test_of_two_closings_at_once_one_does_it(app: Flask, api: Api, db: Db) -> None:
    token = api.sign_up(**PERSON)["token"]
    answers = at_once([lambda: close(Api(app.test_client()), token)] * 2)
    assert sorted(answer.status for answer in answers) == [200, 401]
    assert db.users.count_documents({}) == 0


def close_while_a_booking_is_placed(app: Flask, api: Api, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Place a booking between the closing's last look at bookings and its end."""
    venue_id, guest = api.list_venue(api.owner()), api.guest()
    statuses: list[int] = []
    rival = Api(app.test_client())
    thread = meanwhile(
        monkeypatch, closure, "delete_keys", lambda: statuses.append(rival.book(guest, venue_id, day(1)).status)
    )
    statuses.append(close(api, guest).status)
    thread.join()
    return sorted(statuses)


def list_a_venue_while_closing(app: Flask, api: Api, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """List a venue between the closing's last look at venues and its end."""
    owner, statuses, rival = api.owner(), [], Api(app.test_client())

    def list_venue() -> None:
        statuses.append(rival.post("/venues/register", venue_body(), as_=owner).status)

    thread = meanwhile(monkeypatch, closure, "delete_keys", list_venue)
    statuses.append(close(api, owner).status)
    thread.join()
    return sorted(statuses)


def count_homeless(db: Db) -> int:
    """Count active bookings and venues whose accounts are gone."""
    people = db.users.distinct("_id")
    booked = db.bookings.count_documents({"user_id": {"$nin": people}, "status": {"$ne": "cancelled"}})
    return booked + db.venues.count_documents({"owner_id": {"$nin": people}})


RACES = pytest.mark.parametrize("race", [close_while_a_booking_is_placed, list_a_venue_while_closing])


@RACES
def test_what_an_account_does_while_it_is_closed_finds_it_gone(
    app: Flask, api: Api, db: Db, monkeypatch: pytest.MonkeyPatch, race: Callable[..., list[int]]
) -> None:
    assert race(app, api, monkeypatch) == [200, 401]
    assert count_homeless(db) == 0


@RACES
def test_control_without_holding_the_account_something_is_left_over(
    app: Flask, api: Api, db: Db, monkeypatch: pytest.MonkeyPatch, race: Callable[..., list[int]]
) -> None:
    for module in (bookings, listings):
        monkeypatch.setattr(module, "lock_account", lambda *_: None)
    assert race(app, api, monkeypatch) == [200, 201]
    assert count_homeless(db) == 1


def test_a_booking_that_was_first_is_cancelled_by_the_closing(
    app: Flask, api: Api, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, guest = api.list_venue(api.owner()), api.guest()
    closed: list[Answer] = []
    rival = Api(app.test_client())
    thread = meanwhile(monkeypatch, bookings_store, "insert_booking", lambda: closed.append(close(rival, guest)))
    assert api.book(guest, venue_id, day(1)).status == 201
    thread.join()
    assert closed[0].status == 200
    assert [booking["status"] for booking in db.bookings.find()] == ["cancelled"]


def test_a_venue_that_was_first_is_taken_down_by_the_closing(
    app: Flask, api: Api, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, closed, rival = api.owner(), [], Api(app.test_client())
    thread = meanwhile(monkeypatch, venues_store, "insert_venues", lambda: closed.append(close(rival, owner)))
    api.list_venue(owner)
    thread.join()
    assert closed[0].status == 200
    assert count_homeless(db) == 0


def test_an_order_and_a_closing_at_once_leave_no_active_booking(app: Flask, api: Api, db: Db) -> None:
    venue_id = api.list_venue(api.owner())
    for number in range(5):
        guest = api.guest()
        date = day(number + 1)
        ends = at_once(
            [
                lambda guest=guest: close(Api(app.test_client()), guest).status,  # type: ignore[misc] # bound early
                lambda guest=guest, date=date: Api(app.test_client()).book(guest, venue_id, date).status,  # type: ignore[misc] # bound early
            ]
        )
        assert ends[0] == 200
        assert ends[1] in {201, 401}
        assert count_homeless(db) == 0
