"""The outbox handler that renders an e-mail and sends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pymongo

from halls.mail.message import Email
from halls.mail.smtp import send_email
from halls.outbox.entry import Handler, OutboxEntry

if TYPE_CHECKING:
    from halls.config import Config
    from halls.mongo.client import Db

RENDER_SECONDS = 10.0
# Renders the e-mail of an entry right before it is sent. None if the e-mail has no recipient any more.
Renderer = Callable[["Db", "Config", OutboxEntry, datetime], Email | None]


def email_handler(render: Renderer) -> Handler:
    """Return the outbox handler for a kind of e-mail. Its outcomes are "sent" and "no_receiver"."""

    def handle(db: Db, config: Config, entry: OutboxEntry, now: datetime) -> str:
        with pymongo.timeout(RENDER_SECONDS):
            email = render(db, config, entry, now)
        if email is None:
            return "no_receiver"
        send_email(config, email, str(entry["_id"]))
        return "sent"

    return handle
