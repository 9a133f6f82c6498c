"""The feed: its stored document, its errors, and its representation in responses."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import TypeAliasType, TypedDict

from halls.errors import NotFound, NotYours

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

# With names, so that generated clients have one type for each.
FeedKind = TypeAliasType("FeedKind", Literal["guest", "owner", "venue"])
FeedDetail = TypeAliasType("FeedDetail", Literal["full", "busy"])
MAX_FEEDS = 10
# 256 bits are 43 characters of base64url.
SECRET_BYTES = 32
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
# The fields that the account sees, besides the id.
SHOWN = ("kind", "venue_id", "detail", "name", "created_at", "last_read_at")


class FeedDocument(TypedDict):
    """A document of the collection `feeds`. Only Halls writes it."""

    _id: ObjectId
    user_id: ObjectId
    kind: str
    # Only of the kind "venue".
    venue_id: ObjectId | None
    detail: str
    name: str | None
    # The SHA-256 of the secret in the address. The secret is not stored.
    token: str
    created_at: datetime
    # Written at most once in some minutes.
    last_read_at: datetime | None


class FeedNotFound(NotFound):
    """No feed has this id."""

    message = "No calendar feed has this id."


class NoSuchCalendar(NotFound):
    """No feed has this secret."""

    message = "No calendar has this address. Its owner may have replaced or deleted it."


class NotYourFeed(NotYours):
    """The feed belongs to another account."""

    message = "This calendar feed belongs to somebody else."


def new_secret() -> str:
    """Return a new secret for the address of a feed."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """Return the stored form of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(text: str) -> bool:
    """Return whether a text has the form of a secret. Other texts need no query."""
    return _SECRET.fullmatch(text) is not None


def serialize_feed(feed: FeedDocument) -> dict[str, Any]:
    """Return the fields of a feed that its account sees. The address is not one of them."""
    return {"id": feed["_id"], **{name: feed[name] for name in SHOWN}}  # type: ignore[literal-required] # its fields
