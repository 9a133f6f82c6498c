"""What happens when an account changes between the moment it was read and the moment it is written."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from bson import ObjectId

from halls.accounts import service, store
from halls.accounts.account import Account, BadCredentials
from halls.accounts.passwords import needs_new_hash
from halls.accounts.schemas import Login, PasswordChange
from halls.accounts.tokens import TokenRevoked
from halls.clock import utc_now
from tests.external_documents import FOREIGN_PASSWORD, put_user

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document

CHANGE = PasswordChange(password=FOREIGN_PASSWORD, new_password="another horse 8")


def account_in(db: Db) -> Account:
    """Return an account as it was read at the beginning of a request."""
    found = store.find_account(db, put_user(db)["_id"])
    assert found is not None
    return found


def put_reset(db: Db, account: Account) -> None:
    """Let the account have an open reset of its password."""
    store.insert_reset(db, account.id, "hash", expires_at=utc_now() + timedelta(hours=1), now=utc_now())


def test_a_profile_that_is_gone_meanwhile_can_not_be_changed(db: Db) -> None:
    account = account_in(db)
    db.users.delete_one({"_id": account.id})
    with pytest.raises(TokenRevoked):
        service.change_profile(db, account, {"full_name": "x"}, utc_now())
    assert db.users.count_documents({}) == 0


def test_of_two_new_passwords_at_once_the_first_stays(db: Db) -> None:
    account = account_in(db)
    first = service.change_password(db, account, CHANGE, utc_now())
    put_reset(db, account)
    with pytest.raises(BadCredentials):
        service.change_password(db, account, CHANGE, utc_now())
    assert store.find_account(db, account.id) == first
    assert db.password_resets.count_documents({}) == 1


def test_a_second_google_account_is_refused_and_changes_nothing(db: Db) -> None:
    account = account_in(db)
    linked = store.link_google(db, account.id, "first", utc_now())
    put_reset(db, account)
    assert store.link_google(db, account.id, "second", utc_now()) is None
    assert store.find_account(db, account.id) == linked
    assert db.password_resets.count_documents({}) == 1


def test_saying_to_stay_a_guest_does_not_undo_an_upgrade_made_at_the_same_moment(db: Db) -> None:
    account = account_in(db)
    service.change_profile(db, account, {"is_venue_owner": True}, utc_now())
    changed = service.change_profile(db, account, {"is_venue_owner": False}, utc_now())
    assert changed.is_venue_owner


def test_accounts_are_found_by_their_ids_and_strangers_are_not(db: Db) -> None:
    account = account_in(db)
    assert store.find_accounts(db, [account.id, ObjectId()]) == {account.id: account}


def test_logging_in_brings_a_hash_of_another_cost_to_todays_and_leaves_it_then(db: Db) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("correct horse 7")
    user = put_user(db, password_hash=cheap)
    login = Login(email=user["email"].lower(), password="correct horse 7")
    first, second = (_stored_after(db, login) for _ in range(2))
    assert needs_new_hash(cheap)
    assert not needs_new_hash(first["password_hash"])
    assert first["password_hash"] == second["password_hash"]
    # The password is the same: nobody has to log in anew.
    assert first.get("token_version") == user.get("token_version")


def _stored_after(db: Db, login: Login) -> Document:
    """Log in; return the account's document as it is then."""
    found = db.users.find_one({"_id": service.log_in(db, login).id})
    assert found is not None
    return found
