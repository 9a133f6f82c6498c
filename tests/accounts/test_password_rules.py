"""New passwords: not the account's own address or name; and the e-mail that tells of each change."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from halls.accounts import service
from tests.accounts.conftest import links_in
from tests.factories import PASSWORD, insert_user

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.accounts.conftest import Mail
    from tests.api_client import ApiClient, ApiResponse

EMAIL = "ayesha@example.com"
NAME = "Áyesha Siddiqui"
NEW = "another horse 8"
NOW = datetime(2026, 11, 22, 15, 5, 30, tzinfo=timezone.utc)
# In other letter cases, and with the accent as a character of its own.
PERSONAL = [EMAIL, EMAIL.upper(), NAME, NAME.lower(), "A\N{COMBINING ACUTE ACCENT}yesha Siddiqui"]


def change(api: ApiClient, session: Any, new: str) -> ApiResponse:
    """Change the password."""
    return api.post("/auth/change-password", {"password": PASSWORD, "new_password": new}, token=session["token"])


def reset_token(api: ApiClient, all_mail: Mail) -> str:
    """Deliver the e-mails, and return the token of a reset."""
    all_mail.deliver()
    api.post("/auth/forgot-password", {"email": EMAIL})
    (delivery,) = all_mail.deliver()
    return links_in(delivery)["reset-password"]


def reset(api: ApiClient, token: str, new: str) -> ApiResponse:
    """Set a new password with a token."""
    return api.post("/auth/reset-password", {"token": token, "new_password": new})


def is_rejected(answer: ApiResponse, field: str) -> bool:
    """Return whether the response is an error about the field."""
    return (answer.status, answer.code, answer.fields) == (422, "validation_error", [field])


@pytest.mark.parametrize("password", PERSONAL)
def test_a_sign_up_with_the_own_address_or_name_as_password_is_rejected(api: ApiClient, db: Db, password: str) -> None:
    body = {"email": EMAIL, "full_name": NAME, "password": password, "is_venue_owner": False}
    assert is_rejected(api.post("/auth/signup", body), "password")
    assert db.users.count_documents({}) == 0
    assert api.post("/auth/signup", {**body, "password": password + "1"}).status == 201


@pytest.mark.parametrize("password", PERSONAL)
def test_a_change_to_the_own_address_or_name_is_rejected(api: ApiClient, password: str) -> None:
    session = api.sign_up(email=EMAIL, full_name=NAME)
    assert is_rejected(change(api, session, password), "new_password")
    assert change(api, session, password + "1").status == 200


@pytest.mark.parametrize("password", PERSONAL)
def test_a_rejected_reset_does_not_consume_the_link(api: ApiClient, all_mail: Mail, password: str) -> None:
    api.sign_up(email=EMAIL, full_name=NAME)
    token = reset_token(api, all_mail)
    assert is_rejected(reset(api, token, password), "new_password")
    assert reset(api, token, password + "1").status == 200


def test_a_password_that_is_the_own_address_still_logs_in(api: ApiClient, db: Db) -> None:
    hashed = service.hash_password(EMAIL)
    insert_user(db, email=EMAIL, password_hash=hashed)
    assert api.post("/auth/login", {"email": EMAIL, "password": EMAIL}).status == 200


@pytest.mark.parametrize("by", ["a change", "a reset"])
def test_the_account_is_told_of_a_changed_password(api: ApiClient, all_mail: Mail, by: str) -> None:
    with time_machine.travel(NOW, tick=False):
        session = api.sign_up(email=EMAIL, full_name=NAME)
        token = reset_token(api, all_mail)
        answer = change(api, session, NEW) if by == "a change" else reset(api, token, NEW)
        assert answer.status == 200
    (delivery,) = all_mail.deliver()
    assert delivery.receivers == [EMAIL]
    assert "22 November 2026, 20:05 PKT" in delivery.part("plain")
    assert "22 November 2026, 20:05 PKT" in delivery.part("html")
    assert NEW not in delivery.message.as_string()


def test_a_failed_change_tells_nobody(api: ApiClient, all_mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    session = api.sign_up(email=EMAIL)
    token = reset_token(api, all_mail)
    wrong = {"password": "not the password", "new_password": NEW}
    assert api.post("/auth/change-password", wrong, token=session["token"]).code == "bad_credentials"
    assert reset(api, "x", NEW).code == "bad_reset_token"
    assert is_rejected(reset(api, token, "short"), "new_password")
    with monkeypatch.context() as replaced:
        replaced.setattr(service.store, "replace_password", lambda *_args, **_names: None)
        assert change(api, session, NEW).code == "bad_credentials"
    assert all_mail.deliver() == []


def test_an_email_of_a_deleted_account_is_dropped(api: ApiClient, all_mail: Mail, db: Db) -> None:
    session = api.sign_up(email=EMAIL)
    change(api, session, NEW)
    db.users.delete_many({})
    assert all_mail.deliver() == []
