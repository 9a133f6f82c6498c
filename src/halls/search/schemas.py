"""What comes in and goes out when the public looks for venues."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field, model_validator

from halls.errors import invalid
from halls.schema import MAX_PRICE, Day, Query, QueryInt, QueryNumber, Reply
from halls.venues.schemas import Pricing, VenueFacts
from halls.venues.venue import VenueType

Sort = Literal["distance", "newest", "capacity", "-capacity", "price", "-price"]
DEFAULT_KM = 10.0
MAX_RANGE_DAYS = 366
MAX_WHOLE = 2**31
Capacity = Annotated[QueryInt, Field(ge=0, le=MAX_WHOLE)]
Price = Annotated[QueryNumber, Field(ge=0, le=MAX_PRICE)]
Bound = TypeVar("Bound", int, float, str)


class SearchQuery(Query):
    """What venues to look for, in which order, and which page of them."""

    type: VenueType | None = None
    capacity_min: Capacity | None = None
    capacity_max: Capacity | None = None
    date: Day | None = None
    price_min: Price | None = None
    price_max: Price | None = None
    near_lat: Annotated[QueryNumber, Field(ge=-90, le=90)] | None = None
    near_lng: Annotated[QueryNumber, Field(ge=-180, le=180)] | None = None
    near_km: Annotated[QueryNumber, Field(ge=0.1, le=500)] | None = None
    sort: Sort | None = None
    limit: Annotated[QueryInt, Field(ge=1, le=100)] = 20
    cursor: str | None = None
    include: Literal["calendar"] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> SearchQuery:
        _check_order("capacity_min", self.capacity_min, self.capacity_max)
        _check_order("price_min", self.price_min, self.price_max)
        if (self.near_lat is None) != (self.near_lng is None):
            raise invalid("near_lng" if self.near_lng is None else "near_lat", "near_lat and near_lng go together.")
        if self.near_km is not None and self.near_lat is None:
            raise invalid("near_km", "Needs near_lat and near_lng.")
        if self.sort == "distance" and self.near_lat is None:
            raise invalid("sort", "Sorting by distance needs near_lat and near_lng.")
        if self.sort in {"price", "-price"} and self.date is None:
            raise invalid("sort", "Sorting by price needs a date.")
        return self

    @property
    def near(self) -> tuple[float, float] | None:
        """The place to look around, as (longitude, latitude)."""
        return None if self.near_lng is None or self.near_lat is None else (self.near_lng, self.near_lat)

    @property
    def order(self) -> Sort:
        """The order asked for, or the default one."""
        return self.sort or ("distance" if self.near else "newest")


class AvailabilityQuery(Query):
    """One date, or a range of at most 366 days."""

    date: Day | None = None
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None


def _check_order(name: str, low: Bound | None, high: Bound | None) -> None:
    if low is not None and high is not None and low > high:
        raise invalid(name, f"May not be above {name.replace('_min', '_max')}.")


class FoundVenue(VenueFacts):
    """A venue as search finds it: without its calendar unless `include=calendar` asks for it."""

    price: float | None
    distance_km: float | None
    dates_available: list[Day] | None = None
    pricing: Pricing | None = None
    additional_description: str | None = None


class SearchPage(Reply):
    """Found venues, and the cursor of the next page or null."""

    venues: list[FoundVenue]
    next_cursor: str | None


class DayOffered(Reply):
    """Whether a date can be booked, and what it costs."""

    date: Day
    available: bool
    price: float | None


class Availability(Reply):
    """One date of a venue, or with `from` and `to` every day of the range."""

    venue_id: str
    date: Day | None = None
    available: bool | None = None
    price: float | None = None
    days: list[DayOffered] | None = None
