"""Request and response models of bookings."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from halls.bookings.booking import MAX_HOLD_HOURS, STATUSES, BookingStatus, CancelledBy
from halls.bookings.event import Actor, EventType
from halls.errors import Invalid, invalid, make_field_fault
from halls.http.field_faults import field_error
from halls.http.schema import (
    PRICE,
    READS_INTEGER,
    ChangeModel,
    Cursor,
    Day,
    Id,
    Price,
    QueryInt,
    QueryModel,
    RequestModel,
    ResponseModel,
    Text,
    with_examples,
)
from halls.venues.schemas import GeoPoint
from halls.venues.venue import VenueType

Guests = Annotated[int, Field(ge=1, le=2**53), READS_INTEGER]
Notes = Annotated[Text, Field(max_length=2_000)]


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
    guests: Guests = Field(description="The number of guests, at most the capacity of the venue.")
    notes: Notes | None = Field(default=None, description="A message to the owner of the venue.")


class BookingChange(ChangeModel):
    """A change of a booking: its status, its guests and notes, its hold, or its price."""

    model_config = with_examples(
        {"status": "confirmed"},
        {"status": "cancelled", "reason": "The hall is closed for repairs."},
        {"guests": 150, "notes": "Walima at noon."},
        {"hold_hours": 72},
        {"price_locked": 185000},
    )
    clearable = frozenset({"notes"})

    status: Literal["confirmed", "cancelled"] | None = Field(
        default=None,
        description="`confirmed`: the venue's owner accepts the booking. `cancelled`: the guest or the owner ends it.",
    )
    reason: Annotated[Text, Field(max_length=500)] | None = Field(
        default=None, description="Why the booking is cancelled, for the other side. Only with `cancelled`."
    )
    guests: Guests | None = Field(default=None, description="The number of guests, changed by the guest.")
    notes: Notes | None = Field(default=None, description="The message to the owner, changed by the guest.")
    hold_hours: Annotated[int, Field(ge=0, le=MAX_HOLD_HOURS), READS_INTEGER] | None = Field(
        default=None,
        description="The hours from now after which the pending booking expires, set by the venue's owner. 0: never.",
    )
    price_locked: Price | None = Field(
        default=None, description="The agreed price. The venue's owner sets it once, if the booking has no price."
    )

    def given_part(self) -> dict[str, Any]:
        """Return the fields that the client sent. Raises Invalid if they can't be changed together."""
        given = self.given_some()
        part = next(part for part in PARTS if part & given.keys())
        if others := [name for name in given if name not in part]:
            raise Invalid(*(make_field_fault(name, f"can't be sent with {_name_one(part, given)}") for name in others))
        if "reason" in given and given.get("status") != "cancelled":
            raise invalid("reason", "can be sent only with the status cancelled")
        return given


# The fields that a change may contain together.
PARTS = ({"status", "reason"}, {"guests", "notes"}, {"hold_hours"}, {"price_locked"})


def _name_one(part: set[str], given: dict[str, Any]) -> str:
    return next(name for name in given if name in part)


_ONE = f"({'|'.join(STATUSES)})"
STATUS_LIST = Field(json_schema_extra={"pattern": f"^{_ONE}(,{_ONE})*$"})


def _check_statuses(text: str) -> str:
    """Return statuses with commas, each once and in a fixed order, so that a cursor fits every order of them."""
    given = set(text.split(","))
    if not given <= set(STATUSES):
        names = ", ".join(STATUSES)
        raise field_error("not_one_of", f"must be one of: {names}, or several with commas", allowed=list(STATUSES))
    return ",".join(sorted(given))


Statuses = Annotated[str, AfterValidator(_check_statuses), STATUS_LIST]


class BookingsQuery(QueryModel):
    """Filters and page of a list of bookings."""

    as_: Literal["guest"] | None = Field(
        default=None, alias="as", description="For owners: list the bookings that they made as guests."
    )
    status: Statuses | None = Field(
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
    """The guest of a booking, for the venue's owner only. Of a walk-in as the owner has entered the guest."""

    model_config = with_examples(
        {"full_name": "Bilal Ahmed", "email": "bilal@example.com", "contact_number": "0300-1234567"}
    )

    full_name: str | None
    email: str | None = Field(description="Null if the owner of a walk-in has entered none.")
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


class Cancellation(ResponseModel):
    """The cancellation of a booking: its author, time and reason."""

    model_config = with_examples(
        {"by": "owner", "at": "2026-11-22T16:30:00Z", "reason": "The hall is closed for repairs.", "from": "pending"}
    )

    by: CancelledBy = Field(
        description="`expiry`: the request was not answered in time. `operator`: the operator of this service."
    )
    at: datetime | None
    reason: str | None
    from_: Literal["pending", "confirmed"] = Field(
        alias="from", description="The status before. It tells a declined request from a cancelled booking."
    )


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
    hold_until: datetime | None = Field(
        description="When the pending booking expires. Null if it does not.", examples=["2026-11-29T12:00:00Z"]
    )
    cancellation: Cancellation | None = Field(
        description="Null if the booking is not cancelled, or it is unknown by whom."
    )
    is_walk_in: bool = Field(description="Whether the owner entered the booking for a guest without an account.")
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


class FieldChange(ResponseModel):
    """The value of a field before and after a change."""

    from_: str | float | None = Field(alias="from")
    to: str | float | None


class HistoryEntry(ResponseModel):
    """One change of a booking."""

    model_config = with_examples(
        {
            "at": "2026-11-22T14:15:00Z",
            "type": "confirmed",
            "by": "owner",
            "changes": {"status": {"from": "pending", "to": "confirmed"}},
        }
    )

    at: datetime | None
    type: EventType = Field(
        description="`declined`: the owner cancelled a pending booking. `expired`: the owner did not answer. "
        "`guests_changed`: also if the notes were changed together with the guests."
    )
    by: Actor = Field(description="`system`: Halls, because a hold ran out.")
    changes: dict[str, FieldChange] = Field(
        description="The changed fields: `status`, `guests`, `notes`, `hold_until` or `price_locked`. `placed`: none."
    )


class BookingHistory(ResponseModel):
    """The history of a booking, in the order in which the changes took effect."""

    history: list[HistoryEntry]


class BookingPage(ResponseModel):
    """Bookings, and the cursor of the next page or null."""

    bookings: list[Booking]
    next_cursor: Cursor
    total: int | None = Field(default=None, description="The number of bookings on all pages, with `include=total`.")
