"""Request and response models of the alternatives to a venue on a date."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from halls.http.schema import Day, Id, QueryInt, QueryModel, ResponseModel
from halls.search.schemas import FoundVenue

MAX_GUESTS = 2**53


class AlternativesQuery(QueryModel):
    """The date that the guest wanted, and the number of guests."""

    date: Day = Field(description="The date that the guest wanted.", json_schema_extra={"example": "2027-02-14"})
    guests: Annotated[QueryInt, Field(ge=1, le=MAX_GUESTS)] | None = Field(
        default=None,
        description="Only other venues that hold so many guests. By default 70 % of the capacity of this venue.",
    )
    limit: Annotated[QueryInt, Field(ge=1, le=20, description="The maximum number of days, and of other venues.")] = 6


class AlternativeDay(ResponseModel):
    """A day on which the same venue can be booked."""

    date: Day
    price: float | None = Field(examples=[185000])
    days_away: int = Field(description="Days between this date and the date of the query.", examples=[1])


class Alternatives(ResponseModel):
    """Other days of the same venue, and other venues on the same date."""

    venue_id: Id
    date: Day
    same_venue: list[AlternativeDay] = Field(
        description="Free days within 30 days before and after the date, nearest first. Of two days at the same "
        "distance, the cheaper one comes first."
    )
    same_date: list[FoundVenue] = Field(
        description="Venues within 25 km that are free on the date: first those of the same type, each group nearest "
        "first."
    )
