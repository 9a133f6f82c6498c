"""Distances of entries from the place of a search."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from halls.search.cells import EARTH_METRES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Document
    from halls.search.entries import Candidate
    from halls.search.schemas import SearchQuery
    from halls.venues.venue import StoredPoint

# Metres. MongoDB's distances and those of `measure` differ by a millionth of this. If the distances of two venues
# differ by less than this, their order is treated as unknown.
MARGIN = 0.001
# Metres. MongoDB decides whether a place is in a circle less exactly: up to 1 cm at 50 m, more in smaller circles.
EDGE = 0.25


def make_ring(query: SearchQuery, least: float, greatest: float) -> Document:
    """Return the filter of places between two distances in metres, which returns the nearest first."""
    limits = {"$minDistance": max(0, least - MARGIN), "$maxDistance": greatest}
    return {"$nearSphere": {"$geometry": {"type": "Point", "coordinates": query.near}, **limits}}


def sort_by_distance(query: SearchQuery, rows: list[Candidate]) -> list[Candidate]:
    """Return the rows by distance and id. Their `distance` is set."""
    measure(query, rows)
    return sorted(rows, key=lambda row: (row["distance"], row["_id"]))


def comes_after(row: Candidate, after: Sequence[Any] | None) -> bool:
    """Return whether a row comes after the distance and the id in `after`, by distance and id."""
    return after is None or (row["distance"], row["_id"]) > tuple(after)


def measure(query: SearchQuery, rows: list[Candidate]) -> None:
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
