"""Applies calendar changes to the offered dates and the prices of a venue (contract §3). Without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from halls.documents import read_list, read_object, read_text
from halls.errors import invalid
from halls.http.schema import MAX_PRICE
from halls.venues.price_on_date import VenueCalendar, offered_dates, prices_by_date
from halls.venues.schemas import MAX_DATES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from halls.venues.calendar_change_schemas import CalendarChange

StoredPrice = int | float | None
CENT = Decimal("0.01")


@dataclass(frozen=True)
class CalendarDifference:
    """What changes do to the calendar of a venue. All lists are in order of date."""

    # Days that are offered only afterwards, or only before.
    added: list[str]
    removed: list[str]
    # {"date", "from", "to"} for each price that differs. None: no price.
    repriced: list[dict[str, Any]]
    # Booked days that a `close` with `keep_booked` left offered.
    kept: list[str]
    # The number of the change that closed each removed day.
    closed_by: Mapping[str, int]
    # The new values of the stored fields that differ.
    fields: dict[str, Any]


def change_calendar(
    venue: VenueCalendar, changes: Sequence[CalendarChange], *, today: str, booked: Collection[str]
) -> CalendarDifference:
    """Apply the changes in order to the days from `today` on. `booked` are the dates of the active bookings.

    Raises Invalid if a price gets too high, or if the venue gets too many dates or prices.
    """
    draft = _Draft(set(offered_dates(venue)), prices_by_date(venue), booked)
    for number, change in enumerate(changes):
        draft.apply(number, change, {day for day in change.list_days() if day >= today})
    draft.check_size()
    return _compare(venue, draft)


@dataclass
class _Draft:
    """The calendar while changes are applied."""

    offered: set[str]
    # The price of each date that has an override. None: the override has no price.
    prices: dict[str, StoredPrice]
    booked: Collection[str]
    kept: set[str] = field(default_factory=set)
    closed_by: dict[str, int] = field(default_factory=dict)

    def apply(self, number: int, change: CalendarChange, days: set[str]) -> None:
        """Apply the change with this number to the days."""
        if change.do == "offer":
            self.offered |= days
        days &= self.offered
        if change.do == "close":
            self._close(number, days, keep_booked=bool(change.keep_booked))
        elif change.do == "adjust":
            self._adjust(number, change, days)
        elif change.do == "clear_price" or change.price is not None:
            self.prices.update(dict.fromkeys(days, change.price))

    def _close(self, number: int, days: set[str], *, keep_booked: bool) -> None:
        if keep_booked:
            booked = days & set(self.booked)
            self.kept |= booked
            days -= booked
        self.offered -= days
        self.closed_by.update(dict.fromkeys(days, number))

    def _adjust(self, number: int, change: CalendarChange, days: set[str]) -> None:
        for day in sorted(days):
            if (price := self.prices.get(day)) is None:
                continue
            adjusted = adjust_price(price, change.percent or 0, change.round_to)
            if adjusted > MAX_PRICE:
                message = f"raises the price of {day} above {MAX_PRICE} rupees"
                raise invalid(f"changes.{number}.percent", message, "too_large", max=MAX_PRICE)
            self.prices[day] = adjusted

    def check_size(self) -> None:
        """Raise Invalid if the calendar is larger than a venue may have."""
        priced = [day for day, price in self.prices.items() if price is not None]
        for days, name in ((self.offered, "dates"), (priced, "prices")):
            if len(days) > MAX_DATES:
                message = f"would give the venue {len(days)} {name}, and it may have {MAX_DATES}"
                raise invalid("changes", message, "too_many", max=MAX_DATES)


@lru_cache(maxsize=1_024)
def adjust_price(price: float, percent: float, round_to: int | None = None) -> int | float:
    """Return the price raised by `percent`, as a multiple of `round_to` PKR, or with two decimals. Halves go up."""
    step = Decimal(round_to) if round_to else CENT
    exact = Decimal(str(price)) * (100 + Decimal(str(percent))) / 100
    # In decimals: in binary, 185000 × 1.15 is 212749.99999999997, and a half is rarely exact.
    rounded = (exact / step).to_integral_value(ROUND_HALF_UP) * step
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def _compare(venue: VenueCalendar, draft: _Draft) -> CalendarDifference:
    before, prices = set(offered_dates(venue)), prices_by_date(venue)
    added, removed = draft.offered - before, before - draft.offered
    new_prices = {day: price for day, price in draft.prices.items() if price != prices.get(day)}
    fields: dict[str, Any] = {}
    if added or removed:
        fields["dates_available"] = _merge_dates(venue.get("dates_available"), added, removed)
    if new_prices:
        stored = read_object(venue.get("pricing")).get("overrides")
        fields["pricing"] = {"overrides": _merge_overrides(stored, new_prices)}
    return CalendarDifference(
        sorted(added),
        sorted(removed),
        [{"date": day, "from": prices.get(day), "to": new_prices[day]} for day in sorted(new_prices)],
        sorted(draft.kept),
        {day: number for day, number in draft.closed_by.items() if day in removed},
        fields,
    )


def _merge_dates(stored: object, added: set[str], removed: set[str]) -> list[Any]:
    """Return the stored list with the changed days, in order. What an external writer stored besides days stays."""
    kept = [each for each in read_list(stored) if read_text(each) not in removed]
    return sorted([*kept, *added], key=lambda each: read_text(each) or "")


def _merge_overrides(stored: object, new_prices: dict[str, StoredPrice]) -> list[Any]:
    """Return the stored list with the new prices, in order of date. All overrides of a date with a new price go.

    Otherwise the second override of a date would count after the first one is removed. The sort keeps the order of
    the overrides of one date, of which the first counts.
    """
    kept = [each for each in read_list(stored) if _read_date(each) not in new_prices]
    added = [{"date": day, "price": price} for day, price in new_prices.items() if price is not None]
    return sorted([*kept, *added], key=lambda each: _read_date(each) or "")


def _read_date(override: object) -> str | None:
    return read_text(read_object(override).get("date"))
