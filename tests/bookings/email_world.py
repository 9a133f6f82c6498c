"""A booking with fixed ids and days, and the events that the worker tells about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.app import OUTBOX_HANDLERS
from halls.bookings.notifications import queue_notifications
from halls.outbox.worker import handle_next
from tests.conftest import make_config
from tests.factories import insert_booking as insert_booking_document
from tests.factories import insert_owner, insert_user, insert_venue

if TYPE_CHECKING:
    from halls.config import Config
    from halls.mongo.client import Db, Document
    from tests.mail.smtp_server import SmtpServer

NOW = datetime(2027, 2, 1, 6, 0, tzinfo=timezone.utc)
CREATED_AT = NOW - timedelta(hours=2)
DATE = "2027-02-13"
GUEST_ID, OWNER_ID, VENUE_ID, BOOKING_ID = (ObjectId(digit * 24) for digit in "1234")
EVENT_ID = ObjectId("5" * 24)
NOTES = "Stage on the left.\nTwo entries, please."
REASON = "The hall is closed for repairs."
SETTINGS = {
    "app_url": "https://app.halls.example",
    "public_url": "https://api.halls.example:8443",
    "smtp_from": "Halls <no-reply@halls.example>",
}


@dataclass
class EmailWorld:
    """An owner with a venue, and a guest with a booking of it. Both addresses are verified."""

    db: Db

    def __post_init__(self) -> None:
        """Insert the documents."""
        verified = {"email_verified": True, "contact_number": "0300-1234567"}
        owner = {"_id": OWNER_ID, "email": "owner@example.com", "full_name": "Bilal Khan", **verified}
        guest = {"_id": GUEST_ID, "email": "guest@example.com", "full_name": "Ayesha Siddiqui", **verified}
        insert_owner(self.db, **owner)
        insert_user(self.db, **{**guest, "contact_number": "+92 321 7654321"})
        insert_venue(self.db, OWNER_ID, _id=VENUE_ID, venue_name="Pearl Hall", address="1 Main Road, Saddar, Karachi")
        fields = {"guests": 300, "price_locked": 250_000, "notes": NOTES, "hold_until": NOW + timedelta(days=7)}
        self.book(_id=BOOKING_ID, date=DATE, **fields)

    def book(self, **fields: Any) -> ObjectId:
        """Insert a booking of the guest, and return its id."""
        times = {"created_at": CREATED_AT, "updated_at": NOW}
        booking = insert_booking_document(self.db, VENUE_ID, GUEST_ID, **{**times, **fields})
        booking_id: ObjectId = booking["_id"]
        return booking_id

    def change(self, **fields: Any) -> None:
        """Change the booking, as its store does."""
        self.db.bookings.update_one({"_id": BOOKING_ID}, {"$set": fields})

    def cancel(self, by: str, was: str = "pending", reason: str | None = None) -> None:
        """Cancel the booking."""
        cancellation = {"by": by, "at": NOW, "reason": reason, "from": was}
        self.change(status="cancelled", cancellation=cancellation, updated_at=NOW)

    def change_account(self, account_id: ObjectId, **fields: Any) -> None:
        """Change an account, such as its preferences."""
        self.db.users.update_one({"_id": account_id}, {"$set": fields})

    def add_event(self, kind: str, by: str, **fields: Any) -> Document:
        """Insert an event of the booking that is not told yet."""
        event = {
            "_id": ObjectId(),
            "booking_id": BOOKING_ID,
            "venue_id": VENUE_ID,
            "date": DATE,
            "seq": self.db.events.count_documents({}) + 1,
            "at": NOW,
            "type": kind,
            "by": by,
            "changes": {},
            "unprocessed": True,
            **fields,
        }
        self.db.events.insert_one(event)
        return event

    def queue(self) -> list[tuple[str, ObjectId]]:
        """Queue what the events must tell. Return kind and receiver of all entries, in the order of the outbox."""
        queue_notifications(self.db, make_config(), lambda: False)
        found = self.db.outbox.find({"status": "due"}).sort([("due_at", 1), ("_id", 1)])
        return [(entry["kind"], entry["data"]["account_id"]) for entry in found]

    def deliver(self, server: SmtpServer) -> list[tuple[str, str]]:
        """Queue and send what is due. Return recipient and subject of all e-mails that arrived."""
        self.queue()
        while handle_next(self.db, email_config(server), OUTBOX_HANDLERS):
            pass
        return [(delivery.receivers[0], str(delivery.message["Subject"])) for delivery in server.deliveries]


def email_config(server: SmtpServer) -> Config:
    """Return settings with that SMTP server."""
    return make_config(smtp_host="127.0.0.1", smtp_port=server.port, **SETTINGS)
