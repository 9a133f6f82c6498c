"""Request and response models of search."""

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
from halls.venues.response_schemas import PricingHeld, VenueFacts
from halls.venues.venue import VenueType

Sort = Literal["distance", "newest", "capacity", "-capacity", "price", "-price"]
DEFAULT_KM = 10.0
MAX_INT = 2**31
PRICE_DESCRIPTION = "In PKR: the price on the date. Without a date, the price on any upcoming day."
Capacity = Annotated[QueryInt, Field(ge=0, le=MAX_INT)]
Price = Annotated[QueryNumber, Field(ge=0, le=MAX_PRICE)]
Bound = TypeVar("Bound", int, float, str)


class SearchQuery(QueryModel):
    """Filters, order and page of a search."""

    type: VenueType | None = Field(default=None, description="The type of venue.")
    capacity_min: Capacity | None = Field(default=None, description="The minimum capacity in guests.")
    capacity_max: Capacity | None = Field(default=None, description="The maximum capacity in guests.")
    date: Day | None = Field(default=None, description="Only venues that can be booked on this date.")
    price_min: Price | None = Field(default=None, description=PRICE_DESCRIPTION)
    price_max: Price | None = Field(default=None, description=PRICE_DESCRIPTION)
    near_lat: Annotated[QueryNumber, Field(ge=-90, le=90)] | None = Field(
        default=None, description="The latitude of the centre. Requires near_lng."
    )
    near_lng: Annotated[QueryNumber, Field(ge=-180, le=180)] | None = Field(
        default=None, description="The longitude of the centre. Requires near_lat."
    )
    near_km: Annotated[QueryNumber, Field(ge=0.1, le=500)] | None = Field(
        default=None, description="The radius around near_lat and near_lng in km, by default 10."
    )
    sort: Sort | None = Field(
        default=None,
        description="The default is distance with near_lat and near_lng, otherwise newest. Prices need a date, and "
        "venues without a price come last.",
    )
    limit: Annotated[QueryInt, Field(ge=1, le=100, description="The number of venues on a page.")] = 20
    cursor: str | None = Field(default=None, description="The next_cursor of the previous page of the same search.")
    include: Literal["calendar"] | None = Field(
        default=None, description="Adds dates_available, pricing and additional_description."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> SearchQuery:
        _check_order("capacity_min", self.capacity_min, self.capacity_max)
        _check_order("price_min", self.price_min, self.price_max)
        if (self.near_lat is None) != (self.near_lng is None):
            raise invalid(
                "near_lng" if self.near_lng is None else "near_lat", "Send near_lat and near_lng together.", "required"
            )
        if self.near_km is not None and self.near_lat is None:
            raise invalid("near_km", "Needs near_lat and near_lng.")
        if self.sort == "distance" and self.near_lat is None:
            raise invalid("sort", "Sorting by distance needs near_lat and near_lng.")
        if self.sort in {"price", "-price"} and self.date is None:
            raise invalid("sort", "Sorting by price needs a date.")
        return self

    @property
    def near(self) -> tuple[float, float] | None:
        """The centre of the search, as (longitude, latitude)."""
        return None if self.near_lng is None or self.near_lat is None else (self.near_lng, self.near_lat)

    @property
    def order(self) -> Sort:
        """The order of the query, or the default order."""
        return self.sort or ("distance" if self.near else "newest")


def _check_order(name: str, low: Bound | None, high: Bound | None) -> None:
    if low is not None and high is not None and low > high:
        raise invalid(name, f"must not be above {name.replace('_min', '_max')}", "wrong_order")


class FoundVenue(VenueFacts):
    """A venue in the search results. It contains its calendar only with `include=calendar`."""

    price: float | None = Field(description=f"{PRICE} On the date of the query, otherwise null.", examples=[185000])
    distance_km: float | None = Field(description="From near_lat and near_lng, otherwise null.", examples=[2.4])
    dates_available: list[Day] | None = None
    pricing: PricingHeld | None = None
    additional_description: str | None = None


class SearchPage(ResponseModel):
    """Matching venues, and the cursor of the next page or null."""

    venues: list[FoundVenue]
    next_cursor: Cursor
