"""Candidates of a search in its order, batch by batch. Searches by distance read circles and rings around a place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from halls.search.entries import Batch, Candidate, add_fields, entry_fields, find_in_order, find_places
from halls.search.filters import EARTH_METRES, choose_place_index, circle, make_filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document
    from halls.search.schemas import SearchQuery
    from halls.venues.venue import StoredPoint

# Metres. MongoDB's distances and those of `_measure` differ by a millionth of this. If the distances of two venues
# differ by less than this, their order is treated as unknown.
MARGIN = 0.001
# The radius of first pages in metres, by area (about two kilometres, in degrees) and query.
radius_cache: dict[tuple[Any, ...], float] = {}
CELL_DEGREES, RADIUS_MARGIN, TOO_MANY, RADIUS_CACHE_SIZE = 0.02, 1.2, 3, 10_000
# How many more rows are read, because the order of the last ones is unknown. With a date, MongoDB examines the same
# documents for a few more rows.
SPARE, SPARE_ON_DATE = 2, 12


def find_candidates(db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int) -> Batch:
    """Return at most `size` candidates that come after a row with the keys `after`.

    A query with days has at least one that is not before `today`.
    """
    if query.order == "distance":
        return _find_nearest(db, query, today, after, size)
    batch = find_in_order(db, query, today, after, size)
    if query.near:
        _measure(query, batch.rows)
    return batch


def _find_nearest(db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int) -> Batch:
    """Read by increasing distance from that of `after`. Rows with equal distances are sorted here by id."""
    if after is None and (batch := _read_circle(db, query, today, size)):
        return batch
    least, last_id = after or (0, None)
    limits = {"$minDistance": max(0, least - MARGIN), "$maxDistance": query.radius}
    place = {"$nearSphere": {"$geometry": {"type": "Point", "coordinates": query.near}, **limits}}
    limit = size + (SPARE_ON_DATE if query.date else SPARE)
    while True:
        rows = _read_places(db, query, today, place, limit, {"maps_location.coordinates": 1})
        is_last = len(rows) < limit
        if after is None:
            _cache_radius(query, query.radius if is_last else rows[size - 1]["distance"])
        ordered_below = math.inf if is_last else rows[-1]["distance"] - MARGIN
        rest = [row for row in rows if row["distance"] < ordered_below]
        if last_id is not None:
            rest = [row for row in rest if (row["distance"], row["_id"]) > (least, last_id)]
        if rest or is_last:
            page = add_fields(db, rest[:size], entry_fields(query, today))
            return Batch(page, is_last and len(rest) <= size)
        # All rows of the batch have the same distance, so their order is unknown.
        limit *= 4


def _read_circle(db: Db, query: SearchQuery, today: str, size: int) -> Batch | None:
    """Return the nearest from the cached radius, or None if it contains too few or too many venues."""
    known = radius_cache.get(_cache_key(query))
    if known is None:
        return None
    radius = min(known, query.radius)
    # Unordered rows from a circle cost MongoDB half as much as ordered rows. Sorting them here is fast.
    place = circle(cast("tuple[float, float]", query.near), radius)
    rows = _read_places(db, query, today, place, TOO_MANY * size, entry_fields(query, today))
    if len(rows) == TOO_MANY * size:
        return None
    if radius < known:
        return Batch(rows, is_last=True)
    inside = [row for row in rows if row["distance"] < radius - MARGIN]
    if len(inside) < size:
        return None
    _cache_radius(query, inside[size - 1]["distance"])
    return Batch(inside[:size], is_last=False)


def _read_places(
    db: Db, query: SearchQuery, today: str, place: Document, limit: int, fields: Document
) -> list[Candidate]:
    """Return the candidates that match the filter `place` on the location, sorted by distance and id."""
    rows = find_places(db, make_filter(query, today, place), fields, limit, choose_place_index(query))
    _measure(query, rows)
    return sorted(rows, key=lambda row: (row["distance"], row["_id"]))


def _cache_radius(query: SearchQuery, metres: float) -> None:
    """Store the radius of a first page. It is only a hint for the next query of the same area."""
    if len(radius_cache) >= RADIUS_CACHE_SIZE:
        radius_cache.clear()
    radius_cache[_cache_key(query)] = metres * RADIUS_MARGIN


def _cache_key(query: SearchQuery) -> tuple[Any, ...]:
    lng, lat = query.near or (0, 0)
    filters = (query.type, query.capacity_min, query.capacity_max, query.price_min, query.price_max, query.limit)
    more = (query.amenities, query.q, query.date is None, query.date_from is None)
    return round(lng / CELL_DEGREES), round(lat / CELL_DEGREES), *filters, *more


def _measure(query: SearchQuery, rows: list[Candidate]) -> None:
    """Set `distance` of each row in metres, by the haversine formula."""
    here_lng, here_lat = map(math.radians, query.near or ())
    shrink = math.cos(here_lat)
    for row in rows:
        # The filters on places match only entries with a point.
        coordinates = cast("StoredPoint", row["maps_location"])["coordinates"]
        there_lng, there_lat = map(math.radians, coordinates)
        half_lng = math.sin((there_lng - here_lng) / 2)
        half_lat = math.sin((there_lat - here_lat) / 2)
        half = half_lat * half_lat + shrink * math.cos(there_lat) * half_lng * half_lng
        row["distance"] = 2 * EARTH_METRES * math.asin(math.sqrt(half))
