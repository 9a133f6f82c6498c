"""Request and response models of bookings."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from halls.bookings.booking import STATUSES, BookingStatus
from halls.http.field_faults import field_error
from halls.http.schema import (
    PRICE,
    READS_INTEGER,
    Cursor,
    Day,
    Id,
    QueryInt,
    QueryModel,
    RequestModel,
    ResponseModel,
    Text,
    with_examples,
)
from halls.venues.schemas import GeoPoint
from halls.venues.venue import VenueType


class BookingOrder(RequestModel):
    """A new booking: venue, date and number of guests."""

    model_config = with_examples(
        {
            "venue_id": "65a0c0ffee0123456789abcd",
            "date": "2027-02-14",
            "guests": 120,
            "notes": "Walima in the evening. Please keep the stage free of flowers.",
        }
    )

    venue_id: Id = Field(description="The `id` of a venue.")
    date: Day = Field(description="The day of the event. The venue must offer it.")
    guests: Annotated[int, Field(ge=1, le=2**53), READS_INTEGER] = Field(
        description="The number of guests, at most the capacity of the venue."
    )
    notes: Annotated[Text, Field(max_length=2_000)] | None = Field(
        default=None, description="A message to the owner of the venue."
    )


class StatusChange(RequestModel):
    """The new status of a booking."""

    model_config = with_examples({"status": "confirmed"}, {"status": "cancelled"})

    status: Literal["confirmed", "cancelled"] = Field(
        description="`confirmed`: the venue's owner accepts the booking. `cancelled`: the guest or the owner ends it."
    )


_ONE = f"({'|'.join(STATUSES)})"
STATUS_LIST = Field(json_schema_extra={"pattern": f"^{_ONE}(,{_ONE})*$"})


def _check_statuses(text: str) -> str:
    """Return statuses with commas, each once and in a fixed order, so that a cursor fits every order of them."""
    given = set(text.split(","))
    if not given <= set(STATUSES):
        names = ", ".join(STATUSES)
        raise field_error("not_one_of", f"must be one of: {names}, or several with commas", allowed=list(STATUSES))
    return ",".join(sorted(given))


class BookingsQuery(QueryModel):
    """Filters and page of a list of bookings."""

    as_: Literal["guest"] | None = Field(
        default=None, alias="as", description="For owners: list the bookings that they made as guests."
    )
    status: Annotated[str, AfterValidator(_check_statuses), STATUS_LIST] | None = Field(
        default=None,
        description="Only bookings with this status, or one of several: `pending,confirmed`.",
        examples=["pending,confirmed"],
    )
    venue_id: Id | None = Field(default=None, description="Only bookings of this venue.")
    date_from: Day | None = Field(default=None, description="The first date of the bookings, inclusive.")
    date_to: Day | None = Field(default=None, description="The last date of the bookings, inclusive.")
    sort: Literal["date", "-created_at"] = Field(
        default="date", description="By date and then id, or by the time of the order, the newest first."
    )
    include: Literal["total"] | None = Field(default=None, description="Adds the number of bookings on all pages.")
    limit: Annotated[QueryInt, Field(ge=1, le=200, description="The number of bookings on a page.")] = 50
    cursor: str | None = Field(default=None, description="The next_cursor of the previous page, with the same filters.")


class VenueSummary(ResponseModel):
    """The venue of a booking, also after its deletion."""

    model_config = with_examples(
        {
            "id": "65a0c0ffee0123456789abcd",
            "venue_name": "Pearl Hall",
            "address": "1 Main Road, Saddar, Karachi",
            "type": "Hall",
            "maps_location": {"type": "Point", "coordinates": [67.0099, 24.8615]},
            "picture": "https://pictures.example/pearl-hall.jpg",
        }
    )

    id: Id
    venue_name: str
    address: str
    type: VenueType | None
    maps_location: GeoPoint | None
    picture: str | None = Field(description="The first picture of the venue.")


class Guest(ResponseModel):
    """The guest of a booking, for the venue's owner only."""

    model_config = with_examples(
        {"full_name": "Bilal Ahmed", "email": "bilal@example.com", "contact_number": "0300-1234567"}
    )

    full_name: str | None
    email: str
    contact_number: str | None


class Contact(ResponseModel):
    """How to reach the other side of a booking: the owner of the venue for the guest, the guest for the owner."""

    model_config = with_examples(
        {
            "full_name": "Bilal Ahmed",
            "contact_number": "0300-1234567",
            "whatsapp_url": "https://wa.me/923001234567",
            "call_url": "tel:+923001234567",
        }
    )

    full_name: str | None
    contact_number: str | None
    whatsapp_url: str | None = Field(description="Null if contact_number is not a telephone number.")
    call_url: str | None = Field(description="Null if contact_number is not a telephone number.")


class Booking(ResponseModel):
    """A booking, for its guest and the venue's owner."""

    id: Id
    venue_id: Id | None
    user_id: Id | None
    date: Day | None
    guests: Annotated[int | None, Field(examples=[250])]
    status: BookingStatus | None
    price_locked: float | None = Field(
        description=f"{PRICE} The price of the date when it was booked. Null if it had no price.",
        examples=[185000],
    )
    notes: str | None
    created_at: datetime | None
    updated_at: datetime | None
    venue: VenueSummary | None
    contact: Contact | None = Field(description="Null unless the booking is active, or if the account is deleted.")
    guest: Guest | None = Field(default=None, description="For the venue's owner only.")


class BookingReply(ResponseModel):
    """One booking."""

    booking: Booking


class BookingMade(ResponseModel):
    """A new booking with its id."""

    booking_id: Id
    booking: Booking


class BookingCancelled(ResponseModel):
    """The cancelled booking."""

    cancelled: Literal[True]
    booking: Booking


class BookingPage(ResponseModel):
    """Bookings, and the cursor of the next page or null."""

    bookings: list[Booking]
    next_cursor: Cursor
    total: int | None = Field(default=None, description="The number of bookings on all pages, with `include=total`.")
