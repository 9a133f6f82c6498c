"""Bounded searches: what one request examines in an installation with more entries than a window."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from bson import ObjectId

from halls.app import COLLECTIONS
from halls.errors import Invalid
from halls.http.json_encoding import write_json
from halls.mongo.client import connect
from halls.mongo.outage_log import OutageLog
from halls.search import windows
from halls.search.candidates import radius_cache
from halls.search.query import search_venues
from halls.search.schemas import SearchQuery
from halls.server.startup import prepare_database
from tests.conftest import uri_of
from tests.factories import bare_venue_document, day, index_all, insert_venue
from tests.profiling import profile, reads_edition
from tests.search.queries import read_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient

COUNT, WINDOW, FEW = 3_000, 200, 20
# Every search for all of them finds nothing, though half of the venues have each.
RIVALS = {"amenities": "water,parking_valet"}
AROUND = {"near_lng": 67.0, "near_lat": 24.86, "near_km": 400}
BOX = {"bbox": "66,24,71,26"}
RANGE = {"date_from": day(1), "date_to": day(2)}
FRUITLESS: dict[str, dict[str, Any]] = {
    "newest": RIVALS,
    "type and word": {"type": "Hall", "q": "hall", **RIVALS},
    "capacity": {"sort": "capacity", **RIVALS},
    "biggest first": {"sort": "-capacity", "capacity_min": 1, **RIVALS},
    "date and price": {"date": day(1), "price_min": 150, "price_max": 160},
    "range and price": {**RANGE, "price_min": 150, "price_max": 160},
    "price": {"price_min": 150, "price_max": 160},
    "map window": {**BOX, **RIVALS},
    "map window and capacity": {**BOX, **RIVALS, "sort": "capacity"},
    "near": {**AROUND, **RIVALS},
    "near and date": {**AROUND, "date": day(1), "price_min": 150, "price_max": 160},
    "near and range": {**AROUND, **RANGE, **RIVALS},
    "near and newest": {**AROUND, "sort": "newest", **RIVALS},
    "near and capacity": {**AROUND, "sort": "-capacity", **RIVALS},
}
# They find pages, in 3 000 venues as in few.
COMMON: dict[str, dict[str, Any]] = {
    "newest": {},
    "date": {"date": day(1)},
    "date and type": {"date": day(1), "type": "Hall"},
    "range": RANGE,
    "type and capacity": {"type": "Hall", "capacity_min": 500},
    "capacity": {"sort": "capacity"},
    "words": {"q": "hall"},
    "map window": BOX,
    "near": AROUND,
    "near and date": {**AROUND, "date": day(1)},
    "near and type": {**AROUND, "type": "Hall"},
}


@pytest.fixture(scope="module")
def wide_db(mongo_uri: str) -> Iterator[Db]:
    """A database of these tests, which only read it, with COUNT venues in a row to the east of a place."""
    db = connect(uri_of(mongo_uri, f"windows_{uuid.uuid4().hex[:12]}"))
    assert prepare_database(db, COLLECTIONS, OutageLog(db.name))
    db.venues.insert_many([_venue(number) for number in range(COUNT)])
    index_all(db)
    yield db
    db.client.drop_database(db.name)
    db.client.close()


def _venue(number: int) -> Any:
    fields: Document = {"maps_location": {"type": "Point", "coordinates": [67.0 + number / 1_000, 24.86]}}
    fields |= {"venue_name": "Hall", "type": "Hall", "capacity": number, "dates_available": [day(1), day(2)]}
    fields["amenities"] = {"water": number % 2 == 0, "parking_valet": number % 2 == 1}
    # The lowest price is below the searched ones, and the highest above them.
    fields["pricing"] = {"overrides": [{"date": day(1), "price": 100}, {"date": day(2), "price": 200}]}
    return bare_venue_document(ObjectId(), **fields)


@pytest.fixture(autouse=True)
def _small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WINDOW", WINDOW)
    monkeypatch.setattr(windows, "FEW", FEW)
    # Without caches: each test has other windows.
    monkeypatch.setattr(windows, "_period", object)
    radius_cache.clear()


def ask(db: Db, **parameters: Any) -> tuple[dict[str, Any], list[Document]]:
    """Return a page, and the profiler entries of its queries to the search index."""
    query = SearchQuery.model_validate({name: str(value) for name, value in parameters.items()})
    page, entries = profile(db, "search_entries", lambda: search_venues(db, query, day(0)))
    return page, [entry for entry in entries if "planSummary" in entry and not reads_edition(entry)]


def read_ids(page: dict[str, Any]) -> list[str]:
    """Return the ids of a page, which the search returns as JSON."""
    return [venue["id"] for venue in orjson.loads(write_json(page["venues"]))]


@pytest.mark.parametrize("parameters", FRUITLESS.values(), ids=FRUITLESS)
def test_a_search_that_finds_nothing_examines_a_window_in_each_request(wide_db: Db, parameters: dict[str, Any]) -> None:
    cursor: dict[str, Any] = {}
    requests = 0
    while cursor != {"cursor": None}:
        page, entries = ask(wide_db, **parameters, **cursor, include="total")
        assert not any("COLLSCAN" in entry["planSummary"] for entry in entries)
        # The total examines a window, too. Cells cover a narrow ring far away badly, and MongoDB examines all in them.
        examined = sum(entry["docsExamined"] for entry in entries)
        assert examined <= (15 if "near_lng" in parameters else 3) * WINDOW + FEW
        assert read_ids(page) == []
        assert page["total"] in {None, 0}
        cursor = {"cursor": page["next_cursor"]}
        requests += 1
    assert requests <= COUNT // WINDOW + 2


@pytest.mark.parametrize("parameters", COMMON.values(), ids=COMMON)
@pytest.mark.parametrize("page", ["first", "first again", "second"])
def test_a_bounded_search_that_finds_much_examines_little(wide_db: Db, parameters: dict[str, Any], page: str) -> None:
    first, entries = ask(wide_db, **parameters)
    if page != "first":
        _, entries = ask(wide_db, **parameters, **({"cursor": first["next_cursor"]} if page == "second" else {}))
    # $geoNear reads in rings: later rings are wider.
    max_ratio = 10 if "near_lng" in parameters else 5
    assert sum(entry["docsExamined"] for entry in entries) <= max_ratio * 21
    assert not any(entry.get("hasSortStage") for entry in entries)


@pytest.mark.parametrize("place", [{}, AROUND, BOX], ids=["anywhere", "near", "map window"])
@pytest.mark.parametrize("limit", [10, 100])
def test_pages_of_a_bounded_search_hold_every_match_once(wide_db: Db, place: dict[str, Any], limit: int) -> None:
    cursor: dict[str, Any] = {}
    found: list[str] = []
    sizes: list[int] = []
    while cursor != {"cursor": None}:
        page, _ = ask(wide_db, **place, capacity_min=COUNT - 50, q="hall", price_max=150, limit=limit, **cursor)
        found += read_ids(page)
        sizes.append(len(page["venues"]))
        cursor = {"cursor": page["next_cursor"]}
    matching = [str(row["_id"]) for row in wide_db.search_entries.find({"capacity": {"$gte": COUNT - 50}})]
    # From west to east, capacities and ids rise.
    assert found == (sorted(matching) if place == AROUND else sorted(matching, reverse=True))
    assert max(sizes) <= limit


def test_a_part_with_few_entries_is_read_as_a_whole(wide_db: Db) -> None:
    few = {"capacity_min": COUNT - FEW, "amenities": "water"}
    page, entries = ask(wide_db, **few, include="total")
    assert len(page["venues"]) == page["total"] == FEW // 2
    assert page["next_cursor"] is None
    # The index of the amenity is tried first.
    assert sum(entry["docsExamined"] for entry in entries) <= WINDOW + 2 * FEW


def test_the_nearest_of_few_venues_are_found_in_one_request(wide_db: Db) -> None:
    page, entries = ask(wide_db, **AROUND, capacity_min=COUNT - FEW)
    found = [
        str(row["_id"])
        for row in wide_db.search_entries.find({"capacity": {"$gte": COUNT - FEW}}, sort=[("capacity", 1)])
    ]
    assert (read_ids(page), page["next_cursor"]) == (found, None)
    assert sum(entry["docsExamined"] for entry in entries) <= 3 * WINDOW


def test_an_order_by_price_of_too_many_venues_is_an_error(wide_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MOST_TO_SORT", COUNT - 1)
    by_price = {"date": day(1), "sort": "price"}
    with pytest.raises(Invalid) as caught:
        ask(wide_db, **by_price)
    assert [fault["field"] for fault in caught.value.details] == ["sort"]
    # Near a place or with another filter, fewer are left.
    near, _ = ask(wide_db, **by_price, **AROUND | {"near_km": 100})
    biggest, _ = ask(wide_db, **by_price, capacity_min=1)
    assert len(near["venues"]) == len(biggest["venues"]) == 20


def test_a_total_is_null_if_a_window_does_not_tell_it(wide_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(wide_db, include="total")[0]["total"] is None
    assert ask(wide_db, include="total", capacity_min=1, type="Hall")[0]["total"] is None
    assert ask(wide_db, include="total", capacity_min=COUNT - 7)[0]["total"] == 7
    monkeypatch.setattr(windows, "WINDOW", COUNT - 1)
    # Counted up to 1 000.
    assert ask(wide_db, include="total")[0]["total"] == 1_000


@pytest.mark.parametrize("sort", ["capacity", "-capacity"])
def test_venues_without_a_capacity_are_found_at_one_end(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(windows, "WINDOW", 2)
    for capacity in (None, 10, None, 20, 20, 30, None):
        insert_venue(db, ObjectId(), capacity=capacity)
    index_all(db)
    found = [venue["capacity"] for page in read_pages(api, 1, sort=sort) for venue in page]
    ascending = [None, None, None, 10, 20, 20, 30]
    assert found == (ascending if sort == "capacity" else ascending[::-1])


def test_a_small_installation_has_no_windows(wide_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WINDOW", COUNT)
    page, _ = ask(wide_db, **RIVALS, include="total")
    assert (page["venues"], page["next_cursor"], page["total"]) == ([], None, 0)
