"""The e-mails about bookings, rendered when they are sent, and only if they are still true."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from halls.accounts.email_store import claim_news_email
from halls.accounts.emails import render_verify_email
from halls.accounts.store import find_accounts
from halls.accounts.unsubscribe_tokens import make_unsubscribe_token
from halls.bookings import notification_store, store
from halls.bookings.calendar_event import make_invitation
from halls.bookings.notifications import HOLD_ENDING, find_sides, hold_key
from halls.bookings.reminders import REMINDER, reminder_key
from halls.clock import day_in_karachi
from halls.documents import read_day, read_moment, read_number, read_object, read_text, read_whole
from halls.mail.message import as_plain_text, karachi_time, name_date, name_weekday_date, render_email
from halls.mail.wordings import en

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.bookings.event import EventDocument
    from halls.config import Config
    from halls.mail.handler import Renderer
    from halls.mail.message import Calendar, Email
    from halls.mongo.client import Db
    from halls.outbox.entry import OutboxEntry
    from halls.venues.venue import VenueReference

PENDING, CONFIRMED, CANCELLED = frozenset({"pending"}), frozenset({"confirmed"}), frozenset({"cancelled"})
# The statuses in which an e-mail is true. Its kinds are those of contract §4.
TRUE_WHILE: Mapping[str, frozenset[str]] = {
    "request_received": PENDING,
    "request_new": PENDING,
    HOLD_ENDING: PENDING,
    "confirmed": CONFIRMED,
    "declined": CANCELLED,
    "cancelled_by_owner": CANCELLED,
    "cancelled_by_guest": CANCELLED,
    "cancelled_by_operator": CANCELLED,
    "booking_changed": PENDING | CONFIRMED,
    "expired": CANCELLED,
    REMINDER: CONFIRMED,
}
# The preference that switches an e-mail off.
TOPICS: Mapping[str, str] = {"request_new": "requests", HOLD_ENDING: "requests", REMINDER: "reminders"}
# The facts of each e-mail, besides the venue, the date and the number of guests.
OF_REQUEST = {"guest", "contact_number", "price", "notes"}
OF_BOOKING = {"address", "owner", "contact_number", "price"}
FACTS: Mapping[str, set[str]] = {
    "request_received": {"address", "price", "notes"},
    "request_new": OF_REQUEST,
    HOLD_ENDING: OF_REQUEST,
    "confirmed": OF_BOOKING,
    "declined": {"reason"},
    "cancelled_by_owner": {"reason"},
    "cancelled_by_guest": {"guest", "reason"},
    "cancelled_by_operator": {"reason"},
    "booking_changed": OF_REQUEST,
    "expired": set(),
    REMINDER: OF_BOOKING,
}
CANCELS_EVENT = frozenset({"cancelled_by_owner", "cancelled_by_operator"})


@dataclass(frozen=True)
class Subject:
    """What an e-mail is about, read at the moment of sending: the booking, its event, its venue and its two sides."""

    kind: str
    booking: BookingDocument
    # None for an e-mail that does not follow from a change.
    event: EventDocument | None
    venue: VenueReference
    receiver: Account
    # The guest for the owner, and the owner for the guest. None if the account is deleted.
    other: Account | None
    is_owner: bool

    @property
    def changes(self) -> dict[str, Any]:
        """The changes of the event, by field: {from, to}. Empty without an event."""
        return read_object(self.event.get("changes")) if self.event else {}


def render_booking_email(kind: str, db: Db, config: Config, entry: OutboxEntry, now: datetime) -> Email | None:
    """Return the e-mail of an outbox entry, or None if it is not true any more or the receiver does not want it.

    An unverified address gets a verification e-mail instead, if it has not had too many.
    """
    subject = find_subject(db, kind, entry)
    if subject is None or not is_true(subject, entry, now) or not is_wanted(subject):
        return None
    receiver = subject.receiver
    if not receiver.email_verified:
        is_claimed = claim_news_email(db, receiver.id, entry["_id"], now)
        if is_claimed and (email := render_verify_email(db, config, receiver, now, has_news=True)) is not None:
            return email
        # The address may have been verified after the account was read. Then the e-mail must not be lost.
        receiver = find_accounts(db, {receiver.id}).get(receiver.id, receiver)
        if not receiver.email_verified:
            return None
    return compose_email(replace(subject, receiver=receiver), config, now)


def find_subject(db: Db, kind: str, entry: OutboxEntry) -> Subject | None:
    """Return what the entry is about, or None if the booking, its event or the receiver does not exist any more."""
    data = entry["data"]
    booking = store.find_booking(db, data["booking_id"])
    event = notification_store.find_event(db, data["event_id"]) if "event_id" in data else None
    if booking is None or (event is None and "event_id" in data):
        return None
    sides = find_sides(db, booking)
    guest, owner = sides.find_account("guest"), sides.find_account("owner")
    accounts = find_accounts(db, {guest, owner})
    receiver = accounts.get(data["account_id"])
    if receiver is None:
        return None
    is_owner = receiver.id == owner
    other = guest if is_owner else owner
    return Subject(kind, booking, event, sides.venue, receiver, accounts.get(other) if other else None, is_owner)


def is_true(subject: Subject, entry: OutboxEntry, now: datetime) -> bool:
    """Return whether the e-mail is true at this moment: status, date and the changed values."""
    kind, booking, event = subject.kind, subject.booking, subject.event
    status, day = read_text(booking.get("status")), read_day(booking.get("date"))
    if day is None or status not in TRUE_WHILE[kind]:
        return False
    if status != "cancelled" and day < day_in_karachi(now):
        return False
    if kind == HOLD_ENDING:
        until = read_moment(booking.get("hold_until"))
        return until is not None and now < until and entry["key"] == hold_key(booking["_id"], until)
    if kind == REMINDER:
        return entry["key"] == reminder_key(booking["_id"], day)
    return event is not None and event.get("date") == day and (kind != "booking_changed" or _is_latest(subject))


def _is_latest(subject: Subject) -> bool:
    """Return whether the booking still has the new values of the event. A later event has its own e-mail."""
    return all(subject.booking.get(name) == read_object(change).get("to") for name, change in subject.changes.items())


def is_wanted(subject: Subject) -> bool:
    """Return whether the receiver's preferences at this moment allow the e-mail."""
    preferences = subject.receiver.preferences
    topic = TOPICS.get(subject.kind)
    if topic == "reminders" and preferences.reminder_days == 0:
        return False
    return topic is None or bool(getattr(preferences, topic))


