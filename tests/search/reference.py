"""Search over plain lists as the contract describes it. Tests compare the real search with it."""

from __future__ import annotations

import math
import unicodedata
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from halls.mongo.client import Document

EARTH_KM = 6378.1  # the value that MongoDB uses
DEFAULT_KM = 10.0
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
URDU = {"\u064a": "\u06cc", "\u0649": "\u06cc", "\u0643": "\u06a9", "\u0647": "\u06c1"}


class Match(NamedTuple):
    """A venue with what the response shows of the query."""

    venue: Document
    # On the requested date, or the lowest of the free days.
    price: float | None
    distance_km: float | None
    # The free days of the range with their prices; None without a range.
    free: list[dict[str, Any]] | None
    # The lowest price of an upcoming free day.
    price_from: float | None


def reference_search(
    venues: list[Document], bookings: list[Document], query: dict[str, Any], today: str
) -> list[Match]:
    """Return every venue that matches the query, in the requested order."""
    matches = [
        _make_match(venue, bookings, query, today)
        for venue in venues
        if _matches_filters(venue, bookings, query, today)
    ]
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


def split_words(text: str) -> list[str]:
    """Return the words without case, accents and punctuation."""
    plain = [one for one in unicodedata.normalize("NFKD", text) if not unicodedata.category(one).startswith("M")]
    spelled = [URDU.get(one, one) for one in "".join(plain).casefold()]
    return "".join(one if one.isalnum() else " " for one in spelled).split()


def requested_days(query: dict[str, Any]) -> list[str] | None:
    """Return the days of the date or range, or None without."""
    if "date" in query:
        return [query["date"]]
    if "date_from" not in query:
        return None
    first, last = date.fromisoformat(query["date_from"]), date.fromisoformat(query["date_to"])
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    wanted = query["weekdays"].split(",") if "weekdays" in query else WEEKDAYS
    return [day.isoformat() for day in days if WEEKDAYS[day.weekday()] in wanted]


def _overrides(venue: Document) -> list[Document]:
    overrides: list[Document] = (venue.get("pricing") or {}).get("overrides") or []
    return overrides


def _make_match(venue: Document, bookings: list[Document], query: dict[str, Any], today: str) -> Match:
    distance = distance_km(venue, query["near_lat"], query["near_lng"]) if "near_lat" in query else None
    days = [day for day in requested_days(query) or [] if _is_free(venue, bookings, day, today)]
    prices = [first_match(venue, day) for day in days]
    free = [{"date": day, "price": price} for day, price in zip(days, prices, strict=True)]
    offered = sorted(set(venue.get("dates_available") or []))
    upcoming = [first_match(venue, day) for day in offered if _is_free(venue, bookings, day, today)]
    return Match(venue, _lowest(prices), distance, free if "date_from" in query else None, _lowest(upcoming))


def _lowest(prices: list[float | None]) -> float | None:
    return min((price for price in prices if price is not None), default=None)


def _matches_filters(venue: Document, bookings: list[Document], query: dict[str, Any], today: str) -> bool:
    days = requested_days(query)
    return (
        venue["type"] == query.get("type", venue["type"])
        and query.get("capacity_min", 0) <= venue["capacity"] <= query.get("capacity_max", math.inf)
        and (days is None or any(_is_free(venue, bookings, day, today) for day in days))
        and (not {"price_min", "price_max"} & query.keys() or _matches_price(venue, bookings, query, today))
        and all(venue["amenities"].get(name) for name in query.get("amenities", "").split(",") if name)
        and _matches_words(venue, query.get("q", ""))
        and ("bbox" not in query or _is_inside(venue, query["bbox"]))
    )


def _matches_words(venue: Document, q: str) -> bool:
    words = split_words(venue["venue_name"]) + split_words(venue["address"])
    return all(any(word.startswith(beginning) for word in words) for beginning in split_words(q))


def _is_inside(venue: Document, bbox: str) -> bool:
    west, south, east, north = map(float, bbox.split(","))
    lng, lat = map(float, venue["maps_location"]["coordinates"])
    return south <= lat <= north and (west <= lng <= east if west <= east else lng >= west or lng <= east)


def _is_free(venue: Document, bookings: list[Document], date: str, today: str) -> bool:
    is_offered = date >= today and date in (venue.get("dates_available") or [])
    booked_dates = ((row["venue_id"], row["date"]) for row in bookings if row["status"] in {"pending", "confirmed"})
    return is_offered and (venue["_id"], date) not in set(booked_dates)


def _matches_price(venue: Document, bookings: list[Document], query: dict[str, Any], today: str) -> bool:
    days = requested_days(query)
    if days is None:
        prices = [first_match(venue, override["date"]) for override in _overrides(venue) if override["date"] >= today]
    else:
        prices = [first_match(venue, day) for day in days if _is_free(venue, bookings, day, today)]
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
