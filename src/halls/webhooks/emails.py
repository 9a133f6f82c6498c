"""The e-mail which says that a webhook was switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from halls.accounts.store import find_accounts
from halls.mail.message import Email, as_plain_text, render_email
from halls.webhooks.sender import WEBHOOK_DISABLED
from halls.webhooks.store import find_webhook

if TYPE_CHECKING:
    from datetime import datetime

    from halls.config import Config
    from halls.mongo.client import Db
    from halls.outbox.entry import OutboxEntry


def render_webhook_disabled(db: Db, _config: Config, entry: OutboxEntry, _now: datetime) -> Email | None:
    """Return the e-mail, or None if the webhook is on again or deleted, or the address is not verified."""
    data = entry["data"]
    webhook = find_webhook(db, data["webhook_id"])
    account = find_accounts(db, [data["account_id"]]).get(data["account_id"])
    if webhook is None or webhook["is_active"] or account is None or not account.email_verified:
        return None
    # Without the path, which may contain a secret of the receiver.
    host = urlsplit(webhook["url"]).hostname or ""
    return render_email(WEBHOOK_DISABLED, to=account.email, host=as_plain_text(host))
