"""Request and response models of search."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from halls.clock import WEEKDAYS, day_number, day_of, weekday_of
from halls.errors import invalid
from halls.http.field_faults import field_error
from halls.http.schema import (
    DECIMAL,
    MAX_PRICE,
    PRICE,
    Cursor,
    Day,
    Line,
    QueryInt,
    QueryModel,
    QueryNumber,
    ResponseModel,
    check_names,
    names_pattern,
)
from halls.search.words import split_words
from halls.venues.response_schemas import PricingHeld, VenueFacts
from halls.venues.venue import AMENITIES, MAX_LATITUDE, MAX_LONGITUDE, VenueType

if TYPE_CHECKING:
    from halls.search.cells import Box

Sort = Literal["distance", "newest", "capacity", "-capacity", "price", "-price"]
INCLUDES = ("calendar", "price_from", "total")
DEFAULT_KM = 10.0
MAX_INT = 2**31
MAX_SPAN_DAYS, MAX_DAYS = 92, 62
MAX_WORDS = 6
MAX_LIMIT_WITH_CALENDAR = 20
BOX_NUMBERS = 4
_NUMBER = r"-?[0-9]{1,18}(\.[0-9]{1,18})?"
PRICE_DESCRIPTION = (
    "In PKR: the price on the date, or on any free day of the range. Without days, the price on any upcoming day."
)
Capacity = Annotated[QueryInt, Field(ge=0, le=MAX_INT)]
Price = Annotated[QueryNumber, Field(ge=0, le=MAX_PRICE)]
Bound = TypeVar("Bound", int, float, str)


def _check_words(text: str) -> str:
    words = split_words(text)
    if not words:
        raise field_error("bad_format", "must contain a letter or a digit")
    if len(words) > MAX_WORDS:
        raise field_error("too_many", "must have at most {max} words", max=MAX_WORDS)
    return text


def _check_box(text: str) -> str:
    parts = text.split(",")
    if len(parts) != BOX_NUMBERS or not all(map(DECIMAL.fullmatch, parts)):
        raise field_error("bad_format", "must be west,south,east,north in degrees, such as 66.9,24.7,67.3,25.1")
    west, south, east, north = map(float, parts)
    if max(abs(west), abs(east)) > MAX_LONGITUDE or max(abs(south), abs(north)) > MAX_LATITUDE:
        raise field_error("bad_format", "must have longitudes from -180 to 180 and latitudes from -90 to 90")
    if south >= north:
        raise field_error("wrong_order", "must have its south below its north")
    return text


class SearchQuery(QueryModel):
    """Filters, order and page of a search."""

    type: VenueType | None = Field(default=None, description="The type of venue.")
    capacity_min: Capacity | None = Field(default=None, description="The minimum capacity in guests.")
    capacity_max: Capacity | None = Field(default=None, description="The maximum capacity in guests.")
    date: Day | None = Field(default=None, description="Only venues that can be booked on this date.")
    date_from: Day | None = Field(
        default=None, description="The first day of a range: only venues that are free on one of its days."
    )
    date_to: Day | None = Field(
        default=None,
        description="The last day of the range, at most 92 days in all, and at most 62 of the `weekdays`.",
    )
    weekdays: Annotated[str, check_names(WEEKDAYS), names_pattern(WEEKDAYS)] | None = Field(
        default=None, description="Only these days of the range.", examples=["fri,sat,sun"]
    )
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
    bbox: (
        Annotated[
            str, AfterValidator(_check_box), Field(json_schema_extra={"pattern": f"^{_NUMBER}(,{_NUMBER}){{3}}$"})
        ]
        | None
    ) = Field(
        default=None,
        description="Only venues in a map window: west,south,east,north in degrees, edges included. West greater than "
        "east crosses the date line. Not with near_lat and near_lng.",
        examples=["66.9,24.7,67.3,25.1"],
    )
    amenities: Annotated[str, check_names(AMENITIES), names_pattern(AMENITIES)] | None = Field(
        default=None, description="Only venues with all of these amenities.", examples=["parking_valet,sound_system"]
    )
    q: Annotated[Line, Field(min_length=2, max_length=80), AfterValidator(_check_words)] | None = Field(
        default=None,
        description="At most 6 words: each is the beginning of a word of the name or the address. Case, accents and "
        "punctuation do not count.",
        examples=["pearl saddar"],
    )
    sort: Sort | None = Field(
        default=None,
        description="The default is distance with near_lat and near_lng, otherwise newest. Prices need a date, or a "
        "range with near_lat and near_lng. Venues without a price come last.",
    )
    limit: Annotated[QueryInt, Field(ge=1, le=100, description="The number of venues on a page.")] = 20
    cursor: str | None = Field(default=None, description="The next_cursor of the previous page of the same search.")
    include: Annotated[str, check_names(INCLUDES), names_pattern(INCLUDES)] | None = Field(
        default=None,
        description="`calendar` adds dates_available, pricing, additional_description and all pictures, with a limit "
        "of at most 20. `price_from` adds the lowest price of an upcoming free day. `total` adds the number of "
        "matches, counted up to 1000.",
        examples=["calendar", "price_from,total"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> SearchQuery:
        _check_order("capacity_min", self.capacity_min, self.capacity_max)
        _check_order("price_min", self.price_min, self.price_max)
        self._check_days()
        self._check_place()
        if self.sort == "distance" and not self.near:
            raise invalid("sort", "Sorting by distance needs near_lat and near_lng.")
        if self.sort in {"price", "-price"} and not (self.date or (self.date_from and self.near)):
            raise invalid("sort", "Sorting by price needs a date, or a range with near_lat and near_lng.")
        if self.wants("calendar") and self.limit > MAX_LIMIT_WITH_CALENDAR:
            message = f"must be at most {MAX_LIMIT_WITH_CALENDAR} with include=calendar"
            raise invalid("limit", message, "too_large", max=MAX_LIMIT_WITH_CALENDAR)
        return self

    def _check_days(self) -> None:
        if (self.date_from is None) != (self.date_to is None):
            missing = "date_from" if self.date_from is None else "date_to"
            raise invalid(missing, "Send date_from and date_to together.", "required")
        if self.weekdays and not self.date_from:
            raise invalid("weekdays", "Needs date_from and date_to.")
        if self.date_from is None or self.date_to is None:
            return
        if self.date:
            raise invalid("date", "can't be sent with date_from and date_to")
        _check_order("date_from", self.date_from, self.date_to)
        if day_number(self.date_to) - day_number(self.date_from) >= MAX_SPAN_DAYS:
            raise invalid("date_to", f"must be at most {MAX_SPAN_DAYS} days", "too_many", max=MAX_SPAN_DAYS)
        if len(_list_days(self.date_from, self.date_to, self.weekdays, self.date_from)) > MAX_DAYS:
            message = f"The range must have at most {MAX_DAYS} days. Choose some weekdays, or a shorter range."
            raise invalid("date_to", message, "too_many", max=MAX_DAYS)

    def _check_place(self) -> None:
        if (self.near_lat is None) != (self.near_lng is None):
            missing = "near_lng" if self.near_lng is None else "near_lat"
            raise invalid(missing, "Send near_lat and near_lng together.", "required")
        if self.near_km is not None and not self.near:
            raise invalid("near_km", "Needs near_lat and near_lng.")
        if self.bbox and self.near:
            raise invalid("bbox", "can't be sent with near_lat and near_lng")

    @property
    def near(self) -> tuple[float, float] | None:
        """The centre of the search, as (longitude, latitude)."""
        return None if self.near_lng is None or self.near_lat is None else (self.near_lng, self.near_lat)

    @property
    def radius(self) -> float:
        """The radius around the centre in metres."""
        return (self.near_km or DEFAULT_KM) * 1_000

    @property
    def boxes(self) -> list[Box]:
        """The map window: two boxes if it crosses the date line, none without `bbox`."""
        if not self.bbox:
            return []
        west, south, east, north = map(float, self.bbox.split(","))
        if west <= east:
            return [(west, south, east, north)]
        return [(west, south, MAX_LONGITUDE, north), (-MAX_LONGITUDE, south, east, north)]

    @property
    def order(self) -> Sort:
        """The order of the query, or the default order."""
        return self.sort or ("distance" if self.near else "newest")

    @property
    def has_days(self) -> bool:
        """Whether only venues match that are free on a date, or on a day of a range."""
        return self.date is not None or self.date_from is not None

    def upcoming_days(self, today: str) -> tuple[int, ...]:
        """Return the day numbers of the date or the range, without the days before `today`."""
        first, last = (self.date, self.date) if self.date else (self.date_from, self.date_to)
        return () if first is None or last is None else _list_days(first, last, self.weekdays, today)

    def wants(self, name: str) -> bool:
        """Return whether `include` contains the name."""
        return self.include is not None and name in self.include.split(",")


@lru_cache(maxsize=1_024)
def _list_days(first: str, last: str, weekdays: str | None, today: str) -> tuple[int, ...]:
    wanted = set(weekdays.split(",")) if weekdays else set(WEEKDAYS)
    days = range(day_number(max(first, today)), day_number(last) + 1)
    return tuple(day for day in days if weekday_of(day_of(day)) in wanted)


def _check_order(name: str, low: Bound | None, high: Bound | None) -> None:
    if low is not None and high is not None and low > high:
        higher = name.replace("_min", "_max").replace("_from", "_to")
        raise invalid(name, f"must not be above {higher}", "wrong_order")


class FreeDay(ResponseModel):
    """A day on which a venue is free, with its price or null."""

    date: Day
    price: float | None = Field(description=PRICE, examples=[185000])


class FoundVenue(VenueFacts):
    """A venue in the search results, with the first 5 of its pictures. It has its calendar with `include=calendar`."""

    price: float | None = Field(
        description=f"{PRICE} On the date of the query, or the lowest price of the free days of its range.",
        examples=[185000],
    )
    distance_km: float | None = Field(description="From near_lat and near_lng, otherwise null.", examples=[2.4])
    free: list[FreeDay] | None = Field(
        default=None, description="With date_from and date_to: the free days of the range, by date."
    )
    price_from: float | None = Field(
        default=None,
        description=f"{PRICE} With `include=price_from`: the lowest price of an upcoming free day, null without one.",
        examples=[150000],
    )
    dates_available: list[Day] | None = None
    pricing: PricingHeld | None = None
    additional_description: str | None = None


class SearchPage(ResponseModel):
    """Matching venues, and the cursor of the next page or null. A page can be short or empty and have a cursor."""

    venues: list[FoundVenue]
    next_cursor: Cursor
    total: int | None = Field(
        default=None,
        description="With `include=total`: the number of matches, counted up to 1000. Null if a request would have "
        "to examine too many venues to count them.",
        examples=[37],
    )
