"""Routes of webhooks: create, list, change, delete, rotate the secret, test, list deliveries and replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import ObjectId
from flask import Blueprint

from halls.errors import LimitReached, RateLimited
from halls.http.endpoint import endpoint
from halls.http.rate_limits import Limit
from halls.webhooks import service, store
from halls.webhooks.schemas import (
    DeliveriesQuery,
    DeliveryPage,
    NewWebhook,
    Replay,
    Replayed,
    TestSent,
    WebhookChange,
    WebhookDeleted,
    WebhookList,
    WebhookMade,
    WebhookReply,
    WebhookSecret,
)
from halls.webhooks.webhook import NotYourWebhook, WebhookNotFound, serialize_delivery, serialize_webhook

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.context import AppContext
    from halls.mongo.client import Db
    from halls.webhooks.webhook import WebhookDocument

blueprint = Blueprint("webhooks", __name__)
OWN = {"webhook": service.get_own_webhook}
OF_OTHERS = (WebhookNotFound, NotYourWebhook)
# Each looks up a name, and a test also sends a request to a server that the account chose.
CHANGES = Limit("webhooks", 20, 60, by_account=True)
# Each test stores a delivery for 30 days.
CHANGES_A_DAY = Limit("webhooks-day", 200, 24 * 3_600, by_account=True)


@endpoint(
    blueprint,
    "POST /webhooks",
    body=NewWebhook,
    response=WebhookMade,
    status=201,
    errors=[LimitReached, RateLimited],
    limits=[CHANGES, CHANGES_A_DAY],
)
def create_webhook(context: AppContext, db: Db, caller: Account, body: NewWebhook, now: datetime) -> dict[str, Any]:
    """Create a webhook: Halls sends a signed request when a booking or venue changes. At most 5 for an account.

    Owners get the events of their venues, guests those of their bookings. The secret is told only once.
    """
    webhook, secret = service.create_webhook(db, context.config, caller, body, now)
    return {"webhook_id": webhook["_id"], "secret": secret, "webhook": serialize_webhook(webhook)}


@endpoint(blueprint, "GET /webhooks", response=WebhookList)
def list_webhooks(db: Db, caller: Account) -> dict[str, Any]:
    """List the caller's webhooks, without their secrets."""
    return {"webhooks": [serialize_webhook(webhook) for webhook in store.list_webhooks(db, [caller.id])]}


@endpoint(
    blueprint,
    "PATCH /webhooks/<webhook_id>",
    loaders=OWN,
    body=WebhookChange,
    response=WebhookReply,
    errors=[*OF_OTHERS, RateLimited],
    limits=[CHANGES, CHANGES_A_DAY],
)
def change_webhook(context: AppContext, db: Db, webhook: WebhookDocument, body: WebhookChange) -> dict[str, Any]:
    """Change a webhook, or switch it off or on. The secret stays."""
    return {"webhook": serialize_webhook(service.change_webhook(db, context.config, webhook, body.given_some()))}


@endpoint(blueprint, "DELETE /webhooks/<webhook_id>", loaders=OWN, response=WebhookDeleted, errors=[*OF_OTHERS])
def delete_webhook(db: Db, webhook_id: ObjectId) -> dict[str, Any]:
    """Delete a webhook with its deliveries."""
    service.delete_webhook(db, webhook_id)
    return {"deleted": True}


@endpoint(
    blueprint,
    "POST /webhooks/<webhook_id>/rotate-secret",
    loaders=OWN,
    response=WebhookSecret,
    errors=[*OF_OTHERS, RateLimited],
    limits=[CHANGES, CHANGES_A_DAY],
)
def replace_webhook_secret(context: AppContext, db: Db, webhook: WebhookDocument, now: datetime) -> dict[str, Any]:
    """Replace the secret of a webhook. For 24 hours the old one also signs each request.

    At most four old secrets sign.
    """
    return {"secret": service.replace_secret(db, context.config, webhook, now)}


@endpoint(
    blueprint,
    "POST /webhooks/<webhook_id>/test",
    loaders=OWN,
    response=TestSent,
    status=202,
    errors=[*OF_OTHERS, RateLimited],
    limits=[CHANGES, CHANGES_A_DAY],
)
def send_test_event(db: Db, webhook: WebhookDocument, now: datetime) -> dict[str, Any]:
    """Send the event `webhook.test`, also to a webhook that is switched off. The deliveries tell the result."""
    return {"event_id": service.send_test(db, webhook, now)}


@endpoint(
    blueprint,
    "GET /webhooks/<webhook_id>/deliveries",
    loaders=OWN,
    query=DeliveriesQuery,
    response=DeliveryPage,
    errors=[*OF_OTHERS],
)
def list_deliveries(db: Db, webhook: WebhookDocument, query: DeliveriesQuery) -> dict[str, Any]:
    """List the deliveries of a webhook, the newest first. They are kept for 30 days."""
    page, next_cursor = service.list_deliveries(db, webhook, query)
    return {"deliveries": [serialize_delivery(delivery) for delivery in page], "next_cursor": next_cursor}


@endpoint(
    blueprint,
    "POST /webhooks/<webhook_id>/replay",
    loaders=OWN,
    body=Replay,
    response=Replayed,
    status=202,
    errors=[*OF_OTHERS, RateLimited],
    limits=[CHANGES, CHANGES_A_DAY],
)
def replay_event(db: Db, webhook: WebhookDocument, body: Replay, now: datetime) -> dict[str, Any]:
    """Deliver an event again, with the same id. `count` is 0 if this webhook has no delivery of the event."""
    return {"count": service.replay_event(db, webhook, ObjectId(body.event_id), now)}
