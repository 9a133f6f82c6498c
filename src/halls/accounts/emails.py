"""What we write to people about their accounts."""

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
    from halls.mongo.client import Db, Document

PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind of letter
TOKEN_BYTES = 32


def hash_reset_token(token: str) -> str:
    """Return what is stored of a reset token: who reads the database can't use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def render_password_reset(db: Db, config: Config, entry: Document, now: datetime) -> Email | None:
    """Return the letter with a new reset link, or None when the address that was typed in is nobody's.

    The token is made only now: neither the outbox nor anything else ever holds it.
    """
    try:
        # The database would take a look-alike for the address itself.
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
    return render_email(
        PASSWORD_RESET,
        to=account.email,
        subject="Your new password for Halls",
        name=account.full_name,
        link=link,
        until=karachi_time(expires_at),
    )
