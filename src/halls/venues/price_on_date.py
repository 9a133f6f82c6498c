"""Rules of a venue's calendar: is a date offered, and at which price (spec §4). As Python and as MongoDB queries."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from halls.documents import read_day, read_list, read_number, read_object, read_text


class StoredOverride(TypedDict):
    """The price of one date, in PKR."""

    date: str
    price: int | float | None


class StoredPricing(TypedDict, total=False):
    """Prices by date."""

    overrides: list[StoredOverride] | None


class VenueCalendar(TypedDict, total=False):
    """The fields of a stored venue that these rules read. Documents of external writers may have none of them."""

    dates_available: list[str] | None
    pricing: StoredPricing | None


def offers_date(venue: VenueCalendar, date: str) -> bool:
    """Return whether the venue is offered on `date`."""
    return date in read_list(venue.get("dates_available"))


def offered_dates(venue: VenueCalendar) -> list[str]:
    """Return the days on which the venue is offered, in stored order."""
    return [date for date in map(read_day, read_list(venue.get("dates_available"))) if date is not None]


def offer_filter(date: str) -> dict[str, Any]:
    """Return the rule of `offers_date` as a MongoDB filter on venues."""
    # $elemMatch matches only arrays. Without it, a string that equals the date would match too.
    return {"dates_available": {"$elemMatch": {"$eq": date}}}


def offer_expression(dates_available: str, date: str) -> dict[str, Any]:
    """Return the rule of `offers_date` as a MongoDB expression. Both parameters are field paths, such as "$date"."""
    return {"$in": [date, {"$cond": [{"$isArray": [dates_available]}, dates_available, []]}]}


def price_on_date(venue: VenueCalendar, date: str) -> int | float | None:
    """Return the price in PKR of the first override for `date`, or None."""
    for override in _stored_overrides(venue):
        if override.get("date") == date:
            return _read_price(override)
    return None


def prices_by_date(venue: VenueCalendar) -> dict[str, int | float | None]:
    """Return what `price_on_date` returns for each date that has an override."""
    # Reversed, so that the first override of a date is set last.
    overrides = [(read_text(override.get("date")), override) for override in reversed(_stored_overrides(venue))]
    return {date: _read_price(override) for date, override in overrides if date is not None}


def list_overrides(venue: VenueCalendar) -> list[StoredOverride]:
    """Return the overrides of real days, several for one date included."""
    overrides = [(read_day(override.get("date")), override) for override in _stored_overrides(venue)]
    return [{"date": date, "price": _read_price(override)} for date, override in overrides if date is not None]


def _stored_overrides(venue: VenueCalendar) -> list[dict[str, Any]]:
    stored = read_list(read_object(venue.get("pricing")).get("overrides"))
    return [override for override in stored if isinstance(override, dict)]


def _read_price(override: dict[str, Any]) -> int | float | None:
    price = read_number(override.get("price"))
    # A booking can't lock a negative number as its price.
    return price if price is not None and price >= 0 else None
