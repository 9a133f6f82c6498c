"""The radius cache: it saves reads, never changes the results of a search, and has a limited size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.search import candidates
from halls.search.candidates import radius_cache
from tests.factories import index_all, insert_venue
from tests.search.queries import find_all

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

HERE: dict[str, Any] = {"near_lat": 24.86, "near_lng": 67}
METRES_PER_DEGREE = 111_320


@pytest.fixture(autouse=True)
def result_counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Empty the radius cache, and record how many venues each MongoDB query returns."""
    radius_cache.clear()
    counts: list[int] = []
    real = candidates._read_places  # noqa: SLF001 - one call is one query

    def record(*args: Any) -> Any:
        rows = real(*args)
        counts.append(len(rows))
        return rows

    monkeypatch.setattr(candidates, "_read_places", record)
    return counts


def insert_venues_around(db: Db, metres: range) -> list[str]:
    """Insert venues at these distances north of the place, and return their ids from near to far."""
    points = [{"type": "Point", "coordinates": [67.0, 24.86 + distance / METRES_PER_DEGREE]} for distance in metres]
    ids = [str(insert_venue(db, ObjectId(), maps_location=point)["_id"]) for point in points]
    index_all(db)
    return ids


def first_page(api: ApiClient, **parameters: Any) -> list[str]:
    """Return the ids of a first page."""
    page = api.get(
        "/venues/search?" + "&".join(f"{name}={value}" for name, value in {**HERE, **parameters}.items())
    ).data
    return [venue["id"] for venue in page["venues"]]


def test_a_second_search_nearby_reads_only_a_circle(api: ApiClient, db: Db, result_counts: list[int]) -> None:
    near = insert_venues_around(db, range(0, 1_000, 10))
    assert first_page(api) == near[:20]
    assert result_counts[-1] == 23
    result_counts.clear()
    assert first_page(api, near_lat=24.8601)[:2] == near[1:3]
    (count,) = result_counts
    assert 21 < count < 2 * 21
    # The cache key holds the venue type, because types differ in density. It does not hold the date.
    assert len(radius_cache) == 1
    assert first_page(api, type="Banquet") == near[:20]
    assert len(radius_cache) == 2


@pytest.mark.parametrize("remaining", [0, 5, 22, 23, 50])
def test_a_search_widens_the_circle_after_venues_were_deleted(api: ApiClient, db: Db, remaining: int) -> None:
    near, far = insert_venues_around(db, range(0, 400, 5)), insert_venues_around(db, range(3_000, 3_250, 10))
    assert first_page(api) == near[:20]
    db.venues.delete_many({"_id": {"$in": [ObjectId(venue_id) for venue_id in near[remaining:]]}})
    index_all(db)
    assert first_page(api) == [*near[:remaining], *far][:20]
    assert [venue["id"] for venue in find_all(api, 20, **HERE)] == [*near[:remaining], *far]


@pytest.mark.parametrize("new_count", [30, 200])
def test_a_search_misses_none_of_many_new_nearby_venues(api: ApiClient, db: Db, new_count: int) -> None:
    far = insert_venues_around(db, range(2_000, 2_300, 10))
    assert first_page(api) == far[:20]
    near = insert_venues_around(db, range(new_count))
    assert first_page(api) == near[:20]
    assert [venue["id"] for venue in find_all(api, 20, **HERE)] == [*near, *far]


def test_a_cached_radius_is_limited_to_the_requested_radius(api: ApiClient, db: Db, result_counts: list[int]) -> None:
    ids = insert_venues_around(db, range(0, 6_000, 200))
    assert first_page(api) == ids[:20]
    result_counts.clear()
    assert first_page(api, near_km=1) == ids[:6]
    assert result_counts == [6]


def test_a_search_with_less_than_a_page_needs_one_query(api: ApiClient, db: Db, result_counts: list[int]) -> None:
    ids = insert_venues_around(db, range(0, 12_000, 1_000))
    assert first_page(api, near_km=5.001) == ids[:6]
    result_counts.clear()
    assert first_page(api, near_km=5.001) == ids[:6]
    assert first_page(api, near_km=4.999) == ids[:5]
    assert result_counts == [6, 5]
    # A partly filled page within five kilometres must not limit a wider search.
    assert first_page(api, near_km=50) == ids


def test_the_requested_circle_may_hold_more_than_a_page(api: ApiClient, db: Db, result_counts: list[int]) -> None:
    ids = insert_venues_around(db, range(0, 300, 10))
    assert len(first_page(api)) == 20
    result_counts.clear()
    assert first_page(api, near_km=0.215) == ids[:20]
    assert result_counts == [22]
    assert [venue["id"] for venue in find_all(api, 20, **HERE, near_km=0.215)] == ids[:22]


def test_the_cache_does_not_exceed_its_maximum_size(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "RADIUS_CACHE_SIZE", 3)
    near = insert_venues_around(db, range(0, 300, 10))
    for degrees in range(10):
        assert set(first_page(api, near_lat=24.7 + degrees / 25, near_km=100)) <= set(near)
        assert 0 < len(radius_cache) <= 3
