"""What comes in and goes out when the public looks for venues."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field, model_validator

from halls.errors import invalid
from halls.http.schema import (
    MAX_PRICE,
    PRICE,
    Cursor,
    Day,
    QueryInt,
    QueryModel,
    QueryNumber,
    ResponseModel,
)
from halls.venues.schemas import Pricing, VenueFacts
from halls.venues.venue import VenueType

Sort = Literal["distance", "newest", "capacity", "-capacity", "price", "-price"]
DEFAULT_KM = 10.0
MAX_WHOLE = 2**31
OF_WHICH_PRICE = "PKR: on the date, or without one on any coming day that has a price."
Capacity = Annotated[QueryInt, Field(ge=0, le=MAX_WHOLE)]
Price = Annotated[QueryNumber, Field(ge=0, le=MAX_PRICE)]
Bound = TypeVar("Bound", int, float, str)


class SearchQuery(QueryModel):
    """What venues to look for, in which order, and which page of them."""

    type: VenueType | None = Field(default=None, description="The kind of venue.")
    capacity_min: Capacity | None = Field(default=None, description="Holds at least so many guests.")
    capacity_max: Capacity | None = Field(default=None, description="Holds at most so many guests.")
    date: Day | None = Field(default=None, description="Only venues that can be booked on this date.")
    price_min: Price | None = Field(default=None, description=OF_WHICH_PRICE)
    price_max: Price | None = Field(default=None, description=OF_WHICH_PRICE)
    near_lat: Annotated[QueryNumber, Field(ge=-90, le=90)] | None = Field(
        default=None, description="Latitude to look around; goes with near_lng."
    )
    near_lng: Annotated[QueryNumber, Field(ge=-180, le=180)] | None = Field(
        default=None, description="Longitude to look around; goes with near_lat."
    )
    near_km: Annotated[QueryNumber, Field(ge=0.1, le=500)] | None = Field(
        default=None, description="How far around near_lat and near_lng; 10 if not given."
    )
    sort: Sort | None = Field(
        default=None,
        description="By default distance with near_lat and near_lng, else newest. Prices need a date; "
        "venues without one come last.",
    )
    limit: Annotated[QueryInt, Field(ge=1, le=100, description="How many a page.")] = 20
    cursor: str | None = Field(default=None, description="The next_cursor of the page before, of the same search.")
    include: Literal["calendar"] | None = Field(
        default=None, description="Adds dates_available, pricing and additional_description."
    )

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


def _check_order(name: str, low: Bound | None, high: Bound | None) -> None:
    if low is not None and high is not None and low > high:
        raise invalid(name, f"May not be above {name.replace('_min', '_max')}.")


class FoundVenue(VenueFacts):
    """A venue as search finds it: without its calendar unless `include=calendar` asks for it."""

    price: float | None = Field(description=f"{PRICE} On the date asked for, else null.", examples=[185000])
    distance_km: float | None = Field(description="From near_lat and near_lng, else null.", examples=[2.4])
    dates_available: list[Day] | None = None
    pricing: Pricing | None = None
    additional_description: str | None = None


class SearchPage(ResponseModel):
    """Found venues, and the cursor of the next page or null."""

    venues: list[FoundVenue]
    next_cursor: Cursor
