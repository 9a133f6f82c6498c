"""How far a first page reached is a hint: what is found does not depend on it, and little is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.search import candidates
from halls.search.candidates import REACHES, Reaches
from halls.search.schemas import SearchQuery
from tests.foreign import put_venue
from tests.search.asking import find_all

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.people import Api

HERE = {"near_lat": "24.86", "near_lng": "67"}


def put_around(db: Db, metres: range) -> list[str]:
    """Write venues so far to the north of the place, and return their ids from near to far."""
    degrees = [one / 111_320 for one in metres]
    points = [{"type": "Point", "coordinates": [67.0, 24.86 + one]} for one in degrees]
    return [str(put_venue(db, ObjectId(), maps_location=point)["_id"]) for point in points]


@pytest.fixture
def metres_asked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note how far each search is told to look, or was told before it asked again."""
    asked: list[float] = []
    recall = Reaches.recall

    def note(self: Reaches, query: SearchQuery, after: Any) -> float:
        asked.append(recall(self, query, after))
        return asked[-1]

    monkeypatch.setattr(Reaches, "recall", note)
    return asked


def test_a_place_that_was_full_and_is_not_any_more_is_searched_anew(
    api: Api, db: Db, metres_asked: list[float]
) -> None:
    REACHES.__init__()  # type: ignore[misc] # as a worker begins
    near = put_around(db, range(0, 400, 10))
    far = put_around(db, range(3_000, 3_040, 10))
    assert [venue["id"] for venue in find_all(api, 20, **HERE)] == [*near, *far]
    del metres_asked[:]
    api.get("/venues/search?near_lat=24.8601&near_lng=67.0001")
    (reach,) = metres_asked
    assert 200 < reach < 1_000
    db.venues.delete_many({"_id": {"$in": [row["_id"] for row in db.venues.find({}, {"_id": 1}).limit(35)]}})
    assert [venue["id"] for venue in find_all(api, 20, **HERE)] == [*near[35:], *far]


def test_a_reach_is_of_one_place_one_question_and_the_first_page() -> None:
    reaches = Reaches()
    query = SearchQuery.model_validate(HERE)
    reaches.remember(query, None, 100.0)
    reaches.remember(query, [5.0, "id"], 700.0)
    assert reaches.recall(query, None) == pytest.approx(140)
    assert reaches.recall(query, [5.0, "id"]) == float("inf")
    for other in ({"near_lat": "24.96"}, {"type": "Hall"}, {"date": "2027-01-01"}, {"limit": "50"}):
        assert reaches.recall(SearchQuery.model_validate({**HERE, **other}), None) == float("inf")
    # Another date and another radius are as full.
    dated = SearchQuery.model_validate({**HERE, "date": "2027-01-01", "near_km": "3"})
    reaches.remember(dated, None, 100.0)
    assert reaches.recall(SearchQuery.model_validate({**HERE, "date": "2027-01-02"}), None) == pytest.approx(140)


def test_so_many_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "REACHES_KEPT", 3)
    reaches = Reaches()
    for lat in range(10):
        query = SearchQuery.model_validate({"near_lat": str(lat), "near_lng": "67"})
        reaches.remember(query, None, 100.0)
        assert reaches.recall(query, None) == pytest.approx(140)
        assert len(reaches._metres) <= 3  # noqa: SLF001 - what is kept is what is counted