def compose_email(subject: Subject, config: Config, now: datetime) -> Email:
    """Return the e-mail to a verified address."""
    app_url, booking_id = config.pages_url, subject.booking["_id"]
    page = "owner/requests" if subject.is_owner else "my/bookings"
    email = render_email(
        subject.kind,
        to=subject.receiver.email,
        facts=list_facts(subject),
        link=f"{app_url}/{page}/{booking_id}",
        preferences_link=f"{app_url}/account#emails",
        operator_email=config.operator_email,
        **_list_words(subject, now),
    )
    return replace(
        email,
        reply_to=subject.other.email if subject.other and subject.other.email_verified else None,
        thread=f"booking-{booking_id}",
        unsubscribe_url=_unsubscribe_url(subject, config),
        calendar=_invite(subject, config),
    )


def _list_words(subject: Subject, now: datetime) -> dict[str, Any]:
    """Return the words of the wordings. Those that a user wrote can't become links."""
    booking = subject.booking
    day, until = booking["date"], read_moment(booking.get("hold_until"))
    guest = subject.other if subject.is_owner else subject.receiver
    return {
        "venue": as_plain_text(read_text(subject.venue.get("venue_name")) or "the venue"),
        "guest": as_plain_text(guest.full_name or "") if guest else "",
        "date": name_date(day),
        "weekday_date": name_weekday_date(day),
        "days": _days_until(day, now),
        "until": karachi_time(until) if until else None,
        "is_owner": subject.is_owner,
        "was_confirmed": _previous_status(subject) == "confirmed",
    }


def _days_until(day: str, now: datetime) -> int:
    today = day_in_karachi(now)
    return (date.fromisoformat(day) - date.fromisoformat(today)).days


def _previous_status(subject: Subject) -> str | None:
    return read_text(read_object(subject.changes.get("status")).get("from"))


def list_facts(subject: Subject) -> dict[str, str]:
    """Return the facts that the e-mail shows, by their labels and in their order, without those that are unknown."""
    booking, other = subject.booking, subject.other
    price = read_number(booking.get("price_locked"))
    cancellation = read_object(booking.get("cancellation"))
    name = other.full_name if other else None
    known = {
        "venue": read_text(subject.venue.get("venue_name")),
        "address": read_text(subject.venue.get("address")),
        "date": name_weekday_date(booking["date"]),
        "guests": _describe_guests(subject),
        "price": None if price is None else en.PRICE.format(f"{price:,}"),
        "guest": name,
        "owner": name,
        "contact_number": other.contact_number if other else None,
        "notes": read_text(booking.get("notes")),
        "reason": read_text(cancellation.get("reason")),
    }
    if subject.kind == "booking_changed" and "notes" in subject.changes:
        known["notes"] = known["notes"] or en.NOTHING
    shown = {"venue", "date", "guests"} | FACTS[subject.kind]
    return {name: as_plain_text(value) for name, value in known.items() if name in shown and value}


def _describe_guests(subject: Subject) -> str | None:
    guests = read_whole(subject.booking.get("guests"))
    if guests is None:
        return None
    before = read_whole(read_object(subject.changes.get("guests")).get("from"))
    return str(guests) if before is None else en.CHANGED.format(guests, before)


def _unsubscribe_url(subject: Subject, config: Config) -> str | None:
    topic = TOPICS.get(subject.kind)
    if topic is None:
        return None
    return f"{config.own_url}/emails/unsubscribe/{make_unsubscribe_token(config.secret, subject.receiver.id, topic)}"


def _invite(subject: Subject, config: Config) -> Calendar | None:
    """Return the calendar event for the guest of a booking that is confirmed, or was."""
    if subject.kind == "confirmed":
        method = "REQUEST"
    elif subject.kind in CANCELS_EVENT and not subject.is_owner and _previous_status(subject) == "confirmed":
        method = "CANCEL"
    else:
        return None
    return make_invitation(subject.booking, subject.venue, config, method=method, to=subject.receiver.email)


RENDERERS: Mapping[str, Renderer] = {kind: partial(render_booking_email, kind) for kind in TRUE_WHILE}
