"""An attacker cannot flood the mailbox of another person, and cannot use up the reset e-mails of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from limits.storage import MemoryStorage

from halls.accounts.reset_limits import RESET_PAUSE_OF_NETWORK
from tests.factories import PASSWORD, signup_body
from tests.http.limiters import run_limited_app
from tests.http.test_rate_limits import ELSEWHERE, HOME, assert_limited, client_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from halls.mongo.client import Db

EMAIL = "ayesha@example.com"
DAY = 24 * 3_600


@pytest.fixture
def limited_app(worker_uri: str, db: Db) -> Iterator[Flask]:
    """An application with limits."""
    yield from run_limited_app(worker_uri, db)


def test_an_address_cannot_sign_up_again_and_again(limited_app: Flask, db: Db) -> None:
    api = client_at(limited_app, HOME)
    for _ in range(5):
        token = api.sign_up(email=EMAIL)["token"]
        assert api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=token).status == 200
    assert_limited(api.post("/auth/signup", signup_body(email=EMAIL.upper())), 5, DAY)
    assert db.outbox.count_documents({"kind": "verify_email"}) <= 5
    assert api.post("/auth/signup", signup_body(email="bilal@example.com")).status == 201
    assert client_at(limited_app, ELSEWHERE).post("/auth/signup", signup_body(email=EMAIL)).status == 201


def test_an_address_gets_20_emails_about_changed_passwords_a_day(limited_app: Flask, db: Db) -> None:
    api = client_at(limited_app, HOME)
    body = {"password": PASSWORD, "new_password": PASSWORD}
    for times in (12, 8):
        token = api.sign_up(email=EMAIL)["token"]
        for _ in range(times):
            answer = api.post("/auth/change-password", body, token=token)
            assert answer.status == 200
            token = answer.data["token"]
        if times == 12:
            # Deleted and made again, an account has no more changes.
            assert api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=token).status == 200
    assert api.post("/auth/change-password", body, token=token).status == 429
    assert db.outbox.count_documents({"kind": "password_changed"}) <= 20
    assert api.get("/auth/me", token=token).status == 200


def request_resets(app: Flask, address: str, email: str, times: int, *, again: int = 0) -> None:
    """Request a reset so often, each time after a minute. Then `again` within the same minute."""
    limiter = app.extensions["halls"].rate_limiter
    for _ in range(times):
        limiter.reset(RESET_PAUSE_OF_NETWORK, address, email)
        for _ in range(1 + again):
            assert client_at(app, address).post("/auth/forgot-password", {"email": email}).status == 200


def test_one_network_uses_up_half_of_the_reset_emails_of_an_account(limited_app: Flask, db: Db) -> None:
    request_resets(limited_app, HOME, EMAIL, 12)
    assert db.outbox.count_documents({}) == 5
    # The holder of the account, in another network.
    request_resets(limited_app, ELSEWHERE, EMAIL, 1)
    assert db.outbox.count_documents({}) == 6
    request_resets(limited_app, HOME, "bilal@example.com", 1)
    assert db.outbox.count_documents({}) == 7


def test_requests_in_the_same_minute_do_not_count(limited_app: Flask, db: Db) -> None:
    request_resets(limited_app, HOME, EMAIL, 5, again=2)
    assert db.outbox.count_documents({}) == 5


@pytest.mark.parametrize("variant", ["AYESHA@example.com", " ayesha@EXAMPLE.com "])
def test_spellings_of_an_address_share_the_limit(limited_app: Flask, db: Db, variant: str) -> None:
    for email in (EMAIL, variant):
        client_at(limited_app, HOME).post("/auth/forgot-password", {"email": email})
    assert db.outbox.count_documents({}) == 1


def test_a_text_that_is_no_address_has_the_same_response(limited_app: Flask) -> None:
    api = client_at(limited_app, HOME)
    answers = [api.post("/auth/forgot-password", {"email": "nonsense"}) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json == api.post("/auth/forgot-password", {"email": EMAIL}).json


def test_without_rate_limits_each_request_is_queued(app: Flask, db: Db) -> None:
    assert isinstance(app.extensions["halls"].rate_limiter._storage, MemoryStorage)  # noqa: SLF001 - no limits
    for _ in range(7):
        client_at(app, HOME).post("/auth/forgot-password", {"email": EMAIL})
    assert db.outbox.count_documents({}) == 7
