"""Request and response models of calendar changes: many days offered, closed or priced in one request."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, WithJsonSchema
from typing_extensions import TypeAliasType

from halls.clock import WEEKDAYS, Weekday, list_days, weekday_of
from halls.errors import FieldFault, Invalid, make_field_fault
from halls.http.schema import (
    PRICE,
    READS_INTEGER,
    Day,
    Number,
    Price,
    RequestModel,
    ResponseModel,
    with_examples,
)
from halls.venues.response_schemas import Venue

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHANGES, MAX_LISTED_DAYS, MAX_SPAN_DAYS = 50, 366, 1_100
MIN_PERCENT, MAX_PERCENT, MAX_ROUND_TO = -90, 400, 100_000
PERCENT_SCHEMA = WithJsonSchema({"type": "number", "minimum": MIN_PERCENT, "maximum": MAX_PERCENT})
# With a name, so that generated clients have one type for it.
CalendarAction = TypeAliasType("CalendarAction", Literal["offer", "close", "price", "clear_price", "adjust"])
# The fields of a change besides its days, and the one without which it does nothing.
OPTIONS = {
    "offer": {"price"},
    "close": {"keep_booked"},
    "price": {"price"},
    "clear_price": set(),
    "adjust": {"percent", "round_to"},
}
REQUIRED = {"price": "price", "adjust": "percent"}
ENDS, RANGE = ("from", "to"), {"from", "to", "weekdays", "except"}


class CalendarChange(RequestModel):
    """One change of many days: of `dates`, or of those from `from` to `to`. Days before today are not changed."""

    do: CalendarAction = Field(
        description="`offer`: offer the days, with `price` at this price. `close`: offer them no longer; they keep "
        "their prices. `price`, `clear_price`, `adjust`: set, remove or change the prices of those days that are "
        "offered by then."
    )
    dates: Annotated[list[Day], Field(min_length=1, max_length=MAX_LISTED_DAYS)] | None = Field(
        default=None, description="The days, one by one. Cannot be combined with from and to."
    )
    from_: Day | None = Field(default=None, alias="from", description="The first day of a range. Requires to.")
    to: Day | None = Field(
        default=None, description=f"The last day of the range, which has at most {MAX_SPAN_DAYS} days."
    )
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=len(WEEKDAYS))] | None = Field(
        default=None, description="Only these days of the week, in the range."
    )
    except_: Annotated[list[Day], Field(max_length=MAX_SPAN_DAYS)] | None = Field(
        default=None, alias="except", description="Days of the range that stay as they are."
    )
    price: Price | None = Field(default=None, description=f"{PRICE} For `price`, and optional for `offer`.")
    keep_booked: bool | None = Field(
        default=None,
        description="For `close`. True: booked days stay offered, and `kept` names them. Otherwise a booked day is an "
        "error, and nothing is changed.",
    )
    percent: Annotated[Number, Field(ge=MIN_PERCENT, le=MAX_PERCENT), PERCENT_SCHEMA] | None = Field(
        default=None, description="For `adjust`: 10 raises the prices by a tenth, -10 lowers them."
    )
    round_to: Annotated[int, Field(ge=1, le=MAX_ROUND_TO), READS_INTEGER] | None = Field(
        default=None,
        description="For `adjust`: the prices become multiples of this amount in PKR, halves are rounded up. Without "
        "it they are rounded to two decimals.",
    )

    def list_days(self) -> set[str]:
        """Return the days of the change, as YYYY-MM-DD."""
        if self.dates is not None or self.from_ is None or self.to is None:
            return set(self.dates or ())
        days = set(list_days(self.from_, self.to)) - set(self.except_ or ())
        wanted = self.weekdays or WEEKDAYS
        return {day for day in days if weekday_of(day) in wanted}

    def find_faults(self) -> Iterator[FieldFault]:
        """Yield what is wrong with the fields together."""
        given = {name.rstrip("_") for name in self.model_fields_set}
        allowed = OPTIONS[self.do]
        for name in sorted(given & set().union(*OPTIONS.values()) - allowed):
            yield make_field_fault(name, f"can't be sent with do: {self.do}")
        if (missing := REQUIRED.get(self.do, "do")) not in given:
            yield make_field_fault(missing, "This field is required.", "required")
        if "dates" in given:
            yield from (make_field_fault(name, "can't be sent with dates") for name in sorted(given & RANGE))
        elif not given & RANGE:
            yield make_field_fault("dates", "Give dates, or from and to.", "required")
        else:
            yield from self._find_range_faults(given)

    def _find_range_faults(self, given: set[str]) -> Iterator[FieldFault]:
        for name in ENDS:
            if name not in given:
                yield make_field_fault(name, "This field is required.", "required")
        if self.from_ is None or self.to is None:
            return
        if self.to < self.from_:
            yield make_field_fault("to", "must be on or after from", "wrong_order")
        elif (date.fromisoformat(self.to) - date.fromisoformat(self.from_)).days >= MAX_SPAN_DAYS:
            message = f"must be at most {MAX_SPAN_DAYS} days from the first one to the last one"
            yield make_field_fault("to", message, "too_many", max=MAX_SPAN_DAYS)


class CalendarChanges(RequestModel):
    """Changes of a calendar, applied in order: later ones win."""

    model_config = with_examples(
        {
            "changes": [
                {"do": "offer", "from": "2027-01-01", "to": "2027-03-31", "weekdays": ["fri", "sat"], "price": 185000},
                {"do": "adjust", "from": "2027-02-01", "to": "2027-02-28", "percent": 10, "round_to": 500},
                {"do": "close", "from": "2027-03-08", "to": "2027-03-21", "keep_booked": True},
            ]
        },
        {"changes": [{"do": "price", "dates": ["2027-02-13", "2027-02-14"], "price": 210000}], "dry_run": True},
    )

    changes: Annotated[list[CalendarChange], Field(min_length=1, max_length=MAX_CHANGES)] = Field(
        description="The changes, in the order in which they are applied."
    )
    dry_run: bool | None = Field(
        default=None, description="True: only tell what the changes would do. Nothing is stored."
    )

    def list_changes(self) -> list[CalendarChange]:
        """Return the changes. Raises Invalid if the fields of a change do not go together."""
        faults: list[Any] = [
            {**fault, "field": f"changes.{number}.{fault['field']}"}
            for number, change in enumerate(self.changes)
            for fault in change.find_faults()
        ]
        if faults:
            raise Invalid(*faults)
        return self.changes


class PriceChange(ResponseModel):
    """The price of a date before and after the changes. Null: no price."""

    date: Day
    from_: float | None = Field(alias="from", examples=[185000])
    to: float | None = Field(examples=[203500])


class CalendarChanged(ResponseModel):
    """The venue after the changes, and the differences by date."""

    venue: Venue
    added: list[Day] = Field(description="The days that are offered now and were not before.")
    removed: list[Day] = Field(description="The days that were offered before and are not any more.")
    repriced: list[PriceChange]
    kept: list[Day] = Field(description="The booked days that `keep_booked` left as they were.")
    dry_run: bool = Field(description="True: nothing was stored.")
