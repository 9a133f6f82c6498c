"""The calendar event of a booking (RFC 5545), and the invitations that carry it in e-mails (RFC 5546)."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from halls.bookings.booking import STATUSES
from halls.documents import read_moment, read_text
from halls.mail.message import Calendar

if TYPE_CHECKING:
    from datetime import datetime

    from icalendar import Event

    from halls.bookings.booking import BookingDocument
    from halls.config import Config
    from halls.venues.venue import VenueReference

PRODUCT = "-//Halls//Bookings//EN"
# SEQUENCE has 32 bits, and external writers may store any moment.
MAX_SECONDS = 2**31 - len(STATUSES)
EVENT_STATUSES = {"pending": "TENTATIVE", "confirmed": "CONFIRMED", "cancelled": "CANCELLED"}


def event_uid(booking: BookingDocument, config: Config) -> str:
    """Return the id of the booking's event, the same in every e-mail and feed. The host has no port."""
    return f"{booking['_id']}@{urlsplit(config.own_url).hostname}"


def event_sequence(booking: BookingDocument) -> int:
    """Return the revision of the event. It never falls, and each change of status increases it (RFC 5545 §3.8.7.4)."""
    created_at, updated_at = read_moment(booking.get("created_at")), read_moment(booking.get("updated_at"))
    seconds = (updated_at - created_at).total_seconds() if created_at and updated_at else 0
    status = read_text(booking.get("status")) or ""
    return min(max(0, int(seconds)), MAX_SECONDS) + (STATUSES.index(status) if status in STATUSES else 0)


def make_invitation(
    booking: BookingDocument, venue: VenueReference, config: Config, *, method: str, to: str
) -> Calendar:
    """Return the booking's event for the calendar of its guest. The date must be a real day."""
    # Imported at first use: it takes 80 ms and 5 MB, and only the worker needs it.
    from icalendar import Calendar as ICalendar  # noqa: PLC0415
    from icalendar import vCalAddress  # noqa: PLC0415

    event = make_event(booking, venue, config)
    event.add("organizer", vCalAddress(f"MAILTO:{parseaddr(config.smtp_from)[1]}"))
    attendee = vCalAddress(f"MAILTO:{to}")
    attendee.params.update({"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    event.add("attendee", attendee)
    calendar = ICalendar()
    for name, value in (("prodid", PRODUCT), ("version", "2.0"), ("method", method)):
        calendar.add(name, value)
    calendar.add_component(event)
    return Calendar(method, calendar.to_ical())


def make_event(booking: BookingDocument, venue: VenueReference, config: Config) -> Event:
    """Return the booking as an event of its whole day, with the venue. The date must be a real day."""
    event = make_bare_event(booking, config)
    event.add("summary", clean_text(read_text(venue.get("venue_name"))) or "Booking")
    if address := clean_text(read_text(venue.get("address"))):
        event.add("location", address)
    return event


def make_bare_event(booking: BookingDocument, config: Config) -> Event:
    """Return the booking as an event that tells only its day and its status. The date must be a real day."""
    from icalendar import Event  # noqa: PLC0415 - like above

    day = date.fromisoformat(booking["date"])
    event = Event()
    event.add("uid", event_uid(booking, config))
    event.add("sequence", event_sequence(booking))
    event.add("dtstamp", event_stamp(booking))
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("status", EVENT_STATUSES.get(booking["status"], "TENTATIVE"))
    return event


def event_stamp(booking: BookingDocument) -> datetime:
    """Return when the event was last revised (RFC 5545 §3.8.7.2), the same at each call for the same document."""
    stored = (read_moment(booking.get(name)) for name in ("updated_at", "created_at"))
    return next((moment for moment in stored if moment), None) or booking["_id"].generation_time


def clean_text(text: str | None) -> str:
    """Return a text without control characters, which RFC 5545 §3.1 does not allow. Line breaks and tabs stay."""
    return "".join(each for each in text or "" if each in "\r\n\t" or unicodedata.category(each) != "Cc")
