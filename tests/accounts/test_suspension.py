"""A suspended account can't log in, has no valid token, and its venues take no new bookings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.accounts import service, store, suspension
from halls.accounts.operator_store import mark_suspended
from halls.accounts.suspension import AccountChanged, restore_account, suspend_account
from halls.cli.check import find_violations
from halls.clock import utc_now
from tests.accounts.concurrency import run_before_first_call
from tests.accounts.google_keys import id_token
from tests.factories import PASSWORD, day

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from halls.mongo.client import Db, Document
    from tests.accounts.conftest import Mail
    from tests.accounts.google_keys import KeyServer
    from tests.api_client import ApiClient

EMAIL = "owner@example.com"
LOGIN = {"email": EMAIL, "password": PASSWORD}


@dataclass
class Owner:
    """An owner with a venue."""

    id: ObjectId
    token: str
    venue_id: str


@pytest.fixture
def owner(api: ApiClient) -> Owner:
    """An owner with a venue, which is not suspended yet."""
    session = api.sign_up(owner=True, email=EMAIL)
    return Owner(ObjectId(session["profile"]["id"]), session["token"], api.list_venue(session["token"]))


def list_found(api: ApiClient) -> list[str]:
    """Return the ids of the venues that search finds."""
    return [venue["id"] for venue in api.get("/venues/search").data["venues"]]


def test_a_suspended_account_can_not_log_in(api: ApiClient, db: Db, owner: Owner) -> None:
    suspend_account(db, owner.id, utc_now())
    answer = api.post("/auth/login", LOGIN)
    assert (answer.status, answer.code) == (403, "suspended")
    assert answer.json["error"] == "Your account is suspended."


def test_a_wrong_password_does_not_reveal_the_suspension(api: ApiClient, db: Db, owner: Owner) -> None:
    suspend_account(db, owner.id, utc_now())
    wrong, unknown = (
        api.post("/auth/login", {**LOGIN, **change}) for change in ({"password": "wrong horse 9"}, {"email": "x@y.zz"})
    )
    assert (wrong.status, wrong.code, wrong.content) == (401, "bad_credentials", unknown.content)


def test_the_error_names_the_address_of_the_operator(
    api: ApiClient, app: Flask, db: Db, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = app.extensions["halls"]
    config = context.config.model_copy(update={"operator_email": "help@halls.example"})
    monkeypatch.setattr(context, "config", config)
    suspend_account(db, owner.id, utc_now())
    assert api.post("/auth/login", LOGIN).json["error"] == "Your account is suspended. Write to help@halls.example."


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/auth/me", None),
        ("POST", "/auth/refresh", None),
        ("PATCH", "/auth/me", {"full_name": "A"}),
        ("POST", "/auth/logout", {}),
        ("GET", "/venues/mine", None),
        ("GET", "/bookings", None),
    ],
)
def test_a_token_of_a_suspended_account_is_revoked(
    api: ApiClient, db: Db, owner: Owner, method: str, path: str, body: Any
) -> None:
    suspend_account(db, owner.id, utc_now())
    answer = api.send(method, path, body, token=owner.token)
    assert (answer.status, answer.code) == (401, "token_revoked")


def test_a_token_with_the_present_version_is_revoked_too(api: ApiClient, db: Db, owner: Owner) -> None:
    db.users.update_one({"_id": owner.id}, {"$set": {"suspended_at": utc_now()}})
    assert api.get("/auth/me", token=owner.token).code == "token_revoked"


def test_null_means_not_suspended(api: ApiClient, db: Db, owner: Owner) -> None:
    db.users.update_one({"_id": owner.id}, {"$set": {"suspended_at": None}})
    db.venues.update_one({}, {"$set": {"suspended_at": None}})
    assert api.get("/auth/me", token=owner.token).status == 200
    assert api.list_venue(owner.token)
    assert find_violations(db, day(0)) == {}


def test_venues_of_a_suspended_owner_are_out_of_search_and_take_no_bookings(
    api: ApiClient, db: Db, owner: Owner
) -> None:
    guest = api.guest()
    booking_id = api.book(guest, owner.venue_id, day(1)).data["booking_id"]
    before = db.venues.find_one({})
    assert suspend_account(db, owner.id, utc_now()) == 1
    assert list_found(api) == []
    days = api.get(f"/venues/{owner.venue_id}/availability?from={day(1)}&to={day(9)}").data["days"]
    assert {row["available"] for row in days} == {False}
    answer = api.book(guest, owner.venue_id, day(2))
    assert (answer.status, answer.code) == (409, "date_not_offered")
    assert answer.json["error"] == "The venue takes no bookings at present."
    booking = api.get(f"/bookings/{booking_id}", token=guest).data["booking"]
    assert (booking["status"], booking["venue"]["id"]) == ("pending", owner.venue_id)
    assert api.get(f"/venues/{owner.venue_id}").status == 200
    after = db.venues.find_one({})
    assert before is not None
    assert after is not None
    assert after["updated_at"] == before["updated_at"]
    assert find_violations(db, day(0)) == {}


def test_restoring_brings_back_login_and_venues_but_no_old_token(api: ApiClient, db: Db, owner: Owner) -> None:
    paused = api.list_venue(owner.token, venue_name="Paused", is_listed=False)
    suspend_account(db, owner.id, utc_now())
    assert restore_account(db, owner.id, utc_now()) == 2
    assert list_found(api) == [owner.venue_id]
    assert api.get("/auth/me", token=owner.token).code == "token_revoked"
    token = api.post("/auth/login", LOGIN).data["token"]
    assert api.get(f"/venues/{paused}", token=token).data["venue"]["is_listed"] is False
    assert api.book(api.guest(), owner.venue_id, day(2)).status == 201
    assert not db.users.find_one({"suspended_at": {"$exists": True}})
    assert not db.venues.find_one({"suspended_at": {"$exists": True}})
    assert find_violations(db, day(0)) == {}


def test_tokens_stay_invalid_after_a_suspension_that_did_not_change_their_version(
    api: ApiClient, db: Db, owner: Owner
) -> None:
    db.users.update_one({"_id": owner.id}, {"$set": {"suspended_at": utc_now()}})
    restore_account(db, owner.id, utc_now())
    assert api.get("/auth/me", token=owner.token).code == "token_revoked"


def test_a_repeated_suspension_keeps_its_time_and_completes_the_venues(api: ApiClient, db: Db, owner: Owner) -> None:
    mark_suspended(db, owner.id, utc_now())
    (user,) = db.users.find({})
    assert set(find_violations(db, day(0))) == {"venue_suspended_with_owner"}
    assert [suspend_account(db, owner.id, utc_now()) for _ in range(2)] == [1, 0]
    (again,) = db.users.find({})
    (venue,) = db.venues.find({})
    assert again["suspended_at"] == venue["suspended_at"] == user["suspended_at"]
    assert again["token_version"] == user["token_version"]
    assert list_found(api) == []


def test_an_interrupted_restoration_is_completed(api: ApiClient, db: Db, owner: Owner) -> None:
    suspend_account(db, owner.id, utc_now())
    db.users.update_one({}, {"$unset": {"suspended_at": 1}})
    assert set(find_violations(db, day(0))) == {"venue_suspended_with_owner"}
    assert restore_account(db, owner.id, utc_now()) == 1
    assert list_found(api) == [owner.venue_id]
    assert find_violations(db, day(0)) == {}


def test_many_venues_are_taken_out_in_several_transactions(
    db: Db, api: ApiClient, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspension, "BATCH", 2)
    for _ in range(4):
        api.list_venue(owner.token)
    other = api.list_venue(api.owner())
    assert suspend_account(db, owner.id, utc_now()) == 5
    assert list_found(api) == [other]
    assert restore_account(db, owner.id, utc_now()) == 5
    assert len(list_found(api)) == 6


@pytest.mark.parametrize(("command", "rival"), [(suspend_account, restore_account), (restore_account, suspend_account)])
def test_the_opposite_command_of_another_operator_stops_this_one(
    db: Db,
    owner: Owner,
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[..., int],
    rival: Callable[..., int],
) -> None:
    assert owner.venue_id
    rival(db, owner.id, utc_now())
    run_before_first_call(monkeypatch, suspension, "list_venue_ids", lambda: rival(db, owner.id, utc_now()))
    with pytest.raises(AccountChanged):
        command(db, owner.id, utc_now())
    assert find_violations(db, day(0)) == {}


def test_a_deleted_account_can_not_be_suspended(db: Db) -> None:
    with pytest.raises(AccountChanged):
        suspend_account(db, ObjectId(), utc_now())


def test_a_password_reset_does_not_end_the_suspension(api: ApiClient, db: Db, owner: Owner, mail: Mail) -> None:
    suspend_account(db, owner.id, utc_now())
    body = {"token": mail.reset_token(api, EMAIL), "new_password": "another horse 8"}
    assert api.post("/auth/reset-password", body).status == 200
    answer = api.post("/auth/login", {**LOGIN, "password": "another horse 8"})
    assert (answer.status, answer.code) == (403, "suspended")
    assert find_violations(db, day(0)) == {}


def test_a_password_change_that_races_with_the_suspension_changes_nothing(
    api: ApiClient, db: Db, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_before_first_call(monkeypatch, store, "replace_password", lambda: suspend_account(db, owner.id, utc_now()))
    change = {"password": PASSWORD, "new_password": "another horse 8"}
    assert api.post("/auth/change-password", change, token=owner.token).status == 401
    assert api.post("/auth/login", LOGIN).code == "suspended"


def test_a_login_that_races_with_the_suspension_gives_no_valid_token(
    api: ApiClient, db: Db, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_before_first_call(monkeypatch, service, "needs_new_hash", lambda: suspend_account(db, owner.id, utc_now()))
    token = api.post("/auth/login", LOGIN).data["token"]
    assert api.get("/auth/me", token=token).code == "token_revoked"
    restore_account(db, owner.id, utc_now())
    assert api.get("/auth/me", token=token).code == "token_revoked"


def _account(db: Db) -> Document:
    (account,) = db.users.find({"email": EMAIL}, {"suspended_at": 0, "token_version": 0, "updated_at": 0, "rev": 0})
    return account


@pytest.mark.parametrize("is_linked", [False, True])
def test_google_does_not_open_a_suspended_account(
    api: ApiClient, db: Db, owner: Owner, keys: KeyServer, *, is_linked: bool
) -> None:
    assert keys.fetches == 0
    token = {"id_token": id_token(email=EMAIL), "contact_number": "0300 1234567"}
    if is_linked:
        assert api.post("/auth/google", {"id_token": id_token(email=EMAIL)}).status == 200
    before = _account(db)
    suspend_account(db, owner.id, utc_now())
    answer = api.post("/auth/google", token)
    assert (answer.status, answer.code) == (403, "suspended")
    assert _account(db) == before


def test_a_suspended_guest_stays_in_the_bookings_of_owners(api: ApiClient, db: Db, owner: Owner) -> None:
    guest = api.sign_up(full_name="Hina")
    api.book(guest["token"], owner.venue_id, day(1))
    suspend_account(db, ObjectId(guest["profile"]["id"]), utc_now())
    (booking,) = api.get("/bookings", token=owner.token).data["bookings"]
    assert (booking["status"], booking["guest"]["full_name"]) == ("pending", "Hina")
    answer = api.patch(f"/bookings/{booking['id']}", {"status": "confirmed"}, token=owner.token)
    assert answer.data["booking"]["status"] == "confirmed"
