"""Stands in for the verification of e-mail addresses until it is merged: the three functions that bookings call."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from halls.mail.message import Email, karachi_time, render_email

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.config import Config
    from halls.mongo.client import Db


def claim_news_email(db: Db, account_id: ObjectId, entry_id: ObjectId, now: datetime) -> bool:
    """Return whether an unverified account gets an e-mail because of bookings: once a day, three in all."""
    again = {"_id": account_id, "news_emails.last_entry": entry_id}
    unused = {
        "_id": account_id,
        "news_emails.count": {"$not": {"$gte": 3}},
        "news_emails.last_at": {"$not": {"$gt": now - timedelta(days=1)}},
    }
    news = {"$set": {"news_emails.last_at": now, "news_emails.last_entry": entry_id}, "$inc": {"news_emails.count": 1}}
    return db.users.find_one(again) is not None or db.users.update_one(unused, news).modified_count == 1


def render_verify_email(_db: Db, config: Config, account: Account, now: datetime, *, has_news: bool) -> Email | None:
    """Return the e-mail with a verification link."""
    return render_email(
        "verify_email",
        to=account.email,
        link=f"{config.app_url}/verify-email?token=stub",
        disown_link=f"{config.app_url}/disown-email?token=stub",
        until=karachi_time(now + timedelta(days=7)),
        has_news=has_news,
    )


def make_unsubscribe_token(secret: str, account_id: ObjectId, topic: str) -> str:
    """Return the token that switches a topic off."""
    return hmac.new(secret.encode(), f"{account_id}/{topic}".encode(), hashlib.sha256).hexdigest()
