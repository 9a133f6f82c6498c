"""Revoked tokens stop working at once on every worker, also for requests already authenticated."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from halls.accounts import deletion, service, store
from tests.accounts.concurrency import run_before_first_call
from tests.accounts.google_keys import id_token
from tests.api_client import ApiClient
from tests.factories import PASSWORD
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from halls.mongo.client import Db
    from tests.accounts.conftest import Mail
    from tests.accounts.google_keys import KeyServer

EMAIL = "ayesha@example.com"
NEW = "another horse 8"


@pytest.fixture(autouse=True)
def _google(keys: KeyServer, app: Flask, second_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both workers use the same key server."""
    assert keys.fetches == 0
    monkeypatch.setattr(second_app.extensions["halls"], "google", app.extensions["halls"].google)


def change_password(api: ApiClient, _mail: Mail, token: str) -> None:
    """Set a new password."""
    assert api.post("/auth/change-password", {"password": PASSWORD, "new_password": NEW}, token=token).status == 200


def reset_password(api: ApiClient, mail: Mail, _token: str) -> None:
    """Set a new password with a reset e-mail."""
    body = {"token": mail.reset_token(api, EMAIL), "new_password": NEW}
    assert api.post("/auth/reset-password", body).status == 200


def link_google(api: ApiClient, _mail: Mail, _token: str) -> None:
    """Sign in with Google."""
    assert api.post("/auth/google", {"id_token": id_token(email=EMAIL)}).status == 200


def delete_account(api: ApiClient, _mail: Mail, token: str) -> None:
    """Delete the account."""
    assert api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=token).status == 200


EVERY_REVOCATION = pytest.mark.parametrize("revoke", [change_password, reset_password, link_google, delete_account])


@EVERY_REVOCATION
def test_an_older_token_is_revoked_at_once_on_every_worker(
    api: ApiClient, second_api: ApiClient, mail: Mail, revoke: Callable[[ApiClient, Mail, str], None]
) -> None:
    token = api.sign_up(email=EMAIL)["token"]
    assert second_api.get("/auth/me", token=token).status == 200
    revoke(api, mail, token)
    for worker in (second_api, api):
        answer = worker.get("/auth/me", token=token)
        assert (answer.status, answer.code) == (401, "token_revoked")


def test_requests_sent_after_a_reset_are_rejected_on_all_workers(
    app: Flask, second_app: Flask, api: ApiClient, mail: Mail
) -> None:
    token = api.sign_up(email=EMAIL)["token"]
    stop, results = threading.Event(), []

    def use(worker: Flask) -> None:
        client = ApiClient(worker.test_client())
        while not stop.is_set():
            sent = time.monotonic()
            results.append((sent, client.get("/auth/me", token=token).status))

    threads = [threading.Thread(target=use, args=(worker,)) for worker in (app, second_app) * 2]
    for thread in threads:
        thread.start()
    try:
        reset_password(api, mail, token)
        answered = time.monotonic()
        wait_until(lambda: any(sent > answered + 0.1 for sent, _ in results))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {status for sent, status in results if sent > answered} == {401}
    assert 200 in {status for sent, status in results if sent < answered}


@EVERY_REVOCATION
def test_an_authenticated_request_gets_no_new_token_after_revocation(
    api: ApiClient,
    second_api: ApiClient,
    mail: Mail,
    monkeypatch: pytest.MonkeyPatch,
    revoke: Callable[[ApiClient, Mail, str], None],
) -> None:
    stolen = api.sign_up(email=EMAIL)["token"]
    run_before_first_call(monkeypatch, store, "update_account", lambda: revoke(second_api, mail, stolen))
    answer = api.patch("/auth/me", {"full_name": "Mallory"}, token=stolen)
    assert (answer.status, answer.code) == (401, "token_revoked")


@EVERY_REVOCATION
def test_an_authenticated_request_changes_no_password_after_revocation(
    api: ApiClient,
    second_api: ApiClient,
    mail: Mail,
    monkeypatch: pytest.MonkeyPatch,
    revoke: Callable[[ApiClient, Mail, str], None],
) -> None:
    stolen = api.sign_up(email=EMAIL)["token"]
    run_before_first_call(monkeypatch, store, "replace_password", lambda: revoke(second_api, mail, stolen))
    change = {"password": PASSWORD, "new_password": "password of Mallory"}
    assert api.post("/auth/change-password", change, token=stolen).status == 401
    assert api.post("/auth/login", {"email": EMAIL, "password": "password of Mallory"}).status == 401


@pytest.mark.parametrize("revoke", [change_password, reset_password, link_google])
def test_an_authenticated_request_deletes_no_account_after_revocation(
    api: ApiClient,
    second_api: ApiClient,
    mail: Mail,
    db: Db,
    monkeypatch: pytest.MonkeyPatch,
    revoke: Callable[[ApiClient, Mail, str], None],
) -> None:
    stolen = api.sign_up(email=EMAIL)["token"]
    run_before_first_call(monkeypatch, deletion.accounts, "delete_account", lambda: revoke(second_api, mail, stolen))
    answer = api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=stolen)
    assert (answer.status, answer.code) == (401, "token_revoked")
    assert db.users.count_documents({"email": EMAIL}) == 1


def test_a_login_during_a_password_change_gives_no_valid_token(
    api: ApiClient, second_api: ApiClient, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = api.sign_up(email=EMAIL)["token"]
    run_before_first_call(monkeypatch, service, "needs_new_hash", lambda: change_password(second_api, mail, token))
    session = api.post("/auth/login", {"email": EMAIL, "password": PASSWORD})
    if session.status == 200:
        assert api.get("/auth/me", token=session.data["token"]).code == "token_revoked"


def test_a_rehash_of_the_old_password_does_not_replace_the_new(
    api: ApiClient, second_api: ApiClient, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = api.sign_up(email=EMAIL)["token"]
    monkeypatch.setattr(service, "needs_new_hash", lambda *_: True)
    run_before_first_call(monkeypatch, store, "update_hash", lambda: change_password(second_api, mail, token))
    api.post("/auth/login", {"email": EMAIL, "password": PASSWORD})
    assert api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).status == 401
    assert api.post("/auth/login", {"email": EMAIL, "password": NEW}).status == 200
