"""The e-mails about accounts."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from halls.accounts import email_store, link_store
from halls.accounts.schemas import normalise_email
from halls.documents import read_id
from halls.mail.message import Email, karachi_time, render_email
from halls.mongo.client import in_transaction

if TYPE_CHECKING:
    from halls.accounts.account import Account
    from halls.config import Config
    from halls.mongo.client import Db, Session
    from halls.outbox.entry import OutboxEntry

PASSWORD_RESET, PASSWORD_CHANGED = "password_reset", "password_changed"
VERIFY_EMAIL = "verify_email"
TOKEN_BYTES = 32
LINK_LIFETIME = timedelta(days=7)


def hash_token(token: str) -> str:
    """Return the SHA-256 of a token in a link. Only this is stored, so a copy of the database opens no account."""
    return hashlib.sha256(token.encode()).hexdigest()


def render_password_reset(db: Db, config: Config, entry: OutboxEntry, now: datetime) -> Email | None:
    """Return the e-mail with a new reset link, or None if no account has the requested address.

    The token is generated here, right before sending: the outbox never contains it.
    """
    try:
        # The collation of the database treats look-alike letters as equal.
        email = normalise_email(entry["data"]["email"])
    except ValueError:
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = now + timedelta(minutes=config.reset_token_ttl_minutes)

    def insert_link(session: Session) -> Account | None:
        limited = config.rate_limits == "on"
        claimed = email_store.claim_reset_email(db, email, entry["_id"], now, session, limited=limited)
        if claimed is not None:
            link_store.insert_reset(db, claimed.id, hash_token(token), expires_at=expires_at, now=now, session=session)
        return claimed

    if (account := in_transaction(db, insert_link)) is None:
        return None
    link = link_to_page(config, "reset-password", token)
    # Without the name: an account can have the address of another person, and its name can be an advertisement.
    words: dict[str, Any] = {"link": link, "until": karachi_time(expires_at), "operator_email": config.operator_email}
    return render_email(PASSWORD_RESET, to=account.email, **words)


def render_verification(db: Db, config: Config, entry: OutboxEntry, now: datetime) -> Email | None:
    """Return the e-mail with a verification link, or None if the account does not need it any more."""
    account = _find_receiver(db, entry)
    return render_verify_email(db, config, account, now, has_news=False) if account else None


def render_verify_email(db: Db, config: Config, account: Account, now: datetime, *, has_news: bool) -> Email | None:
    """Return the e-mail with a new verification link, or None if the account is verified, disowned or deleted.

    With `has_news` it replaces an e-mail about a booking, which an unverified address does not get.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = now + LINK_LIFETIME

    def insert_link(session: Session) -> Account | None:
        current = email_store.lock_unverified_account(db, account.id, session)
        if current is not None:
            link_store.insert_link(db, current, hash_token(token), expires_at=expires_at, now=now, session=session)
        return current

    receiver = in_transaction(db, insert_link)
    if receiver is None:
        return None
    # Without the name, like the reset e-mail.
    return render_email(
        VERIFY_EMAIL,
        to=receiver.email,
        link=link_to_page(config, "verify-email", token),
        disown_link=link_to_page(config, "disown-email", token),
        until=karachi_time(expires_at),
        operator_email=config.operator_email,
        has_news=has_news,
    )


def render_password_changed(db: Db, config: Config, entry: OutboxEntry, _now: datetime) -> Email | None:
    """Return the e-mail which says that the password was changed, also to an unverified address. None without one."""
    account = _find_receiver(db, entry)
    if account is None:
        return None
    at = karachi_time(entry["queued_at"])
    return render_email(PASSWORD_CHANGED, to=account.email, at=at, operator_email=config.operator_email)


def _find_receiver(db: Db, entry: OutboxEntry) -> Account | None:
    return email_store.find_receiver(db, read_id(entry["data"].get("account_id")))


def link_to_page(config: Config, page: str, token: str) -> str:
    """Return the address of a page of the front end, with a token."""
    return f"{config.pages_url}/{page}?{urlencode({'token': token})}"
