"""Attempts: retries, pauses, 410, five days of failures, replay, and the fairness between webhooks."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import time_machine
from bson import ObjectId
from pymongo.errors import AutoReconnect

from halls.clock import utc_now
from halls.webhooks import client, delivery_store, sender
from halls.webhooks.client import Outcome
from halls.webhooks.dispatch import insert_deliveries, make_test
from halls.webhooks.emails import render_webhook_disabled
from halls.webhooks.webhook import PAUSES, find_pause, find_webhook_pause
from tests.conftest import make_config
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.webhooks.world import HookWorld

SECOND = timedelta(seconds=1)


def add_test(world: HookWorld, webhook_id: str, token: str | None = None) -> str:
    """Make the delivery of a test event; return the id of the event."""
    answer = world.api.post(f"/webhooks/{webhook_id}/test", None, token=token or world.owner)
    event_id: str = answer.data["event_id"]
    return event_id


def insert_test(world: HookWorld, webhook: Any) -> None:
    """Insert the delivery of a test event that is due since an hour."""
    now = utc_now()
    insert_deliveries(world.db, make_test(ObjectId(), now), [webhook], now - timedelta(hours=1))


def test_the_pauses_take_about_three_days_and_vary() -> None:
    assert timedelta(days=3) <= sum(PAUSES, timedelta()) <= timedelta(days=3.5)
    assert [find_pause(tries, 0) for tries in range(1, 10)] == list(PAUSES)
    assert find_pause(10, 0.5) is None
    assert find_pause(2, 1) == PAUSES[1] * 1.2
    assert find_pause(1, 0, timedelta(hours=3)) == timedelta(hours=3)
    assert find_pause(1, 0, timedelta(days=9)) == timedelta(days=1)
    assert find_pause(9, 0, SECOND) == PAUSES[8]
    assert [find_webhook_pause(failures) for failures in (1, 2, 99)] == [5 * SECOND, 10 * SECOND, 300 * SECOND]
    assert find_webhook_pause(1, timedelta(hours=3)) == timedelta(hours=3)
    assert find_webhook_pause(1, timedelta(days=9)) == timedelta(days=1)


def test_a_failed_attempt_is_repeated_with_the_same_id_and_a_new_signature(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    event_id = add_test(world, webhook_id)
    world.receiver.answers["/"] += [(500, {}), (302, {"Location": "/x"})]
    for tries in (1, 2):
        before = utc_now()
        world.send()
        (stored,) = world.deliveries()
        assert (stored["status"], stored["tries"], stored["last_status"]) == (
            "pending",
            tries,
            500 if tries == 1 else 302,
        )
        assert PAUSES[tries - 1] <= stored["due_at"] - before <= PAUSES[tries - 1] * 1.2 + 20 * SECOND
        world.send()
        assert len(world.receiver.requests) == tries
        world.make_due()
    with time_machine.travel(utc_now() + 2 * SECOND, tick=False):
        world.make_due()
        world.send()
        assert world.types() == ["webhook.test"] * 3
    (stored,) = world.deliveries()
    assert (stored["status"], stored["tries"], stored["reason"]) == ("delivered", 3, None)
    assert {each.headers["webhook-id"] for each in world.receiver.requests} == {event_id}
    assert len({each.headers["webhook-signature"] for each in world.receiver.requests}) >= 2
    webhook = world.stored(webhook_id)
    assert (webhook["failures"], webhook["failing_since"], webhook["retry_at"]) == (0, None, None)


def test_retry_after_is_obeyed(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    add_test(world, webhook_id)
    world.receiver.answers["/"].append((429, {"Retry-After": "7200"}))
    before = utc_now()
    world.send()
    assert timedelta(hours=2) <= world.deliveries()[0]["due_at"] - before <= timedelta(hours=2, minutes=1)
    # The other deliveries of the webhook wait, too.
    assert world.stored(webhook_id)["retry_at"] - before >= timedelta(hours=2)


def test_a_test_and_a_replay_end_the_pause_of_the_webhook(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    failed = add_test(world, webhook_id)
    for _ in range(2):
        world.receiver.answers["/"].append((503, {"Retry-After": "7200"}))
        world.send()
    assert world.receiver.count() == {failed: 1}
    second = add_test(world, webhook_id)
    world.send()
    assert world.receiver.count() == {failed: 1, second: 1}
    world.api.post(f"/webhooks/{webhook_id}/replay", {"event_id": failed}, token=world.owner)
    world.send()
    assert world.receiver.count() == {failed: 2, second: 1}


def test_a_success_a_failure_and_a_new_url_change_whether_a_webhook_is_proven(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    found = [world.stored(webhook_id)["is_proven"]]
    for status in (204, 500, 204):
        world.receiver.answers["/"].append((status, {}))
        add_test(world, webhook_id)
        world.make_due()
        world.send()
        found.append(world.stored(webhook_id)["is_proven"])
    world.api.patch(f"/webhooks/{webhook_id}", {"url": world.receiver.url("/b")}, token=world.owner)
    found.append(world.stored(webhook_id)["is_proven"])
    assert found == [False, True, False, True, False]


def test_a_slow_success_does_not_prove_a_webhook(world: HookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    # Otherwise webhooks that answer after many seconds would take all threads.
    webhook_id = world.hook(world.owner)
    found = []
    for longest in (10_000, -1, 10_000):
        monkeypatch.setattr(sender, "PROVEN_MS", longest)
        add_test(world, webhook_id)
        world.send()
        stored = world.stored(webhook_id)
        found.append((stored["is_proven"], stored["failures"]))
    assert found == [(True, 0), (False, 0), (True, 0)]


@pytest.mark.parametrize("is_active", [True, False])
def test_a_410_is_not_forgotten_if_the_worker_dies(
    world: HookWorld, monkeypatch: pytest.MonkeyPatch, *, is_active: bool
) -> None:
    webhook_id = world.hook(world.owner)
    add_test(world, webhook_id)
    world.db.webhooks.update_many({}, {"$set": {"is_active": is_active}})

    def fail(*_: Any, **__: Any) -> None:
        raise AutoReconnect

    monkeypatch.setattr(delivery_store, "save_attempt", fail)
    world.receiver.answers["/"].append((410, {}))
    with pytest.raises(AutoReconnect):
        world.send()
    assert not world.stored(webhook_id)["is_active"]
    assert world.db.outbox.count_documents({"kind": "webhook_disabled"}) == int(is_active)


def test_after_the_last_attempt_a_delivery_is_failed_and_can_be_replayed(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    event_id = add_test(world, webhook_id)
    world.receiver.answers["/"] += [(500, {})] * 10
    for _ in range(10):
        world.make_due()
        world.send()
    assert (world.deliveries()[0]["status"], world.deliveries()[0]["tries"]) == ("failed", 10)
    path = f"/webhooks/{webhook_id}/replay"
    replayed = world.api.post(path, {"event_id": event_id}, token=world.owner)
    assert (replayed.status, replayed.data) == (202, {"count": 1})
    world.make_due()
    world.send()
    assert (world.deliveries()[0]["status"], world.deliveries()[0]["tries"]) == ("delivered", 1)
    assert world.api.post(path, {"event_id": event_id}, token=world.owner).data == {"count": 1}
    assert world.api.post(path, {"event_id": str(ObjectId())}, token=world.owner).data == {"count": 0}
    assert world.api.post(path, {"event_id": "x"}, token=world.owner).fields == ["event_id"]


def test_the_answer_410_switches_off_and_tells_the_owner(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    world.book(2)
    world.book(3)
    world.dispatch()
    world.receiver.answers["/"].append((410, {}))
    world.send()
    assert not world.stored(webhook_id)["is_active"]
    assert world.api.get("/webhooks", token=world.owner).data["webhooks"][0]["is_active"] is False
    world.make_due()
    world.run()
    assert len(world.receiver.requests) == 1
    assert [(each["status"], each["reason"]) for each in world.deliveries()] == [
        ("failed", "error_status"),
        ("failed", "switched_off"),
    ]
    entry: Any = world.db.outbox.find_one({"kind": "webhook_disabled"})
    config = make_config()
    assert render_webhook_disabled(world.db, config, entry, utc_now()) is None
    world.db.users.update_many({}, {"$set": {"email_verified": True}})
    email = render_webhook_disabled(world.db, config, entry, utc_now())
    assert email is not None
    assert "410" in email.text
    assert "127" in email.text
    world.api.patch(f"/webhooks/{webhook_id}", {"is_active": True}, token=world.owner)
    assert render_webhook_disabled(world.db, config, entry, utc_now()) is None
    assert world.stored(webhook_id)["retry_at"] is None


@pytest.mark.parametrize(("days", "is_active"), [(4.9, True), (5.1, False)])
def test_five_days_of_failures_switch_a_webhook_off(world: HookWorld, days: float, *, is_active: bool) -> None:
    webhook_id = world.hook(world.owner)
    world.receiver.answers["/"] += [(500, {})] * 2
    add_test(world, webhook_id)
    world.send()
    since = world.stored(webhook_id)["failing_since"]
    assert utc_now() - since < timedelta(minutes=1)
    world.db.webhooks.update_one({}, {"$set": {"failing_since": utc_now() - timedelta(days=days)}})
    world.make_due()
    world.send()
    assert world.stored(webhook_id)["is_active"] is is_active
    assert world.db.outbox.count_documents({"kind": "webhook_disabled"}) == (0 if is_active else 1)


def test_of_two_answers_410_at_once_one_tells_the_owner(world: HookWorld) -> None:
    webhook = world.stored(world.hook(world.owner))
    for _ in range(2):
        add_test(world, str(webhook["_id"]))
        delivery = delivery_store.claim_delivery(world.db, webhook["_id"], utc_now())
        assert delivery is not None
        assert not sender.send_delivery(world.db, make_config(), webhook, delivery, lambda *_, **__: Outcome(410, 1))
    assert world.db.outbox.count_documents({"kind": "webhook_disabled"}) == 1


def test_a_failure_after_the_deletion_of_the_webhook_changes_nothing(world: HookWorld) -> None:
    webhook = world.stored(world.hook(world.owner))
    add_test(world, str(webhook["_id"]))
    delivery = delivery_store.claim_delivery(world.db, webhook["_id"], utc_now())
    assert delivery is not None
    world.db.webhooks.delete_many({})
    sender.send_delivery(world.db, make_config(), webhook, delivery, lambda *_, **__: Outcome(410, 1))
    assert world.db.outbox.count_documents({"kind": "webhook_disabled"}) == 0


def test_the_turn_of_a_webhook_with_many_deliveries_ends(world: HookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "MAX_TURN_SECONDS", 0)
    webhook_id = world.hook(world.owner)
    add_test(world, webhook_id)
    sender.send_of_webhook(world.db, make_config(), ObjectId(webhook_id))
    assert world.receiver.requests == []


def test_a_success_ends_the_count_of_failing_days(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    world.receiver.answers["/"].append((500, {}))
    add_test(world, webhook_id)
    for _ in range(2):
        world.make_due()
        world.send()
    assert world.stored(webhook_id)["failing_since"] is None


def test_a_failing_webhook_pauses_with_all_its_deliveries(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    for _ in range(3):
        add_test(world, webhook_id)
    world.receiver.answers["/"] += [(500, {})] * 3
    world.send()
    assert len(world.receiver.requests) == 1
    assert world.stored(webhook_id)["retry_at"] > utc_now()


def test_dead_webhooks_do_not_delay_others(world: HookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """More dead webhooks than threads are busy, and a healthy one is still served at once."""
    monkeypatch.setattr(client, "ATTEMPT_SECONDS", 4.0)
    dead = [world.hook(world.api.owner(), f"/dead{number}") for number in range(10)]
    world.receiver.silent |= {f"/dead{number}" for number in range(10)}
    for webhook_id in dead:
        insert_test(world, world.stored(webhook_id))
    well = world.hook(world.owner, "/well")
    world.db.webhooks.update_one({"_id": ObjectId(well)}, {"$set": {"is_proven": True}})
    stop = threading.Event()
    thread = threading.Thread(target=sender.send_due_deliveries, args=(world.db, make_config(), stop.is_set))
    thread.start()
    wait_until(lambda: len(world.receiver.requests) >= 4)
    time.sleep(0.5)
    add_test(world, well)
    started = time.monotonic()
    while not world.receiver.count("/well") and time.monotonic() - started < 3:
        time.sleep(0.02)
    assert world.receiver.count("/well")
    assert len({each.path for each in world.receiver.requests if "dead" in each.path}) <= 4
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_delivery_whose_lease_ended_is_not_completed_by_the_late_worker(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    add_test(world, webhook_id)
    now = utc_now()
    late = delivery_store.claim_delivery(world.db, ObjectId(webhook_id), now)
    assert late is not None
    assert delivery_store.claim_delivery(world.db, ObjectId(webhook_id), now) is None
    second = delivery_store.claim_delivery(world.db, ObjectId(webhook_id), now + delivery_store.LEASE)
    assert second is not None
    delivery_store.save_attempt(world.db, late, {"status": "delivered"})
    assert world.deliveries()[0]["status"] == "pending"
    delivery_store.save_attempt(world.db, second, {"status": "delivered"})
    assert world.deliveries()[0]["status"] == "delivered"


def test_a_replay_during_an_attempt_is_not_lost(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    event_id = add_test(world, webhook_id)
    attempts: list[str] = []

    def replay(*_: Any, **__: Any) -> Outcome:
        attempts.append(event_id)
        if len(attempts) == 1:
            world.api.post(f"/webhooks/{webhook_id}/replay", {"event_id": event_id}, token=world.owner)
        return Outcome(204, 1)

    sender.send_of_webhook(world.db, make_config(), ObjectId(webhook_id), replay)
    assert len(attempts) == 2
    assert world.deliveries()[0]["status"] == "delivered"


def test_deliveries_of_a_deleted_webhook_are_removed(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    add_test(world, webhook_id)
    world.db.webhooks.delete_many({})
    world.send()
    assert world.deliveries() == []
    sender.send_of_webhook(world.db, make_config(), ObjectId(webhook_id))


def test_an_outage_of_the_database_ends_the_run(world: HookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    add_test(world, world.hook(world.owner))

    def fail(*_: Any, **__: Any) -> None:
        raise AutoReconnect

    monkeypatch.setattr(delivery_store, "save_attempt", fail)
    with pytest.raises(AutoReconnect):
        world.send()


def test_the_log_contains_no_secret_and_no_address(world: HookWorld) -> None:
    add_test(world, world.hook(world.owner, "/a-secret-path"))
    with structlog.testing.capture_logs() as entries:
        world.send()
    (entry,) = [each for each in entries if each["event"] == "webhook attempt"]
    assert (entry["outcome"], entry["status"], entry["tries"]) == ("delivered", 204, 1)
    assert "a-secret-path" not in str(entries)
    assert world.secrets["/a-secret-path"].removeprefix("whsec_") not in str(entries)


def test_production_sends_nothing_to_this_machine(world: HookWorld) -> None:
    add_test(world, world.hook(world.owner))
    options = {
        "mongo_uri": "mongodb://db.example/halls",
        "jwt_secret": "0123456789abcdef" * 3,
        "app_url": "https://a.example",
    }
    mail = {"smtp_host": "mail.example", "smtp_from": "a@b.example", "public_url": "https://b.example"}
    config = make_config(halls_env="production", cors_origins="https://a.example", **options, **mail)
    sender.send_due_deliveries(world.db, config, lambda: False)
    (stored,) = world.deliveries()
    assert (stored["status"], stored["reason"]) == ("pending", "address_not_public")
    assert world.receiver.requests == []
