"""A grid of cells in several sizes: search finds the venues in a map window by an index on the cells of each venue."""

from __future__ import annotations

import math

# Level 0 has one cell of 360 by 360 degrees. Each level halves the sides: those of level 15 have 0.011 degrees (1 km).
MAX_LEVEL = 15
DEGREES = 360.0
EARTH_METRES = 6_378_100  # the radius that MongoDB uses
_ACROSS = (1 << MAX_LEVEL) + 1
WEST, SOUTH = -180.0, -90.0
# At most this many cells in each direction cover a window. More cells fit better, and take more index scans.
MAX_ACROSS = 4
# (west, south, east, north) in degrees.
Box = tuple[float, float, float, float]


def list_cells(lng: float, lat: float) -> list[int]:
    """Return the numbers of the cells that contain a place, one for each level."""
    return [_number(level, *_column_and_row(level, lng, lat)) for level in range(MAX_LEVEL + 1)]


def cover(box: Box) -> list[int]:
    """Return the numbers of the cells, all of one level, that cover a box. Its west is not above its east."""
    west, south, east, north = box
    level = next(level for level in range(MAX_LEVEL, -1, -1) if _fits(level, box))
    left, bottom = _column_and_row(level, west, south)
    right, top = _column_and_row(level, east, north)
    return [_number(level, column, row) for column in range(left, right + 1) for row in range(bottom, top + 1)]


def list_block(level: int, lng: float, lat: float) -> tuple[int, ...]:
    """Return the numbers of the cell that contains a place and of the eight around it."""
    column, row = _column_and_row(level, lng, lat)
    return tuple(_number(level, column + right, row + up) for right in (-1, 0, 1) for up in (-1, 0, 1))


def block_radius(level: int, lat: float) -> float:
    """Return the radius in metres of a circle around a place that its block of cells contains.

    Across the date line and close to a pole, the block does not contain all of the circle.
    """
    side = DEGREES / (1 << level)
    shrink = max(0.0, math.cos(math.radians(min(90.0, abs(lat) + side))))
    return math.radians(side) * shrink * EARTH_METRES


def _fits(level: int, box: Box) -> bool:
    west, south, east, north = box
    left, bottom = _column_and_row(level, west, south)
    right, top = _column_and_row(level, east, north)
    return right - left < MAX_ACROSS and top - bottom < MAX_ACROSS


def _column_and_row(level: int, lng: float, lat: float) -> tuple[int, int]:
    side = DEGREES / (1 << level)
    return math.floor((lng - WEST) / side), math.floor((lat - SOUTH) / side)


def _number(level: int, column: int, row: int) -> int:
    """Return a number that only this cell has. Columns and rows are at most 2 ** MAX_LEVEL."""
    return (level * _ACROSS + column) * _ACROSS + row
