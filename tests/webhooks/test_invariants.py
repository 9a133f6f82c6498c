"""`halls check` finds webhooks and deliveries that violate an invariant."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.clock import utc_now
from halls.mongo.heartbeats import save_heartbeat
from halls.webhooks.invariants import DISPATCH_TASK, INVARIANTS, OVERDUE

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.webhooks.world import HookWorld


def broken(db: Db) -> list[str]:
    """Return the names of the violated invariants."""
    return [violation.invariant for check in INVARIANTS for violation in check(db, "2026-11-29")]


def test_webhooks_made_by_the_api_violate_nothing(world: HookWorld) -> None:
    world.hook(world.owner)
    world.book()
    world.run()
    assert broken(world.db) == []


@pytest.mark.parametrize(
    ("collection", "fields", "name"),
    [
        ("webhooks", {"url": "ftp://a.example"}, "webhook_url_valid"),
        ("webhooks", {"payload": None}, "webhook_payload_known"),
        ("webhooks", {"is_active": 1}, "webhook_is_active_valid"),
        ("webhooks", {"user_id": ObjectId()}, "webhook_account_exists"),
        ("webhook_deliveries", {"status": "lost"}, "webhook_delivery_status_known"),
        (
            "webhook_deliveries",
            {"webhook_id": ObjectId(), "created_at": utc_now() - 2 * OVERDUE},
            "webhook_delivery_needed",
        ),
    ],
)
def test_each_invalid_document_is_found(world: HookWorld, collection: str, fields: Any, name: str) -> None:
    world.hook(world.owner)
    world.book()
    world.run()
    world.db[collection].update_one({}, {"$set": fields})
    assert broken(world.db) == [name]


def test_too_many_webhooks_of_an_account_are_found(world: HookWorld) -> None:
    world.hook(world.owner)
    webhook: Any = world.db.webhooks.find_one()
    world.db.webhooks.insert_many([{**webhook, "_id": ObjectId()} for _ in range(5)])
    assert broken(world.db) == ["webhooks_limited"]


def test_an_event_without_deliveries_is_found_while_a_worker_is_alive(world: HookWorld) -> None:
    world.db["heartbeats"].delete_one({"_id": DISPATCH_TASK})
    world.book()
    world.db.events.update_many({}, {"$set": {"at": utc_now() - 2 * OVERDUE}})
    assert broken(world.db) == []
    save_heartbeat(world.db, DISPATCH_TASK, utc_now())
    assert broken(world.db) == ["event_dispatched"]
    world.db["heartbeats"].update_one({"_id": DISPATCH_TASK}, {"$set": {"at": utc_now() - timedelta(hours=1)}})
    assert broken(world.db) == []
