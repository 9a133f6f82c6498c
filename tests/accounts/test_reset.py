"""Password reset: the e-mail, its link that works once, and what an attacker can't learn or change."""

from __future__ import annotations

import functools
import hashlib
import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import structlog
import time_machine
from bson import ObjectId, json_util
from pymongo.errors import AutoReconnect

from halls.accounts import service
from halls.accounts.emails import PASSWORD_RESET
from halls.clock import utc_now
from halls.outbox.worker import handle_next
from tests.accounts.concurrency import allow_concurrent_hashing, at_once, run_before_first_call
from tests.accounts.conftest import APP_URL, token_in
from tests.accounts.google_keys import id_token
from tests.api_client import ApiClient, ApiResponse
from tests.factories import PASSWORD, insert_user

if TYPE_CHECKING:
    from flask import Flask

    from halls.mail.message import Email
    from halls.mongo.client import Db
    from tests.accounts.conftest import Mail

EMAIL = "ayesha@example.com"
NEW = "another horse 8"
ROUNDS = 50


def reset(api: ApiClient, token: Any, password: Any = NEW) -> ApiResponse:
    """Set a new password with a token."""
    return api.post("/auth/reset-password", {"token": token, "new_password": password})


def outcome(answer: ApiResponse) -> str:
    """Return "done", or the status and code of the error."""
    return "done" if answer.status == 200 else f"{answer.status} {answer.code}"


def logged_in(api: ApiClient, password: str, email: str = EMAIL) -> bool:
    """Return whether the address and the password log in."""
    return api.post("/auth/login", {"email": email, "password": password}).status == 200


def dump(db: Db) -> str:
    """Return all stored documents, of every collection, as one text."""
    return "".join(json_util.dumps(list(db[name].find())) for name in db.list_collection_names())


def test_a_reset_email_is_sent_and_its_link_works_once(api: ApiClient, mail: Mail) -> None:
    old = api.sign_up(email=EMAIL, full_name="Ayesha Siddiqui")["token"]
    answer = api.post("/auth/forgot-password", {"email": EMAIL})
    assert answer.data.keys() == {"message"}
    (delivery,) = mail.deliver()
    assert delivery.receivers == [EMAIL]
    token = token_in(delivery)
    assert f"\n{APP_URL}/reset-password?token={token}\n" in delivery.part("plain")
    assert "Assalam-o-alaikum," in delivery.part("plain")
    answer = reset(api, token)
    assert (answer.status, answer.data.keys()) == (200, {"message"})
    assert (logged_in(api, NEW), logged_in(api, PASSWORD)) == (True, False)
    assert api.get("/auth/me", token=old).code == "token_revoked"
    assert outcome(reset(api, token, "a third horse 9")) == "422 bad_reset_token"
    assert logged_in(api, NEW)


def test_the_email_states_the_expiry_in_pakistan_time(api: ApiClient, mail: Mail) -> None:
    api.sign_up(email=EMAIL)
    with time_machine.travel("2026-11-22T15:05:30Z", tick=False):
        api.post("/auth/forgot-password", {"email": EMAIL})
        (delivery,) = mail.deliver()
    assert "until 22 November 2026, 20:35 PKT." in delivery.part("plain")
    assert "until 22 November 2026, 20:35 PKT." in delivery.part("html")


