"""What happens, and in what order, when people sign up, log in and change their accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halls.accounts import store
from halls.accounts.account import Account, BadCredentials, EmailTaken, new_account, role_of
from halls.accounts.emails import PASSWORD_RESET, hash_reset_token
from halls.accounts.passwords import hash_password, needs_new_hash, password_matches
from halls.accounts.schemas import MAX_EMAIL
from halls.accounts.tokens import TokenRevoked
from halls.errors import invalid
from halls.mongo.client import in_transaction
from halls.outbox.store import enqueue

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.google import GooglePerson
    from halls.accounts.schemas import GoogleSignIn, Login, PasswordChange, PasswordReset, Signup
    from halls.mongo.client import Db


def sign_up(db: Db, signup: Signup, now: datetime) -> Account:
    """Make an account with a password. Raises EmailTaken."""
    document = new_account(
        email=signup.email,
        full_name=signup.full_name,
        contact_number=signup.contact_number,
        is_venue_owner=signup.is_venue_owner,
        now=now,
    )
    return store.insert_account(db, {**document, "password_hash": hash_password(signup.password)})


def log_in(db: Db, login: Login) -> Account:
    """Return the account that address and password belong to. Raises BadCredentials."""
    account = store.find_account_by_email(db, login.email)
    password_hash = account.password_hash if account else None
    if not password_matches(password_hash, login.password) or account is None or password_hash is None:
        raise BadCredentials
    if needs_new_hash(password_hash):
        store.update_hash(db, account.id, old_hash=password_hash, new_hash=hash_password(login.password))
    return account


def change_profile(db: Db, account: Account, changes: dict[str, Any], now: datetime) -> Account:
    """Set the given fields. An account may become an owner, never the reverse: Invalid."""
    if changes.get("is_venue_owner") is False and account.is_venue_owner:
        raise invalid("is_venue_owner", "An owner stays an owner.")
    if changes.get("is_venue_owner"):
        changes = {**changes, "role": role_of(is_venue_owner=True)}
    # False for a user changes nothing, and must not undo an upgrade made at the same moment.
    changes = {name: value for name, value in changes.items() if value is not False}
    changed = store.update_account(db, account, changes, now)
    if changed is None:
        raise TokenRevoked
    return changed


def change_password(db: Db, account: Account, change: PasswordChange, now: datetime) -> Account:
    """Set a new password; older tokens and open resets are void. Raises BadCredentials."""
    if not password_matches(account.password_hash, change.password):
        raise BadCredentials
    new_hash = hash_password(change.new_password)
    old_hash = account.password_hash
    changed = in_transaction(
        db,
        lambda session: store.replace_password(
            db, account.id, old_hash=old_hash, new_hash=new_hash, now=now, session=session
        ),
    )
    if changed is None:
        raise BadCredentials
    return changed


def request_reset(db: Db, email: str, now: datetime) -> None:
    """Queue the question whether somebody has that address. The same work, and so the same time, for any string."""
    enqueue(db, PASSWORD_RESET, {"email": email.strip()[:MAX_EMAIL]}, now)


def reset_password(db: Db, reset: PasswordReset, now: datetime) -> None:
    """Set a new password by a mailed token, once. Raises BadResetToken, before anything is hashed."""
    found = store.get_reset(db, hash_reset_token(reset.token), now)
    new_hash = hash_password(reset.new_password)
    in_transaction(db, lambda session: store.consume_reset(db, found, new_hash, now, session))


def sign_in_with_google(db: Db, person: GooglePerson, signin: GoogleSignIn, now: datetime) -> Account:
    """Return the account of a Google account: found by its `sub`, linked by its address, or made.

    Raises EmailTaken when the address belongs to another Google account.
    """
    account = store.find_account_by_google(db, person.sub)
    account = account or _link_by_email(db, person, now) or _sign_up_with_google(db, person, signin, now)
    changes: dict[str, Any] = {}
    if signin.is_venue_owner and not account.is_venue_owner:
        changes["is_venue_owner"] = True
    if signin.contact_number and not account.contact_number:
        changes["contact_number"] = signin.contact_number
    return change_profile(db, account, changes, now) if changes else account


def _link_by_email(db: Db, person: GooglePerson, now: datetime) -> Account | None:
    found = store.find_account_by_email(db, person.email)
    if found is None:
        return None
    linked = store.link_google(db, found.id, person.sub, now)
    # Of two sign-ins at once one links; the other finds what it did.
    account = linked or store.find_account_by_google(db, person.sub)
    if account is None:
        raise EmailTaken
    return account


def _sign_up_with_google(db: Db, person: GooglePerson, signin: GoogleSignIn, now: datetime) -> Account:
    document = new_account(
        email=person.email,
        full_name=person.full_name,
        contact_number=signin.contact_number,
        is_venue_owner=bool(signin.is_venue_owner),
        now=now,
    )
    try:
        return store.insert_account(db, {**document, "auth_provider": "google", "google_sub": person.sub})
    except EmailTaken:
        # Somebody was faster with this address, or with this very Google account: look once more.
        account = store.find_account_by_google(db, person.sub) or _link_by_email(db, person, now)
        if account is None:
            raise
        return account
