"""Rules of a venue's calendar: is a date offered, and at which price (spec §4). As Python and as MongoDB queries."""

from __future__ import annotations

from typing import Any

from bson import Decimal128
from typing_extensions import TypedDict

# External writers may store a number as a double or a decimal.
StoredNumber = int | float | Decimal128


class StoredOverride(TypedDict, total=False):
    """The price of one date, in PKR."""

    # Any: in documents of external writers it may not be a string.
    date: Any
    price: StoredNumber | None


class StoredPricing(TypedDict, total=False):
    """Prices by date."""

    overrides: list[StoredOverride] | None


class VenueCalendar(TypedDict, total=False):
    """The fields of a stored venue that these rules read. Documents of external writers may have none of them."""

    # Any: external writers may add values that are not dates.
    dates_available: list[Any] | None
    pricing: StoredPricing | None


def offers_date(venue: VenueCalendar, date: str) -> bool:
    """Return whether the venue is offered on `date`."""
    return date in offered_dates(venue)


def offered_dates(venue: VenueCalendar) -> list[str]:
    """Return the dates on which the venue is offered, in stored order.

    Raises TypeError if an external writer stored a value that is not iterable, such as a number.
    """
    return [date for date in venue.get("dates_available") or () if isinstance(date, str)]


def offer_filter(date: str) -> dict[str, Any]:
    """Return the rule of `offers_date` as a MongoDB filter on venues."""
    # $elemMatch matches only arrays. Without it, a string that equals the date would match too.
    return {"dates_available": {"$elemMatch": {"$eq": date}}}


def offer_expression(dates_available: str, date: str) -> dict[str, Any]:
    """Return the rule of `offers_date` as a MongoDB expression. Both parameters are field paths, such as "$date"."""
    return {"$in": [date, {"$cond": [{"$isArray": [dates_available]}, dates_available, []]}]}


def price_on_date(venue: VenueCalendar, date: str) -> int | float | None:
    """Return the price in PKR of the first override for `date`, or None."""
    for override in list_overrides(venue):
        if override.get("date") == date:
            return _as_price(override.get("price"))
    return None


def prices_by_date(venue: VenueCalendar) -> dict[Any, int | float | None]:
    """Return what `price_on_date` returns for each date that has an override."""
    # Reversed, so that the first override of a date is set last.
    return {override.get("date"): _as_price(override.get("price")) for override in reversed(list_overrides(venue))}


def list_overrides(venue: VenueCalendar) -> list[StoredOverride]:
    """Return the stored overrides, several for one date included."""
    return (venue.get("pricing") or {}).get("overrides") or []


def _as_price(value: Any) -> int | float | None:
    price = as_number(value)
    # External writers may store a string or a negative number, which a booking can't lock as its price.
    return price if isinstance(price, int | float) and not isinstance(price, bool) and price >= 0 else None


def as_number(value: Any) -> Any:
    """Return a whole number as an integer if it is stored as a double or a decimal. Return other values unchanged."""
    if isinstance(value, Decimal128):
        value = float(value.to_decimal())
    return int(value) if isinstance(value, float) and value.is_integer() else value
