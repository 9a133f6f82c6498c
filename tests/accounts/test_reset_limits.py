"""Reset e-mails of one account: 5 an hour and 10 a day, and only the link of the last one works."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId

from halls.accounts import email_store
from halls.mongo.client import in_transaction
from tests.accounts.concurrency import at_once
from tests.accounts.conftest import token_in
from tests.factories import PASSWORD

if TYPE_CHECKING:
    from halls.accounts.account import Account
    from halls.mongo.client import Db
    from tests.accounts.conftest import Mail
    from tests.api_client import ApiClient

EMAIL = "ayesha@example.com"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=timezone.utc)


@pytest.fixture
def limited_mail(api: ApiClient, mail: Mail) -> Mail:
    """An outbox with rate limits, and two accounts."""
    mail.config = mail.config.model_copy(update={"rate_limits": "on"})
    api.sign_up(email=EMAIL)
    api.sign_up(email="bilal@example.com")
    return mail


def count_emails(api: ApiClient, mail: Mail, *minutes: float, email: str = EMAIL) -> int:
    """Request a reset at each of the minutes after NOW. Return the number of e-mails that were sent."""
    sent = 0
    for minute in minutes:
        with time_machine.travel(NOW + timedelta(minutes=minute), tick=False):
            assert api.post("/auth/forgot-password", {"email": email}).status == 200
            sent += len(mail.deliver())
    return sent


def test_an_account_gets_five_emails_an_hour(api: ApiClient, limited_mail: Mail) -> None:
    assert count_emails(api, limited_mail, *range(0, 60, 2)) == 5
    assert count_emails(api, limited_mail, 59.9) == 0
    # The first of the five is an hour old, the second one is not.
    assert count_emails(api, limited_mail, 60, 61.5) == 1
    assert count_emails(api, limited_mail, 1, 59, email="bilal@example.com") == 2


def test_an_account_gets_ten_emails_a_day(api: ApiClient, limited_mail: Mail) -> None:
    day = 24 * 60
    assert count_emails(api, limited_mail, *range(0, day, 20)) == 10
    assert count_emails(api, limited_mail, day - 1) == 0
    assert count_emails(api, limited_mail, day, day + 2) == 1


def test_without_rate_limits_any_number_is_sent_and_few_are_stored(api: ApiClient, mail: Mail, db: Db) -> None:
    api.sign_up(email=EMAIL)
    assert count_emails(api, mail, *[0] * 25) == 25
    (user,) = db.users.find()
    assert len(user["reset_letter"]["recent"]) == email_store.MAX_RESET_EMAILS_A_DAY


@pytest.mark.parametrize("stored", [{}, {"recent": None}, {"recent": "x"}, {"recent": {}}], ids=str)
def test_a_count_of_an_older_version_is_read_as_none(
    api: ApiClient, limited_mail: Mail, db: Db, stored: dict[str, Any]
) -> None:
    sent = {"id": ObjectId(), "at": NOW - timedelta(minutes=2), **stored}
    db.users.update_one({"email": EMAIL}, {"$set": {"reset_letter": sent}})
    assert count_emails(api, limited_mail, *range(0, 30, 2)) == 5


def test_a_retry_of_an_email_does_not_count(api: ApiClient, limited_mail: Mail, db: Db) -> None:
    limited_mail.server.errors = ["451 later"] * 3
    assert count_emails(api, limited_mail, 0) == 0
    with time_machine.travel(NOW + timedelta(minutes=55), tick=False):
        while limited_mail.server.errors:
            db.outbox.update_many({}, {"$set": {"due_at": NOW}})
            limited_mail.deliver()
    (user,) = db.users.find({"email": EMAIL})
    assert user["reset_letter"]["recent"] == [NOW]


def test_only_the_link_of_the_last_email_works(api: ApiClient, mail: Mail) -> None:
    api.sign_up(email=EMAIL)
    api.sign_up(email="bilal@example.com")
    other = mail.reset_token(api, "bilal@example.com")
    tokens = [mail.reset_token(api, EMAIL) for _ in range(3)]
    answers = [
        api.post("/auth/reset-password", {"token": token, "new_password": PASSWORD}) for token in [*tokens, other]
    ]
    assert [answer.status for answer in answers] == [422, 422, 200, 200]
    assert {answer.code for answer in answers[:2]} == {"bad_reset_token"}


def test_a_rejected_request_does_not_void_the_link(api: ApiClient, limited_mail: Mail) -> None:
    with time_machine.travel(NOW, tick=False):
        api.post("/auth/forgot-password", {"email": EMAIL})
        (delivery,) = limited_mail.deliver()
        assert count_emails(api, limited_mail, 0.5) == 0
        body = {"token": token_in(delivery), "new_password": PASSWORD}
        assert api.post("/auth/reset-password", body).status == 200


def test_of_many_concurrent_emails_to_one_account_one_is_claimed(api: ApiClient, db: Db) -> None:
    api.sign_up(email=EMAIL)

    def claim() -> Account | None:
        return in_transaction(
            db,
            lambda session: email_store.claim_reset_email(db, EMAIL, ObjectId(), NOW, session, limited=True),
        )

    claimed = at_once([claim] * 8)
    assert sum(account is not None for account in claimed) == 1
