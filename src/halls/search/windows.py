"""Bounded searches: with more than WINDOW entries, one request examines a limited number of them.

A window is a range of ids, capacities or distances with about WINDOW entries. An index alone tells where it ends. The
usual queries then run inside it. A page ends where its window ends, even if it is short or empty, and the next page
begins there. So the pages together hold every match once, in order.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import bson
from bson import ObjectId
from pymongo import ASCENDING

from halls.errors import invalid
from halls.search.cells import MAX_LEVEL, block_radius, list_block
from halls.search.distances import MARGIN, make_ring, measure
from halls.search.entries import BY_PRICE, SORTS, Batch, count_candidates, find_in_order
from halls.search.filters import choose_index, choose_place_index, day_filters
from halls.search.index import BY_CELL
from halls.search.parts import Part, choose_ordered_index, list_parts, order_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document
    from halls.search.entries import Candidate
    from halls.search.index import Keys
    from halls.search.schemas import SearchQuery

# How many entries one window has. Smaller installations have no windows.
WINDOW = 10_000
# A part that admits at most this many entries is read as a whole, whatever the order of its index.
FEW = 300
# How many entries an order by price sorts at most.
MOST_TO_SORT = 20_000
TOO_MANY_TO_SORT = "Too many venues match. Search near a place, in a smaller radius, or choose another order."
# Metres. Within it, venues near a place are examined together.
LEAST_REACH = 1_000
# For how long the number of entries and the ends of windows are cached.
CACHE_SECONDS = 60
CACHE_SIZE = 10_000
# Above every id.
LAST_ID = ObjectId(b"\xff" * 12)


def needs_windows(db: Db) -> bool:
    """Return whether the search index had more than WINDOW entries within the last minute."""
    return _count_entries(db, _period()) > WINDOW


def find_bounded(db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int) -> Batch:
    """Return at most `size` candidates that come after a row with the keys `after`. The order is not by distance.

    Raises Invalid if an order by price would have to sort too many entries.
    """
    parts = list_parts(query, today)
    small = None
    if query.order in BY_PRICE:
        # No index has the prices of a date, so the cheapest venue is known only when all are examined.
        small = _find_small(db, query, parts, MOST_TO_SORT)
        if small is None:
            raise invalid("sort", TOO_MANY_TO_SORT, "too_many", max=MOST_TO_SORT)
    elif choose_index(query) is None:
        # Several indexes fit, or none.
        small = _find_small(db, query, parts, FEW)
    if small is None:
        batch = _find_in_window(db, query, today, after, size, choose_ordered_index(query.order, parts))
        small = _find_small(db, query, parts, WINDOW) if batch.stopped_at else None
        if small is None:
            return batch
    return find_in_order(db, query, today, after, size, small.keys, small.match)


def _find_in_window(
    db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int, index: Keys
) -> Batch:
    end = _find_end(db, query.order, after)
    batch = find_in_order(db, query, today, after, size, index, _within(query.order, end))
    if end is None or not batch.is_last:
        return batch
    return Batch(batch.rows, is_last=False, stopped_at=[end] if query.order == "newest" else [end, LAST_ID])


def count_bounded(db: Db, query: SearchQuery, today: str, limit: int) -> int | None:
    """Return the number of matching venues, at most `limit`. None if one window does not tell it."""
    parts = list_parts(query, today)
    if small := _find_small(db, query, parts, WINDOW):
        return count_candidates(db, query, today, limit, small.keys, small.match)
    end = _find_end(db, "newest", None)
    total = count_candidates(db, query, today, limit, choose_ordered_index("newest", parts), _within("newest", end))
    return total if total == limit or end is None else None


def find_small_part(db: Db, query: SearchQuery, today: str) -> Part | None:
    """Return a part of the search that admits at most WINDOW entries, and is not the circle around its place."""
    parts = [part for part in list_parts(query, today) if "maps_location" not in part.match]
    return _find_small(db, query, parts, WINDOW)


def find_reach(db: Db, query: SearchQuery, today: str, least: float) -> float:
    """Return the distance in metres from the place of the query where a window ends that begins at `least`.

    It is at most the radius of the query.
    """
    reach = _reach_by_cells(db, query)
    if least < reach - 2 * MARGIN or reach == query.radius:
        return reach
    ring = make_ring(query, least, query.radius)
    match = {"maps_location": ring, **(day_filters(query, today)[0] if query.date else {})}
    found = db.search_entries.find(match, {"maps_location.coordinates": 1}, hint=choose_place_index(query))
    ends = cast("list[Candidate]", list(found.skip(WINDOW - 1).limit(1)))
    measure(query, ends)
    # All venues at one place are in the same window.
    return min([query.radius, *(max(end["distance"], least + 3 * MARGIN) for end in ends)])


def _reach_by_cells(db: Db, query: SearchQuery) -> float:
    """Return a distance from the place of the query, at most its radius. At most WINDOW entries are nearer."""
    lng, lat = query.near or (0.0, 0.0)
    for level in range(MAX_LEVEL + 1):
        if level < MAX_LEVEL and block_radius(level + 1, lat) >= query.radius:
            # A block with smaller cells is large enough.
            continue
        if admits_few(db, Part(BY_CELL, {"cells": {"$in": list_block(level, lng, lat)}}), WINDOW):
            return min(max(block_radius(level, lat), LEAST_REACH), query.radius)
    return min(LEAST_REACH, query.radius)


def _find_end(db: Db, order: str, after: Sequence[Any] | None) -> Any:
    """Return the id or capacity where the window of a row with the keys `after` ends. None in the last window."""
    end = None
    while True:
        end = _read_end(db, order, end, _period())
        if end is None or after is None or not _is_beyond(order, after, end):
            return end


def _is_beyond(order: str, after: Sequence[Any], end: Any) -> bool:
    """Return whether a row with the keys `after` comes after a window. Equal capacities are in the same window."""
    if order == "newest":
        return bool(after[-1] <= end)
    capacity, row_id = after
    if capacity is None:
        return order == "-capacity"
    sign = 1 if order == "capacity" else -1
    return bool((sign * capacity, row_id) >= (sign * end, LAST_ID))


def _within(order: str, end: Any) -> Document:
    """Return the filter of the entries before the end of a window, and at it."""
    if end is None:
        return {}
    # An entry without a capacity is the first or the last one.
    name, _ = SORTS[order]
    return {name: {"$not": {"$gt": end}} if order == "capacity" else {"$gte": end}}


def _find_small(db: Db, query: SearchQuery, parts: list[Part], most: int) -> Part | None:
    """Return the first part that admits at most `most` entries."""
    return next((part for part in parts if _is_small(db, query, part, most)), None)


def _is_small(db: Db, query: SearchQuery, part: Part, most: int) -> bool:
    if "maps_location" not in part.match:
        return admits_few(db, part, most)
    # No index alone tells whether a place is in a circle, so the entries in the cells around it are counted first.
    return most >= WINDOW and (_reach_by_cells(db, query) == query.radius or admits_few(db, part, most))


def admits_few(db: Db, part: Part, most: int) -> bool:
    """Return whether a part admitted at most `most` entries within the last minute."""
    # Only what can be hashed can be the key of a cache.
    return _count(db, tuple(part.keys), bson.encode(part.match), most, _period()) <= most


def _period() -> int:
    return int(time.monotonic() / CACHE_SECONDS)


@lru_cache(CACHE_SIZE)
def _count_entries(db: Db, _now: int) -> int:
    return db.search_entries.estimated_document_count()


@lru_cache(CACHE_SIZE)
def _read_end(db: Db, order: str, start: Any, _now: int) -> Any:
    """Return the id or capacity of the last of WINDOW entries after `start`, or None if less are left."""
    name, direction = SORTS[order]
    after = {"$ne": None} if start is None else {"$gt" if direction == ASCENDING else "$lt": start}
    ends = db.search_entries.find({name: after}, {name: 1}, sort=[(name, direction)], hint=order_index(order))
    return next((end[name] for end in ends.skip(WINDOW - 1).limit(1)), None)


@lru_cache(CACHE_SIZE)
def _count(db: Db, keys: tuple[Any, ...], match: bytes, most: int, _now: int) -> int:
    return db.search_entries.count_documents(bson.decode(match), limit=most + 1, hint=list(keys))
