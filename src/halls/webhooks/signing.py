"""The secrets and signatures of webhooks (Standard Webhooks 1.0): derived from JWT_SECRET, and not stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.config import Config
    from halls.webhooks.webhook import WebhookDocument

PREFIX = "whsec_"


def make_secret(jwt_secret: str, webhook_id: ObjectId, version: int) -> str:
    """Return the secret of a webhook, as its owner enters it into the receiver."""
    return PREFIX + base64.b64encode(_derive(jwt_secret, webhook_id, version)).decode()


def _derive(jwt_secret: str, webhook_id: ObjectId, version: int) -> bytes:
    # A key of its own: otherwise a secret could be valid for another use of JWT_SECRET.
    key = hmac.digest(jwt_secret.encode(), b"halls webhook", hashlib.sha256)
    return hmac.digest(key, f"{webhook_id}.{version}".encode(), hashlib.sha256)


def sign(webhook: WebhookDocument, config: Config, *, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of an attempt. The secret before a rotation also signs, for a day.

    So do the secrets that follow from JWT_OLD_SECRETS: a receiver keeps working while JWT_SECRET is replaced.
    """
    timestamp = str(int(now.timestamp()))
    versions = [webhook["secret_version"]]
    versions += [old["version"] for old in webhook["old_secrets"] if now < old["until"]]
    content = f"{message_id}.{timestamp}.".encode() + body
    keys = [
        _derive(secret, webhook["_id"], version)
        for secret in (config.secret, *config.old_secrets)
        for version in versions
    ]
    signatures = [base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
