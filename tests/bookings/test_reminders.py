"""Reminders: at 10:00 in Karachi, as many days before as the guest prefers, while both clocks agree."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from halls.bookings import reminders
from halls.clock import day_in_karachi, utc_now
from tests.bookings.email_world import BOOKING_ID, GUEST_ID, VENUE_ID, EmailWorld
from tests.conftest import make_config
from tests.factories import day
from tests.mail.smtp_server import running_smtp_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

GUEST = "guest@example.com"


@pytest.fixture
def world(db: Db) -> EmailWorld:
    """A guest and an owner."""
    return EmailWorld(db)


@pytest.fixture
def at_eleven() -> Iterator[None]:
    """Eleven o'clock in Karachi, yesterday: the clock of the database is past it."""
    yesterday = f"{day_in_karachi(utc_now() - timedelta(days=1))}T06:00:00Z"
    with time_machine.travel(yesterday, tick=False):
        yield


def remind(world: EmailWorld) -> list[Any]:
    """Run the task. Return the bookings with a reminder."""
    reminders.queue_reminders(world.db, make_config(), lambda: False)
    return [entry["data"]["booking_id"] for entry in world.db.outbox.find({"kind": "reminder"})]


@pytest.mark.usefixtures("at_eleven")
def test_a_reminder_is_queued_as_many_days_before_as_the_guest_prefers(world: EmailWorld) -> None:
    bookings = {days: world.book(date=day(days), status="confirmed") for days in (1, 3, 5)}
    assert remind(world) == [bookings[3]]
    (entry,) = world.db.outbox.find()
    assert entry["key"] == f"reminder/{bookings[3]}/{day(3)}"
    assert entry["data"] == {"booking_id": bookings[3], "account_id": GUEST_ID}
    world.change_account(GUEST_ID, preferences={"reminder_days": 5})
    assert remind(world) == [bookings[3], bookings[5]]
    assert remind(world) == [bookings[3], bookings[5]]


@pytest.mark.usefixtures("at_eleven")
@pytest.mark.parametrize(
    "fields",
    [
        {"status": "pending"},
        {"status": "cancelled"},
        {"is_walk_in": True},
        {"user_id": None},
        {"venue_id": VENUE_ID, "user_id": BOOKING_ID},
    ],
)
def test_other_bookings_get_no_reminder(world: EmailWorld, fields: dict[str, Any]) -> None:
    booking_id = world.book(date=day(3), status="confirmed")
    world.db.bookings.update_one({"_id": booking_id}, {"$set": fields})
    assert remind(world) == []


@pytest.mark.usefixtures("at_eleven")
@pytest.mark.parametrize("preferences", [{"reminders": False}, {"reminder_days": 0}])
def test_a_guest_who_wants_no_reminder_gets_none(world: EmailWorld, preferences: dict[str, Any]) -> None:
    world.book(date=day(3), status="confirmed")
    world.change_account(GUEST_ID, preferences=preferences)
    assert remind(world) == []


@pytest.mark.usefixtures("at_eleven")
@pytest.mark.parametrize(("minutes", "is_told"), [(-61, True), (-59, False)])
def test_a_booking_confirmed_after_its_reminder_was_due_gets_none(
    world: EmailWorld, minutes: int, *, is_told: bool
) -> None:
    booking_id = world.book(date=day(3), status="confirmed")
    at = utc_now() + timedelta(minutes=minutes)
    world.add_event("confirmed", "owner", booking_id=booking_id, at=at, unprocessed=False)
    assert bool(remind(world)) is is_told


def test_no_reminder_is_queued_before_ten_o_clock(world: EmailWorld) -> None:
    yesterday = day_in_karachi(utc_now() - timedelta(days=1))
    with time_machine.travel(f"{yesterday}T04:59:59Z", tick=False):
        world.book(date=day(3), status="confirmed")
        assert remind(world) == []
    with time_machine.travel(f"{yesterday}T05:00:00Z", tick=False):
        assert len(remind(world)) == 1


def test_a_worker_whose_clock_is_ahead_of_the_database_queues_no_reminder(world: EmailWorld) -> None:
    """Invariant T7."""
    tomorrow = day_in_karachi(utc_now() + timedelta(days=1))
    with time_machine.travel(f"{tomorrow}T06:00:00Z", tick=False):
        world.book(date=day(3), status="confirmed")
        assert remind(world) == []


@pytest.mark.usefixtures("at_eleven")
def test_a_worker_that_stops_queues_no_more_reminders(world: EmailWorld) -> None:
    world.book(date=day(3), status="confirmed")
    reminders.queue_reminders(world.db, make_config(), lambda: True)
    assert world.db.outbox.count_documents({}) == 0


@pytest.mark.usefixtures("at_eleven")
def test_a_reminder_of_a_booking_that_was_cancelled_meanwhile_is_not_sent(world: EmailWorld) -> None:
    booking_id = world.book(date=day(3), status="confirmed")
    remind(world)
    with running_smtp_server() as server:
        world.db.bookings.update_one({"_id": booking_id}, {"$set": {"status": "cancelled"}})
        assert world.deliver(server) == []
        world.db.outbox.delete_many({})
        world.db.bookings.update_one({"_id": booking_id}, {"$set": {"status": "confirmed"}})
        remind(world)
        ((receiver, subject),) = world.deliver(server)
    assert (receiver, subject.partition(":")[0]) == (GUEST, "Reminder")


def test_reminders_are_found_by_an_index(world: EmailWorld) -> None:
    match = {"status": "confirmed", "date": {"$in": [day(3)], "$not": {"$type": "array"}}}
    plan = str(world.db.bookings.find(match).explain()["queryPlanner"]["winningPlan"])
    assert "confirmed_by_date" in plan
