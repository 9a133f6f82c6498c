"""Use cases of webhooks: create, change, replace the secret, delete, test and replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.store import lock_account
from halls.errors import LimitReached
from halls.http.pagination import make_cursor, read_cursor
from halls.mongo.client import in_transaction
from halls.webhooks import delivery_store, store
from halls.webhooks.addresses import check_url
from halls.webhooks.dispatch import insert_deliveries, make_test
from halls.webhooks.signing import make_secret
from halls.webhooks.webhook import MAX_WEBHOOKS, NOT_TRIED, NotYourWebhook, WebhookDocument

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.config import Config
    from halls.mongo.client import Db, Session
    from halls.webhooks.schemas import DeliveriesQuery, NewWebhook
    from halls.webhooks.webhook import DeliveryDocument


def get_own_webhook(db: Db, caller: Account, webhook_id: ObjectId) -> WebhookDocument:
    """Return the caller's webhook. Raises WebhookNotFound, NotYourWebhook."""
    webhook = store.get_webhook(db, webhook_id)
    if webhook["user_id"] != caller.id:
        raise NotYourWebhook
    return webhook


def new_webhook(webhook_id: ObjectId, account_id: ObjectId, wish: NewWebhook, now: datetime) -> WebhookDocument:
    """Return the document of a new webhook."""
    return {
        "_id": webhook_id,
        "user_id": account_id,
        "url": wish.url,
        "events": None if wish.events is None else list(wish.events),
        "payload": wish.payload,
        "description": wish.description or None,
        "is_active": True,
        "secret_version": 1,
        "old_secrets": [],
        **NOT_TRIED,
        "created_at": now,
    }


def create_webhook(
    db: Db, config: Config, caller: Account, wish: NewWebhook, now: datetime
) -> tuple[WebhookDocument, str]:
    """Create a webhook and return it with its secret.

    Raises LimitReached, Invalid for a URL that is not public, and TooManyLookups.
    """
    # Before the lookup, which takes a thread for up to three seconds.
    _require_room(db, caller)
    check_url(wish.url, allow_loopback=_allows_loopback(config))
    webhook = new_webhook(ObjectId(), caller.id, wish, now)

    def insert(session: Session) -> None:
        # Of two concurrent requests, the second one counts the webhook of the first one.
        lock_account(db, caller, session)
        _require_room(db, caller, session)
        store.insert_webhook(db, webhook, session)

    in_transaction(db, insert)
    return webhook, make_secret(config.secret, webhook["_id"], webhook["secret_version"])


def _require_room(db: Db, caller: Account, session: Session | None = None) -> None:
    if store.count_webhooks(db, caller.id, session) >= MAX_WEBHOOKS:
        raise LimitReached(f"You have {MAX_WEBHOOKS} webhooks. Delete one of them first.")


def _allows_loopback(config: Config) -> bool:
    return config.halls_env == "development"


def change_webhook(db: Db, config: Config, webhook: WebhookDocument, given: dict[str, Any]) -> WebhookDocument:
    """Set the given fields and return the webhook. A new URL, and switching on, end the pause after failures.

    Raises Invalid for a URL that is not public, TooManyLookups and WebhookNotFound.
    """
    if "url" in given:
        check_url(given["url"], allow_loopback=_allows_loopback(config))
    values = {name: given[name] or None if name == "description" else given[name] for name in given}
    if "url" in given or given.get("is_active"):
        values |= NOT_TRIED
    return store.update_webhook(db, webhook["_id"], values)


def replace_secret(db: Db, config: Config, webhook: WebhookDocument, now: datetime) -> str:
    """Replace the secret of a webhook and return the new one. The old one also signs for 24 hours."""
    return make_secret(config.secret, webhook["_id"], store.replace_secret(db, webhook, now))


def delete_webhook(db: Db, webhook_id: ObjectId) -> None:
    """Delete a webhook with its deliveries."""

    def delete(session: Session) -> None:
        store.delete_webhook(db, webhook_id, session)
        delivery_store.delete_deliveries(db, webhook_id, session)

    in_transaction(db, delete)


def send_test(db: Db, webhook: WebhookDocument, now: datetime) -> ObjectId:
    """Make the delivery of a test event, and return the id of the event. It does not wait for the webhook's pause."""
    event_id = ObjectId()
    insert_deliveries(db, make_test(event_id, now), [webhook], now)
    store.reset_pause(db, webhook["_id"])
    return event_id


def replay_event(db: Db, webhook: WebhookDocument, event_id: ObjectId, now: datetime) -> int:
    """Deliver an event again, without waiting for the webhook's pause. Return the number of deliveries."""
    count = delivery_store.replay_deliveries(db, webhook["_id"], event_id, now)
    store.reset_pause(db, webhook["_id"])
    return count


def list_deliveries(
    db: Db, webhook: WebhookDocument, query: DeliveriesQuery
) -> tuple[list[DeliveryDocument], str | None]:
    """Return a page of deliveries and the cursor of the next page. Raises Invalid for the cursor of another query."""
    search = {"webhook": str(webhook["_id"]), "status": query.status}
    keys = read_cursor(query.cursor, search)
    before = keys[-1] if keys else None
    rows = delivery_store.list_deliveries(db, webhook["_id"], status=query.status, before=before, limit=query.limit + 1)
    page = rows[: query.limit]
    return page, make_cursor(search, row_id=page[-1]["_id"]) if len(rows) > len(page) else None
