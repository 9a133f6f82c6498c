"""Search over plain lists as the contract describes it. Tests compare the real search with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from halls.mongo.client import Document

EARTH_KM = 6378.1  # the value that MongoDB uses
DEFAULT_KM = 10.0


class Match(NamedTuple):
    """A venue with its price on the requested date and its distance in kilometres."""

    venue: Document
    price: float | None
    distance_km: float | None


def reference_search(
    venues: list[Document], bookings: list[Document], query: dict[str, Any], today: str
) -> list[Match]:
    """Return every venue that matches the query, in the requested order."""
    matches = [_make_match(venue, query) for venue in venues if _matches_filters(venue, bookings, query, today)]
    in_radius = [
        match for match in matches if match.distance_km is None or match.distance_km <= query.get("near_km", DEFAULT_KM)
    ]
    return sorted(in_radius, key=lambda match: _sort_key(match, query))


def first_match(venue: Document, date: str) -> float | None:
    """Return the price of the first override for the date (spec 4)."""
    prices = [override.get("price") for override in _overrides(venue) if override["date"] == date]
    return prices[0] if prices else None


def distance_km(venue: Document, lat: float, lng: float) -> float:
    """Return the great-circle distance in kilometres."""
    venue_lng, venue_lat = (math.radians(degrees) for degrees in venue["maps_location"]["coordinates"])
    query_lat, query_lng = math.radians(lat), math.radians(lng)
    half = math.sin((venue_lat - query_lat) / 2) ** 2
    half += math.cos(query_lat) * math.cos(venue_lat) * math.sin((venue_lng - query_lng) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half))


def _overrides(venue: Document) -> list[Document]:
    overrides: list[Document] = (venue.get("pricing") or {}).get("overrides") or []
    return overrides


def _make_match(venue: Document, query: dict[str, Any]) -> Match:
    price = first_match(venue, query["date"]) if "date" in query else None
    distance = distance_km(venue, query["near_lat"], query["near_lng"]) if "near_lat" in query else None
    return Match(venue, price, distance)


def _matches_filters(venue: Document, bookings: list[Document], query: dict[str, Any], today: str) -> bool:
    return (
        venue["type"] == query.get("type", venue["type"])
        and query.get("capacity_min", 0) <= venue["capacity"] <= query.get("capacity_max", math.inf)
        and ("date" not in query or _is_free(venue, bookings, query["date"], today))
        and (not {"price_min", "price_max"} & query.keys() or _matches_price(venue, query, today))
    )


def _is_free(venue: Document, bookings: list[Document], date: str, today: str) -> bool:
    is_offered = date >= today and date in (venue.get("dates_available") or [])
    booked_dates = ((row["venue_id"], row["date"]) for row in bookings if row["status"] in {"pending", "confirmed"})
    return is_offered and (venue["_id"], date) not in set(booked_dates)


def _matches_price(venue: Document, query: dict[str, Any], today: str) -> bool:
    if "date" in query:
        prices = [first_match(venue, query["date"])]
    else:
        prices = [override.get("price") for override in _overrides(venue) if override["date"] >= today]
    low, high = query.get("price_min", 0), query.get("price_max", math.inf)
    return any(price is not None and low <= price <= high for price in prices)


def _sort_key(match: Match, query: dict[str, Any]) -> tuple[Any, ...]:
    order = query.get("sort") or ("distance" if "near_lat" in query else "newest")
    venue_id = match.venue["_id"].binary
    price = (match.price is None, match.price or 0)
    keys: dict[str, tuple[Any, ...]] = {
        # Later ids first: the complement of each byte reverses the order.
        "newest": (bytes(255 - byte for byte in venue_id),),
        "distance": (round(match.distance_km or 0, 6), venue_id),
        "capacity": (match.venue["capacity"], venue_id),
        "-capacity": (-match.venue["capacity"], venue_id),
        "price": (*price, venue_id),
        "-price": (price[0], -price[1], venue_id),
    }
    return keys[order]
