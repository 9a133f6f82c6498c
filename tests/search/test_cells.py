"""The grid of cells, and searches in a map window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from halls.search.cells import EARTH_METRES, MAX_ACROSS, MAX_LEVEL, block_radius, cover, list_block, list_cells
from tests.factories import bare_venue_document, index_all
from tests.search.queries import find_all, names

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

longitude = st.one_of(st.floats(-180, 180), st.sampled_from([-180, -90, 0, 45, 67.5, 180]))
latitude = st.one_of(st.floats(-90, 90), st.sampled_from([-90, -45, 0, 22.5, 90]))


@given(
    lngs=st.tuples(longitude, longitude), lats=st.tuples(latitude, latitude), share=st.tuples(*[st.floats(0, 1)] * 2)
)
def test_the_cells_of_a_box_cover_every_place_in_it(
    lngs: tuple[float, float], lats: tuple[float, float], share: tuple[float, float]
) -> None:
    (west, east), (south, north) = sorted(lngs), sorted(lats)
    lng = min(east, west + share[0] * (east - west))
    lat = min(north, south + share[1] * (north - south))
    cells = cover((west, south, east, north))
    assert set(list_cells(lng, lat)) & set(cells)
    assert len(cells) <= MAX_ACROSS**2


@given(
    lng=st.floats(-90, 90),
    lat=st.floats(-60, 60),
    level=st.integers(4, MAX_LEVEL),
    east=st.floats(-1, 1),
    north=st.floats(-1, 1),
)
def test_a_block_of_cells_contains_the_circle_around_a_place(
    lng: float, lat: float, level: int, east: float, north: float
) -> None:
    degrees = math.degrees(block_radius(level, lat) / EARTH_METRES)
    # On the edge of the circle or inside.
    shrink = max(1.0, math.hypot(east, north)) * 1.001
    other_lat = lat + north * degrees / shrink
    other_lng = lng + east * degrees / shrink / math.cos(math.radians(max(abs(lat), abs(other_lat))))
    assert set(list_cells(other_lng, other_lat)) & set(list_block(level, lng, lat))


def test_the_block_of_a_place_at_a_pole_has_no_radius() -> None:
    assert block_radius(3, 90.0) < 1


@given(lng=longitude, lat=latitude)
def test_a_place_has_one_cell_of_each_level(lng: float, lat: float) -> None:
    cells = list_cells(lng, lat)
    assert len(set(cells)) == MAX_LEVEL + 1
    assert cells == sorted(cells)


def test_cells_of_distant_places_differ() -> None:
    assert set(list_cells(67.0, 24.86)) & set(list_cells(74.35, 31.55)) != set()
    assert list_cells(67.0, 24.86)[-1] != list_cells(67.02, 24.86)[-1]
    assert list_cells(67.0, 24.86)[-1] != list_cells(67.0, 24.88)[-1]


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ("66.9,24.8,67.1,24.9", ["Karachi"]),
        # Edges are included.
        ("67,24.86,67,24.87", ["Karachi"]),
        ("66,24,67,24.86", ["Karachi"]),
        ("67.000001,24,68,25", []),
        ("66,24,67,24.859999", []),
        # The northern edge is a parallel, not the shortest line between its ends.
        ("-120,24.85,120,24.8601", ["Karachi"]),
        ("-180,-90,180,90", ["Fiji East", "Fiji West", "Karachi"]),
        ("170,-50,-170,50", ["Fiji East", "Fiji West"]),
        ("179.5,-50,180,50", ["Fiji West"]),
        ("180,-50,-179.5,50", ["Fiji East"]),
        ("66.9,24.8,66.8,24.9", ["Fiji East", "Fiji West", "Karachi"]),
    ],
)
def test_a_map_window_finds_what_lies_in_it(api: ApiClient, db: Db, bbox: str, expected: list[str]) -> None:
    places = {"Karachi": [67, 24.86], "Fiji West": [179.9, 24.85], "Fiji East": [-179.9, 24.85]}
    for name, coordinates in places.items():
        place = {"type": "Point", "coordinates": coordinates}
        db.venues.insert_one(bare_venue_document(ObjectId(), venue_name=name, maps_location=place))
    # A venue without a place lies in no window.
    db.venues.insert_one(bare_venue_document(ObjectId(), venue_name="Nowhere", maps_location=None))
    index_all(db)
    assert sorted(names(find_all(api, bbox=bbox))) == expected
