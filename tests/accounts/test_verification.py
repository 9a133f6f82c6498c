"""Verification of e-mail addresses: the e-mail of a sign-up, its link, requests for more, and silent verification."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import time_machine

from halls.accounts import emails, verification
from halls.accounts.store import find_accounts
from halls.clock import utc_now
from halls.demo.load import load_demo
from tests.accounts.concurrency import at_once, run_before_first_call
from tests.accounts.conftest import APP_URL, links_in, send_again, token_of
from tests.accounts.google_keys import id_token
from tests.api_client import ApiClient
from tests.factories import PASSWORD, insert_user

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db
    from tests.accounts.conftest import Mail

EMAIL = "ayesha@example.com"
NOW = datetime(2026, 11, 22, 15, 5, 30, tzinfo=timezone.utc)
RIVALS = 8


def verify(api: ApiClient, session: Any, token: Any) -> Any:
    """Send the token, and return the profile, or the status and code of the error."""
    answer = api.post("/auth/verify-email", {"token": token}, token=session["token"])
    return answer.data["profile"] if answer.status == 200 else f"{answer.status} {answer.code}"


def is_verified(api: ApiClient, session: Any) -> bool:
    """Return whether the profile says that the address is verified."""
    verified: bool = api.get("/auth/me", token=session["token"]).data["profile"]["email_verified"]
    return verified


def test_a_sign_up_sends_an_email_whose_link_verifies_the_address(api: ApiClient, all_mail: Mail, db: Db) -> None:
    with time_machine.travel(NOW, tick=False):
        session = api.sign_up(email=EMAIL, full_name="Ayesha Siddiqui")
        assert session["profile"]["email_verified"] is False
        (delivery,) = all_mail.deliver()
        assert delivery.receivers == [EMAIL]
        token = links_in(delivery)["verify-email"]
        assert links_in(delivery) == {"verify-email": token, "disown-email": token}
        assert f"\n{APP_URL}/verify-email?token={token}\n" in delivery.part("plain")
        assert "until 29 November 2026, 20:05 PKT." in delivery.part("plain")
        assert "Ayesha Siddiqui" not in delivery.message.as_string()
        assert verify(api, session, token)["email_verified"] is True
    assert db.email_links.count_documents({}) == 0
    assert is_verified(api, api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).data)


def test_a_failed_sign_up_sends_no_email(api: ApiClient, all_mail: Mail) -> None:
    api.sign_up(email=EMAIL)
    assert api.post("/auth/signup", {"email": EMAIL, "password": PASSWORD, "is_venue_owner": False}).status == 409
    assert len(all_mail.deliver()) == 1


def test_a_rolled_back_sign_up_sends_no_email(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> None:
        raise KeyError

    monkeypatch.setattr("halls.accounts.service.enqueue", fail)
    body = {"email": EMAIL, "password": PASSWORD, "is_venue_owner": False}
    assert api.post("/auth/signup", body).status == 500
    assert (db.users.count_documents({}), db.outbox.count_documents({})) == (0, 0)


def test_only_a_hash_of_the_token_is_stored_or_logged(api: ApiClient, all_mail: Mail, db: Db) -> None:
    with structlog.testing.capture_logs() as lines:
        session = api.sign_up(email=EMAIL)
        token = token_of(all_mail)
        (link,) = db.email_links.find()
        verify(api, session, token)
    assert len(token) >= 43
    assert link["token"] == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(lines) + str(list(db.outbox.find()))


def test_a_link_needs_a_login(api: ApiClient, all_mail: Mail) -> None:
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    assert api.post("/auth/verify-email", {"token": token}).code == "missing_token"
    assert verify(api, session, token)["email_verified"] is True


def test_a_link_verifies_only_its_own_account(api: ApiClient, all_mail: Mail) -> None:
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    other = api.sign_up(email="bilal@example.com")
    assert verify(api, other, token) == "422 bad_link"
    assert not is_verified(api, other)
    assert verify(api, session, token)["email_verified"] is True


def test_a_link_verifies_only_the_address_that_it_was_sent_to(api: ApiClient, all_mail: Mail, db: Db) -> None:
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    db.users.update_one({}, {"$set": {"email": "mallory@example.com"}})
    assert verify(api, session, token) == "422 bad_link"


@pytest.mark.parametrize("token", ["x", "x" * 43, " ", "\x00", "a" * 10_000, "علی", '{"$ne": ""}'])
def test_an_unknown_token_is_rejected(api: ApiClient, token: str) -> None:
    assert verify(api, api.sign_up(), token) == "422 bad_link"


@pytest.mark.parametrize("token", ["", None, 7, {"$ne": ""}, ["x"], "a" * 10_001])
def test_a_malformed_token_is_a_validation_error(api: ApiClient, token: Any) -> None:
    answer = api.post("/auth/verify-email", {"token": token}, token=api.guest())
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", ["token"])


def test_a_link_expires_after_seven_days_before_the_ttl_index_deletes_it(
    api: ApiClient, all_mail: Mail, db: Db
) -> None:
    with time_machine.travel(NOW):
        api.sign_up(email=EMAIL)
        token = token_of(all_mail)
    for seconds, is_good in ((5, False), (-5, True)):
        with time_machine.travel(NOW + timedelta(days=7, seconds=seconds), tick=False):
            session = api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).data
            assert (verify(api, session, token) == "422 bad_link") is not is_good
    index = db.email_links.index_information()["links_expire"]
    assert (index["key"], index["expireAfterSeconds"]) == ([("expires_at", 1)], 0)


def test_a_verified_account_gets_200_for_any_token(api: ApiClient, all_mail: Mail) -> None:
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    verify(api, session, token)
    for again in (token, "x"):
        assert verify(api, session, again)["email_verified"] is True


def test_verifying_voids_the_other_links(api: ApiClient, all_mail: Mail, db: Db) -> None:
    session = api.sign_up(email=EMAIL)
    first = token_of(all_mail)
    send_again(api, session)
    second = token_of(all_mail)
    assert first != second
    assert verify(api, session, first)["email_verified"] is True
    assert db.email_links.count_documents({}) == 0


def test_a_token_that_is_sent_twice_at_once_succeeds_twice(app: Flask, api: ApiClient, all_mail: Mail) -> None:
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    profiles = at_once([lambda: verify(ApiClient(app.test_client()), session, token)] * RIVALS)
    assert [profile["email_verified"] for profile in profiles] == [True] * RIVALS


@pytest.mark.parametrize("when", ["before", "during the request"])
def test_a_revoked_token_verifies_nothing(
    api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)

    def revoke() -> None:
        api.post("/auth/logout", {"everywhere": True}, token=session["token"])

    if when == "before":
        revoke()
    else:
        run_before_first_call(monkeypatch, verification.store, "find_valid_account", revoke)
    assert verify(api, session, token) == "401 token_revoked"
    assert db.users.count_documents({"email_verified": True}) == 0


def test_a_queued_email_is_dropped_once_the_address_is_verified(api: ApiClient, all_mail: Mail) -> None:
    session = api.sign_up(email=EMAIL)
    token = token_of(all_mail)
    send_again(api, session)
    verify(api, session, token)
    assert all_mail.deliver() == []


def test_a_queued_email_of_a_deleted_account_is_dropped(api: ApiClient, all_mail: Mail, db: Db) -> None:
    session = api.sign_up(email=EMAIL)
    db.users.delete_one({})
    assert all_mail.deliver() == []
    assert db.email_links.count_documents({}) == 0
    assert api.get("/auth/me", token=session["token"]).status == 401


def test_deleting_an_account_deletes_its_links_and_entries(api: ApiClient, all_mail: Mail, db: Db) -> None:
    session = api.sign_up(email=EMAIL)
    token_of(all_mail)
    send_again(api, session)
    api.delete("/auth/me", body={"password": PASSWORD}, token=session["token"])
    assert (db.email_links.count_documents({}), db.outbox.count_documents({})) == (0, 0)


def delete_while_rendering(api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch) -> int:
    """Delete the account after the worker has read it. Return the number of links that stay."""
    api.sign_up(email=EMAIL)
    run_before_first_call(monkeypatch, emails.secrets, "token_urlsafe", lambda: db.users.delete_one({}))
    assert all_mail.deliver() == [] or db.email_links.count_documents({})
    return db.email_links.count_documents({})


def test_no_link_stays_for_an_account_that_is_deleted_meanwhile(
    api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert delete_while_rendering(api, all_mail, db, monkeypatch) == 0


def test_control_without_the_lock_of_the_account_a_link_stays(
    api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    find = emails.email_store.find_receiver

    def find_and_keep(*args: Any) -> Any:
        seen.append(find(*args))
        return seen[0]

    monkeypatch.setattr(emails.email_store, "find_receiver", find_and_keep)
    monkeypatch.setattr(emails.email_store, "lock_unverified_account", lambda *_: seen[0])
    assert delete_while_rendering(api, all_mail, db, monkeypatch) == 1


def test_an_account_of_an_external_writer_is_unverified(db: Db) -> None:
    for stored in ("true", 1, None):
        insert_user(db, email=f"{stored}@example.com", email_verified=stored)
    documents = list(find_accounts(db, db.users.distinct("_id")).values())
    assert [account.email_verified for account in documents] == [False] * 3


def test_a_demonstration_account_is_verified(db: Db) -> None:
    load_demo(db, utc_now())
    assert db.users.count_documents({"email_verified": {"$ne": True}}) == 0


def test_a_reset_by_email_verifies_silently(api: ApiClient, all_mail: Mail, db: Db) -> None:
    session = api.sign_up(email=EMAIL)
    old = token_of(all_mail)
    api.post("/auth/forgot-password", {"email": EMAIL})
    (delivery,) = all_mail.deliver()
    reset = {"token": links_in(delivery)["reset-password"], "new_password": "another horse 8"}
    assert api.post("/auth/reset-password", reset).status == 200
    session = api.post("/auth/login", {"email": EMAIL, "password": "another horse 8"}).data
    assert session["profile"]["email_verified"] is True
    assert db.email_links.count_documents({}) == 0
    assert verify(api, session, old)["email_verified"] is True


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("before", ["no account", "a password", "an unverified Google account"])
def test_google_verifies_silently(api: ApiClient, all_mail: Mail, db: Db, before: str) -> None:
    if before == "a password":
        api.sign_up(email=EMAIL)
        token_of(all_mail)
    elif before == "an unverified Google account":
        api.post("/auth/google", {"id_token": id_token(email=EMAIL)})
        db.users.update_one({}, {"$unset": {"email_verified": 1}, "$set": {"email": EMAIL.title()}})
    session = api.post("/auth/google", {"id_token": id_token(email=EMAIL)}).data
    assert session["profile"]["email_verified"] is True
    assert is_verified(api, session)
    assert db.email_links.count_documents({}) == 0
    assert all_mail.deliver() == []


@pytest.mark.usefixtures("keys")
def test_google_verifies_only_the_address_in_its_token(api: ApiClient, db: Db) -> None:
    api.post("/auth/google", {"id_token": id_token(email=EMAIL)})
    db.users.update_one({}, {"$unset": {"email_verified": 1}, "$set": {"email": "another@example.com"}})
    session = api.post("/auth/google", {"id_token": id_token(email=EMAIL)}).data
    assert session["profile"]["email_verified"] is False


@pytest.mark.usefixtures("keys")
def test_google_verifies_no_account_that_is_deleted_meanwhile(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.post("/auth/google", {"id_token": id_token(email=EMAIL)})
    db.users.update_one({}, {"$unset": {"email_verified": 1}})
    run_before_first_call(monkeypatch, verification.store, "verify_account", lambda: db.users.delete_one({}))
    assert api.post("/auth/google", {"id_token": id_token(email=EMAIL)}).code == "token_revoked"


def test_the_email_about_news_says_so_and_verifies(api: ApiClient, all_mail: Mail, db: Db) -> None:
    session = api.sign_up(email=EMAIL)
    (account,) = find_accounts(db, db.users.distinct("_id")).values()
    email = emails.render_verify_email(db, all_mail.config, account, utc_now(), has_news=True)
    assert email is not None
    assert (email.to, "news about a booking" in email.text, "news about a booking" in email.html) == (
        EMAIL,
        True,
        True,
    )
    token = email.text.split("verify-email?token=")[1].split()[0]
    assert verify(api, session, token)["email_verified"] is True
    assert emails.render_verify_email(db, all_mail.config, account, utc_now(), has_news=True) is None
