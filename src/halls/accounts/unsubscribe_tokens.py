"""Makes and reads the tokens of List-Unsubscribe links (RFC 8058): derived from JWT_SECRET, and not stored."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from bson import ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterable


def make_unsubscribe_token(secret: str, account_id: ObjectId, topic: str) -> str:
    """Return the token that switches the e-mails of a topic off: the preference `requests` or `reminders`."""
    content = f"{account_id}.{topic}"
    return f"{content}.{_sign(content, secret)}"


def read_unsubscribe_token(token: str, secrets: Iterable[str]) -> tuple[ObjectId, str] | None:
    """Return the account id and the topic of a token that one of the secrets signed, or None."""
    content, _, signature = token.rpartition(".")
    sent = signature.encode(errors="replace")
    if not any(hmac.compare_digest(_sign(content, secret).encode(), sent) for secret in secrets):
        return None
    account_id, _, topic = content.partition(".")
    return ObjectId(account_id), topic


def _sign(content: str, secret: str) -> str:
    # A key of its own: otherwise a signature could be valid for another use of the secret.
    key = hmac.digest(secret.encode(), b"halls unsubscribe", hashlib.sha256)
    return hmac.new(key, content.encode(errors="replace"), hashlib.sha256).hexdigest()
