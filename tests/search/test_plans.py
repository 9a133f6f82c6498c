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
from tests.profiling import profile, reads_edition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document

COUNT = 600
AROUND = {"near_lat": 24.86, "near_lng": 67.0}
FORTNIGHT = {"date_from": day(1), "date_to": day(14)}
COMMON_QUERIES: dict[str, dict[str, Any]] = {
    "newest": {},
    "near": AROUND,
    "date": {"date": day(1)},
    "near and date": {**AROUND, "date": day(1)},
    "type and capacity": {"type": "Hall", "capacity_min": 300},
    "date, type and capacity": {"date": day(1), "type": "Hall", "capacity_min": 300},
    "date and price": {"date": day(1), "price_max": 300_000},
    "range": FORTNIGHT,
    "range and type": {**FORTNIGHT, "type": "Hall"},
    "range and price": {**FORTNIGHT, "price_max": 150_000},
    "near and range": {**AROUND, **FORTNIGHT},
    "price": {"price_max": 150_000},
    "amenities": {"amenities": "water,parking_valet"},
    "amenities and date": {"amenities": "water", "date": day(1)},
    "words": {"q": "mall shal"},
    "words and date": {"q": "mall shal", "date": day(1)},
    "map window": {"bbox": "66.9,24.75,67.1,24.95"},
    "map window and range": {"bbox": "66.9,24.75,67.1,24.95", **FORTNIGHT},
    "capacity": {"sort": "capacity"},
    "biggest first, of a type": {"sort": "-capacity", "type": "Hall"},
}
# They sort all matching venues, or those of a circle.
OTHER_QUERIES: dict[str, dict[str, Any]] = {
    "price": {"date": day(1), "sort": "price"},
    "near, cheapest first": {**AROUND, "date": day(1), "sort": "price"},
    "near and range, cheapest first": {**AROUND, **FORTNIGHT, "sort": "price"},
    "near, biggest first": {**AROUND, "sort": "-capacity"},
    "near, newest first": {**AROUND, "sort": "newest"},
}
# They find nothing. The number is the highest number of keys and documents that they may examine.
FRUITLESS_QUERIES: dict[str, tuple[dict[str, Any], int]] = {
    "date": ({"date": day(200)}, 0),
    "range": ({"date_from": day(200), "date_to": day(261)}, 0),
    "near and date": ({**AROUND, "date": day(200)}, 0),
    "price": ({"price_max": 1}, 0),
    "high price": ({"price_min": 900_000_000}, 0),
    "range and price": ({**FORTNIGHT, "price_max": 1}, 0),
    "capacity": ({"capacity_min": 1_000_000}, 0),
    "amenities": ({"amenities": "sound_system"}, 0),
    "words": ({"q": "mall zz"}, 0),
    "long word": ({"q": "shalimarxyz"}, COUNT),
    "map window": ({"bbox": "0,0,10,10"}, 0),
    # Keys of the type, but no documents.
    "type and capacity": ({"type": "Hall", "capacity_min": 1_000_000}, COUNT),
    # The venues of the circle, and those that are free on the date.
    "near and words": ({**AROUND, "q": "zz"}, 2 * COUNT),
    "date and price": ({"date": day(1), "price_max": 1}, 2 * COUNT),
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
        fields["amenities"] = {"water": True, "parking_valet": True}
        fields |= {"type": venue_type, "capacity": capacity, "pricing": {"overrides": prices}}
        rows.append(bare_venue_document(ObjectId(), **fields))
    db.venues.insert_many(rows)
    index_all(db)
    yield db
    db.client.drop_database(db.name)
    db.client.close()


@pytest.fixture
def uncached_db(full_db: Db) -> Db:
    """The database, with an empty radius cache."""
    radius_cache.clear()
    return full_db


def profile_search(db: Db, **parameters: Any) -> tuple[list[Any], list[Document]]:
    """Return the venues of a search, and the profiler entries of its queries to the search index."""
    query = SearchQuery.model_validate({name: str(value) for name, value in parameters.items()})
    page, entries = profile(db, "search_entries", lambda: search_venues(db, query, day(0)))
    searches = [entry for entry in entries if entry["op"] in {"query", "command"} and not reads_edition(entry)]
    searches = [entry for entry in searches if not is_cached_count(entry)]
    return page["venues"], sorted(searches, key=lambda entry: -int(entry["docsExamined"]))


def is_cached_count(entry: Document) -> bool:
    """Tell whether an entry is a count that a search sends once a minute: of all entries, or of those around a place.

    For both MongoDB reads no document.
    """
    stages = entry["command"].get("pipeline", [])
    return entry["planSummary"] == "RECORD_STORE_FAST_COUNT" or any("$group" in stage for stage in stages)


@pytest.mark.parametrize("parameters", COMMON_QUERIES.values(), ids=COMMON_QUERIES)
@pytest.mark.parametrize("page", ["first", "first again", "second"])
def test_a_common_search_is_sorted_by_an_index(uncached_db: Db, parameters: dict[str, Any], page: str) -> None:
    if page != "first":
        query = SearchQuery.model_validate({name: str(value) for name, value in parameters.items()})
        cursor = search_venues(uncached_db, query, day(0))["next_cursor"]
        parameters = {**parameters, "cursor": cursor} if page == "second" else parameters
    venues, (entry, *more) = profile_search(uncached_db, **parameters)
    assert venues
    assert "COLLSCAN" not in entry["planSummary"]
    assert "IXSCAN" in entry["planSummary"] or "GEO_NEAR" in entry["planSummary"]
    assert not entry.get("hasSortStage")
    # $near reads in rings: later rings are wider, and a second page examines more documents.
    max_ratio = 10 if page == "second" and "near_lat" in parameters else 5
    assert entry["docsExamined"] <= max_ratio * entry["nreturned"]
    # A circle query returns all its venues; the application sorts them.
    assert entry["nreturned"] <= (3 * 33 if page == "first again" and "near_lat" in parameters else 2 * 21)
    # Rings read the cards of the page in a second query, by id.
    reads_rings = "near_lat" in parameters and page != "first again"
    assert [one["planSummary"] for one in more] == ["IXSCAN { _id: 1 }"] * reads_rings


@pytest.mark.parametrize("parameters", OTHER_QUERIES.values(), ids=OTHER_QUERIES)
def test_every_other_search_starts_with_an_index(uncached_db: Db, parameters: dict[str, Any]) -> None:
    venues, entries = profile_search(uncached_db, **parameters)
    assert venues
    for entry in entries:
        assert "COLLSCAN" not in entry["planSummary"]
        assert "IXSCAN" in entry["planSummary"] or "GEO_NEAR" in entry["planSummary"]
        assert entry["nreturned"] <= 2 * 21


@pytest.mark.parametrize(("parameters", "max_examined"), FRUITLESS_QUERIES.values(), ids=FRUITLESS_QUERIES)
def test_a_search_that_finds_nothing_examines_little(
    uncached_db: Db, parameters: dict[str, Any], max_examined: int
) -> None:
    venues, entries = profile_search(uncached_db, **parameters)
    assert venues == []
    assert sum(entry["keysExamined"] + entry["docsExamined"] for entry in entries) <= max_examined
    assert not any("COLLSCAN" in entry["planSummary"] for entry in entries)


def test_the_indexes_of_a_venue_have_few_keys(full_db: Db) -> None:
    keys = full_db.command("validate", "search_entries")["keysPerIndex"]
    # 20 free dates and few words. An index of many keys that pays nothing is noticed here. The size on disk depends on
    # the order of the writes, so the keys are counted.
    assert sum(keys.values()) / COUNT < 100
