"""Candidates of a search in its order, batch by batch. Searches by distance read circles and rings around a place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from halls.search import windows
from halls.search.dense_areas import FIRST_ID, ONLY_PLACE, find_in_dense_area
from halls.search.distances import EDGE, MARGIN, comes_after, make_ring, measure, sort_by_distance
from halls.search.entries import (
    Batch,
    Candidate,
    add_fields,
    count_candidates,
    entry_fields,
    find_in_order,
    find_places,
)
from halls.search.filters import choose_place_index, circle, make_filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document
    from halls.search.parts import Part
    from halls.search.schemas import SearchQuery

# The radius of first pages in metres, by area (about two kilometres, in degrees) and query.
radius_cache: dict[tuple[Any, ...], float] = {}
CELL_DEGREES, RADIUS_MARGIN, TOO_MANY, RADIUS_CACHE_SIZE = 0.02, 1.2, 3, 10_000
# How many more rows are read, because the order of the last ones is unknown. With a date, MongoDB examines the same
# documents for a few more rows.
SPARE, SPARE_ON_DATE = 2, 12
# How many ids and places of venues with equal distances are read at once.
MANY_PLACES, ALL = 10_000, 0


def find_candidates(db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int) -> Batch:
    """Return at most `size` candidates that come after a row with the keys `after`.

    A query with days has at least one that is not before `today`.
    """
    is_bounded = windows.needs_windows(db)
    if query.order == "distance":
        return _find_by_distance(db, query, today, after, size, is_bounded=is_bounded)
    batch = (windows.find_bounded if is_bounded else find_in_order)(db, query, today, after, size)
    if query.near:
        measure(query, batch.rows)
    return batch


def _find_by_distance(
    db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int, *, is_bounded: bool
) -> Batch:
    def find_reach(least: float) -> float:
        return windows.find_reach(db, query, today, least) if is_bounded else query.radius

    if after is None and (batch := _read_circle(db, query, today, size, find_reach(0))):
        return batch
    page, after = find_in_dense_area(db, query, today, after, size)
    if page:
        return page
    batch = _find_nearest(db, query, today, after, size, find_reach(after[0] if after else 0))
    small = windows.find_small_part(db, query, today) if batch.stopped_at else None
    return _sort_small_part(db, query, today, after, size, small) if small else batch


def count_found(db: Db, query: SearchQuery, today: str, limit: int) -> int | None:
    """Return the number of matching venues, at most `limit`. None if a bounded search can't tell it."""
    return (windows.count_bounded if windows.needs_windows(db) else count_candidates)(db, query, today, limit)


def _find_nearest(
    db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int, reach: float
) -> Batch:
    """Read by increasing distance from that of `after` to `reach`. Rows with equal distances are sorted here by id."""
    least, last = (after[0], after) if after else (0, None)
    limit = usual = size + (SPARE_ON_DATE if query.date else SPARE)
    radius = reach
    while True:
        rows = _read_places(db, query, today, make_ring(query, least, radius), limit, ONLY_PLACE)
        is_whole = len(rows) < limit
        is_end, is_last = is_whole and radius == reach, is_whole and radius == query.radius
        ordered_below = math.inf if is_last else (radius if is_whole else rows[-1]["distance"]) - MARGIN
        rest = [row for row in rows if row["distance"] < ordered_below and comes_after(row, last)]
        # A circle that contains many venues at one place would return all their cards.
        if after is None and limit == usual and (is_last or len(rest) >= size):
            _cache_radius(query, radius if is_last else rest[size - 1]["distance"])
        if rest or is_end:
            page = add_fields(db, rest[:size], entry_fields(query, today))
            stopped_at = [ordered_below, FIRST_ID] if is_end and not is_last else None
            return Batch(page, is_last and len(rest) <= size, stopped_at)
        if is_whole:
            # The venues at this distance are all on earlier pages.
            least, last, limit, radius = ordered_below, None, usual, reach
        else:
            # All rows of the batch have the same distance, so their order is unknown: all with this distance are read.
            limit, radius = max(4 * limit, MANY_PLACES), min(radius, rows[-1]["distance"] + 3 * MARGIN)


def _sort_small_part(
    db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int, small: Part
) -> Batch:
    match = {"$and": [make_filter(query, today), small.match]}
    rows = sort_by_distance(query, find_places(db, match, ONLY_PLACE, ALL, small.keys))
    rest = [row for row in rows if comes_after(row, after)]
    return Batch(add_fields(db, rest[:size], entry_fields(query, today)), len(rest) <= size)


def _read_circle(db: Db, query: SearchQuery, today: str, size: int, reach: float) -> Batch | None:
    """Return the nearest from the cached radius, or None if it contains too few or too many venues."""
    known = radius_cache.get(_cache_key(query))
    if known is None or reach < min(known, query.radius):
        return None
    radius = min(known, query.radius)
    # Unordered rows from a circle cost MongoDB half as much as ordered rows. Sorting them here is fast.
    place = circle(cast("tuple[float, float]", query.near), radius)
    rows = _read_places(db, query, today, place, TOO_MANY * size, entry_fields(query, today))
    if len(rows) == TOO_MANY * size:
        return None
    if radius < known:
        return Batch(rows, is_last=True)
    inside = [row for row in rows if row["distance"] < radius - EDGE]
    if len(inside) < size:
        return None
    _cache_radius(query, inside[size - 1]["distance"])
    return Batch(inside[:size], is_last=False)


def _read_places(
    db: Db, query: SearchQuery, today: str, place: Document, limit: int, fields: Document
) -> list[Candidate]:
    """Return the candidates that match the filter `place` on the location, sorted by distance and id."""
    rows = find_places(db, make_filter(query, today, place), fields, limit, choose_place_index(query))
    return sort_by_distance(query, rows)


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
