"""Many venues with large cards at one place: what a search near them reads, on first and on deep pages."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from bson import ObjectId

from halls.app import COLLECTIONS
from halls.http.json_encoding import write_json
from halls.mongo.client import connect
from halls.mongo.outage_log import OutageLog
from halls.search import dense_areas, windows
from halls.search.candidates import radius_cache
from halls.search.dense_areas import DENSE_COUNT, STEP
from halls.search.query import search_venues
from halls.search.schemas import SearchQuery
from halls.server.startup import prepare_database
from tests.conftest import uri_of
from tests.factories import bare_venue_document, day, index_all
from tests.profiling import profile, reads_edition
from tests.search.queries import find_all, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient

COUNT, OTHERS, LIMIT = 400, 30, 20
PLACE = [67.0, 24.86]
HERE = {"near_lng": PLACE[0], "near_lat": PLACE[1]}
ASIDE = {"near_lng": 67.0004, "near_lat": 24.8603}
# About 1.4 km away: the venues at one place come after some others.
NEARBY = {"near_lng": 67.01, "near_lat": 24.87}
LONG_URL = "https://x.example/" + "a" * 980
# The largest card that the API accepts, and the bytes of an id and a place.
CARD_BYTES, ROW_BYTES = 25_000, 120


@pytest.fixture(scope="module")
def dense_db(mongo_uri: str) -> Iterator[Db]:
    """A database of these tests, which only read it, with COUNT venues at one place and some around it."""
    db = connect(uri_of(mongo_uri, f"dense_{uuid.uuid4().hex[:12]}"))
    assert prepare_database(db, COLLECTIONS, OutageLog(db.name))
    large: Document = {
        "venue_name": "Many " + "x" * 100,
        "booking_rules": {"hold_hours": None, "terms": "t" * 2_000},
        "pictures": [LONG_URL] * 50,
        "videos": [{"url": LONG_URL, "size_mb": 1}] * 10,
        "dates_available": [day(1), day(2)],
    }
    rows = [_venue(PLACE, **large) for _ in range(COUNT)]
    rows += [_venue([67.0 + number / 1_000, 24.86], dates_available=[day(1)]) for number in range(1, OTHERS + 1)]
    db.venues.insert_many(rows)
    index_all(db)
    yield db
    db.client.drop_database(db.name)
    db.client.close()


def _venue(place: list[float], **fields: Any) -> Any:
    return bare_venue_document(ObjectId(), maps_location={"type": "Point", "coordinates": place}, **fields)


def search(db: Db, **parameters: Any) -> tuple[dict[str, Any], list[Document]]:
    """Return a page, and the profiler entries of its queries to the search index."""
    query = SearchQuery.model_validate({name: str(value) for name, value in parameters.items()})
    page, entries = profile(db, "search_entries", lambda: search_venues(db, query, day(0)))
    return page, [entry for entry in entries if entry["op"] in {"query", "getmore"} and not reads_edition(entry)]


def read_ids(page: dict[str, Any]) -> list[str]:
    """Return the ids of a page, which the search returns as JSON."""
    return [venue["id"] for venue in orjson.loads(write_json(page["venues"]))]


def count_examined(entries: list[Document]) -> int:
    """Return how many documents a search examined, without those of its page. Check its bytes and cards."""
    searches = [entry for entry in entries if entry["op"] == "query"]
    cards = [entry["nreturned"] for entry in searches if entry["planSummary"] == "IXSCAN { _id: 1 }"]
    assert sum(cards) <= LIMIT + 1
    reads = len(searches) - len(cards)
    assert sum(entry["responseLength"] for entry in entries) <= reads * ROW_BYTES * COUNT + (LIMIT + 2) * CARD_BYTES
    examined: int = sum(entry["docsExamined"] for entry in entries) - sum(cards)
    return examined


@pytest.mark.parametrize("place", [HERE, ASIDE, NEARBY], ids=["at the place", "aside", "nearby"])
@pytest.mark.parametrize("filters", [{}, {"date": day(1)}, {"date_from": day(1), "date_to": day(2)}])
def test_pages_of_many_venues_at_one_place_examine_few(
    dense_db: Db, place: dict[str, Any], filters: dict[str, Any]
) -> None:
    radius_cache.clear()
    found: list[str] = []
    examined: list[int] = []
    cursor: dict[str, Any] = {}
    while True:
        page, entries = search(dense_db, **place, **filters, **cursor, limit=LIMIT)
        examined.append(count_examined(entries))
        found += read_ids(page)
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(found) == len(set(found)) == COUNT + OTHERS
    at_place = [str(row["_id"]) for row in dense_db.search_entries.find({"maps_location.coordinates": PLACE})]
    assert [one for one in found if one in set(at_place)] == sorted(at_place)
    if place == NEARBY:
        # MongoDB counts a document twice if it looks at a wider ring.
        assert max(examined) <= 8 * (COUNT + OTHERS)
    else:
        # The page that begins at the place, and those that end behind it, read all venues of the place.
        assert sum(one > LIMIT + 1 for one in examined) <= 5
        assert max(examined) <= 4 * (STEP + COUNT + OTHERS)


def test_the_first_page_at_a_place_of_many_venues_examines_only_itself(
    dense_db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As with more than a window of venues at one place.
    monkeypatch.setattr(windows, "WINDOW", DENSE_COUNT)
    _, entries = search(dense_db, **HERE, limit=LIMIT)
    assert count_examined(entries) == LIMIT + 1


def test_a_search_for_nothing_near_many_venues_does_not_copy_them(dense_db: Db) -> None:
    page, entries = search(dense_db, **HERE, near_km=1, amenities="water")
    assert page["venues"] == []
    assert not any("GEO_NEAR" in entry["planSummary"] for entry in entries)
    assert count_examined(entries) <= STEP + COUNT + OTHERS


def test_venues_a_few_centimetres_apart_are_in_the_order_of_their_distance(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense_areas, "DENSE_COUNT", 1)
    # By their ids, they are in the opposite order.
    for number in range(4, -1, -1):
        db.venues.insert_one(_venue([67.0 + number / 1_000_000, 24.86], venue_name=str(number)))
    index_all(db)
    for limit in (1, 2, 5):
        assert names(find_all(api, limit, **HERE)) == ["0", "1", "2", "3", "4"]
