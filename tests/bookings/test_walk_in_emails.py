"""No e-mail goes to the guest of a walk-in, whatever happens to the booking later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId

from halls.app import OUTBOX_HANDLERS
from halls.bookings import changes, notifications, reminders
from halls.bookings.emails import TRUE_WHILE, render_booking_email
from halls.bookings.notifications import queue_notifications
from halls.clock import day_in_karachi, utc_now
from halls.mongo.client import in_transaction
from halls.outbox.worker import handle_next
from tests.bookings.email_world import email_config
from tests.bookings.walk_in_desk import SHOWN, Desk
from tests.conftest import make_config
from tests.factories import day
from tests.mail.smtp_server import running_smtp_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db
    from tests.api_client import ApiClient


def confirm(desk: Desk, path: str) -> None:
    """Confirm the walk-in again."""
    assert desk.api.patch(path, {"status": "confirmed"}, token=desk.token).status == 200


def change(desk: Desk, path: str) -> None:
    """Change guests and notes, then only the notes."""
    assert desk.api.patch(path, {"guests": 7, "notes": "Noon."}, token=desk.token).status == 200
    assert desk.api.patch(path, {"notes": None}, token=desk.token).status == 200


def agree_on_a_price(desk: Desk, path: str) -> None:
    """Agree on a price later."""
    desk.db.bookings.update_one({}, {"$set": {"price_locked": None}})
    assert desk.api.patch(path, {"price_locked": 5}, token=desk.token).status == 200


def cancel(desk: Desk, path: str) -> None:
    """Cancel the walk-in with a reason."""
    body = {"status": "cancelled", "reason": "Closed."}
    assert desk.api.patch(path, body, token=desk.token).status == 200


def cancel_by_operator(desk: Desk, path: str) -> None:
    """Cancel the walk-in as `halls booking cancel` does."""
    booking_id, now = ObjectId(path.rpartition("/")[2]), utc_now()

    def work(session: Any) -> object:
        return changes.cancel_booking(desk.db, booking_id, by="operator", now=now, session=session, reason="Fraud.")

    assert in_transaction(desk.db, work) is not None


def do_nothing(desk: Desk, path: str) -> None:
    """Leave the walk-in as it was entered."""


def queue(desk: Desk) -> list[tuple[str, ObjectId]]:
    """Queue the e-mails of all events, and the reminders; return the kinds and receivers of those about bookings."""
    queue_notifications(desk.db, make_config(), lambda: False)
    reminders.queue_reminders(desk.db, make_config(), lambda: False)
    found = desk.db.outbox.find({"kind": {"$in": list(TRUE_WHILE)}})
    return [(entry["kind"], entry["data"]["account_id"]) for entry in found]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (do_nothing, []),
        (confirm, []),
        (change, []),
        (agree_on_a_price, []),
        (cancel, []),
        (cancel_by_operator, ["cancelled_by_operator"]),
    ],
)
def test_only_the_owner_is_told_and_only_of_the_operator(
    api: ApiClient, db: Db, action: Callable[[Desk, str], None], told: list[str]
) -> None:
    desk = Desk(api, db)
    action(desk, desk.enter_and_get_path(notes="Stage."))
    db.users.update_one({"_id": desk.owner_id}, {"$set": {"email_verified": True}})
    assert queue(desk) == [(kind, desk.owner_id) for kind in told]
    with running_smtp_server() as server:
        while handle_next(db, email_config(server), OUTBOX_HANDLERS):
            pass
        received = [receiver for delivery in server.deliveries for receiver in delivery.receivers]
        sources = [str(delivery.message) for delivery in server.deliveries if action is cancel_by_operator]
    assert SHOWN["email"] not in received
    assert not any(SHOWN["email"] in source or "Bilal" in source for source in sources)


def test_only_a_booking_of_an_account_gets_a_reminder(api: ApiClient, db: Db) -> None:
    yesterday = day_in_karachi(utc_now() - timedelta(days=1))
    # The clock of the database is past 10:00 of this day.
    with time_machine.travel(f"{yesterday}T06:00:00Z", tick=False):
        desk = Desk(api, db)
        desk.enter(date=day(3))
        assert queue(desk) == []
        db.bookings.update_one({}, {"$unset": {"is_walk_in": 1}})
        assert queue(desk) == [("reminder", desk.owner_id)]


@pytest.mark.parametrize("kind", TRUE_WHILE)
def test_no_entry_of_any_kind_is_rendered_for_the_guest(api: ApiClient, db: Db, kind: str) -> None:
    """An entry that is wrongly in the outbox goes at most to the owner's account."""
    desk = Desk(api, db)
    booking_id = ObjectId(desk.enter().data["booking_id"])
    db.users.update_one({"_id": desk.owner_id}, {"$set": {"email_verified": True}})
    event = db.events.find_one({})
    assert event is not None
    data = {"booking_id": booking_id, "account_id": desk.owner_id, "event_id": event["_id"]}
    entry: Any = {"_id": ObjectId(), "key": "a", "kind": kind, "data": data}
    email = render_booking_email(kind, db, make_config(), entry, utc_now())
    assert email is None or email.to != SHOWN["email"]
    assert notifications.find_sides(db, db.bookings.find_one({})).guest is None  # type: ignore[arg-type] # it exists
