"""Search as the contract words it, over plain lists: what the real one is compared with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from halls.mongo.client import Document

EARTH_KM = 6378.1  # as MongoDB has it
DEFAULT_KM = 10.0


class Found(NamedTuple):
    """A venue with its price on the date asked for, and its distance."""

    venue: Document
    price: float | None
    distance_km: float | None


def reference_search(
    venues: list[Document], bookings: list[Document], asked: dict[str, Any], today: str
) -> list[Found]:
    """Return every venue that fits, in order."""
    found = [_look_at(venue, asked) for venue in venues if _fits(venue, bookings, asked, today)]
    near_enough = [
        one for one in found if one.distance_km is None or one.distance_km <= asked.get("near_km", DEFAULT_KM)
    ]
    return sorted(near_enough, key=lambda one: _sort_key(one, asked))


def first_match(venue: Document, date: str) -> float | None:
    """Return the price of the first override for the date (spec 4)."""
    prices = [override.get("price") for override in _overrides(venue) if override["date"] == date]
    return prices[0] if prices else None


def distance_km(venue: Document, lat: float, lng: float) -> float:
    """Return the way along a great circle."""
    there_lng, there_lat = (math.radians(degrees) for degrees in venue["maps_location"]["coordinates"])
    here_lat, here_lng = math.radians(lat), math.radians(lng)
    half = math.sin((there_lat - here_lat) / 2) ** 2
    half += math.cos(here_lat) * math.cos(there_lat) * math.sin((there_lng - here_lng) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half))


def _overrides(venue: Document) -> list[Document]:
    overrides: list[Document] = (venue.get("pricing") or {}).get("overrides") or []
    return overrides


def _look_at(venue: Document, asked: dict[str, Any]) -> Found:
    price = first_match(venue, asked["date"]) if "date" in asked else None
    distance = distance_km(venue, asked["near_lat"], asked["near_lng"]) if "near_lat" in asked else None
    return Found(venue, price, distance)


def _fits(venue: Document, bookings: list[Document], asked: dict[str, Any], today: str) -> bool:
    return (
        venue["type"] == asked.get("type", venue["type"])
        and asked.get("capacity_min", 0) <= venue["capacity"] <= asked.get("capacity_max", math.inf)
        and ("date" not in asked or _is_free(venue, bookings, asked["date"], today))
        and (not {"price_min", "price_max"} & asked.keys() or _costs_right(venue, asked, today))
    )


def _is_free(venue: Document, bookings: list[Document], date: str, today: str) -> bool:
    offered = date >= today and date in (venue.get("dates_available") or [])
    held = ((row["venue_id"], row["date"]) for row in bookings if row["status"] in {"pending", "confirmed"})
    return offered and (venue["_id"], date) not in set(held)


def _costs_right(venue: Document, asked: dict[str, Any], today: str) -> bool:
    if "date" in asked:
        prices = [first_match(venue, asked["date"])]
    else:
        prices = [override.get("price") for override in _overrides(venue) if override["date"] >= today]
    low, high = asked.get("price_min", 0), asked.get("price_max", math.inf)
    return any(price is not None and low <= price <= high for price in prices)


def _sort_key(one: Found, asked: dict[str, Any]) -> tuple[Any, ...]:
    order = asked.get("sort") or ("distance" if "near_lat" in asked else "newest")
    venue_id = one.venue["_id"].binary
    price = (one.price is None, one.price or 0)
    keys: dict[str, tuple[Any, ...]] = {
        # Later ids first: each byte counted from the other end.
        "newest": (bytes(255 - byte for byte in venue_id),),
        "distance": (round(one.distance_km or 0, 6), venue_id),
        "capacity": (one.venue["capacity"], venue_id),
        "-capacity": (-one.venue["capacity"], venue_id),
        "price": (*price, venue_id),
        "-price": (price[0], -price[1], venue_id),
    }
    return keys[order]
