"""How many verification e-mails an unverified address gets: on request, and because of bookings."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId

from halls.accounts import email_store, verification
from tests.accounts.concurrency import at_once
from tests.accounts.conftest import send_again
from tests.api_client import ApiClient

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db
    from tests.accounts.conftest import Mail

EMAIL = "ayesha@example.com"
NOW = datetime(2026, 11, 22, 15, 5, 30, tzinfo=timezone.utc)
RIVALS = 8


def test_requests_are_limited_silently(api: ApiClient, all_mail: Mail) -> None:
    """One in three minutes, five in a day, ten in total; the e-mail of the sign-up is not counted."""
    with time_machine.travel(NOW, tick=False):
        session = api.sign_up(email=EMAIL)
        all_mail.deliver()
    sent = []
    for minutes in (0, 1, 2.9, 3, 6, 9, 12, 15, 60, 24 * 60 - 1, 24 * 60, 24 * 60 + 3, 2000, 2010, 2020, 2030, 4000):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            send_again(api, session)
            sent += [minutes] * len(all_mail.deliver())
    assert sent == [0, 3, 6, 9, 12, 24 * 60, 24 * 60 + 3, 2000, 2010, 2020]


def test_a_fourth_day_does_not_exceed_ten_in_total(api: ApiClient, all_mail: Mail) -> None:
    with time_machine.travel(NOW, tick=False):
        session = api.sign_up(email=EMAIL)
        all_mail.deliver()
    sent = 0
    for hours in range(0, 71, 5):
        with time_machine.travel(NOW + timedelta(hours=hours), tick=False):
            send_again(api, session)
            sent += len(all_mail.deliver())
    assert sent == 10


def test_many_requests_at_once_send_one_email(app: Flask, api: ApiClient, all_mail: Mail) -> None:
    session = api.sign_up(email=EMAIL)
    all_mail.deliver()
    at_once([lambda: send_again(ApiClient(app.test_client()), session)] * RIVALS)
    assert len(all_mail.deliver()) == 1


def test_control_without_the_claim_many_requests_send_many_emails(
    app: Flask, api: ApiClient, all_mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = api.sign_up(email=EMAIL)
    all_mail.deliver()
    monkeypatch.setattr(verification.email_store, "claim_verify_email", lambda *_: True)
    at_once([lambda: send_again(ApiClient(app.test_client()), session)] * RIVALS)
    assert len(all_mail.deliver()) == RIVALS


@pytest.mark.parametrize("stored", [None, "x", 7, [], {"count": "x", "recent": "x"}, {"recent": [None, "x"]}])
def test_unreadable_counts_are_replaced(api: ApiClient, all_mail: Mail, db: Db, stored: Any) -> None:
    session = api.sign_up(email=EMAIL)
    all_mail.deliver()
    db.users.update_one({}, {"$set": {"verify_emails": stored}})
    for _ in range(2):
        send_again(api, session)
    assert len(all_mail.deliver()) == 1
    assert db.users.distinct("verify_emails.count") == [1]


NEWS = [ObjectId() for _ in range(5)]


def claim(db: Db, entry: int, hours: float) -> bool:
    """Claim an e-mail because of a booking for the only account."""
    account_id = db.users.distinct("_id")[0]
    return email_store.claim_news_email(db, account_id, NEWS[entry], NOW + timedelta(hours=hours))


def test_news_are_sent_once_a_day_and_three_times_in_total(api: ApiClient, db: Db) -> None:
    api.sign_up(email=EMAIL)
    claims = [
        (0, 0),
        (0, 0.1),
        (1, 1),
        (1, 23.9),
        (1, 24),
        (2, 30),
        (0, 30),
        (1, 30),
        (2, 48),
        (3, 72),
        (3, 999),
        (2, 999),
    ]
    outcomes = [claim(db, entry, hours) for entry, hours in claims]
    assert outcomes == [True, True, False, False, True, False, False, True, True, False, False, True]
    assert db.users.distinct("news_emails.count") == [3]


@pytest.mark.parametrize("fields", [{"email_verified": True}, {"disowned_at": NOW}])
def test_a_verified_or_disowned_address_gets_no_news(api: ApiClient, db: Db, fields: dict[str, Any]) -> None:
    api.sign_up(email=EMAIL)
    assert claim(db, 0, 0)
    db.users.update_one({}, {"$set": fields})
    assert not claim(db, 0, 0)
    assert not claim(db, 1, 48)


def test_concurrent_news_are_claimed_once(api: ApiClient, db: Db) -> None:
    api.sign_up(email=EMAIL)
    assert at_once([functools.partial(claim, db, entry, 0) for entry in range(5)]).count(True) == 1


def test_control_without_the_pause_and_the_total_each_news_is_claimed(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_store, "NEWS_PAUSE", timedelta(0))
    monkeypatch.setattr(email_store, "MAX_NEWS_EMAILS", 100)
    api.sign_up(email=EMAIL)
    assert at_once([functools.partial(claim, db, entry, 0) for entry in range(5)]) == [True] * 5
