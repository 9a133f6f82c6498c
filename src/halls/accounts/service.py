"""What happens, and in what order, when people sign up, log in and change their accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts import store
from halls.accounts.account import Account, BadCredentials, role_of
from halls.accounts.passwords import hash_password, password_matches
from halls.accounts.tokens import TokenRevoked
from halls.errors import invalid

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.schemas import Login, PasswordChange, Signup
    from halls.mongo.client import Db


def sign_up(db: Db, signup: Signup, now: datetime) -> Account:
    """Make an account with a password. Raises EmailTaken."""
    document = {
        "_id": ObjectId(),
        "full_name": signup.full_name,
        "email": signup.email,
        "password_hash": hash_password(signup.password),
        "contact_number": signup.contact_number,
        "is_venue_owner": signup.is_venue_owner,
        "role": role_of(is_venue_owner=signup.is_venue_owner),
        "auth_provider": "password",
        "token_version": 0,
        "created_at": now,
        "updated_at": now,
    }
    return store.insert_account(db, document)


def log_in(db: Db, login: Login) -> Account:
    """Return the account that address and password belong to. Raises BadCredentials."""
    account = store.find_account_by_email(db, login.email)
    if not password_matches(account.password_hash if account else None, login.password) or account is None:
        raise BadCredentials
    return account


def change_profile(db: Db, account: Account, changes: dict[str, Any], now: datetime) -> Account:
    """Set the given fields. An account may become an owner, never the reverse: Invalid."""
    if changes.get("is_venue_owner") is False and account.is_venue_owner:
        raise invalid("is_venue_owner", "An owner stays an owner.")
    if changes.get("is_venue_owner"):
        changes = {**changes, "role": role_of(is_venue_owner=True)}
    # False for a user changes nothing, and must not undo an upgrade made at the same moment.
    changes = {name: value for name, value in changes.items() if value is not False}
    changed = store.update_account(db, account.id, changes, now)
    if changed is None:
        raise TokenRevoked
    return changed


def change_password(db: Db, account: Account, change: PasswordChange, now: datetime) -> Account:
    """Set a new password and void all tokens of the account. Raises BadCredentials."""
    if not password_matches(account.password_hash, change.password):
        raise BadCredentials
    new_hash = hash_password(change.new_password)
    changed = store.replace_password(db, account.id, old_hash=account.password_hash, new_hash=new_hash, now=now)
    if changed is None:
        raise BadCredentials
    return changed
