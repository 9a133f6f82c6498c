"""How far a first page reached is a hint: what is found does not depend on it, and little is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.search import candidates
from halls.search.candidates import radius_cache
from tests.external_documents import put_venue
from tests.search.queries import find_all

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import Api

HERE: dict[str, Any] = {"near_lat": 24.86, "near_lng": 67}
METRES_A_DEGREE = 111_320


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Begin as a worker does, and note how many venues each question to MongoDB brought."""
    radius_cache.clear()
    brought: list[int] = []
    real = candidates._read_places  # noqa: SLF001 - one call is one question

    def note(*args: Any) -> Any:
        rows = real(*args)
        brought.append(len(rows))
        return rows

    monkeypatch.setattr(candidates, "_read_places", note)
    return brought


def put_around(db: Db, metres: range) -> list[str]:
    """Write venues so far to the north of the place, and return their ids from near to far."""
    points = [{"type": "Point", "coordinates": [67.0, 24.86 + one / METRES_A_DEGREE]} for one in metres]
    return [str(put_venue(db, ObjectId(), maps_location=point)["_id"]) for point in points]


def first_page(api: Api, **asked: Any) -> list[str]:
    """Return the ids of a first page."""
    page = api.get("/venues/search?" + "&".join(f"{name}={value}" for name, value in {**HERE, **asked}.items())).data
    return [venue["id"] for venue in page["venues"]]


def test_a_second_search_in_a_neighbourhood_reads_a_circle(api: Api, db: Db, forgetful: list[int]) -> None:
    near = put_around(db, range(0, 1_000, 10))
    # Until all are taken in a search may ask twice, the second time with what the first has taught.
    assert len(api.get("/venues/search?limit=100").data["venues"]) == 100
    assert first_page(api) == near[:20]
    assert forgetful[-1] == 23
    forgetful.clear()
    assert first_page(api, near_lat=24.8601)[:2] == near[1:3]
    (brought,) = forgetful
    assert 21 < brought < 2 * 21
    # Another date is as full, another kind of venue need not be.
    assert len(radius_cache) == 1
    assert first_page(api, type="Banquet") == near[:20]
    assert len(radius_cache) == 2


@pytest.mark.parametrize("left", [0, 5, 22, 23, 50])
def test_where_venues_have_gone_it_looks_further(api: Api, db: Db, left: int) -> None:
    near, far = put_around(db, range(0, 400, 5)), put_around(db, range(3_000, 3_250, 10))
    assert first_page(api) == near[:20]
    db.venues.delete_many({"_id": {"$in": [ObjectId(one) for one in near[left:]]}})
    assert first_page(api) == [*near[:left], *far][:20]
    assert [venue["id"] for venue in find_all(api, 20, **HERE)] == [*near[:left], *far]


@pytest.mark.parametrize("more", [30, 200])
def test_where_many_have_come_none_is_missed(api: Api, db: Db, more: int) -> None:
    far = put_around(db, range(2_000, 2_300, 10))
    assert first_page(api) == far[:20]
    near = put_around(db, range(more))
    assert first_page(api) == near[:20]
    assert [venue["id"] for venue in find_all(api, 20, **HERE)] == [*near, *far]


def test_a_reach_beyond_what_is_asked_for_is_read_as_far_as_that(api: Api, db: Db, forgetful: list[int]) -> None:
    ids = put_around(db, range(0, 6_000, 200))
    assert first_page(api) == ids[:20]
    forgetful.clear()
    assert first_page(api, near_km=1) == ids[:6]
    assert forgetful == [6]


def test_where_there_is_no_full_page_it_reads_all_there_is_at_once(api: Api, db: Db, forgetful: list[int]) -> None:
    ids = put_around(db, range(0, 12_000, 1_000))
    assert first_page(api, near_km=5.001) == ids[:6]
    forgetful.clear()
    assert first_page(api, near_km=5.001) == ids[:6]
    assert first_page(api, near_km=4.999) == ids[:5]
    assert forgetful == [6, 5]
    # That there were few in five kilometres says nothing of more.
    assert first_page(api, near_km=50) == ids


def test_a_circle_as_wide_as_asked_for_may_hold_more_than_a_page(api: Api, db: Db, forgetful: list[int]) -> None:
    ids = put_around(db, range(0, 300, 10))
    assert len(first_page(api)) == 20
    forgetful.clear()
    assert first_page(api, near_km=0.215) == ids[:20]
    assert forgetful == [22]
    assert [venue["id"] for venue in find_all(api, 20, **HERE, near_km=0.215)] == ids[:22]


def test_so_many_are_kept_and_no_more(api: Api, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "RADIUS_CACHE_SIZE", 3)
    near = put_around(db, range(0, 300, 10))
    for degrees in range(10):
        assert set(first_page(api, near_lat=24.7 + degrees / 25, near_km=100)) <= set(near)
        assert 0 < len(radius_cache) <= 3
