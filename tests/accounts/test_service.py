"""The account service when an account changes between the read and the write of a request."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from bson import ObjectId
from werkzeug.security import generate_password_hash

from halls.accounts import google_store, link_store, service, store
from halls.accounts.account import Account, BadCredentials
from halls.accounts.passwords import needs_new_hash
from halls.accounts.schemas import Login, PasswordChange
from halls.accounts.tokens import TokenRevoked
from halls.clock import utc_now
from tests.factories import EXTERNAL_PASSWORD, insert_user

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document

CHANGE = PasswordChange(password=EXTERNAL_PASSWORD, new_password="another horse 8")


def insert_account(db: Db) -> Account:
    """Insert an account. Return it as a request reads it at the beginning."""
    return read_account(db, insert_user(db)["_id"])


def read_account(db: Db, account_id: ObjectId) -> Account:
    """Return the account as it is stored now."""
    return store.find_accounts(db, [account_id])[account_id]


def insert_reset(db: Db, account: Account) -> None:
    """Insert an open password reset of the account."""
    link_store.insert_reset(db, account.id, "hash", expires_at=utc_now() + timedelta(hours=1), now=utc_now())


def test_the_profile_of_a_deleted_account_cannot_be_changed(db: Db) -> None:
    account = insert_account(db)
    db.users.delete_one({"_id": account.id})
    with pytest.raises(TokenRevoked):
        service.change_profile(db, account, {"full_name": "x"}, utc_now())
    assert db.users.count_documents({}) == 0


def test_of_two_concurrent_password_changes_the_first_stays(db: Db) -> None:
    account = insert_account(db)
    first = service.change_password(db, account, CHANGE, utc_now())
    insert_reset(db, account)
    with pytest.raises(BadCredentials):
        service.change_password(db, account, CHANGE, utc_now())
    assert read_account(db, account.id) == first
    assert db.password_resets.count_documents({}) == 1


def test_linking_a_second_google_account_changes_nothing(db: Db) -> None:
    account = insert_account(db)
    linked = google_store.link_google(db, account.id, "first", utc_now())
    insert_reset(db, account)
    assert google_store.link_google(db, account.id, "second", utc_now()) is None
    assert read_account(db, account.id) == linked
    assert db.password_resets.count_documents({}) == 1


def test_is_venue_owner_false_does_not_undo_a_concurrent_upgrade(db: Db) -> None:
    account = insert_account(db)
    service.change_profile(db, account, {"is_venue_owner": True}, utc_now())
    changed = service.change_profile(db, account, {"is_venue_owner": False}, utc_now())
    assert changed.is_venue_owner


def test_find_accounts_returns_only_accounts_that_exist(db: Db) -> None:
    account = insert_account(db)
    assert store.find_accounts(db, [account.id, ObjectId()]) == {account.id: account}


def test_a_login_replaces_a_hash_of_another_cost_once(db: Db) -> None:
    outdated = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("correct horse 7")
    user = insert_user(db, password_hash=outdated)
    login = Login(email=user["email"].lower(), password="correct horse 7")
    first, second = (_log_in(db, login) for _ in range(2))
    assert needs_new_hash(outdated, "correct horse 7")
    assert not needs_new_hash(first["password_hash"], "correct horse 7")
    assert first["password_hash"] == second["password_hash"]
    # The password has not changed, so older tokens stay valid.
    assert first.get("token_version") == user.get("token_version")


@pytest.mark.parametrize("method", ["scrypt", "pbkdf2:sha256:1000"])
@pytest.mark.parametrize("password", ["correct horse 7", "caf\u00e9 1234", "cafe\u0301 1234"])
def test_a_login_replaces_a_hash_of_werkzeug_by_one_of_nfc(db: Db, method: str, password: str) -> None:
    user = insert_user(db, password_hash=generate_password_hash(password, method))
    first = _log_in(db, Login(email=user["email"].lower(), password=password))
    for form in ("NFC", "NFD"):
        login = Login(email=user["email"].lower(), password=unicodedata.normalize(form, password))
        assert _log_in(db, login)["password_hash"] == first["password_hash"]
    assert first["password_hash"].startswith("$argon2id$")


@pytest.mark.parametrize("stored", [b"$2b$12$LQv3c1yqBWVHxkd0LHAkCO", 7, {"hash": "x"}])
def test_no_password_matches_a_hash_of_another_type(db: Db, stored: object) -> None:
    user = insert_user(db, password_hash=stored)
    with pytest.raises(BadCredentials):
        service.log_in(db, Login(email=user["email"].lower(), password="correct horse 7"))


def _log_in(db: Db, login: Login) -> Document:
    """Log in. Return the stored account."""
    account = db.users.find_one({"_id": service.log_in(db, login).id})
    assert account is not None
    return account
