"""What a venue costs on a date: decided here and nowhere else (spec §4)."""

from __future__ import annotations

from typing import Any

from bson import Decimal128


def price_on_date(venue: dict[str, Any], date: str) -> int | float | None:
    """Return the price in PKR of the first override for `date`, or None."""
    for override in (venue.get("pricing") or {}).get("overrides") or ():
        if override.get("date") == date:
            return _as_price(override.get("price"))
    return None


def prices_by_date(venue: dict[str, Any]) -> dict[Any, int | float | None]:
    """Return by the same rule the price of each date that has an override."""
    overrides = (venue.get("pricing") or {}).get("overrides") or ()
    # Of several for a date the first one is written last.
    return {override.get("date"): _as_price(override.get("price")) for override in reversed(overrides)}


def _as_price(value: Any) -> int | float | None:
    price = as_number(value)
    # What another tool has written may be none: a text, or less than nothing. No booking can hold that.
    return price if isinstance(price, int | float) and not isinstance(price, bool) and price >= 0 else None


def as_number(value: Any) -> Any:
    """Return a whole number as an integer, though another tool wrote it as a double or a decimal."""
    if isinstance(value, Decimal128):
        value = float(value.to_decimal())
    return int(value) if isinstance(value, float) and value.is_integer() else value
