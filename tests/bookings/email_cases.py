"""Each kind of e-mail with fixed words, as the stored files in `expected_emails` show it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.bookings.emails import RENDERERS
from halls.bookings.notifications import hold_key
from halls.bookings.reminders import reminder_key
from halls.mail.message import as_plain_text, render_email
from halls.mail.smtp import compose_message
from tests.bookings.email_world import (
    BOOKING_ID,
    DATE,
    EVENT_ID,
    GUEST_ID,
    NOW,
    OWNER_ID,
    REASON,
    SETTINGS,
    EmailWorld,
)
from tests.conftest import make_config

if TYPE_CHECKING:
    from halls.mail.message import Email
    from halls.mongo.client import Db

FOLDER = Path(__file__).parent / "expected_emails"
SHOWN_HEADERS = ("From", "To", "Reply-To", "Subject", "Message-ID", "References", "In-Reply-To", "Auto-Submitted")
LIST_HEADERS = ("List-Unsubscribe", "List-Unsubscribe-Post")
ENTRY_ID = ObjectId("6" * 24)
UNTIL = "22 November 2026, 20:05 PKT"
CONFIRMED = {"status": {"from": "pending", "to": "confirmed"}}
DECLINED = {"status": {"from": "pending", "to": "cancelled"}}
CANCELLED = {"status": {"from": "confirmed", "to": "cancelled"}}


@dataclass(frozen=True)
class Case:
    """One e-mail about the booking of EmailWorld: its kind, its receiver, and the booking when it is sent."""

    kind: str
    receiver: ObjectId
    status: str = "pending"
    # The role that cancelled the booking.
    by: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)


CASES = {
    "request_received": Case("request_received", GUEST_ID),
    "request_new": Case("request_new", OWNER_ID),
    "hold_ending": Case("hold_ending", OWNER_ID),
    "confirmed": Case("confirmed", GUEST_ID, "confirmed", changes=CONFIRMED),
    "declined": Case("declined", GUEST_ID, "cancelled", "owner", DECLINED),
    "cancelled_by_owner": Case("cancelled_by_owner", GUEST_ID, "cancelled", "owner", CANCELLED),
    "cancelled_by_guest": Case("cancelled_by_guest", OWNER_ID, "cancelled", "guest", CANCELLED),
    "cancelled_by_operator_to_guest": Case("cancelled_by_operator", GUEST_ID, "cancelled", "operator", CANCELLED),
    "cancelled_by_operator_to_owner": Case("cancelled_by_operator", OWNER_ID, "cancelled", "operator", DECLINED),
    "booking_changed": Case("booking_changed", OWNER_ID, changes={"guests": {"from": 250, "to": 300}}),
    "expired_to_guest": Case("expired", GUEST_ID, "cancelled", "expiry", DECLINED),
    "expired_to_owner": Case("expired", OWNER_ID, "cancelled", "expiry", DECLINED),
    "reminder": Case("reminder", GUEST_ID, "confirmed"),
}
# The e-mails about accounts.
ACCOUNT_CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "test": ("test", {"url": "https://api.halls.example"}),
    "password_reset": ("password_reset", {"link": "https://app.halls.example/reset-password?token=t", "until": UNTIL}),
    "password_changed": ("password_changed", {"at": UNTIL}),
    **{
        name: (
            "verify_email",
            {
                "link": "https://app.halls.example/verify-email?token=t",
                "disown_link": "https://app.halls.example/disown-email?token=t",
                "until": UNTIL,
                "has_news": has_news,
            },
        )
        for name, has_news in (("verify_email", False), ("verify_email_with_news", True))
    },
    "webhook_disabled": ("webhook_disabled", {"host": as_plain_text("hooks.example.com")}),
}


def render_case(db: Db, case: Case, **settings: str) -> Email | None:
    """Return the e-mail of a case, in a database that contains nothing else."""
    world = EmailWorld(db)
    hold_until = db.bookings.find_one({"_id": BOOKING_ID}, {"hold_until": 1})["hold_until"]  # type: ignore[index] # exists
    if case.by is not None:
        world.cancel(case.by, case.changes["status"]["from"], None if case.by == "expiry" else REASON)
    else:
        world.change(status=case.status)
    data = {"booking_id": BOOKING_ID, "account_id": case.receiver}
    if case.kind not in {"hold_ending", "reminder"}:
        data["event_id"] = EVENT_ID
        world.add_event("placed", "guest", _id=EVENT_ID, changes=case.changes)
    key = hold_key(BOOKING_ID, hold_until) if case.kind == "hold_ending" else reminder_key(BOOKING_ID, DATE)
    entry: Any = {"_id": ENTRY_ID, "kind": case.kind, "data": data, "key": key}
    return RENDERERS[case.kind](db, make_config(**SETTINGS, **settings), entry, NOW)


def render_account_case(name: str) -> Email:
    """Return the e-mail of an account."""
    kind, words = ACCOUNT_CASES[name]
    return render_email(kind, to="guest@example.com", **words)


def show_email(email: Email) -> dict[str, str]:
    """Return the contents of the stored files of an e-mail, by the ends of their names."""
    message = compose_message(SETTINGS["smtp_from"], email, str(ENTRY_ID))
    headers = [f"{name}: {message[name]}" for name in (*SHOWN_HEADERS, *LIST_HEADERS) if message[name] is not None]
    # The token depends on the secret.
    shown = [re.sub("unsubscribe/[^>]+", "unsubscribe/TOKEN", header) for header in headers]
    files = {"txt": "\n".join([*shown, "", email.text]), "html": email.html}
    if email.calendar is not None:
        files["ics"] = email.calendar.content.decode().replace("\r\n", "\n")
    return files
