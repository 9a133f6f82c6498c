"""The webhook and its deliveries: their stored documents, errors, event types and retries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

from typing_extensions import TypeAliasType, TypedDict

from halls.errors import NotFound, NotYours

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bson import ObjectId

# With names, so that generated clients have one type for each.
WebhookEvent = TypeAliasType(
    "WebhookEvent",
    Literal[
        "booking.requested",
        "booking.confirmed",
        "booking.declined",
        "booking.cancelled",
        "booking.expired",
        "booking.changed",
        "venue.changed",
        "venue.removed",
    ],
)
EVENTS: tuple[str, ...] = get_args(WebhookEvent.__value__)
# Always delivered, also to a webhook that is switched off.
TEST = "webhook.test"
WebhookPayload = TypeAliasType("WebhookPayload", Literal["ids", "full"])
DeliveryStatus = TypeAliasType("DeliveryStatus", Literal["pending", "delivered", "failed"])
MAX_WEBHOOKS = 5
# Deliveries are kept for this time.
KEPT = timedelta(days=30)
# Both secrets sign for this time after a rotation.
ROTATION = timedelta(hours=24)
# More old secrets than this do not sign: each one makes every request to the webhook longer.
MAX_OLD_SECRETS = 4
# The pauses after the first, second, … attempt: together about three days, as Standard Webhooks proposes.
PAUSES = tuple(timedelta(seconds=each) for each in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
MAX_PAUSE = timedelta(days=1)
# A webhook is switched off after nothing but failures for this time.
MAX_FAILING = timedelta(days=5)
# The pause of the whole webhook after a failure doubles up to this. Otherwise a dead server with many deliveries would
# occupy a thread all the time.
FIRST_WEBHOOK_PAUSE_SECONDS, MAX_WEBHOOK_PAUSE_SECONDS = 5, 300


class OldSecret(TypedDict):
    """A secret that was replaced, and until when it signs."""

    version: int
    until: datetime


class WebhookHealth(TypedDict):
    """The fields of a webhook that tell how its last attempts went."""

    # Whether the last attempt was a success.
    is_proven: bool
    # Since when every attempt has failed, and how many. None and 0 after a success.
    failing_since: datetime | None
    failures: int
    # No attempt is made before this time.
    retry_at: datetime | None


# Of a new webhook, of a new URL, and after the account has switched it on.
NOT_TRIED: WebhookHealth = {"is_proven": False, "failing_since": None, "failures": 0, "retry_at": None}


class WebhookDocument(WebhookHealth):
    """A document of the collection `webhooks`. Only Halls writes it. The secret is derived, and not stored."""

    _id: ObjectId
    user_id: ObjectId
    url: str
    # None: all.
    events: list[str] | None
    payload: str
    description: str | None
    is_active: bool
    secret_version: int
    old_secrets: list[OldSecret]
    created_at: datetime


class DeliveryDocument(TypedDict, total=False):
    """A document of the collection `webhook_deliveries`: one event for one webhook."""

    _id: ObjectId
    webhook_id: ObjectId
    user_id: ObjectId
    event_id: ObjectId
    type: str
    # When the event happened.
    at: datetime
    # Ids, dates and statuses, and never a name.
    data: dict[str, Any]
    status: str
    tries: int
    last_status: int | None
    last_ms: int | None
    reason: str | None
    due_at: datetime
    lease_id: ObjectId
    created_at: datetime


class WebhookNotFound(NotFound):
    """No webhook has this id."""

    message = "No webhook has this id."


class NotYourWebhook(NotYours):
    """The webhook belongs to another account."""

    message = "This webhook belongs to somebody else."


def find_pause(tries: int, fraction: float, retry_after: timedelta | None = None) -> timedelta | None:
    """Return the pause after an attempt, or None after the last one. `tries` counts it.

    The pause is up to a fifth longer, by `fraction` from 0 to 1, so that many deliveries do not return together. A
    server may ask for a longer pause of at most a day.
    """
    if tries > len(PAUSES):
        return None
    pause = PAUSES[tries - 1] * (1 + fraction / 5)
    return max(pause, min(retry_after or timedelta(0), MAX_PAUSE))


def find_webhook_pause(failures: int, retry_after: timedelta | None = None) -> timedelta:
    """Return how long no delivery of a webhook is tried after so many failures in a row, or longer if its server asks.

    A server may ask for at most a day.
    """
    # The limit of the exponent keeps a long outage from computing large powers.
    seconds = min(FIRST_WEBHOOK_PAUSE_SECONDS * 2 ** min(failures - 1, 10), MAX_WEBHOOK_PAUSE_SECONDS)
    return max(timedelta(seconds=seconds), min(retry_after or timedelta(0), MAX_PAUSE))


def is_subscribed(webhook: Mapping[str, Any], event: str) -> bool:
    """Return whether a webhook wants the events of a type."""
    return webhook["events"] is None or event in webhook["events"]


def serialize_webhook(webhook: WebhookDocument) -> dict[str, Any]:
    """Return the fields of a webhook that its account sees. The secret is not one of them."""
    return {
        "id": webhook["_id"],
        "url": webhook["url"],
        "events": list(EVENTS) if webhook["events"] is None else webhook["events"],
        "payload": webhook["payload"],
        "is_active": webhook["is_active"],
        "description": webhook["description"],
        "created_at": webhook["created_at"],
    }


def serialize_delivery(delivery: DeliveryDocument) -> dict[str, Any]:
    """Return the fields of a delivery that its account sees."""
    is_pending = delivery["status"] == "pending"
    shown = ("event_id", "type", "status", "tries", "last_status", "last_ms", "reason", "created_at")
    return {
        "id": delivery["_id"],
        **{name: delivery[name] for name in shown},  # type: ignore[literal-required] # its fields
        "next_at": delivery["due_at"] if is_pending else None,
    }
