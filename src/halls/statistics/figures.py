"""The figures of bookings: which value counts as what, and their sums by month, weekday or venue. Pure functions."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import dataclass, field
from datetime import MAXYEAR, date
from typing import TYPE_CHECKING, Any

from halls.clock import day_in_karachi, weekday_of
from halls.documents import EXACT, read_moment, read_number, read_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from bson import ObjectId

    from halls.bookings.booking import BookingDocument

# Whose cancellations the figures tell apart. The deletion of an account is the guest's decision.
CANCELLED_AS = {"guest": "guest", "account_deletion": "guest", "owner": "owner", "expiry": "expiry"}
# One day of one venue.
VenueDate = tuple["ObjectId", str]


def read_price(booking: BookingDocument) -> int | float | None:
    """Return the locked price as it counts, in whole paisas. None without a price, or with one that can't be right."""
    price = read_number(booking.get("price_locked"))
    return read_number(round(price, 2)) if price is not None and 0 <= price < EXACT else None


def read_guests(booking: BookingDocument) -> int | None:
    """Return the number of guests as it counts. None without a number, or with one that can't be right."""
    guests = read_whole(booking.get("guests"))
    return guests if guests is not None and guests >= 0 else None


def count_lead_days(booking: BookingDocument) -> int | None:
    """Return the whole days from the day of the order in Karachi to the day of the event. None without an order day."""
    ordered_at = read_moment(booking.get("created_at"))
    # The last hours of the year 9999 have no day in Karachi.
    if ordered_at is None or ordered_at.year == MAXYEAR:
        return None
    ordered_on = date.fromisoformat(day_in_karachi(ordered_at))
    return (date.fromisoformat(booking["date"]) - ordered_on).days


def month_key(venue_date: VenueDate) -> str:
    """Return the key of the row by month."""
    return venue_date[1][:7]


def weekday_key(venue_date: VenueDate) -> str:
    """Return the key of the row by weekday."""
    return weekday_of(venue_date[1])


def venue_key(venue_date: VenueDate) -> str:
    """Return the key of the row by venue."""
    return str(venue_date[0])


@dataclass
class DayCounts:
    """The bookings of one venue on one day."""

    confirmed: list[BookingDocument]
    pending: int
    # By `cancellation.by`.
    cancelled: Mapping[str, int]


@dataclass
class _Sums:
    """The sums of one row."""

    offered: int = 0
    booked: int = 0
    walk_ins: int = 0
    pending: int = 0
    prices: list[int | float] = field(default_factory=list)
    unpriced: int = 0
    guests: int = 0
    lead_days: list[int] = field(default_factory=list)
    cancelled: Counter[str] = field(default_factory=Counter)

    def add(self, counts: DayCounts) -> None:
        """Add the bookings of one venue on one day."""
        self.pending += counts.pending
        for by, number in counts.cancelled.items():
            self.cancelled[CANCELLED_AS.get(by, "unknown")] += number
        for booking in counts.confirmed:
            self._add_confirmed(booking)

    def _add_confirmed(self, booking: BookingDocument) -> None:
        self.booked += 1
        self.walk_ins += booking.get("is_walk_in") is True
        self.guests += read_guests(booking) or 0
        price, lead_days = read_price(booking), count_lead_days(booking)
        if price is None:
            self.unpriced += 1
        else:
            self.prices.append(price)
        if lead_days is not None:
            self.lead_days.append(lead_days)

    def serialize(self) -> dict[str, Any]:
        """Return the fields of `Figures`."""
        return {
            "offered": self.offered,
            "booked": self.booked,
            "walk_ins": self.walk_ins,
            "pending": self.pending,
            "occupancy": self.booked / self.offered if self.offered else None,
            # fsum: a plain sum of doubles depends on the order, and the rows would not add up to the total.
            "revenue_locked": read_number(round(math.fsum(self.prices), 2)),
            "unpriced": self.unpriced,
            # JSON has no longer integers. Only the bookings of external writers reach this number.
            "guests": self.guests if self.guests < EXACT else float(self.guests),
            "lead_days_median": statistics.median(self.lead_days) if self.lead_days else None,
            "cancelled": {name: self.cancelled[name] for name in ("guest", "owner", "expiry", "unknown")},
        }


def sum_figures(
    days: Mapping[VenueDate, DayCounts],
    offered: Iterable[VenueDate],
    keys: Collection[str],
    key_of: Callable[[VenueDate], str],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return a row for each key, in order of `keys`, and the total.

    `offered` are the offered days. A confirmed day counts as offered too, although the owner may have closed it since.
    """
    rows, total = {key: _Sums() for key in keys}, _Sums()
    for venue_date, counts in days.items():
        for sums in (rows[key_of(venue_date)], total):
            sums.add(counts)
    for venue_date in {*offered, *(venue_date for venue_date, counts in days.items() if counts.confirmed)}:
        for sums in (rows[key_of(venue_date)], total):
            sums.offered += 1
    return [{"key": key, **sums.serialize()} for key, sums in rows.items()], total.serialize()
