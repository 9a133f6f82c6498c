"""Request and response models of availability, and of the view of a month."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from halls.bookings.schemas import Booking
from halls.clock import is_real_day
from halls.http.field_faults import field_error
from halls.http.schema import PRICE, Day, Id, QueryModel, ResponseModel, with_examples

MAX_RANGE_DAYS, MAX_VIEW_DAYS = 366, 92
MONTH_PATTERN = "^(20[0-9]{2}|2100)-(0[1-9]|1[0-2])$"


def _check_month(text: str) -> str:
    if not is_real_day(f"{text}-01"):
        raise field_error("bad_format", "must be a month as YYYY-MM, from 2000-01 to 2100-12")
    return text


Month = Annotated[str, AfterValidator(_check_month), Field(json_schema_extra={"pattern": MONTH_PATTERN})]


class AvailabilityQuery(QueryModel):
    """One date, or a range of at most 366 days."""

    date: Day | None = Field(
        default=None,
        description="One date. Cannot be combined with from and to.",
        json_schema_extra={"example": "2027-02-14"},
    )
    from_: Day | None = Field(default=None, alias="from", description="The first day of a range. Requires to.")
    to: Day | None = Field(default=None, description="The last day of the range, which has at most 366 days.")


class DayOffered(ResponseModel):
    """Whether a date can be booked, and its price."""

    date: Day
    available: bool
    price: float | None = Field(examples=[185000])


class Availability(ResponseModel):
    """One date of a venue. With `from` and `to` it is every day of the range."""

    model_config = with_examples(
        {"venue_id": "65a0c0ffee0123456789abcd", "date": "2027-02-14", "available": True, "price": 185000},
        {
            "venue_id": "65a0c0ffee0123456789abcd",
            "days": [{"date": "2027-02-14", "available": True, "price": 185000}],
        },
    )

    venue_id: Id
    date: Day | None = None
    available: bool | None = None
    price: float | None = None
    days: list[DayOffered] | None = None


class CalendarQuery(QueryModel):
    """A month, or a range of at most 92 days."""

    month: Month | None = Field(
        default=None, description="A month, such as 2027-02. Cannot be combined with from and to."
    )
    from_: Day | None = Field(
        default=None,
        alias="from",
        description="The first day of a range. Requires to.",
        json_schema_extra={"example": "2027-02-01"},
    )
    to: Day | None = Field(
        default=None,
        description=f"The last day of the range, which has at most {MAX_VIEW_DAYS} days.",
        json_schema_extra={"example": "2027-02-28"},
    )


class CalendarDay(ResponseModel):
    """A day of a venue, for its owner."""

    date: Day
    offered: bool = Field(description="Whether the owner offers the day.")
    available: bool = Field(
        description="Whether guests can book the day: offered, not booked, not past, and the venue takes bookings."
    )
    price: float | None = Field(description=PRICE, examples=[185000])
    bookings: list[Booking] = Field(description="The pending or confirmed booking of the day, if there is one.")


class VenueCalendar(ResponseModel):
    """Every day of the range, with its bookings."""

    venue_id: Id
    days: list[CalendarDay]