def test_concurrent_resets_with_one_token_succeed_once(
    app: Flask, api: ApiClient, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only six threads of a worker may hash or wait for a hash.
    allow_concurrent_hashing(monkeypatch)
    api.sign_up(email=EMAIL)
    for number in range(ROUNDS):
        token = mail.reset_token(api, EMAIL)
        choices = [f"password {number} of rival {rival}" for rival in range(20)]
        clients = [ApiClient(app.test_client()) for _ in choices]
        rivals = zip(clients, choices, strict=True)
        answers = at_once([lambda rival=rival, token=token: reset(rival[0], token, rival[1]) for rival in rivals])  # type: ignore[misc] # bound early
        outcomes = [outcome(answer) for answer in answers]
        assert sorted(outcomes) == ["422 bad_reset_token"] * 19 + ["done"]
        winner = outcomes.index("done")
        assert logged_in(api, choices[winner])
        assert not logged_in(api, choices[winner - 1])


def test_control_without_consuming_the_token_several_succeed(
    app: Flask, api: ApiClient, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def set_password(db: Db, found: Any, new_hash: str, *_: Any) -> None:
        db.users.update_one({"_id": found["user_id"]}, {"$set": {"password_hash": new_hash}})

    monkeypatch.setattr(service.store, "consume_reset", set_password)
    api.sign_up(email=EMAIL)
    token = mail.reset_token(api, EMAIL)
    outcomes = at_once([lambda: outcome(reset(ApiClient(app.test_client()), token))] * 4)
    assert outcomes.count("done") > 1


def test_concurrent_resets_with_two_tokens_succeed_once(app: Flask, api: ApiClient, mail: Mail, db: Db) -> None:
    api.sign_up(email=EMAIL)
    tokens = [mail.reset_token(api, EMAIL) for _ in range(2)]
    choices = dict(zip(tokens, ("password of the one", "password of the other"), strict=True))
    requests = [functools.partial(reset, ApiClient(app.test_client()), token, choices[token]) for token in tokens]
    outcomes = [outcome(answer) for answer in at_once(requests)]
    assert sorted(outcomes) == ["422 bad_reset_token", "done"]
    assert logged_in(api, choices[tokens[outcomes.index("done")]])
    assert db.password_resets.count_documents({}) == 0


def test_a_reset_voids_all_links_of_its_account_only(api: ApiClient, mail: Mail) -> None:
    api.sign_up(email=EMAIL)
    api.sign_up(email="bilal@example.com")
    others = mail.reset_token(api, "bilal@example.com")
    # The second e-mail has already voided the first link.
    second, first = mail.reset_token(api, EMAIL), mail.reset_token(api, EMAIL)
    assert outcome(reset(api, first)) == "done"
    assert outcome(reset(api, second)) == "422 bad_reset_token"
    assert outcome(reset(api, others)) == "done"


def test_a_new_password_voids_the_open_links(api: ApiClient, mail: Mail) -> None:
    session = api.sign_up(email=EMAIL)
    token = mail.reset_token(api, EMAIL)
    change = {"password": PASSWORD, "new_password": "a third horse 9"}
    assert api.post("/auth/change-password", change, token=session["token"]).status == 200
    assert outcome(reset(api, token)) == "422 bad_reset_token"


@pytest.mark.parametrize("new", ["1234567", "x" * 129, "Password123", None, 12345678])
def test_an_invalid_new_password_does_not_consume_the_link(
    app: Flask, api: ApiClient, mail: Mail, monkeypatch: pytest.MonkeyPatch, new: Any
) -> None:
    monkeypatch.setattr(app.extensions["halls"], "common_passwords", frozenset({"password123"}))
    api.sign_up(email=EMAIL)
    token = mail.reset_token(api, EMAIL)
    answer = reset(api, token, new)
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", ["new_password"])
    assert logged_in(api, PASSWORD)
    assert outcome(reset(api, token)) == "done"


def test_a_link_expires_before_the_ttl_index_deletes_it(api: ApiClient, mail: Mail, db: Db) -> None:
    api.sign_up(email=EMAIL)
    asked_at = utc_now()
    token = mail.reset_token(api, EMAIL)
    with time_machine.travel(asked_at + timedelta(minutes=30, seconds=30)):
        assert outcome(reset(api, token)) == "422 bad_reset_token"
    assert db.password_resets.count_documents({}) == 1
    assert logged_in(api, PASSWORD)
    with time_machine.travel(asked_at + timedelta(minutes=29, seconds=55)):
        assert outcome(reset(api, token)) == "done"


def test_expired_links_are_deleted_by_a_ttl_index(db: Db) -> None:
    index = db.password_resets.index_information()["resets_expire"]
    assert (index["key"], index["expireAfterSeconds"]) == ([("expires_at", 1)], 0)


def test_only_a_hash_of_the_token_is_stored(
    api: ApiClient, mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.sign_up(email=EMAIL)
    written: list[Email] = []

    def fail(_config: Any, email: Email, _name: str) -> None:
        written.append(email)
        raise ConnectionRefusedError

    monkeypatch.setattr("halls.mail.handler.send_email", fail)
    with structlog.testing.capture_logs() as lines:
        api.post("/auth/forgot-password", {"email": EMAIL})
        assert mail.deliver() == []
    token = written[0].text.split("token=")[1].split()[0]
    assert len(token) >= 43
    stored = dump(db)
    assert EMAIL in stored
    assert token not in stored + str(lines)
    assert hashlib.sha256(token.encode()).hexdigest() in stored
    assert "reset-password" not in str(list(db.outbox.find()))


STRINGS = [EMAIL, "nobody@example.com", "", " ", "x", "ayesha@example.com\r\nBcc: mallory@example.com", "a" * 100_000]
STRINGS += [
    "' or 1=1",
    '{"$ne": null}',
    "\x00",
    "علی@example.com",
    "Ayesha <ayesha@example.com>",
    "@",
    "\N{KELVIN SIGN}",
]


def test_the_response_is_the_same_for_any_address(api: ApiClient, db: Db) -> None:
    api.sign_up(email=EMAIL)
    answers = [api.post("/auth/forgot-password", {"email": text}, X_Request_ID="same") for text in STRINGS]
    assert {answer.status for answer in answers} == {200}
    assert all(answer.json == answers[0].json for answer in answers)
    assert all(list(answer.headers) == list(answers[0].headers) for answer in answers)
    # The same work takes the same time: one entry each, of about the same size.
    entries = list(db.outbox.find({"kind": PASSWORD_RESET}))
    assert len(entries) == len(STRINGS)
    assert max(len(entry["data"]["email"]) for entry in entries) <= 254


def test_only_a_known_address_gets_an_email(api: ApiClient, mail: Mail, db: Db) -> None:
    api.sign_up(email=EMAIL)
    for text in STRINGS[1:]:
        api.post("/auth/forgot-password", {"email": text})
    assert mail.deliver() == []
    assert (db.outbox.count_documents({"kind": PASSWORD_RESET}), db.password_resets.count_documents({})) == (0, 0)


@pytest.mark.parametrize("body", [{}, {"email": None}, {"email": 7}, {"email": [EMAIL]}, {"email": {"$ne": None}}])
def test_only_a_string_is_accepted(api: ApiClient, db: Db, body: Any) -> None:
    answer = api.post("/auth/forgot-password", body)
    assert (answer.status, answer.fields) == (422, ["email"])
    assert db.outbox.count_documents({}) == 0


@pytest.mark.parametrize("typed", ["ayesha@example.com", "AYESHA@EXAMPLE.COM", "  Ayesha@example.com\t"])
def test_the_email_goes_to_the_stored_spelling_of_the_address(api: ApiClient, mail: Mail, db: Db, typed: str) -> None:
    insert_user(db, email="Ayesha@Example.COM")
    api.post("/auth/forgot-password", {"email": typed})
    (delivery,) = mail.deliver()
    assert delivery.receivers == ["Ayesha@Example.COM"]
    assert delivery.message["To"] == "Ayesha@Example.COM"


LOOK_ALIKES = ["\N{KELVIN SIGN}amran@example.com", "kamran@example\N{FULLWIDTH FULL STOP}com", "kamran@example.com\x00"]
LOOK_ALIKES += ["\N{FULLWIDTH LATIN SMALL LETTER K}amran@example.com", "kamran\N{SOFT HYPHEN}@example.com"]


@pytest.mark.parametrize("typed", LOOK_ALIKES)
def test_a_look_alike_address_matches_no_account(api: ApiClient, mail: Mail, typed: str) -> None:
    api.sign_up(email="kamran@example.com")
    api.post("/auth/forgot-password", {"email": typed})
    assert mail.deliver() == []


def test_request_headers_do_not_appear_in_the_email(api: ApiClient, mail: Mail) -> None:
    api.sign_up(email=EMAIL)
    evil = "evil.example"
    headers = {"Host": evil, "X_Forwarded_Host": evil, "Origin": f"https://{evil}", "Referer": f"https://{evil}/"}
    assert api.post("/auth/forgot-password", {"email": EMAIL}, **headers).status == 200
    (delivery,) = mail.deliver()
    assert evil not in delivery.message.as_string()
    assert f"{APP_URL}/reset-password?token=" in delivery.part("html")


@pytest.mark.parametrize("name", ["YOU WON: http://evil.example/win", "evil.example", "<b>Ayesha</b>", "Ayesha"])
def test_an_email_contains_no_name(api: ApiClient, mail: Mail, name: str) -> None:
    # The address can belong to another person than the account, so its holder could advertise from our address.
    api.sign_up(email=EMAIL, full_name=name)
    api.post("/auth/forgot-password", {"email": EMAIL})
    (delivery,) = mail.deliver()
    text = html.unescape(str(delivery.message["Subject"]) + delivery.part("plain") + delivery.part("html"))
    assert name not in text.replace(EMAIL, "")
    assert {urlsplit(link).netloc for link in re.findall('https?://[^\\s"<>]+', text)} == {urlsplit(APP_URL).netloc}


@pytest.mark.parametrize("limits", ["on", "off"])
def test_with_limits_an_account_gets_one_email_a_minute(api: ApiClient, mail: Mail, limits: str) -> None:
    mail.config = mail.config.model_copy(update={"rate_limits": limits})
    api.sign_up(email=EMAIL)
    api.sign_up(email="bilal@example.com")

    def count_entries() -> int:
        for email in (EMAIL, EMAIL.upper(), "bilal@example.com"):
            assert api.post("/auth/forgot-password", {"email": email}).status == 200
        return len(mail.deliver())

    now = utc_now()
    many = 2 if limits == "on" else 3
    for seconds, emails in ((0, many), (50, 0 if limits == "on" else 3), (61, many)):
        with time_machine.travel(now + timedelta(seconds=seconds)):
            assert count_entries() == emails


def test_a_failed_email_is_retried_within_the_limit(api: ApiClient, mail: Mail) -> None:
    mail.config = mail.config.model_copy(update={"rate_limits": "on"})
    api.sign_up(email=EMAIL)
    mail.server.errors = ["451 later"]
    api.post("/auth/forgot-password", {"email": EMAIL})
    assert mail.deliver() == []
    with time_machine.travel(utc_now() + timedelta(seconds=5)):
        (delivery,) = mail.deliver()
        assert outcome(reset(api, token_in(delivery))) == "done"


@pytest.mark.parametrize("token", ["x", "x" * 43, " ", "\x00", "a" * 10_000, "علی", '{"$ne": ""}'])
def test_an_unknown_token_is_rejected(api: ApiClient, token: str) -> None:
    assert outcome(reset(api, token)) == "422 bad_reset_token"


@pytest.mark.parametrize("token", ["", None, 7, {"$ne": ""}, ["x"], "a" * 10_001])
def test_a_malformed_token_is_a_validation_error(api: ApiClient, token: Any) -> None:
    answer = reset(api, token)
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", ["token"])


def test_an_unknown_token_causes_no_hashing(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "hash_password", lambda _: pytest.fail("hashed"))
    assert outcome(reset(api, "x")) == "422 bad_reset_token"


@pytest.mark.parametrize("when", ["before", "during the request"])
def test_a_link_of_a_deleted_account_is_rejected(
    api: ApiClient, mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    session = api.sign_up(email=EMAIL)
    token = mail.reset_token(api, EMAIL)

    def delete() -> None:
        db.users.delete_one({"_id": ObjectId(session["profile"]["id"])})

    if when == "before":
        delete()
    else:
        run_before_first_call(monkeypatch, service, "hash_password", delete)
    assert outcome(reset(api, token)) == "422 bad_reset_token"
    assert db.users.count_documents({}) == 0


def test_a_failed_write_does_not_consume_the_link(api: ApiClient, mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    session = api.sign_up(email=EMAIL)
    token = mail.reset_token(api, EMAIL)
    with monkeypatch.context() as away:
        away.setattr(service.store, "consume_reset", lambda *_: (_ for _ in ()).throw(AutoReconnect("gone")))
        assert outcome(reset(api, token)) == "503 database_unavailable"
    api.wait_until_ready()
    assert api.get("/auth/me", token=session["token"]).status == 200
    assert logged_in(api, PASSWORD)
    assert outcome(reset(api, token)) == "done"


@pytest.mark.usefixtures("keys")
def test_a_google_account_can_set_a_password_and_keep_google(api: ApiClient, mail: Mail) -> None:
    google = api.post("/auth/google", {"id_token": id_token(email=EMAIL)}).data
    assert outcome(reset(api, mail.reset_token(api, EMAIL))) == "done"
    assert logged_in(api, NEW)
    assert api.get("/auth/me", token=google["token"]).code == "token_revoked"
    again = api.post("/auth/google", {"id_token": id_token(email=EMAIL)}).data
    assert again["profile"]["id"] == google["profile"]["id"]
    assert logged_in(api, NEW)


def test_without_smtp_the_email_is_written_to_the_log(api: ApiClient, mail: Mail, db: Db) -> None:
    api.sign_up(email=EMAIL)
    api.post("/auth/forgot-password", {"email": EMAIL})
    config = mail.config.model_copy(update={"smtp_host": None})
    with structlog.testing.capture_logs() as lines:
        assert handle_next(db, config, mail.handlers)
    assert [line["event"] for line in lines] == ["e-mail", "outbox entry handled"]
    assert outcome(reset(api, lines[0]["text"].split("token=")[1].split()[0])) == "done"
