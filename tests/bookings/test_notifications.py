"""The worker queues the e-mails of each event: one for each receiver, in the order of the events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from halls.bookings import notifications
from halls.bookings.notifications import BATCH, process_event, queue_notifications
from tests.accounts.concurrency import at_once
from tests.bookings.email_world import BOOKING_ID, GUEST_ID, NOW, OWNER_ID, EmailWorld
from tests.conftest import make_config
from tests.mail.smtp_server import running_smtp_server

if TYPE_CHECKING:
    from halls.mongo.client import Db

GUEST, OWNER = "guest@example.com", "owner@example.com"


@pytest.fixture
def world(db: Db) -> EmailWorld:
    """A pending booking, and its two sides. It never expires."""
    world = EmailWorld(db)
    world.change(hold_until=None)
    return world


@pytest.mark.parametrize(
    ("kind", "by", "told"),
    [
        ("placed", "guest", [("request_received", GUEST_ID), ("request_new", OWNER_ID)]),
        ("placed", "owner", []),
        ("confirmed", "owner", [("confirmed", GUEST_ID)]),
        ("declined", "owner", [("declined", GUEST_ID)]),
        ("cancelled", "owner", [("cancelled_by_owner", GUEST_ID)]),
        ("cancelled", "guest", [("cancelled_by_guest", OWNER_ID)]),
        ("cancelled", "operator", [("cancelled_by_operator", GUEST_ID), ("cancelled_by_operator", OWNER_ID)]),
        ("expired", "system", [("expired", GUEST_ID), ("expired", OWNER_ID)]),
        ("guests_changed", "guest", [("booking_changed", OWNER_ID)]),
        ("notes_changed", "guest", [("booking_changed", OWNER_ID)]),
        ("guests_changed", "owner", []),
        ("hold_changed", "owner", []),
        ("price_agreed", "owner", []),
        ("kind of a newer version", "guest", []),
        (None, 7, []),
    ],
)
def test_an_event_is_told_to_the_accounts_of_the_table(world: EmailWorld, kind: Any, by: Any, told: Any) -> None:
    event = world.add_event(kind, by)
    assert world.queue() == told
    keys = {entry["key"] for entry in world.db.outbox.find()}
    assert keys == {f"event/{event['_id']}/{account_id}/{name}" for name, account_id in told}
    for entry in world.db.outbox.find():
        assert set(entry["data"]) == {"event_id", "booking_id", "account_id"}
    assert world.db.events.distinct("unprocessed") == []


def test_an_owner_is_told_nothing_about_an_own_booking_at_an_own_venue(world: EmailWorld) -> None:
    world.change(user_id=OWNER_ID, hold_until=NOW + timedelta(days=7))
    for kind, by in notifications.RECEIVERS:
        world.add_event(kind, by)
    assert world.queue() == []


def test_a_walk_in_is_told_only_if_an_operator_cancels_it(world: EmailWorld) -> None:
    world.change(is_walk_in=True, user_id=OWNER_ID, hold_until=NOW + timedelta(days=7))
    for kind, by in (("placed", "owner"), ("cancelled", "owner"), ("cancelled", "operator")):
        world.add_event(kind, by)
    assert world.queue() == [("cancelled_by_operator", OWNER_ID)]


@pytest.mark.parametrize("missing", ["bookings", "venues"])
def test_an_event_without_its_booking_or_venue_is_told_to_nobody_else(world: EmailWorld, missing: str) -> None:
    world.db[missing].delete_many({})
    world.add_event("placed", "guest")
    assert world.queue() == ([] if missing == "bookings" else [("request_received", GUEST_ID)])
    assert world.db.events.distinct("unprocessed") == []


def test_a_booking_with_an_unreadable_venue_is_told_to_its_guest(world: EmailWorld) -> None:
    world.change(venue_id="a hall")
    world.add_event("confirmed", "owner")
    assert world.queue() == [("confirmed", GUEST_ID)]


def test_emails_are_queued_in_the_order_of_the_events_and_due_since_then(world: EmailWorld) -> None:
    world.add_event("confirmed", "owner", seq=2, at=NOW)
    world.add_event("placed", "guest", seq=1, at=NOW - timedelta(minutes=1))
    world.add_event("cancelled", "owner", seq=3, at=NOW)
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        kinds = [kind for kind, _ in world.queue()]
    assert kinds == ["request_received", "request_new", "confirmed", "cancelled_by_owner"]
    entries = list(world.db.outbox.find().sort([("due_at", 1), ("_id", 1)]))
    assert [entry["due_at"] for entry in entries] == [NOW - timedelta(minutes=1)] * 2 + [NOW] * 2


def test_an_event_of_a_machine_whose_clock_is_ahead_is_told_at_once(world: EmailWorld) -> None:
    world.add_event("confirmed", "owner", at=NOW + timedelta(hours=1))
    with time_machine.travel(NOW, tick=False):
        world.queue()
    assert world.db.outbox.distinct("due_at") == [NOW]


def test_more_events_than_a_batch_are_all_told_unless_the_worker_stops(world: EmailWorld) -> None:
    for _ in range(BATCH + 1):
        world.add_event("confirmed", "owner")
    queue_notifications(world.db, make_config(), lambda: True)
    assert world.db.outbox.count_documents({}) == 0
    assert len(world.queue()) == BATCH + 1


def test_two_workers_queue_each_email_once(world: EmailWorld) -> None:
    for _ in range(20):
        world.add_event("placed", "guest")
    at_once([lambda: queue_notifications(world.db, make_config(), lambda: False)] * 4)
    assert world.db.outbox.count_documents({}) == 40


def test_control_without_keys_two_workers_queue_emails_twice(
    world: EmailWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enqueue_without_key(db: Db, _key: str, kind: str, data: Any, _now: Any, due_at: Any = None) -> None:
        db.outbox.insert_one({"kind": kind, "data": data, "status": "due", "due_at": due_at})

    monkeypatch.setattr(notifications, "enqueue_once", enqueue_without_key)
    event: Any = world.add_event("confirmed", "owner")
    for _ in range(2):
        process_event(world.db, event, NOW)
    assert world.db.outbox.count_documents({}) == 2


def test_an_event_that_is_told_again_after_its_email_was_sent_is_harmless(world: EmailWorld) -> None:
    """The worker was killed between queueing the e-mail and marking the event, and another worker sent it."""
    world.change(status="confirmed")
    event = world.add_event("confirmed", "owner")
    with running_smtp_server() as server, time_machine.travel(NOW, tick=False):
        assert len(world.deliver(server)) == 1
        world.db.events.update_one({"_id": event["_id"]}, {"$set": {"unprocessed": True}})
        assert len(world.deliver(server)) == 1


@pytest.mark.parametrize(
    ("hold", "notice"),
    [
        (timedelta(hours=168), timedelta(days=1)),
        (timedelta(hours=48), timedelta(days=1)),
        (timedelta(hours=24), timedelta(hours=12)),
        (timedelta(hours=1), timedelta(minutes=30)),
        (timedelta(hours=-1), timedelta(0)),
    ],
)
def test_an_owner_is_reminded_a_day_or_half_the_hold_before_its_end(
    world: EmailWorld, hold: timedelta, notice: timedelta
) -> None:
    world.change(hold_until=NOW + hold)
    world.add_event("placed", "guest")
    world.queue()
    (entry,) = world.db.outbox.find({"kind": "hold_ending"})
    assert entry["key"] == f"hold_ending/{BOOKING_ID}/{(NOW + hold).isoformat()}"
    assert (entry["due_at"], entry["first_due_at"]) == (NOW + hold - notice,) * 2
    assert entry["data"] == {"booking_id": BOOKING_ID, "account_id": OWNER_ID}


def test_an_extended_hold_is_told_before_its_new_end_only(world: EmailWorld) -> None:
    first, second = NOW + timedelta(days=2), NOW + timedelta(days=5)
    world.change(hold_until=first)
    world.add_event("placed", "guest")
    world.queue()
    world.change(hold_until=second)
    world.add_event("hold_changed", "owner", at=NOW + timedelta(hours=1))
    world.queue()
    with running_smtp_server() as server:
        with time_machine.travel(first - timedelta(hours=2), tick=False):
            arrived = world.deliver(server)
        assert [subject for _, subject in arrived if subject.startswith("Answer by")] == []
        with time_machine.travel(second - timedelta(hours=2), tick=False):
            arrived = world.deliver(server)
    assert [receiver for receiver, subject in arrived if subject.startswith("Answer by")] == [OWNER]


def test_a_hold_that_is_removed_or_answered_is_not_told(world: EmailWorld) -> None:
    world.add_event("hold_changed", "owner")
    world.change(status="confirmed", hold_until=NOW + timedelta(days=2))
    world.add_event("placed", "guest")
    world.add_event("hold_changed", "owner", at="yesterday")
    assert ("hold_ending", OWNER_ID) not in world.queue()


def test_the_story_of_a_booking_arrives_once_and_in_order(world: EmailWorld) -> None:
    """Placed, confirmed with a calendar event, changed, and cancelled by the owner."""
    with running_smtp_server() as server, time_machine.travel(NOW, tick=False):
        world.add_event("placed", "guest")
        world.deliver(server)
        world.change(status="confirmed")
        world.add_event("confirmed", "owner", changes={"status": {"from": "pending", "to": "confirmed"}})
        world.deliver(server)
        world.change(guests=320)
        world.add_event("guests_changed", "guest", changes={"guests": {"from": 300, "to": 320}})
        world.deliver(server)
        world.cancel("owner", "confirmed", "The roof leaks.")
        world.add_event("cancelled", "owner", changes={"status": {"from": "confirmed", "to": "cancelled"}})
        arrived = world.deliver(server)
    hall = "Pearl Hall, 13 February 2027"
    assert arrived == [
        (GUEST, f"Request sent: {hall}"),
        (OWNER, f"New request: {hall}"),
        (GUEST, f"Confirmed: {hall}"),
        (OWNER, f"Changed: {hall}"),
        (GUEST, f"Cancelled: {hall}"),
    ]
    assert set(server.copies().values()) == {1}
    assert {delivery.message["References"] for delivery in server.deliveries} == {
        f"<booking-{BOOKING_ID}@halls.example>"
    }
    methods = [
        part.get_param("method")
        for delivery in server.deliveries
        for part in delivery.message.walk()
        if part.get_content_type() == "text/calendar"
    ]
    assert methods == ["REQUEST", "CANCEL"]


def test_a_stale_email_is_dropped_and_the_true_one_arrives(world: EmailWorld) -> None:
    """Invariant T2: confirmed and cancelled while the mail server was away."""
    world.add_event("confirmed", "owner", changes={"status": {"from": "pending", "to": "confirmed"}})
    world.cancel("owner", "confirmed")
    world.add_event("cancelled", "owner", changes={"status": {"from": "confirmed", "to": "cancelled"}})
    with running_smtp_server() as server, time_machine.travel(NOW, tick=False):
        assert world.deliver(server) == [(GUEST, "Cancelled: Pearl Hall, 13 February 2027")]


def test_four_bookings_in_one_name_send_an_unverified_address_one_email(world: EmailWorld) -> None:
    """Invariant T4."""
    world.change_account(GUEST_ID, email_verified=False)
    with running_smtp_server() as server, time_machine.travel(NOW, tick=False):
        for _ in range(4):
            world.add_event("placed", "guest")
        arrived = world.deliver(server)
    assert [subject for receiver, subject in arrived if receiver == GUEST] == [
        "News about your booking: confirm your e-mail address"
    ]
