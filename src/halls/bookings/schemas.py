"""What comes in and goes out about bookings."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from halls.bookings.booking import Status
from halls.schema import Day, Id, Query, QueryInt, Reply, Shape, Text


class BookingOrder(Shape):
    """What a guest asks for."""

    venue_id: Id
    date: Day
    guests: Annotated[int, Field(ge=1, le=2**53)]
    notes: Annotated[Text, Field(max_length=2_000)] | None = None


class StatusChange(Shape):
    """What becomes of a booking."""

    status: Literal["confirmed", "cancelled"]


class BookingsQuery(Query):
    """Which bookings, and which page of them."""

    as_: Literal["guest"] | None = Field(default=None, alias="as")
    status: Status | None = None
    venue_id: Id | None = None
    date_from: Day | None = None
    date_to: Day | None = None
    limit: Annotated[QueryInt, Field(ge=1, le=200)] = 50
    cursor: str | None = None


class VenueSummary(Reply):
    """The little of its venue that a booking keeps."""

    id: str
    venue_name: str
    address: str


class Guest(Reply):
    """Who booked, for the venue's owner only."""

    full_name: str | None
    email: str
    contact_number: str | None


class Booking(Reply):
    """A booking as its booker and the venue's owner see it."""

    id: str
    venue_id: str
    user_id: str
    date: Day
    guests: int
    status: Status
    price_locked: float | None
    notes: str | None
    created_at: datetime
    updated_at: datetime
    venue: VenueSummary | None
    guest: Guest | None = None


class BookingReply(Reply):
    """One booking."""

    booking: Booking


class BookingMade(Reply):
    """A new booking with its id."""

    booking_id: str
    booking: Booking


class BookingCancelled(Reply):
    """The booking, cancelled now or before."""

    cancelled: Literal[True]
    booking: Booking


class BookingPage(Reply):
    """Bookings, and the cursor of the next page or null."""

    bookings: list[Booking]
    next_cursor: str | None
