"""Sends the due deliveries of webhooks. Each webhook has its own thread, so that one dead server delays no other."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pymongo
import structlog

from halls.accounts.store import find_accounts
from halls.bookings import store as bookings
from halls.bookings.notifications import find_sides
from halls.bookings.service import show_bookings
from halls.clock import utc_now
from halls.http.json_encoding import write_json
from halls.metrics import metrics
from halls.mongo.client import in_transaction
from halls.outbox.store import enqueue
from halls.webhooks import delivery_store, store
from halls.webhooks.signing import sign
from halls.webhooks.webhook import MAX_FAILING, TEST, find_pause, find_webhook_pause

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.config import Config
    from halls.mongo.client import Db, Session
    from halls.webhooks.client import Outcome
    from halls.webhooks.webhook import DeliveryDocument, WebhookDocument

log = structlog.get_logger()
WEBHOOK_DISABLED = "webhook_disabled"
DATABASE_SECONDS = 10.0
THREADS = 8
# Webhooks whose last attempt failed or was slow, and new ones, may occupy only some of the threads.
THREADS_OF_UNPROVEN, PROVEN_MS = 4, 3_000
STEP_SECONDS, MAX_TURN_SECONDS = 0.1, 30.0
GONE = 410
# A function like `client.post` without its last argument.
Post = Any


def send_due_deliveries(db: Db, config: Config, should_stop: Callable[[], bool], post: Post = None) -> None:
    """Send deliveries until none is due, or until `should_stop`. Attempts at hand are finished.

    Raises PyMongoError. The deliveries at hand of a process that dies are due again after a minute.
    """
    stopping = threading.Event()

    def send(webhook_id: ObjectId) -> None:
        send_of_webhook(db, config, webhook_id, post, stopping.is_set)

    with ThreadPoolExecutor(THREADS, thread_name_prefix="webhooks") as pool:
        try:
            _start_turns(db, should_stop, lambda webhook_id: pool.submit(send, webhook_id))
        finally:
            stopping.set()


def _start_turns(db: Db, should_stop: Callable[[], bool], start: Callable[[ObjectId], Future[None]]) -> None:
    """Start a turn for each webhook with a due delivery, until no turn is running, or until `should_stop`."""
    # The turns, and whether their webhooks are proven.
    busy: dict[ObjectId, tuple[Future[None], bool]] = {}
    # Without a maximum: the end of a run waits for the slowest attempt, and meanwhile no turn would start.
    while not should_stop():
        busy = {webhook_id: each for webhook_id, each in busy.items() if not _is_finished(each[0])}
        for webhook_id, is_proven in _find_ready(db):
            unproven = sum(not each_is_proven for _, each_is_proven in busy.values())
            has_thread = len(busy) < THREADS and (is_proven or unproven < THREADS_OF_UNPROVEN)
            if webhook_id not in busy and has_thread:
                busy[webhook_id] = (start(webhook_id), is_proven)
        if not busy:
            return
        time.sleep(STEP_SECONDS)


def _is_finished(turn: Future[None]) -> bool:
    """Return whether a turn is over. Raises its error: a PyMongoError."""
    return turn.done() and turn.result() is None


def _find_ready(db: Db) -> list[tuple[ObjectId, bool]]:
    """Return the webhooks that have a due delivery and no pause, and whether they are proven."""
    now = utc_now()
    with pymongo.timeout(DATABASE_SECONDS):
        due = delivery_store.list_due_webhooks(db, now)
        states = store.find_states(db, due) if due else {}
        for webhook_id in due:
            if webhook_id not in states:
                # An event that was dispatched while its webhook was deleted.
                delivery_store.delete_deliveries(db, webhook_id)
    ready = [(each, state.is_proven) for each, state in states.items() if not state.retry_at or state.retry_at <= now]
    # In a new order each time. Otherwise some webhooks could wait while others always have due deliveries.
    random.shuffle(ready)
    return ready


def send_of_webhook(
    db: Db, config: Config, webhook_id: ObjectId, post: Post = None, is_stopping: Callable[[], bool] = lambda: False
) -> None:
    """Send the due deliveries of a webhook one after the other, until one fails or half a minute has passed."""
    end = time.monotonic() + MAX_TURN_SECONDS
    while time.monotonic() < end and not is_stopping():
        with pymongo.timeout(DATABASE_SECONDS):
            # Read again for each delivery: the owner may have changed, rotated or deleted it.
            webhook = store.find_webhook(db, webhook_id)
            delivery = delivery_store.claim_delivery(db, webhook_id, utc_now()) if webhook else None
        if webhook is None or delivery is None or not send_delivery(db, config, webhook, delivery, post):
            return


def send_delivery(
    db: Db, config: Config, webhook: WebhookDocument, delivery: DeliveryDocument, post: Post = None
) -> bool:
    """Make one attempt, and return whether the next delivery of the webhook may follow at once."""
    with pymongo.timeout(DATABASE_SECONDS):
        account = find_accounts(db, [webhook["user_id"]]).get(webhook["user_id"])
    obstacle = _find_obstacle(webhook, delivery, account)
    if account is None or obstacle is not None:
        _save(db, delivery, status="failed", reason=obstacle)
        return True
    if post is None:
        # Imported at first use: it takes 130 ms, and only the worker needs it.
        from halls.webhooks.client import post  # noqa: PLC0415
    with pymongo.timeout(DATABASE_SECONDS):
        body = make_body(db, account, webhook, delivery)
    headers = sign(webhook, config, message_id=str(delivery["event_id"]), body=body, now=utc_now())
    headers["Content-Type"] = "application/json"
    outcome: Outcome = post(webhook["url"], body, headers, allow_loopback=config.halls_env == "development")
    _record(db, webhook, delivery, outcome, utc_now())
    return outcome.is_success


def _find_obstacle(webhook: WebhookDocument, delivery: DeliveryDocument, account: Account | None) -> str | None:
    """Return the reason why a delivery must not be sent, or None."""
    if account is None or account.is_suspended:
        return "suspended"
    return "switched_off" if not webhook["is_active"] and delivery["type"] != TEST else None


def make_body(db: Db, account: Account, webhook: WebhookDocument, delivery: DeliveryDocument) -> bytes:
    """Return the body of an attempt. The payload `full` has the booking as the account reads it at this moment."""
    data = delivery["data"]
    if webhook["payload"] == "full" and data["booking_id"] is not None:
        data = {**data, "booking": _show_booking(db, account, data["booking_id"])}
    return write_json({"type": delivery["type"], "timestamp": delivery["at"], "data": data})


def _show_booking(db: Db, account: Account, booking_id: ObjectId) -> dict[str, Any] | None:
    booking = bookings.find_booking(db, booking_id)
    if booking is None:
        return None
    sides = find_sides(db, booking)
    # An external writer may have given the venue to another owner.
    return show_bookings(db, account, [booking])[0] if account.id in (sides.guest, sides.owner) else None


def _record(db: Db, webhook: WebhookDocument, delivery: DeliveryDocument, outcome: Outcome, now: datetime) -> None:
    values = {"last_status": outcome.status, "last_ms": outcome.ms, "reason": outcome.reason}
    if outcome.is_success:
        _save(db, delivery, **values, status="delivered")
        is_fast = outcome.ms <= PROVEN_MS
        if is_fast != webhook["is_proven"]:
            with pymongo.timeout(DATABASE_SECONDS):
                store.mark_successful(db, webhook["_id"], is_proven=is_fast)
        label = "delivered"
    else:
        pause = find_pause(delivery["tries"], random.random(), outcome.retry_after)  # noqa: S311 - jitter, not a secret
        is_over = pause is None or outcome.status == GONE
        # The webhook first: if the worker dies in between, the attempt is repeated, and no 410 is forgotten.
        with pymongo.timeout(DATABASE_SECONDS):
            _record_failure(db, webhook, outcome, now)
        _save(db, delivery, **values, **({"status": "failed"} if is_over or pause is None else {"due_at": now + pause}))
        label = "given_up" if is_over else "failed"
    _report(delivery, outcome, label)


def _report(delivery: DeliveryDocument, outcome: Outcome, label: str) -> None:
    metrics().webhooks.labels(label).inc()
    # Without the URL, which may contain a secret of the receiver.
    log.info(
        "webhook attempt",
        webhook=str(delivery["webhook_id"]),
        event_id=str(delivery["event_id"]),
        type=delivery["type"],
        outcome=label,
        status=outcome.status,
        reason=outcome.reason,
        ms=outcome.ms,
        tries=delivery["tries"],
    )


def _save(db: Db, delivery: DeliveryDocument, **values: Any) -> None:
    with pymongo.timeout(DATABASE_SECONDS):
        delivery_store.save_attempt(db, delivery, values)


def _record_failure(db: Db, webhook: WebhookDocument, outcome: Outcome, now: datetime) -> None:
    """Pause the webhook, or switch it off: at once by 410, or after five days of nothing but failures."""
    pause = find_webhook_pause(webhook["failures"] + 1, outcome.retry_after)
    failing = store.mark_failing(db, webhook, now, pause)
    since = failing["failing_since"] if failing else None
    if outcome.status == GONE or (since is not None and now - since >= MAX_FAILING):
        in_transaction(db, lambda session: _switch_off(db, webhook, now, session))


def _switch_off(db: Db, webhook: WebhookDocument, now: datetime, session: Session) -> None:
    if store.mark_switched_off(db, webhook["_id"], webhook["url"], session):
        data = {"account_id": webhook["user_id"], "webhook_id": webhook["_id"]}
        enqueue(db, WEBHOOK_DISABLED, data, now, session)
