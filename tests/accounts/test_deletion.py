"""Deleting an account removes its personal data, keeps the history of others, and leaves no orphans."""

from __future__ import annotations

import io
import json
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId, json_util

from halls.accounts import deletion
from halls.accounts.clearing import clear_deleted_accounts
from halls.bookings import service as bookings
from halls.bookings import store as bookings_store
from halls.clock import utc_now
from halls.venues import service as venues
from halls.venues import store as venues_store
from tests.accounts.concurrency import at_once, start_rival
from tests.accounts.google_keys import id_token
from tests.api_client import ApiClient, ApiResponse
from tests.conftest import make_config
from tests.factories import PASSWORD, day, insert_booking, insert_user, venue_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from halls.mongo.client import Db

EMAIL = "ayesha@example.com"
PERSON: dict[str, Any] = {"full_name": "Ayesha Siddiqui", "email": EMAIL, "contact_number": "0300-7654321"}
NOTES = "Red carpet for grandmother"


def delete_account(api: ApiClient, token: str, body: Any = None) -> ApiResponse:
    """Delete an account."""
    return api.send("DELETE", "/auth/me", {"password": PASSWORD} if body is None else body, token=token)


def clear(db: Db) -> None:
    """Run the worker's task that clears deleted owners, and forget that it has done so."""
    with tempfile.TemporaryDirectory() as folder:
        clear_deleted_accounts(db, make_config(data_dir=Path(folder)), lambda: False)
    db.account_deletions.delete_many({"cleared_at": {"$ne": None}})


def dump(db: Db) -> str:
    """Return all stored documents, of every collection, as one text."""
    # The saved position in the change stream changes at any time.
    names = set(db.list_collection_names()) - {"search_state"}
    return "".join(json.dumps(json.loads(json_util.dumps(db[name].find()))) for name in sorted(names))


def test_a_deleted_account_and_its_tokens_stop_working(api: ApiClient, db: Db) -> None:
    token = api.sign_up(**PERSON)["token"]
    answer = delete_account(api, token)
    assert (answer.status, answer.data) == (200, {"deleted": True})
    assert api.get("/auth/me", token=token).code == "token_revoked"
    assert delete_account(api, token).code == "token_revoked"
    assert api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).code == "bad_credentials"
    assert db.users.count_documents({}) == 0
    new_session = api.sign_up(**PERSON)
    assert api.get("/auth/me", token=new_session["token"]).status == 200
    assert api.get("/auth/me", token=token).code == "token_revoked"


