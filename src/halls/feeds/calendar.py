"""Writes calendars (RFC 5545, RFC 7986): a feed, or the one event of a booking."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from halls import __version__
from halls.bookings.calendar_event import PRODUCT, clean_text, event_sequence, event_stamp, event_uid, make_bare_event
from halls.http.json_encoding import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icalendar import Calendar, Event

    from halls.bookings.booking import BookingDocument
    from halls.config import Config

# How often a calendar program should read a feed. Many programs read it less often.
REFRESH = timedelta(hours=1)
NAMES = {"guest": "My bookings", "owner": "Bookings of my venues", "venue": "Bookings"}
# Many calendar programs do not show the status of an event.
NOT_CONFIRMED = {"pending": "request", "cancelled": "cancelled"}


@dataclass(frozen=True)
class CalendarEvent:
    """A booking, and the same booking as its reader sees it. Only the owner of the venue sees the guest."""

    booking: BookingDocument
    seen: dict[str, Any]

    @property
    def is_owners(self) -> bool:
        """Whether the reader owns the venue."""
        return "guest" in self.seen

    @property
    def summary(self) -> str:
        """The venue and, for its owner, the guest, and the status if it is not confirmed."""
        venue = clean_text((self.seen["venue"] or {}).get("venue_name")) or "Booking"
        guest = clean_text((self.seen.get("guest") or {}).get("full_name"))
        status = NOT_CONFIRMED.get(self.seen["status"] or "pending")
        return f"{venue}{guest and f': {guest}'}{f' ({status})' if status else ''}"

    @property
    def location(self) -> str:
        """The address of the venue, empty if it is unknown."""
        return clean_text((self.seen["venue"] or {}).get("address"))

    @property
    def page(self) -> str:
        """The path of the booking in the web application."""
        return f"{'owner/requests' if self.is_owners else 'my/bookings'}/{self.booking['_id']}"


def compute_version(events: Sequence[CalendarEvent], config: Config, *, name: str, detail: str) -> str:
    """Return the version of a calendar, for its ETag. Equal versions have the same text; this is faster to compute."""
    # A new version of Halls may write other text.
    rows: list[list[Any]] = [[__version__, name, detail, config.pages_url]]
    for event in events:
        booking = event.booking
        row = [event_uid(booking, config), event_sequence(booking), event_stamp(booking), booking["date"]]
        row += [booking["status"]] if detail == "busy" else [event.summary, event.location, event.seen["guests"]]
        rows.append(row)
    return hashlib.sha256(write_json(rows)).hexdigest()[:32]


def write_feed(events: Sequence[CalendarEvent], config: Config, *, name: str, detail: str) -> bytes:
    """Return the calendar of a feed. With the detail `busy` its events tell only days and statuses."""
    calendar = _new_calendar()
    # The names of RFC 7986, and the older ones that most programs read.
    for property_name in ("name", "x-wr-calname"):
        calendar.add(property_name, clean_text(name))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for event in events:
        is_busy = detail == "busy"
        calendar.add_component(make_bare_event(event.booking, config) if is_busy else _make_full_event(event, config))
    return bytes(calendar.to_ical())


def write_event(event: CalendarEvent, config: Config) -> bytes:
    """Return a calendar with the one event of a booking."""
    calendar = _new_calendar()
    calendar.add_component(_make_full_event(event, config))
    return bytes(calendar.to_ical())


def _new_calendar() -> Calendar:
    # Imported at first use: it takes 80 ms and 5 MB.
    from icalendar import Calendar  # noqa: PLC0415

    calendar = Calendar()
    for name, value in (("prodid", PRODUCT), ("version", "2.0"), ("method", "PUBLISH")):
        calendar.add(name, value)
    return calendar


def _make_full_event(event: CalendarEvent, config: Config) -> Event:
    made = make_bare_event(event.booking, config)
    made.add("summary", event.summary)
    if event.location:
        made.add("location", event.location)
    if event.seen["guests"] is not None:
        made.add("description", f"{event.seen['guests']} guests")
    made.add("url", f"{config.pages_url}/{event.page}")
    return made
