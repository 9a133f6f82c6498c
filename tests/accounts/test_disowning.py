"""POST /auth/disown-email: the holder of a mailbox says that an account with this address is not theirs."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId

from halls.accounts import email_store
from halls.clock import utc_now
from halls.venues import store as venues
from tests.accounts.concurrency import at_once, run_before_first_call
from tests.accounts.conftest import links_in, send_again, token_of
from tests.accounts.google_keys import id_token
from tests.api_client import ApiClient, ApiResponse
from tests.factories import PASSWORD, bare_venue_document, day, insert_booking

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from halls.mongo.client import Db
    from tests.accounts.conftest import Mail

EMAIL = "ayesha@example.com"
NEW = "another horse 8"
NOW = datetime(2026, 11, 22, 15, 5, 30, tzinfo=timezone.utc)
ROUNDS = 10


def disown(api: ApiClient, token: Any) -> str:
    """Send the token, and return "done" or the status and code of the error."""
    answer = api.post("/auth/disown-email", {"token": token})
    return "done" if answer.status == 200 else f"{answer.status} {answer.code}"


def log_in(api: ApiClient, password: str = PASSWORD) -> ApiResponse:
    """Log in with the address."""
    return api.post("/auth/login", {"email": EMAIL, "password": password})


def take_over(api: ApiClient, all_mail: Mail) -> None:
    """Reset the password by the e-mail to the address."""
    api.post("/auth/forgot-password", {"email": EMAIL})
    (delivery,) = all_mail.deliver()
    reset = {"token": links_in(delivery)["reset-password"], "new_password": NEW}
    assert api.post("/auth/reset-password", reset).status == 200


def test_disowning_voids_the_password_and_the_tokens(api: ApiClient, all_mail: Mail, db: Db) -> None:
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    answer = api.post("/auth/disown-email", {"token": token})
    assert (answer.status, answer.data.keys()) == (200, {"message"})
    assert api.get("/auth/me", token=session["token"]).code == "token_revoked"
    assert log_in(api).code == "bad_credentials"
    assert db.email_links.count_documents({}) == 0
    assert disown(api, token) == "422 bad_link"


def test_a_disowned_address_gets_no_more_email(api: ApiClient, all_mail: Mail, db: Db) -> None:
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    send_again(api, session)
    change = {"password": PASSWORD, "new_password": NEW}
    assert api.post("/auth/change-password", change, token=session["token"]).status == 200
    assert disown(api, token) == "done"
    assert all_mail.deliver() == []
    assert not email_store.claim_news_email(db, ObjectId(session["profile"]["id"]), ObjectId(), utc_now())


def test_the_holder_of_the_mailbox_takes_the_account_over_by_a_reset(api: ApiClient, all_mail: Mail, db: Db) -> None:
    api.sign_up(email=EMAIL)
    disown(api, token_of(all_mail))
    take_over(api, all_mail)
    assert log_in(api, NEW).data["profile"]["email_verified"] is True
    assert db.users.count_documents({"disowned_at": {"$exists": True}}) == 0
    # The e-mail about the changed password.
    assert len(all_mail.deliver()) == 1


@pytest.mark.usefixtures("keys")
def test_the_holder_of_the_mailbox_takes_the_account_over_with_google(api: ApiClient, all_mail: Mail, db: Db) -> None:
    api.sign_up(email=EMAIL)
    disown(api, token_of(all_mail))
    profile = api.post("/auth/google", {"id_token": id_token(email=EMAIL)}).data["profile"]
    assert (profile["email_verified"], profile["auth_provider"]) == (True, "google")
    assert db.users.count_documents({"disowned_at": {"$exists": True}}) == 0


def test_a_reset_link_from_before_is_void(api: ApiClient, all_mail: Mail) -> None:
    api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    api.post("/auth/forgot-password", {"email": EMAIL})
    (delivery,) = all_mail.deliver()
    disown(api, token)
    reset = {"token": links_in(delivery)["reset-password"], "new_password": NEW}
    assert api.post("/auth/reset-password", reset).code == "bad_reset_token"


def test_disowning_cancels_the_upcoming_pending_bookings(api: ApiClient, all_mail: Mail, db: Db) -> None:
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    owner = api.owner()
    venue_id = api.list_venue(owner)
    pending, confirmed = (api.book(session["token"], venue_id, day(ahead)).data["booking_id"] for ahead in (1, 2))
    others = api.book(api.guest(), venue_id, day(3)).data["booking_id"]
    assert api.patch(f"/bookings/{confirmed}", {"status": "confirmed"}, token=owner).status == 200
    past = insert_booking(db, ObjectId(venue_id), ObjectId(session["profile"]["id"]), date=day(-5))["_id"]
    # An owner can have hundreds at his own venue: too many for one transaction.
    own_venue = bare_venue_document(ObjectId(session["profile"]["id"]))
    db.venues.insert_one(own_venue)
    own = insert_booking(db, own_venue["_id"], ObjectId(session["profile"]["id"]), date=day(4))["_id"]
    assert disown(api, token) == "done"
    statuses = {str(booking["_id"]): booking["status"] for booking in db.bookings.find()}
    expected = {pending: "cancelled", confirmed: "confirmed", others: "pending", str(past): "pending"}
    assert statuses == {**expected, str(own): "pending"}
    (cancelled,) = db.bookings.find({"status": "cancelled"})
    assert (cancelled["cancellation"]["by"], cancelled["cancellation"]["from"]) == ("account_deletion", "pending")
    assert [event["type"] for event in db.events.find({"booking_id": ObjectId(pending)})] == ["placed", "cancelled"]
    assert api.book(api.guest(), venue_id, day(1)).status == 201


@pytest.mark.parametrize("token", ["x", "x" * 43, " ", "\x00", "a" * 10_000, "علی", '{"$ne": ""}'])
def test_an_unknown_token_is_rejected(api: ApiClient, token: str) -> None:
    assert disown(api, token) == "422 bad_link"


@pytest.mark.parametrize("token", ["", None, 7, {"$ne": ""}, ["x"], "a" * 10_001])
def test_a_malformed_token_is_a_validation_error(api: ApiClient, token: Any) -> None:
    answer = api.post("/auth/disown-email", {"token": token})
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", ["token"])


def test_a_link_disowns_for_seven_days(api: ApiClient, all_mail: Mail) -> None:
    with time_machine.travel(NOW):
        api.sign_up(email=EMAIL)
        token = token_of(all_mail)
    for seconds, outcome in ((5, "422 bad_link"), (-5, "done")):
        with time_machine.travel(NOW + timedelta(days=7, seconds=seconds), tick=False):
            assert disown(api, token) == outcome


@pytest.mark.parametrize("change", [{"email": "new@example.com"}, {"email_verified": True}, {"disowned_at": NOW}])
def test_a_link_of_another_state_of_the_account_changes_nothing(
    api: ApiClient, all_mail: Mail, db: Db, change: dict[str, Any]
) -> None:
    api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    db.users.update_one({}, {"$set": change})
    before = db.users.find_one({})
    assert disown(api, token) == "422 bad_link"
    assert db.users.find_one({}) == before
    assert db.email_links.count_documents({}) == 1


def verify_and_disown(app: Flask, api: ApiClient, all_mail: Mail) -> set[tuple[str, str]]:
    """Verify and disown an address at the same time, in many rounds. Return the pairs of outcomes."""
    outcomes = set()
    for number in range(ROUNDS):
        session = api.sign_up(email=f"p{number}.{EMAIL}")
        token = token_of(all_mail)

        def verify(session: Any = session, token: str = token) -> str:
            client = ApiClient(app.test_client())
            answer = client.post("/auth/verify-email", {"token": token}, token=session["token"])
            return "done" if answer.status == 200 else f"{answer.status} {answer.code}"

        rivals: list[Callable[[], str]] = [verify, functools.partial(disown, ApiClient(app.test_client()), token)]
        first, second = at_once(rivals)
        outcomes.add((first, second))
    return outcomes


def test_an_address_is_either_verified_or_disowned(app: Flask, api: ApiClient, all_mail: Mail, db: Db) -> None:
    outcomes = verify_and_disown(app, api, all_mail)
    assert outcomes <= {("done", "422 bad_link"), ("401 token_revoked", "done")}
    assert db.users.count_documents({"email_verified": True, "disowned_at": {"$exists": True}}) == 0


def book_while_disowning(api: ApiClient, all_mail: Mail, monkeypatch: pytest.MonkeyPatch) -> ApiResponse:
    """Disown the guest's address after the request for a booking was authenticated."""
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    owner = api.owner()
    venue_id = api.list_venue(owner)
    all_mail.deliver()
    run_before_first_call(monkeypatch, venues, "claim_date", lambda: disown(api, token))
    return api.book(session["token"], venue_id, day(1))


def test_a_disowned_account_places_no_booking_afterwards(
    api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert book_while_disowning(api, all_mail, monkeypatch).code == "token_revoked"
    assert db.bookings.count_documents({}) == 0


def test_control_without_the_lock_of_the_account_a_booking_is_placed(
    api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halls.bookings.service.lock_account", lambda *_: None)
    assert book_while_disowning(api, all_mail, monkeypatch).status == 201
    assert db.bookings.count_documents({"status": "pending"}) == 1
