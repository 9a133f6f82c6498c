"""Feeds and webhooks end when the holder of the mailbox takes over an account that another person registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.accounts import store
from halls.accounts.administration import make_reset_link
from halls.clock import utc_now
from tests.accounts.conftest import token_of
from tests.accounts.google_keys import id_token
from tests.accounts.test_disowning import EMAIL, NEW, take_over
from tests.accounts.test_google_accounts import sign_in
from tests.conftest import make_config
from tests.feeds.feed_client import fetch, make_feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db
    from tests.accounts.conftest import Mail
    from tests.api_client import ApiClient

COLLECTIONS = ("feeds", "webhooks", "webhook_deliveries")
URL = {"url": "http://127.0.0.1:9/"}


def disown(api: ApiClient, all_mail: Mail) -> None:
    """Say that the account is not theirs."""
    assert api.post("/auth/disown-email", {"token": token_of(all_mail)}).status == 200


def reset(api: ApiClient, all_mail: Mail) -> None:
    """Take the account over by an e-mail to its address."""
    all_mail.deliver()
    take_over(api, all_mail)


def link_google(api: ApiClient, _all_mail: Mail) -> None:
    """Sign in with the Google account of the address."""
    assert sign_in(api, id_token(email=EMAIL, hd=EMAIL.partition("@")[2])).status == 200


def count(db: Db) -> list[int]:
    """Return the numbers of feeds, webhooks and deliveries."""
    return [db[name].count_documents({}) for name in COLLECTIONS]


def make_access(api: ApiClient, token: str) -> str:
    """Create a feed and a webhook with a delivery; return the path of the feed."""
    webhook_id = api.post("/webhooks", URL, token=token).data["webhook_id"]
    assert api.post(f"/webhooks/{webhook_id}/test", None, token=token).status == 202
    return make_feed(api, token)


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("take", [disown, reset, link_google])
def test_a_takeover_ends_feeds_and_webhooks(
    api: ApiClient, all_mail: Mail, db: Db, take: Callable[[ApiClient, Mail], None]
) -> None:
    kept = make_access(api, api.guest())
    all_mail.deliver()
    path = make_access(api, api.sign_up(email=EMAIL)["token"])
    assert fetch(api, path).status == 200
    take(api, all_mail)
    assert fetch(api, path).status == 404
    assert fetch(api, kept).status == 200
    assert count(db) == [1, 1, 1]


def test_a_reset_of_a_verified_account_keeps_feeds_and_webhooks(api: ApiClient, all_mail: Mail, db: Db) -> None:
    token = api.sign_up(email=EMAIL)["token"]
    assert api.post("/auth/verify-email", {"token": token_of(all_mail)}, token=token).status == 200
    path = make_access(api, token)
    take_over(api, all_mail)
    assert fetch(api, path).status == 200
    assert count(db) == [1, 1, 1]


def test_the_reset_link_of_an_operator_ends_what_a_thief_made(api: ApiClient, all_mail: Mail, db: Db) -> None:
    token = api.sign_up(email=EMAIL)["token"]
    assert api.post("/auth/verify-email", {"token": token_of(all_mail)}, token=token).status == 200
    path = make_access(api, token)
    (account,) = store.find_accounts_by_email(db, [EMAIL]).values()
    reset_token = make_reset_link(db, make_config(), account, utc_now()).link.partition("=")[2]
    body = {"token": reset_token, "new_password": NEW}
    assert api.post("/auth/reset-password", body).status == 200
    assert fetch(api, path).status == 404
    assert count(db) == [0, 0, 0]
