"""The journey of a booking with its e-mails: each arrives once, in order, at the right side."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import time_machine

from halls.app import OUTBOX_HANDLERS
from halls.bookings.holds import run_expiry
from halls.bookings.notifications import queue_notifications
from halls.bookings.reminders import queue_reminders
from halls.clock import day_in_karachi, utc_now
from halls.outbox.worker import handle_next
from tests.conftest import make_config
from tests.factories import day
from tests.mail.smtp_server import SmtpServer, running_smtp_server

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

OWNER, GUEST, RIVAL = "owner@example.com", "guest@example.com", "rival@example.com"


def sign_up(api: ApiClient, db: Db, email: str, **fields: Any) -> str:
    """Create an account whose address is verified. Return its token."""
    token: str = api.sign_up(email=email, **fields)["token"]
    db.users.update_one({"email": email}, {"$set": {"email_verified": True}})
    return token


def run_worker(db: Db, server: SmtpServer) -> list[tuple[str, str]]:
    """Run all tasks of the worker once. Return recipient and kind of the e-mails that arrived meanwhile."""
    config, before = make_config(smtp_host="127.0.0.1", smtp_port=server.port), len(server.deliveries)
    run_expiry(db, config, lambda: False)
    queue_notifications(db, config, lambda: False)
    while handle_next(db, config, OUTBOX_HANDLERS):
        pass
    arrived = server.deliveries[before:]
    return [(one.receivers[0], str(one.message["Subject"]).partition(":")[0]) for one in arrived]


def test_the_journey_of_a_booking_is_told_once_and_in_order(api: ApiClient, db: Db) -> None:
    owner = sign_up(api, db, OWNER, owner=True)
    guest, rival = sign_up(api, db, GUEST), sign_up(api, db, RIVAL)
    db.outbox.delete_many({})
    venue_id = api.list_venue(owner)
    with running_smtp_server() as server:
        booking_id = api.book(guest, venue_id, day(3)).data["booking_id"]
        assert run_worker(db, server) == [(GUEST, "Request sent"), (OWNER, "New request")]
        api.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=owner)
        assert run_worker(db, server) == [(GUEST, "Confirmed")]
        assert any(part.get_content_type() == "text/calendar" for part in server.deliveries[-1].message.walk())

        unanswered = api.book(rival, venue_id, day(5)).data["booking_id"]
        assert run_worker(db, server) == [(RIVAL, "Request sent"), (OWNER, "New request")]
        db.bookings.update_one({"date": day(5)}, {"$set": {"hold_until": utc_now() - timedelta(seconds=1)}})
        assert run_worker(db, server) == [(RIVAL, "Request ended"), (OWNER, "Request ended")]
        assert api.get(f"/bookings/{unanswered}", token=rival).data["booking"]["status"] == "cancelled"

        remind_yesterday(db, booking_id)
        assert run_worker(db, server) == [(GUEST, "Reminder")]
        api.delete(f"/bookings/{booking_id}", token=guest)
        assert run_worker(db, server) == [(OWNER, "Cancelled")]
        assert run_worker(db, server) == []
    assert set(server.copies().values()) == {1}
    assert db.outbox.distinct("status") == ["done", "due"]
    assert db.outbox.distinct("kind", {"status": "due"}) == ["hold_ending"]


def remind_yesterday(db: Db, booking_id: str) -> None:
    """Run the task of the reminders at 11:00 yesterday: the clock of the database is always past that time."""
    yesterday = day_in_karachi(utc_now() - timedelta(days=1))
    db.users.update_one({"email": GUEST}, {"$set": {"preferences": {"reminder_days": 4}}})
    db.events.update_one({"type": "confirmed"}, {"$set": {"at": utc_now() - timedelta(days=2)}})
    assert str((db.bookings.find_one({"status": "confirmed"}) or {})["_id"]) == booking_id
    with time_machine.travel(f"{yesterday}T06:00:00Z", tick=False):
        queue_reminders(db, make_config(), lambda: False)
