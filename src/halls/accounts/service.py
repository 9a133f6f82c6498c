"""Sign-up, login, logout, password reset and profile changes: the steps of each, and their transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halls.accounts import email_store, google_store, link_store, store
from halls.accounts.account import (
    Account,
    BadCredentials,
    BadResetToken,
    EmailTaken,
    WrongPassword,
    new_account,
    role_of,
)
from halls.accounts.emails import PASSWORD_CHANGED, PASSWORD_RESET, VERIFY_EMAIL, hash_token
from halls.accounts.outside_access import delete_outside_access
from halls.accounts.passwords import find_matching_form, hash_password, is_personal, needs_new_hash, password_matches
from halls.accounts.schemas import MAX_EMAIL
from halls.accounts.tokens import TokenRevoked
from halls.accounts.unsubscribe_tokens import read_unsubscribe_token
from halls.errors import invalid
from halls.mongo.client import in_transaction
from halls.outbox.store import enqueue
from halls.search.index import refresh_entries
from halls.venues.event_store import insert_venue_event
from halls.venues.store import mark_unlisted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from halls.accounts.google import GooglePerson
    from halls.accounts.schemas import GoogleSignIn, Login, PasswordChange, PasswordReset, Signup
    from halls.accounts.tokens import Claims
    from halls.mongo.client import Db, Session


def sign_up(db: Db, signup: Signup, now: datetime) -> Account:
    """Return a new account with a password, and queue the e-mail that verifies its address.

    Raises Invalid if the password is the address or the name, and EmailTaken.
    """
    _check_personal("password", signup.password, signup.email, signup.full_name)
    document = new_account(
        email=signup.email,
        full_name=signup.full_name,
        contact_number=signup.contact_number,
        is_venue_owner=signup.is_venue_owner,
        now=now,
    )
    document["password_hash"] = hash_password(signup.password)
    data = {"account_id": document["_id"]}
    return store.insert_account(db, document, lambda session: enqueue(db, VERIFY_EMAIL, data, now, session))


def _check_personal(field: str, password: str, *texts: str | None) -> None:
    if is_personal(password, *texts):
        raise invalid(field, "must not be your e-mail address or your name")


def log_in(db: Db, login: Login) -> Account:
    """Return the account with this address and password, which may be suspended. Raises BadCredentials."""
    account = store.find_account_by_email(db, login.email)
    password_hash = account.password_hash if account else None
    form = find_matching_form(password_hash, login.password)
    if account is None or password_hash is None or form is None:
        raise BadCredentials
    if needs_new_hash(password_hash, form):
        store.update_hash(db, account.id, old_hash=password_hash, new_hash=hash_password(form))
    return account


def log_out(db: Db, account: Account, claims: Claims, now: datetime, *, everywhere: bool) -> str:
    """Make this token of the account invalid, or all of them, and return "this" or "all". Raises TokenRevoked.

    All of them also after very many logouts: a logged-out token must never become valid again.
    """
    if not everywhere and store.revoke_token(db, account, claims, now):
        return "this"
    store.revoke_all_tokens(db, account)
    return "all"


def change_profile(db: Db, account: Account, changes: dict[str, Any], now: datetime) -> Account:
    """Return the account with the given fields changed. Raises Invalid if an owner is to become a user."""
    if changes.get("is_venue_owner") is False and account.is_venue_owner:
        raise invalid("is_venue_owner", "An owner's account cannot become a user's account.", "read_only")
    if changes.get("is_venue_owner"):
        changes = {**changes, "role": role_of(is_venue_owner=True)}
    # False for a user is not written, because it could undo a concurrent change to an owner.
    changes = {name: value for name, value in changes.items() if value is not False}
    changed = store.update_account(db, account, changes, now)
    if changed is None:
        raise TokenRevoked
    return changed


def change_password(db: Db, account: Account, change: PasswordChange, now: datetime) -> Account:
    """Set a new password, and revoke older access tokens and reset tokens. Tell the account by e-mail.

    Raises Invalid if the new password is the address or the name of the account, and WrongPassword.
    """
    _check_personal("new_password", change.new_password, account.email, account.full_name)
    if not password_matches(account.password_hash, change.password):
        raise WrongPassword
    new_hash = hash_password(change.new_password)
    old_hash = account.password_hash

    def replace(session: Session) -> Account | None:
        changed = store.replace_password(db, account.id, old_hash=old_hash, new_hash=new_hash, now=now, session=session)
        if changed is not None:
            enqueue(db, PASSWORD_CHANGED, {"account_id": account.id}, now, session)
        return changed

    changed = in_transaction(db, replace)
    if changed is None:
        raise WrongPassword
    return changed


def change_preferences(db: Db, account: Account, changes: dict[str, Any]) -> Account:
    """Return the account with the given preferences changed. Raises TokenRevoked."""
    changed = email_store.update_preferences(db, store.match_unchanged(account), changes)
    if changed is None:
        raise TokenRevoked
    return changed


def unsubscribe(db: Db, token: str, secrets: Sequence[str]) -> None:
    """Switch off the e-mails that an unsubscribe token names. Another token changes nothing."""
    found = read_unsubscribe_token(token, secrets)
    if found is not None:
        account_id, topic = found
        email_store.update_preferences(db, {"_id": account_id}, {topic: False})


def request_reset(db: Db, email: str, now: datetime) -> None:
    """Queue a reset of the account with this address. The time does not depend on whether the account exists."""
    enqueue(db, PASSWORD_RESET, {"email": email.strip()[:MAX_EMAIL]}, now)


def reset_password(db: Db, reset: PasswordReset, now: datetime) -> Account:
    """Set a new password with a reset token, which works once, and tell the account by e-mail. Return the account.

    Raises BadResetToken, and Invalid if the password is the address or the name of the account, before it hashes.
    """
    stored_reset = link_store.get_reset(db, hash_token(reset.token), now)
    account = store.find_accounts(db, [stored_reset["user_id"]]).get(stored_reset["user_id"])
    if account is None:
        raise BadResetToken
    _check_personal("new_password", reset.new_password, account.email, account.full_name)
    new_hash = hash_password(reset.new_password)

    def replace(session: Session) -> None:
        if store.consume_reset(db, stored_reset, new_hash, now, session):
            delete_outside_access(db, stored_reset["user_id"], session)
        enqueue(db, PASSWORD_CHANGED, {"account_id": stored_reset["user_id"]}, now, session)

    in_transaction(db, replace)
    return account


def sign_in_with_google(
    db: Db, person: GooglePerson, signin: GoogleSignIn, now: datetime, on_link: Callable[[], object] = lambda: None
) -> Account:
    """Return the account of a Google account: found by its `sub`, linked by its address, or created.

    `on_link` is called if this request links it. A suspended account is returned unchanged. Raises EmailTaken if the
    address belongs to another Google account, or to any account while Google is not the authority for the address.
    """
    account = google_store.find_account_by_google(db, person.sub)
    account = account or _link_by_email(db, person, now, on_link)
    account = account or _sign_up_with_google(db, person, signin, now, on_link)
    if account.is_suspended:
        return account
    account = _verify_by_google(db, account, person, now)
    changes: dict[str, Any] = {}
    if signin.is_venue_owner and not account.is_venue_owner:
        changes["is_venue_owner"] = True
    if signin.contact_number and not account.contact_number:
        changes["contact_number"] = signin.contact_number
    return change_profile(db, account, changes, now) if changes else account


def _verify_by_google(db: Db, account: Account, person: GooglePerson, now: datetime) -> Account:
    """Return the account with its address verified, if Google is the authority for this address."""
    if account.email_verified or account.email.lower() != person.email or not person.is_authority:
        return account
    verified = in_transaction(db, lambda session: store.verify_account(db, account, now, session))
    if verified is None:
        raise TokenRevoked
    return verified


def _link_by_email(db: Db, person: GooglePerson, now: datetime, on_link: Callable[[], object]) -> Account | None:
    same_email = store.find_account_by_email(db, person.email)
    if same_email is None:
        return None
    if not person.is_authority:
        raise EmailTaken
    if same_email.is_suspended:
        return same_email
    linked = google_store.link_google(
        db, same_email.id, person.sub, now, lambda session: _end_squatting(db, same_email, now, session)
    )
    if linked is not None:
        on_link()
    # Of two concurrent logins only one links the account. The other one finds the link.
    account = linked or google_store.find_account_by_google(db, person.sub)
    if account is None:
        raise EmailTaken
    return account


def _end_squatting(db: Db, account: Account, now: datetime, session: Session) -> None:
    """Delete the feeds and webhooks of the account, and take its venues out of search until they are listed again."""
    delete_outside_access(db, account.id, session)
    paused = mark_unlisted(db, account.id, now, session)
    for venue in paused:
        insert_venue_event(db, venue, "venue_changed", now, session)
    refresh_entries(db, [venue["_id"] for venue in paused], session)


def _sign_up_with_google(
    db: Db, person: GooglePerson, signin: GoogleSignIn, now: datetime, on_link: Callable[[], object]
) -> Account:
    document = new_account(
        email=person.email,
        full_name=person.full_name,
        contact_number=signin.contact_number,
        is_venue_owner=bool(signin.is_venue_owner),
        now=now,
        email_verified=person.is_authority,
    )
    document |= {"auth_provider": "google", "google_sub": person.sub}

    def request_proof(session: Session) -> None:
        if not person.is_authority:
            enqueue(db, VERIFY_EMAIL, {"account_id": document["_id"]}, now, session)

    try:
        return store.insert_account(db, document, request_proof)
    except EmailTaken:
        # A concurrent request created an account with this address or this Google account.
        account = google_store.find_account_by_google(db, person.sub) or _link_by_email(db, person, now, on_link)
        if account is None:
            raise
        return account