@pytest.mark.parametrize(
    ("body", "error"),
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
def test_without_the_right_password_the_account_stays(api: ApiClient, body: Any, error: tuple[int, str]) -> None:
    token = api.sign_up(**PERSON)["token"]
    answer = delete_account(api, token, body)
    assert (answer.status, answer.code) == error
    assert api.get("/auth/me", token=token).status == 200


def raw_delete(api: ApiClient, token: str, **kwargs: Any) -> int:
    """Send a DELETE with a raw body. Return the status."""
    return api.client.delete("/auth/me", headers={"Authorization": f"Bearer {token}"}, **kwargs).status_code


def test_an_empty_body_is_a_missing_password(api: ApiClient) -> None:
    token = api.sign_up(**PERSON)["token"]
    answer = api.delete("/auth/me", token=token)
    assert (answer.status, answer.fields) == (422, ["password"])
    assert raw_delete(api, token, data=b"", content_type="application/json") == 422
    assert raw_delete(api, token, data=b"{", content_type="application/json") == 400
    assert raw_delete(api, token, data=b'{"password": "x"}', content_type="text/plain") == 415


def test_a_chunked_body_is_read(api: ApiClient) -> None:
    token = api.sign_up(**PERSON)["token"]
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    stream = io.BytesIO(json.dumps({"password": PASSWORD}).encode())
    kwargs = {"input_stream": stream, "content_type": "application/json", "environ_overrides": chunked}
    assert raw_delete(api, token, **kwargs) == 200


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("body", [None, {}, {"password": "whatever"}])
def test_a_google_account_is_deleted_without_a_password(api: ApiClient, db: Db, body: Any) -> None:
    token = api.post("/auth/google", {"id_token": id_token()}).data["token"]
    assert api.send("DELETE", "/auth/me", body, token=token).status == 200
    assert db.users.count_documents({}) == 0
    # The next sign-in creates a new account.
    assert api.post("/auth/google", {"id_token": id_token()}).status == 200


def test_deletion_removes_a_guests_data_and_keeps_the_owners_history(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    session = api.sign_up(**PERSON)
    guest, guest_id = session["token"], session["profile"]["id"]
    body = {"venue_id": venue_id, "date": day(1), "guests": 100, "notes": NOTES}
    booking_id = api.post("/bookings", body, token=guest, Idempotency_Key="first").data["booking_id"]
    insert_booking(db, ObjectId(venue_id), ObjectId(guest_id), date=day(-5), notes=NOTES, status="confirmed")
    for typed in (EMAIL, EMAIL.upper(), f" {EMAIL.title()} "):
        api.post("/auth/forgot-password", {"email": typed})
    account = db.users.find_one({"email": EMAIL})
    assert account is not None
    secrets = [EMAIL, *PERSON.values(), NOTES, account["password_hash"]]
    assert all(secret in dump(db) for secret in secrets)

    assert delete_account(api, guest).status == 200
    stored = dump(db).lower()
    assert [secret for secret in secrets if secret.lower() in stored] == []
    assert [db[name].count_documents({}) for name in ("password_resets", "email_links", "idempotency_keys")] == [
        0,
        0,
        0,
    ]
    # The owner's.
    assert db.outbox.count_documents({}) == 1
    past, upcoming = api.get("/bookings", token=owner).data["bookings"]
    assert (past["date"], past["status"], past["price_locked"]) == (day(-5), "confirmed", 150_000)
    assert (upcoming["id"], upcoming["status"], upcoming["price_locked"]) == (booking_id, "cancelled", 101_000)
    assert (past["guest"], upcoming["guest"], past["notes"], upcoming["notes"]) == (None, None, None, None)
    assert api.book(api.guest(), venue_id, day(1)).status == 201


def test_a_booking_for_today_in_karachi_counts_as_upcoming(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, dates_available=[day(0)])
    guest = api.guest()
    booking_id = api.book(guest, venue_id, day(0)).data["booking_id"]
    assert delete_account(api, guest).status == 200
    booking = db.bookings.find_one({"_id": ObjectId(booking_id)})
    assert booking is not None
    assert booking["status"] == "cancelled"


def test_deletion_removes_an_owners_data_and_venues_and_keeps_guests_history(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(owner=True, **PERSON)["token"]
    venue_ids = [api.list_venue(owner, venue_name=name) for name in ("Pearl Hall", "Ruby Hall")]
    guest = api.guest()
    booking_id = api.book(guest, venue_ids[0], day(1)).data["booking_id"]
    with time_machine.travel(utc_now() + timedelta(days=2)):
        assert delete_account(api, owner).status == 200
        clear(db)
    stored = dump(db)
    assert [secret for secret in PERSON.values() if secret in stored] == []
    assert db.venues.count_documents({}) == 0
    booking = api.get(f"/bookings/{booking_id}", token=guest).data["booking"]
    assert (booking["status"], booking["venue"]["venue_name"]) == ("pending", "Pearl Hall")
    assert api.get(f"/venues/{venue_ids[1]}").status == 404


WALK_IN_GUEST = {"full_name": "Bilal Telephone", "contact_number": "0321-5550000", "email": "telephone@example.com"}


def enter_walk_in(api: ApiClient, owner: str, venue_id: str, date: str) -> str:
    """Enter a walk-in with notes, with an idempotency key; return its id."""
    body = {"date": date, "guests": 50, "guest": WALK_IN_GUEST, "notes": NOTES}
    answer = api.post(f"/venues/{venue_id}/walk-ins", body, token=owner, Idempotency_Key=date)
    booking_id: str = answer.data["booking_id"]
    return booking_id


def test_deletion_removes_the_guests_of_walk_ins_everywhere(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(owner=True, **PERSON)["token"]
    venue_id, gone_id = api.list_venue(owner), api.list_venue(owner)
    past, gone, cancelled = (
        enter_walk_in(api, owner, place, date)
        for place, date in ((venue_id, day(1)), (gone_id, day(2)), (venue_id, day(3)))
    )
    api.patch(f"/bookings/{past}", {"notes": f"{NOTES}, again"}, token=owner)
    reason = "Grandmother is ill"
    api.patch(f"/bookings/{cancelled}", {"status": "cancelled", "reason": reason}, token=owner)
    with time_machine.travel(utc_now() + timedelta(days=2, hours=1), tick=False):
        token = api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).data["token"]
        db.bookings.update_one({"_id": ObjectId(gone)}, {"$set": {"date": day(-1)}})
        assert api.delete(f"/venues/{gone_id}", token=token).status == 200
        assert WALK_IN_GUEST["full_name"] in dump(db)
        assert delete_account(api, token).status == 200
        clear(db)
    stored = dump(db)
    secrets = [*PERSON.values(), *WALK_IN_GUEST.values(), NOTES, reason]
    assert [secret for secret in secrets if secret in stored] == []
    rows = {str(booking["_id"]): (booking["guest"], booking["status"]) for booking in db.bookings.find()}
    assert rows == {past: (None, "confirmed"), gone: (None, "confirmed"), cancelled: (None, "cancelled")}


def test_deletion_removes_the_guests_of_walk_ins_that_another_account_entered(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(owner=True, **PERSON)["token"]
    booking_id = enter_walk_in(api, owner, api.list_venue(owner), day(1))
    values = {"user_id": ObjectId(), "date": day(-1), "notes": None}
    db.bookings.update_one({"_id": ObjectId(booking_id)}, {"$set": values})
    assert delete_account(api, owner).status == 200
    clear(db)
    assert [secret for secret in WALK_IN_GUEST.values() if secret in dump(db)] == []


def test_deletion_of_a_guest_leaves_walk_ins_and_other_guests(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id, guest = api.list_venue(owner), api.guest()
    enter_walk_in(api, owner, venue_id, day(1))
    api.book(guest, venue_id, day(2))
    before = db.bookings.find_one({"is_walk_in": True})
    assert delete_account(api, guest).status == 200
    assert db.bookings.find_one({"is_walk_in": True}) == before
    assert db.bookings.count_documents({"guest": {"$exists": True}}) == 1


@pytest.mark.parametrize("booked_by", ["another guest", "the owner", "a walk-in"])
def test_an_owner_with_an_upcoming_booking_cannot_be_deleted(api: ApiClient, db: Db, booked_by: str) -> None:
    owner = api.sign_up(owner=True, **PERSON)["token"]
    venue_ids = [api.list_venue(owner) for _ in range(3)]
    guest = api.guest() if booked_by == "another guest" else owner
    booking_id = (
        enter_walk_in(api, owner, venue_ids[1], day(1))
        if booked_by == "a walk-in"
        else api.book(guest, venue_ids[1], day(1)).data["booking_id"]
    )
    before = dump(db)
    answer = delete_account(api, owner)
    assert (answer.status, answer.code) == (409, "has_bookings")
    assert dump(db) == before
    assert api.get("/auth/me", token=owner).status == 200
    assert api.delete(f"/bookings/{booking_id}", token=owner).status == 200
    assert delete_account(api, owner).status == 200
    clear(db)
    assert db.venues.count_documents({}) == 0


def test_an_account_of_an_external_writer_can_be_deleted(api: ApiClient, db: Db) -> None:
    insert_user(db, email="Bilal.KHAN@Example.COM")
    session = api.post(
        "/auth/login", {"email": "bilal.khan@example.com", "password": "written by an external tool"}
    ).data
    api.post("/auth/forgot-password", {"email": "bilal.khan@example.com"})
    assert delete_account(api, session["token"], {"password": "written by an external tool"}).status == 200
    assert "bilal" not in dump(db).lower()


def test_of_two_concurrent_deletions_one_succeeds(app: Flask, api: ApiClient, db: Db) -> None:
    token = api.sign_up(**PERSON)["token"]
    answers = at_once([lambda: delete_account(ApiClient(app.test_client()), token)] * 2)
    assert sorted(answer.status for answer in answers) == [200, 401]
    assert db.users.count_documents({}) == 0


def book_during_deletion(app: Flask, api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Place a booking between the deletion's last read of bookings and its end. Return both statuses."""
    venue_id, guest = api.list_venue(api.owner()), api.guest()
    statuses: list[int] = []
    rival = ApiClient(app.test_client())
    thread = start_rival(
        monkeypatch, deletion, "delete_entries_to", lambda: statuses.append(rival.book(guest, venue_id, day(1)).status)
    )
    statuses.append(delete_account(api, guest).status)
    thread.join()
    return sorted(statuses)


def register_during_deletion(app: Flask, api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Register a venue between the deletion's last read of venues and its end. Return both statuses."""
    owner, statuses, rival = api.owner(), [], ApiClient(app.test_client())

    def register() -> None:
        statuses.append(rival.post("/venues/register", venue_body(), token=owner).status)

    thread = start_rival(monkeypatch, deletion, "delete_entries_to", register)
    statuses.append(delete_account(api, owner).status)
    thread.join()
    return sorted(statuses)


def count_orphans(db: Db) -> int:
    """Return the number of active bookings and venues whose accounts do not exist."""
    account_ids = db.users.distinct("_id")
    booked = db.bookings.count_documents({"user_id": {"$nin": account_ids}, "status": {"$ne": "cancelled"}})
    return booked + db.venues.count_documents({"owner_id": {"$nin": account_ids}, "deleted_at": None})


RACES = pytest.mark.parametrize("race", [book_during_deletion, register_during_deletion])


@RACES
def test_a_write_during_the_deletion_finds_the_account_deleted(
    app: Flask, api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch, race: Callable[..., list[int]]
) -> None:
    assert race(app, api, monkeypatch) == [200, 401]
    assert count_orphans(db) == 0


@RACES
def test_control_without_locking_the_account_an_orphan_remains(
    app: Flask, api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch, race: Callable[..., list[int]]
) -> None:
    for module in (bookings, venues):
        monkeypatch.setattr(module, "lock_account", lambda *_: None)
    assert race(app, api, monkeypatch) == [200, 201]
    assert count_orphans(db) == 1


def test_the_deletion_cancels_a_booking_committed_before_it(
    app: Flask, api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, guest = api.list_venue(api.owner()), api.guest()
    deletions: list[ApiResponse] = []
    rival = ApiClient(app.test_client())
    thread = start_rival(
        monkeypatch, bookings_store, "insert_booking", lambda: deletions.append(delete_account(rival, guest))
    )
    assert api.book(guest, venue_id, day(1)).status == 201
    thread.join()
    assert deletions[0].status == 200
    assert [booking["status"] for booking in db.bookings.find()] == ["cancelled"]


def test_the_deletion_removes_a_venue_committed_before_it(
    app: Flask, api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, deletions, rival = api.owner(), [], ApiClient(app.test_client())
    thread = start_rival(
        monkeypatch, venues_store, "insert_venues", lambda: deletions.append(delete_account(rival, owner))
    )
    api.list_venue(owner)
    thread.join()
    assert deletions[0].status == 200
    assert count_orphans(db) == 0


def test_a_concurrent_booking_and_deletion_leave_no_orphan(app: Flask, api: ApiClient, db: Db) -> None:
    venue_id = api.list_venue(api.owner())
    for number in range(5):
        guest = api.guest()
        date = day(number + 1)
        statuses = at_once(
            [
                lambda guest=guest: delete_account(ApiClient(app.test_client()), guest).status,  # type: ignore[misc] # bound early
                lambda guest=guest, date=date: ApiClient(app.test_client()).book(guest, venue_id, date).status,  # type: ignore[misc] # bound early
            ]
        )
        assert statuses[0] == 200
        assert statuses[1] in {201, 401}
        assert count_orphans(db) == 0
