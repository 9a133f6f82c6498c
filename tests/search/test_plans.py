"""Query plans of searches: MongoDB uses an index, reads in its order, and examines few other documents."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.app import COLLECTIONS
from halls.mongo.client import connect
from halls.mongo.outage_log import OutageLog
from halls.search.candidates import radius_cache
from halls.search.query import search_venues
from halls.search.schemas import SearchQuery
from halls.server.startup import prepare_database
from tests.conftest import uri_of
from tests.factories import bare_venue_document, day, index_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document

COUNT = 600
AROUND = {"near_lat": 24.86, "near_lng": 67.0}
COMMON_QUERIES: dict[str, dict[str, Any]] = {
    "newest": {},
    "near": AROUND,
    "date": {"date": day(1)},
    "near and date": {**AROUND, "date": day(1)},
    "type and capacity": {"type": "Hall", "capacity_min": 300},
    "date, type and capacity": {"date": day(1), "type": "Hall", "capacity_min": 300},
    "date and price": {"date": day(1), "price_max": 300_000},
}
OTHER_QUERIES: dict[str, dict[str, Any]] = {
    "capacity": {"type": "Hall", "sort": "capacity"},
    "price": {"date": day(1), "sort": "price"},
    "near, cheapest first": {**AROUND, "date": day(1), "sort": "price"},
    "near, biggest first": {**AROUND, "sort": "-capacity"},
}


@pytest.fixture(scope="module")
def full_db(mongo_uri: str) -> Iterator[Db]:
    """A database of these tests, which only read it, with venues of many dates around a place."""
    db = connect(uri_of(mongo_uri, f"plans_{uuid.uuid4().hex[:12]}"))
    assert prepare_database(db, COLLECTIONS, OutageLog(db.name))
    generator = random.Random(4)  # noqa: S311 - reproducible data
    rows = []
    for _ in range(COUNT):
        dates = sorted(generator.sample([day(ahead) for ahead in range(1, 31)], 20))
        prices = [{"date": date, "price": generator.randrange(100_000, 600_000)} for date in dates]
        place = [round(generator.gauss(67.0, 0.1), 5), round(generator.gauss(24.86, 0.1), 5)]
        fields: Document = {"maps_location": {"type": "Point", "coordinates": place}, "dates_available": dates}
        venue_type, capacity = generator.choice(["Hall", "Lawn"]), generator.randrange(50, 1_000)
        fields |= {"type": venue_type, "capacity": capacity, "pricing": {"overrides": prices}}
        rows.append(bare_venue_document(ObjectId(), **fields))
    db.venues.insert_many(rows)
    index_all(db)
    yield db
    db.client.drop_database(db.name)
    db.client.close()


@pytest.fixture
def profiled_db(full_db: Db) -> Iterator[Db]:
    """Turn on the MongoDB profiler, with an empty radius cache."""
    radius_cache.clear()
    full_db.command("profile", 2)
    yield full_db
    full_db.command("profile", 0)
    full_db.drop_collection("system.profile")


def profile_search(db: Db, **parameters: Any) -> list[Document]:
    """Search, and return the profiler entries of its queries to the search index."""
    db.command("profile", 0)
    db.drop_collection("system.profile")
    db.command("profile", 2)
    query = SearchQuery.model_validate({name: str(value) for name, value in parameters.items()})
    assert search_venues(db, query, day(0))["venues"]
    # Only the change stream reader projects `edition`: its queries are left out.
    filter_ = {
        "ns": f"{db.name}.search_entries",
        "op": {"$in": ["query", "command"]},
        "command.projection.edition": None,
    }
    return list(db.get_collection("system.profile").find(filter_))


@pytest.mark.parametrize("parameters", COMMON_QUERIES.values(), ids=COMMON_QUERIES)
@pytest.mark.parametrize("page", ["first", "first again", "second"])
def test_a_common_search_is_sorted_by_an_index(profiled_db: Db, parameters: dict[str, Any], page: str) -> None:
    if page != "first":
        query = SearchQuery.model_validate({name: str(value) for name, value in parameters.items()})
        cursor = search_venues(profiled_db, query, day(0))["next_cursor"]
        parameters = {**parameters, "cursor": cursor} if page == "second" else parameters
    (entry,) = profile_search(profiled_db, **parameters)
    assert "COLLSCAN" not in entry["planSummary"]
    assert "IXSCAN" in entry["planSummary"] or "GEO_NEAR" in entry["planSummary"]
    assert not entry.get("hasSortStage")
    # $near reads in rings: later rings are wider, and a second page examines more documents.
    max_ratio = 10 if page == "second" and "near_lat" in parameters else 5
    assert entry["docsExamined"] <= max_ratio * entry["nreturned"]
    # A circle query returns all its venues; the application sorts them.
    assert entry["nreturned"] <= (3 * 33 if page == "first again" and "near_lat" in parameters else 2 * 21)


@pytest.mark.parametrize("parameters", OTHER_QUERIES.values(), ids=OTHER_QUERIES)
def test_every_other_search_starts_with_an_index(profiled_db: Db, parameters: dict[str, Any]) -> None:
    (entry,) = profile_search(profiled_db, **parameters)
    assert "COLLSCAN" not in entry["planSummary"]
    assert "IXSCAN" in entry["planSummary"] or "GEO_NEAR" in entry["planSummary"]
    assert entry["nreturned"] <= 2 * 21
