"""What operators do with accounts besides their suspension: create, look up, verify, and pass a reset link on."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from halls.accounts import link_store, operator_store, store
from halls.accounts.account import account_from_document, new_account, role_of, serialize_profile
from halls.accounts.emails import TOKEN_BYTES, hash_token, link_to_page
from halls.accounts.schemas import ContactNumber, Email, FullName, normalise_email
from halls.accounts.suspension import AccountChanged
from halls.bookings.store import list_upcoming_ids
from halls.clock import day_in_karachi
from halls.documents import read_moment
from halls.errors import OperatorError
from halls.http.schema import RequestModel
from halls.mongo.client import in_transaction
from halls.venues.store import list_venue_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from halls.accounts.account import Account, AccountDocument
    from halls.config import Config
    from halls.mongo.client import Db


class NoAccount(OperatorError):
    """No account has this e-mail address."""


class Disowned(OperatorError):
    """The holder of the mailbox said that the account is not theirs."""

    def __init__(self) -> None:
        super().__init__(
            "The holder of the mailbox said that the account is not theirs. Only a reset by e-mail takes it over."
        )


class AccountOptions(RequestModel):
    """The options of `halls account create`."""

    email: Email
    full_name: FullName | None = None
    contact_number: ContactNumber | None = None
    is_venue_owner: bool


class ResetLink(NamedTuple):
    """A link that sets a new password once, and when it expires."""

    link: str
    expires_at: datetime


def get_account(db: Db, email: str) -> Account:
    """Return the account with this e-mail address, in any case. Raises NoAccount."""
    try:
        address = normalise_email(email.strip())
    except ValueError:
        # An external writer may have stored an address that the API does not accept.
        address = email.strip()
    account = store.find_account_by_email(db, address)
    if account is None:
        raise NoAccount(f"No account has the e-mail address {email.strip()}. `halls account list` shows all.")
    return account


def create_account(db: Db, given: AccountOptions, now: datetime) -> Account:
    """Return a new account without a password, which its holder takes over with a reset link. Raises EmailTaken."""
    document = new_account(**given.model_dump(), now=now)
    return store.insert_account(db, {**document, "invited_at": now})


def list_accounts(db: Db, *, only_owners: bool = False, only_suspended: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the accounts as operators see them, in order of id."""
    for document in operator_store.list_accounts(db, only_owners=only_owners, only_suspended=only_suspended):
        yield serialize_account(document)


def serialize_account(document: AccountDocument) -> dict[str, Any]:
    """Return the profile of an account, and what only operators see."""
    return {
        **serialize_profile(account_from_document(document)),
        "suspended_at": read_moment(document.get("suspended_at")),
        "disowned_at": read_moment(document.get("disowned_at")),
    }


def describe_account(db: Db, account: Account, now: datetime) -> dict[str, Any]:
    """Return the account as operators see it, and the number of its venues and upcoming requests."""
    requests = list_upcoming_ids(db, account.id, ["pending"], today=day_in_karachi(now))
    counts = {"venues": len(list_venue_ids(db, account.id)), "pending_requests": len(requests)}
    return {**serialize_account(_get_document(db, account)), **counts}


def make_owner(db: Db, account: Account, now: datetime) -> bool:
    """Let the account register venues. Return False if it may already. Raises AccountChanged."""
    if account.is_venue_owner:
        return False
    values = {"is_venue_owner": True, "role": role_of(is_venue_owner=True)}
    if store.update_account(db, account, values, now) is None:
        raise AccountChanged
    return True


def verify_account(db: Db, account: Account, now: datetime) -> bool:
    """Make the e-mail address of the account verified. Return False if it is already.

    Raises Disowned, AccountChanged.
    """
    _check_not_disowned(db, account)
    if account.email_verified:
        return False
    if in_transaction(db, lambda session: store.verify_account(db, account, now, session)) is None:
        raise AccountChanged
    return True


def make_reset_link(db: Db, config: Config, account: Account, now: datetime) -> ResetLink:
    """Return a link that sets a new password. It does not verify the address. Raises Disowned."""
    _check_not_disowned(db, account)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = now + timedelta(minutes=config.reset_token_ttl_minutes)
    link_store.insert_reset(db, account.id, hash_token(token), expires_at=expires_at, now=now, by_operator=True)
    return ResetLink(link_to_page(config, "reset-password", token), expires_at)


def _check_not_disowned(db: Db, account: Account) -> None:
    if "disowned_at" in _get_document(db, account):
        raise Disowned


def _get_document(db: Db, account: Account) -> AccountDocument:
    document = operator_store.find_document(db, account.id)
    if document is None:
        raise AccountChanged
    return document
