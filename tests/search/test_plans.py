"""How MongoDB answers each form of search: by an index, in its order, and reading little that is not sent."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.search.candidates import radius_cache
from halls.search.query import search_venues
from halls.search.schemas import SearchQuery
from tests.api_client import day
from tests.external_documents import bare_venue_document, index_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document

COUNT = 600
AROUND = {"near_lat": 24.86, "near_lng": 67.0}
COMMON: dict[str, dict[str, Any]] = {
    "newest": {},
    "near": AROUND,
    "date": {"date": day(1)},
    "near and date": {**AROUND, "date": day(1)},
    "type and capacity": {"type": "Hall", "capacity_min": 300},
    "date, type and capacity": {"date": day(1), "type": "Hall", "capacity_min": 300},
    "date and price": {"date": day(1), "price_max": 300_000},
}
OTHERS: dict[str, dict[str, Any]] = {
    "capacity": {"type": "Hall", "sort": "capacity"},
    "price": {"date": day(1), "sort": "price"},
    "near, cheapest first": {**AROUND, "date": day(1), "sort": "price"},
    "near, biggest first": {**AROUND, "sort": "-capacity"},
}


@pytest.fixture
def full(db: Db) -> Db:
    """Fill the database with venues of many dates around a place."""
    chance = random.Random(4)  # noqa: S311 - the same every time
    rows = []
    for _ in range(COUNT):
        offered = sorted(chance.sample([day(ahead) for ahead in range(1, 31)], 20))
        prices = [{"date": date, "price": chance.randrange(100_000, 600_000)} for date in offered]
        place = [round(chance.gauss(67.0, 0.1), 5), round(chance.gauss(24.86, 0.1), 5)]
        fields: Document = {"maps_location": {"type": "Point", "coordinates": place}, "dates_available": offered}
        kind, capacity = chance.choice(["Hall", "Lawn"]), chance.randrange(50, 1_000)
        fields |= {"type": kind, "capacity": capacity, "pricing": {"overrides": prices}}
        rows.append(bare_venue_document(ObjectId(), **fields))
    db.venues.insert_many(rows)
    index_all(db)
    return db


@pytest.fixture
def profiled(full: Db) -> Iterator[Db]:
    """Have the server write down how it answers, to whom knows nothing about the neighbourhood yet."""
    radius_cache.clear()
    full.command("profile", 2)
    yield full
    full.command("profile", 0)
    full.drop_collection("system.profile")


def look(db: Db, **asked: Any) -> list[Document]:
    """Search, and return how each of its questions to the catalog was answered."""
    db.command("profile", 0)
    db.drop_collection("system.profile")
    db.command("profile", 2)
    query = SearchQuery.model_validate({name: str(value) for name, value in asked.items()})
    assert search_venues(db, query, day(0))["venues"]
    # An application's follower compares entries meanwhile.
    ours = {"ns": f"{db.name}.catalog", "op": {"$in": ["query", "command"]}, "command.projection.edition": None}
    return list(db.get_collection("system.profile").find(ours))


@pytest.mark.parametrize("asked", COMMON.values(), ids=COMMON)
@pytest.mark.parametrize("page", ["first", "first again", "second"])
def test_a_common_search_is_answered_in_the_order_of_an_index(profiled: Db, asked: dict[str, Any], page: str) -> None:
    if page != "first":
        query = SearchQuery.model_validate({name: str(value) for name, value in asked.items()})
        cursor = search_venues(profiled, query, day(0))["next_cursor"]
        asked = {**asked, "cursor": cursor} if page == "second" else asked
    (answered,) = look(profiled, **asked)
    assert "COLLSCAN" not in answered["planSummary"]
    assert "IXSCAN" in answered["planSummary"] or "GEO_NEAR" in answered["planSummary"]
    assert not answered.get("hasSortStage")
    # Around a place MongoDB reads in rings, of which the later ones are broader.
    most = 10 if page == "second" and "near_lat" in asked else 5
    assert answered["docsExamined"] <= most * answered["nreturned"]
    # Of a circle all come, and are put in order here.
    assert answered["nreturned"] <= (3 * 33 if page == "first again" and "near_lat" in asked else 2 * 21)


@pytest.mark.parametrize("asked", OTHERS.values(), ids=OTHERS)
def test_every_other_search_begins_with_an_index(profiled: Db, asked: dict[str, Any]) -> None:
    (answered,) = look(profiled, **asked)
    assert "COLLSCAN" not in answered["planSummary"]
    assert "IXSCAN" in answered["planSummary"] or "GEO_NEAR" in answered["planSummary"]
    assert answered["nreturned"] <= 2 * 21
