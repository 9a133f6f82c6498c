"""Searches in a dense area: many venues within a kilometre of the place of a search.

MongoDB copies each document that a query with $nearSphere examines, with its card: 2 000 venues with large cards at one
place took 0.3 s. In a dense area, plain queries are used and the distances are sorted here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.search import windows
from halls.search.cells import DEGREES, MAX_LEVEL, block_radius, list_block
from halls.search.distances import EDGE, comes_after, measure, sort_by_distance
from halls.search.entries import Batch, add_fields, entry_fields, find_places
from halls.search.filters import choose_place_index, circle, make_filter
from halls.search.index import BY_CELL
from halls.search.parts import BY_ID, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document
    from halls.search.entries import Candidate
    from halls.search.schemas import SearchQuery

# A block of nine cells, each a kilometre wide, with more entries is a dense area.
DENSE_COUNT = 300
# Degrees. Closer to a pole a block of cells is too narrow.
MAX_LATITUDE = 85
# How many entries of a block are examined in the order of their ids, to find those at one distance.
STEP = 300
# Below every id.
FIRST_ID = ObjectId(bytes(12))
ONLY_PLACE = {"maps_location.coordinates": 1}


def find_in_dense_area(
    db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, size: int
) -> tuple[Batch | None, Sequence[Any] | None]:
    """Return the nearest candidates that come after `after`, if the search is in a dense area.

    Otherwise return None, and the keys after which an ordinary query continues.
    """
    least, last_id = after or (0, FIRST_ID)
    lng, lat = query.near or (0.0, 0.0)
    reach = block_radius(MAX_LEVEL, lat) - 2 * EDGE
    block: Document = {"cells": {"$in": list_block(MAX_LEVEL, lng, lat)}}
    if least >= reach or not _is_whole(lng, lat) or windows.admits_few(db, Part(BY_CELL, block), DENSE_COUNT):
        return None, after
    if batch := _find_at_distance(db, query, today, (least, last_id), size, block):
        return batch, after
    if not windows.admits_few(db, Part(BY_CELL, block), windows.WINDOW):
        return None, after
    rows = _read_rest(db, query, today, after, min(reach, query.radius))
    is_last = query.radius <= reach and len(rows) <= size
    if rows or is_last:
        return Batch(add_fields(db, rows[:size], entry_fields(query, today)), is_last), after
    return None, [reach - EDGE, FIRST_ID]


def _is_whole(lng: float, lat: float) -> bool:
    """Return whether the block of cells contains the circle around a place: not at the date line or close to a pole."""
    side = DEGREES / (1 << MAX_LEVEL)
    return abs(lng) < DEGREES / 2 - 2 * side and abs(lat) < MAX_LATITUDE


def _find_at_distance(
    db: Db, query: SearchQuery, today: str, after: tuple[float, ObjectId], size: int, block: Document
) -> Batch | None:
    """Return a page of candidates at exactly the distance of `after`, or None if the next STEP entries do not fill it.

    The next entries are those with the next ids. So a page of many venues at one place does not read all of them.
    """
    distance, last_id = after
    later: Document = {**block, "_id": {"$gt": last_id}}
    ends = find_places(db, later, {"_id": 1}, 1, BY_CELL, sort=BY_ID, skip=STEP - 1)
    step = {"$gt": last_id, "$lte": ends[0]["_id"] if ends else windows.LAST_ID}
    near = query.near or (0.0, 0.0)
    outer = circle(near, min(distance + EDGE, query.radius))
    match = {"$and": [make_filter(query, today, outer), {**block, "_id": step}]}
    if distance > EDGE:
        match["$and"].append({"maps_location": {"$not": circle(near, distance - EDGE)}})
    rows = find_places(db, match, ONLY_PLACE, size, BY_CELL, sort=BY_ID)
    measure(query, rows)
    if len(rows) < size or any(row["distance"] != distance for row in rows):
        return None
    return Batch(add_fields(db, rows, entry_fields(query, today)), is_last=False)


def _read_rest(db: Db, query: SearchQuery, today: str, after: Sequence[Any] | None, reach: float) -> list[Candidate]:
    """Return the ids and places of all candidates within `reach` that come after `after`, by distance and id."""
    match = make_filter(query, today, circle(query.near or (0.0, 0.0), reach))
    rows = sort_by_distance(query, find_places(db, match, ONLY_PLACE, 0, choose_place_index(query)))
    # The order of rows at the edge is unknown, unless the search ends there.
    end = math.inf if reach == query.radius else reach - EDGE
    return [row for row in rows if row["distance"] < end and comes_after(row, after)]
