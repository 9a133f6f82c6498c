"""The e-mails about accounts."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from halls.accounts import store
from halls.accounts.schemas import normalise_email
from halls.mail.message import Email, karachi_time, render_email

if TYPE_CHECKING:
    from halls.config import Config
    from halls.mongo.client import Db
    from halls.outbox.entry import OutboxEntry

PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind of e-mail
TOKEN_BYTES = 32


def hash_reset_token(token: str) -> str:
    """Return the SHA-256 of a reset token. Only this is stored, so a copy of the database opens no account."""
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
    account = store.claim_reset_email(db, email, entry["_id"], now, limited=config.rate_limits == "on")
    if account is None:
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = now + timedelta(minutes=config.reset_token_ttl_minutes)
    store.insert_reset(db, account.id, hash_reset_token(token), expires_at=expires_at, now=now)
    link = f"{config.app_url.rstrip('/')}/reset-password?{urlencode({'token': token})}"
    # Without the name: an account can have the address of another person, and its name can be an advertisement.
    return render_email(PASSWORD_RESET, to=account.email, link=link, until=karachi_time(expires_at))
