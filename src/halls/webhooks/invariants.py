"""Invariants of the stored webhooks and their deliveries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from halls.clock import utc_now
from halls.mongo.heartbeats import list_heartbeats
from halls.mongo.invariants import StoredModel, Violation, find_groups, find_invalid, find_orphans, make_violations
from halls.webhooks.webhook import MAX_WEBHOOKS, DeliveryStatus, WebhookPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document

DISPATCH_TASK = "webhook-events"
# A worker makes the deliveries of an event within a second and saves a heartbeat every ten.
OVERDUE = timedelta(minutes=2)


class StoredWebhook(StoredModel):
    """A webhook that the worker can serve."""

    url: str = Field(title="webhook_url_valid", description="The URL is not http or https.", pattern="^https?://")
    payload: WebhookPayload = Field(title="webhook_payload_known", description="The payload is neither ids nor full.")
    is_active: bool = Field(title="webhook_is_active_valid", description="The is_active is not true or false.")


class StoredDelivery(StoredModel):
    """A delivery that the API can show."""

    status: DeliveryStatus = Field(
        title="webhook_delivery_status_known", description="The status is not one of the three."
    )


def check_webhooks(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each webhook with an invalid field."""
    return find_invalid(db, "webhooks", StoredWebhook)


def check_deliveries(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each delivery with an invalid field."""
    return find_invalid(db, "webhook_deliveries", StoredDelivery)


def check_webhook_accounts(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the webhooks of each account that does not exist."""
    groups = find_orphans(db, "webhooks", "user_id", "users", {})
    return make_violations("webhook_account_exists", "The account of the webhook does not exist.", groups)


def check_delivery_webhooks(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the deliveries of each webhook that does not exist. A new one may still be on its way."""
    match = {"created_at": {"$lt": utc_now() - OVERDUE}}
    groups = find_orphans(db, "webhook_deliveries", "webhook_id", "webhooks", match)
    return make_violations("webhook_delivery_needed", "The webhook of the delivery does not exist.", groups)


def check_webhook_counts(db: Db, _today: str) -> Iterator[Violation]:
    """Yield the webhooks of each account that has too many."""
    pipeline: list[Document] = [
        {"$group": {"_id": "$user_id", "ids": {"$push": "$_id"}}},
        {"$match": {f"ids.{MAX_WEBHOOKS}": {"$exists": True}}},
    ]
    groups = find_groups(db, "webhooks", pipeline)
    return make_violations("webhooks_limited", f"The account has more than {MAX_WEBHOOKS} webhooks.", groups)


def check_events(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each old event whose deliveries are not made, while a worker is alive."""
    now = utc_now()
    beat_at = list_heartbeats(db).get(DISPATCH_TASK)
    if beat_at is None or now - beat_at >= OVERDUE:
        return
    match = {"undispatched": True, "at": {"$lt": now - OVERDUE}}
    pipeline: list[Document] = [{"$match": match}, {"$project": {"ids": ["$_id"]}}]
    for collection in ("events", "venue_events"):
        groups = find_groups(db, collection, pipeline)
        yield from make_violations("event_dispatched", "The event has no deliveries: read the worker's log.", groups)


INVARIANTS = (
    check_webhooks,
    check_deliveries,
    check_webhook_accounts,
    check_delivery_webhooks,
    check_webhook_counts,
    check_events,
)
