"""Preferences for e-mails: the routes of the account, and the unsubscribe link of an e-mail without a login."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import ObjectId

from halls.accounts import email_store
from halls.accounts.account import Preferences, read_preferences
from halls.accounts.unsubscribe_tokens import make_unsubscribe_token
from tests.accounts.concurrency import at_once, run_before_first_call
from tests.api_client import ApiClient, ApiResponse
from tests.conftest import SECRET

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db

PATH = "/auth/me/preferences"
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--'
ANY_TOKENS = ["x", "mine", "a.b.c", "...", "%00", "%D8%B9", "%FF", "a%2Fb", "a/b", "%20", "x" * 5000]
DEFAULT = {"emails": {"requests": True, "reminders": True}, "reminder_days": 3}


def unsubscribe(api: ApiClient, token: str, body: Any = None, **headers: str) -> ApiResponse:
    """Send the request of a mail program."""
    return api.send("POST", f"/emails/unsubscribe/{token}", body, **headers)


def token_for(session: Any, topic: str = "reminders", secret: str = SECRET) -> str:
    """Return the token of an e-mail to the account."""
    return make_unsubscribe_token(secret, ObjectId(session["profile"]["id"]), topic)


def preferences_of(api: ApiClient, session: Any) -> Any:
    """Return the preferences of the account."""
    return api.get(PATH, token=session["token"]).data


def test_by_default_all_emails_are_wanted(api: ApiClient) -> None:
    assert api.get(PATH, token=api.guest()).data == DEFAULT


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"emails": {"requests": False}}, {**DEFAULT, "emails": {"requests": False, "reminders": True}}),
        ({"emails": {"reminders": False}}, {**DEFAULT, "emails": {"requests": True, "reminders": False}}),
        ({"emails": {}}, DEFAULT),
        ({"reminder_days": 0}, {**DEFAULT, "reminder_days": 0}),
        ({"reminder_days": 14.0}, {**DEFAULT, "reminder_days": 14}),
        (
            {"emails": {"requests": False, "reminders": False}, "reminder_days": 7},
            {"emails": {"requests": False, "reminders": False}, "reminder_days": 7},
        ),
    ],
    ids=str,
)
def test_a_change_affects_only_the_given_preferences(api: ApiClient, change: Any, expected: Any) -> None:
    session = api.sign_up()
    answer = api.patch(PATH, change, token=session["token"])
    assert (answer.status, answer.data) == (200, expected)
    assert preferences_of(api, session) == expected
    assert api.get(PATH, token=api.guest()).data == DEFAULT


def test_changes_are_merged(api: ApiClient) -> None:
    session = api.sign_up()
    api.patch(PATH, {"emails": {"requests": False}}, token=session["token"])
    api.patch(PATH, {"reminder_days": 1}, token=session["token"])
    answer = api.patch(PATH, {"emails": {"reminders": False}}, token=session["token"])
    assert answer.data == {"emails": {"requests": False, "reminders": False}, "reminder_days": 1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"reminder_days": 15}, "reminder_days"),
        ({"reminder_days": -1}, "reminder_days"),
        ({"reminder_days": 1.5}, "reminder_days"),
        ({"reminder_days": "3"}, "reminder_days"),
        ({"reminder_days": True}, "reminder_days"),
        ({"reminder_days": None}, "reminder_days"),
        ({"emails": None}, "emails"),
        ({"emails": []}, "emails"),
        ({"emails": {"requests": None}}, "emails.requests"),
        ({"emails": {"requests": 1}}, "emails.requests"),
        ({"emails": {"reminder": True}}, "emails.reminder"),
        ({"requests": True}, "requests"),
    ],
    ids=str,
)
def test_an_invalid_change_is_rejected(api: ApiClient, body: Any, field: str) -> None:
    session = api.sign_up()
    answer = api.patch(PATH, body, token=session["token"])
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", [field])
    assert preferences_of(api, session) == DEFAULT


def test_two_changes_at_once_are_both_stored(app: Flask, api: ApiClient) -> None:
    session = api.sign_up()
    bodies: list[Any] = [{"emails": {"requests": False}}, {"emails": {"reminders": False}}, {"reminder_days": 9}]
    for _ in range(10):
        api.patch(PATH, DEFAULT, token=session["token"])
        clients = [functools.partial(ApiClient(app.test_client()).patch, PATH, body) for body in bodies]
        at_once([functools.partial(client, token=session["token"]) for client in clients])
        assert preferences_of(api, session) == {"emails": {"requests": False, "reminders": False}, "reminder_days": 9}


def test_a_revoked_token_changes_nothing(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    session = api.sign_up()

    def revoke() -> None:
        api.post("/auth/logout", {"everywhere": True}, token=session["token"])

    run_before_first_call(monkeypatch, email_store, "update_preferences", revoke)
    assert api.patch(PATH, {"reminder_days": 9}, token=session["token"]).code == "token_revoked"
    assert db.users.count_documents({"preferences": {"$exists": True}}) == 0


@pytest.mark.parametrize(
    "stored",
    [None, "x", [], {}, {"requests": 1, "reminders": "no", "reminder_days": 15}, {"reminder_days": float("nan")}],
    ids=str,
)
def test_unreadable_preferences_are_the_defaults(api: ApiClient, db: Db, stored: Any) -> None:
    assert read_preferences(stored) == Preferences()
    session = api.sign_up()
    db.users.update_one({}, {"$set": {"preferences": stored}})
    assert preferences_of(api, session) == DEFAULT
    changed = api.patch(PATH, {"emails": {"requests": False}}, token=session["token"])
    assert changed.data == {**DEFAULT, "emails": {"requests": False, "reminders": True}}


@pytest.mark.parametrize("topic", ["requests", "reminders"])
def test_a_link_of_an_email_switches_its_topic_off(api: ApiClient, topic: str) -> None:
    session, other = api.sign_up(), api.sign_up()
    for _ in range(2):
        answer = unsubscribe(api, token_for(session, topic))
        assert (answer.status, answer.data.keys()) == (200, {"message"})
    assert preferences_of(api, session) == {**DEFAULT, "emails": {**DEFAULT["emails"], topic: False}}  # type: ignore[dict-item] # a dict
    assert preferences_of(api, other) == DEFAULT


def test_the_other_preferences_stay(api: ApiClient) -> None:
    session = api.sign_up()
    api.patch(PATH, {"emails": {"requests": False}, "reminder_days": 9}, token=session["token"])
    unsubscribe(api, token_for(session))
    assert preferences_of(api, session) == {"emails": {"requests": False, "reminders": False}, "reminder_days": 9}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data; boundary=x"),
        (b"{", "application/json"),
        (b"\xff", "text/plain; charset=utf-16"),
        (b"x" * 1_000_000, "application/octet-stream"),
        (b"", "nonsense"),
    ],
    ids=str,
)
def test_the_body_is_ignored(api: ApiClient, body: bytes, content_type: str) -> None:
    session = api.sign_up()
    assert unsubscribe(api, token_for(session), body, Content_Type=content_type).status == 200
    assert preferences_of(api, session)["emails"]["reminders"] is False


@pytest.mark.parametrize("change", ["other account", "other topic", "other secret", "cut", "longer", "upper case"])
def test_a_changed_token_is_200_and_changes_nothing(api: ApiClient, change: str) -> None:
    session, other = api.sign_up(), api.sign_up()
    token = token_for(session)
    changed = {
        "other account": token.replace(session["profile"]["id"], other["profile"]["id"]),
        "other topic": token.replace("reminders", "requests"),
        "other secret": token_for(session, secret=SECRET + "x"),
        "cut": token[:-1],
        "longer": token + "0",
        "upper case": token.upper(),
    }[change]
    usual = unsubscribe(api, token, X_Request_ID="same")
    api.patch(PATH, DEFAULT, token=session["token"])
    answer = unsubscribe(api, changed, X_Request_ID="same")
    assert (answer.status, answer.json) == (200, usual.json)
    assert preferences_of(api, session) == preferences_of(api, other) == DEFAULT


@pytest.mark.parametrize(
    "token", ["x", "mine", "a.b.c", "...", "%00", "%D8%B9", "%FF", "a%2Fb", "a/b", "%20", "x" * 5000]
)
def test_any_token_is_200(api: ApiClient, token: str) -> None:
    assert unsubscribe(api, token).status == 200


def test_a_get_changes_nothing(api: ApiClient) -> None:
    session = api.sign_up()
    answer = api.get(f"/emails/unsubscribe/{token_for(session)}")
    assert (answer.status, answer.code, answer.headers["Allow"]) == (405, "method_not_allowed", "OPTIONS, POST")
    assert preferences_of(api, session) == DEFAULT


def test_a_token_of_an_old_secret_works_until_the_secret_is_removed(
    app: Flask, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = app.extensions["halls"]
    session = api.sign_up()
    old = "the-secret-of-last-year-that-is-long-enough"
    assert unsubscribe(api, token_for(session, secret=old)).status == 200
    assert preferences_of(api, session) == DEFAULT
    with monkeypatch.context() as rotated:
        rotated.setattr(context, "config", context.config.model_copy(update={"jwt_old_secrets": f"x {old}"}))
        unsubscribe(api, token_for(session, secret=old))
    assert preferences_of(api, session)["emails"]["reminders"] is False


def test_the_token_of_a_deleted_account_is_200(api: ApiClient, db: Db) -> None:
    session = api.sign_up()
    db.users.delete_many({})
    assert unsubscribe(api, token_for(session)).status == 200
    assert db.users.count_documents({}) == 0


def test_a_token_is_neither_stored_nor_logged_nor_an_access_token(api: ApiClient, db: Db) -> None:
    session = api.sign_up()
    token = token_for(session)
    with structlog.testing.capture_logs() as lines:
        unsubscribe(api, token)
    signature = token.rpartition(".")[2]
    assert signature not in str(lines) + str(list(db.users.find()))
    assert SECRET not in token
    assert api.get("/auth/me", token=token).code == "invalid_token"
