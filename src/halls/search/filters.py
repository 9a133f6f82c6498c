"""Turns a search into a filter on the entries, and chooses the index that returns them in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.clock import day_number
from halls.search.cells import EARTH_METRES, cover
from halls.search.index import (
    BY_AMENITY,
    BY_CAPACITY,
    BY_CAPACITY_DESCENDING,
    BY_CELL,
    BY_DATE,
    BY_DATE_AND_PLACE,
    BY_PLACE,
    BY_TYPE,
    BY_WORD,
)
from halls.search.words import word_filters

if TYPE_CHECKING:
    from halls.mongo.client import Document
    from halls.search.cells import Box
    from halls.search.index import Keys
    from halls.search.schemas import SearchQuery

METRES = 1_000
BY_ORDER: dict[str, Keys] = {"capacity": BY_CAPACITY, "-capacity": BY_CAPACITY_DESCENDING}


def make_filter(query: SearchQuery, today: str, place: Document | None = None) -> Document:
    """Return the filter that exactly the matching entries match. `place` replaces the filter on the radius."""
    conditions = [
        *_venue_filters(query),
        *day_filters(query, today),
        *(_price_filters(query, today) if _price_limits(query) else []),
        *_place_filters(query, place),
        *(word_filters(query.q) if query.q else []),
    ]
    # Entries of venues that search does not show have only this field.
    return {"$and": conditions} if conditions else {"is_open": {"$exists": False}}


def choose_index(query: SearchQuery) -> Keys | None:
    """Return the index for a hint of a search without distances, or None to let the planner try several.

    The index returns the entries in the order of the query. Without a hint the planner may choose another index, and
    sort all entries. It may do so if few entries match a filter that is not in the index.
    """
    if query.near or (_price_limits(query) and not query.date):
        return None
    if query.order in BY_ORDER:
        is_narrow = query.has_days or query.bbox or query.q or query.amenities
        return None if is_narrow else BY_ORDER[query.order]
    narrow = [(query.has_days, BY_DATE), (query.bbox, BY_CELL), (query.q, BY_WORD)]
    wide = [(query.type, BY_TYPE), (query.amenities, BY_AMENITY)]
    for indexes in (narrow, wide):
        fitting = [index for is_given, index in indexes if is_given]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def choose_place_index(query: SearchQuery) -> Keys:
    """Return the index for a hint of a search near a place."""
    # With many days, an index of dates and places would need a scan for each day and cell.
    return BY_DATE_AND_PLACE if query.date else BY_PLACE


def circle(centre: tuple[float, float], metres: float) -> Document:
    """Return the filter of places within a distance of the centre, given as (longitude, latitude)."""
    return {"$geoWithin": {"$centerSphere": [centre, metres / EARTH_METRES]}}


def price_paths(query: SearchQuery, today: str) -> list[str]:
    """Return the fields with the prices of the days of the query."""
    return [f"prices.{day}" for day in query.upcoming_days(today)]


def day_filters(query: SearchQuery, today: str) -> list[Document]:
    """Return the filter of venues that are free on one of the days of the query, if it has days."""
    if not query.has_days:
        return []
    days = query.upcoming_days(today)
    return [{"free": days[0] if len(days) == 1 else {"$in": days}}]


def capacity_filters(query: SearchQuery) -> list[Document]:
    """Return the filter on the capacity, if the query has one."""
    capacity = _between(query.capacity_min, query.capacity_max)
    return [{"capacity": capacity}] if capacity else []


def lowest_and_highest(query: SearchQuery) -> list[Document]:
    """Return filters that rule out most venues without a price within the limits of the query."""
    filters: list[Document] = [{"lowest": {"$lte": query.price_max}}] if query.price_max is not None else []
    return filters + ([{"highest": {"$gte": query.price_min}}] if query.price_min is not None else [])


def _venue_filters(query: SearchQuery) -> list[Document]:
    filters: list[Document] = [{"type": query.type}] if query.type else []
    amenities = query.amenities.split(",") if query.amenities else []
    return [*filters, *capacity_filters(query), *({"amenities": name} for name in amenities)]


def _place_filters(query: SearchQuery, place: Document | None) -> list[Document]:
    if query.near:
        return [{"maps_location": place or circle(query.near, query.radius)}]
    return _inside(query.boxes) if query.boxes else []


def _price_filters(query: SearchQuery, today: str) -> list[Document]:
    limits, on_days = _price_limits(query), [{path: _price_limits(query)} for path in price_paths(query, today)]
    if query.date:
        return on_days
    first = query.upcoming_days(today)[0] if query.date_from else day_number(today)
    # These fields rule out most venues, the last two by an index. In a range, the prices of its days decide.
    until = {"prices_until": {"$elemMatch": {"price": limits, "day": {"$gte": first}}}}
    filters = [until, *lowest_and_highest(query)]
    return [*filters, {"$or": on_days}] if on_days else filters


def _price_limits(query: SearchQuery) -> Document:
    return _between(query.price_min, query.price_max)


def _inside(boxes: list[Box]) -> list[Document]:
    cells = [cell for box in boxes for cell in cover(box)]
    exact = [
        {
            "maps_location.coordinates.0": {"$gte": west, "$lte": east},
            "maps_location.coordinates.1": {"$gte": south, "$lte": north},
        }
        for west, south, east, north in boxes
    ]
    return [{"cells": {"$in": cells}}, exact[0] if len(exact) == 1 else {"$or": exact}]


def _between(low: float | None, high: float | None) -> Document:
    return {operator: bound for operator, bound in (("$gte", low), ("$lte", high)) if bound is not None}
