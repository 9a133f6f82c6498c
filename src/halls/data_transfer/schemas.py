"""Models of imported rows: the fields of a request, and fields that only exports contain."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, Field, PlainValidator, ValidationInfo

from halls.bookings.booking import BookingStatus, CancelledBy
from halls.bookings.schemas import BookingOrder
from halls.bookings.walk_in_schemas import WalkInPerson
from halls.http.field_faults import field_error
from halls.http.schema import DATE_PATTERN, Id, Line, Price, RequestModel
from halls.venues.schemas import GeoPoint, NewVenue
from halls.venues.venue import VenueType

_MOMENT = re.compile(rf"{DATE_PATTERN}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{3}})?Z")


def _read_moment(value: Any) -> datetime:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise field_error("bad_format", "must be a time in UTC such as 2026-11-22T20:00:00.000Z")
    return datetime.fromisoformat(value[:-1] + "+00:00")


Moment = Annotated[datetime, PlainValidator(_read_moment)]
OwnId = Annotated[Id | None, Field(validation_alias=AliasChoices("id", "_id"))]


class ListedVenue(NewVenue):
    """A venue with its owner. An exported venue also has an id and times."""

    id: OwnId = None
    owner_email: Annotated[Line, Field(min_length=1)]
    created_at: Moment | None = None
    updated_at: Moment | None = None


class GoneVenue(RequestModel):
    """The copy of a deleted venue in a booking. `owner_id` replaces the address of a deleted owner."""

    venue_name: str | None = None
    address: str | None = None
    type: VenueType | None = None
    maps_location: GeoPoint | None = None
    picture: str | None = None
    owner_email: Line | None = None
    owner_id: Id | None = None


class ListedCancellation(RequestModel):
    """The cancellation of a booking: its author, time and reason, and the status before."""

    by: CancelledBy
    at: Moment
    reason: str | None = None
    from_: Literal["pending", "confirmed"] = Field(alias="from")


def _check_walk_in(is_walk_in: bool | None, info: ValidationInfo) -> bool | None:  # noqa: FBT001 - a validator
    if is_walk_in and info.data.get("status") == "pending":
        raise field_error("wrong_value", "must not be true for a pending booking: a walk-in is confirmed at once")
    return is_walk_in


def _check_guest(guest: WalkInPerson | None, info: ValidationInfo) -> WalkInPerson | None:
    # An invalid value of is_walk_in is not in the data, and has its own error.
    if guest is not None and not info.data.get("is_walk_in", True):
        raise field_error("wrong_value", "can be given only for a walk-in: is_walk_in must be true")
    return guest


class ListedBooking(BookingOrder):
    """An exported booking. `user_id` replaces the address of a deleted guest, and `venue` describes a deleted venue."""

    id: OwnId = None
    user_email: Line | None = None
    user_id: Id | None = None
    status: BookingStatus
    price_locked: Price | None = None
    venue: GoneVenue | None = None
    hold_until: Moment | None = None
    cancellation: ListedCancellation | None = None
    is_walk_in: Annotated[bool | None, AfterValidator(_check_walk_in)] = None
    guest: Annotated[WalkInPerson | None, AfterValidator(_check_guest)] = None
    created_at: Moment | None = None
    updated_at: Moment | None = None

    @property
    def emails(self) -> set[str]:
        """The e-mail addresses of all accounts in the booking."""
        owner_email = self.venue.owner_email if self.venue else None
        return {email for email in (self.user_email, owner_email) if email is not None}
