"""Request and response models of availability."""

from __future__ import annotations

from pydantic import Field

from halls.http.schema import Day, Id, QueryModel, ResponseModel, with_examples

MAX_RANGE_DAYS = 366


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
