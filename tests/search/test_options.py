"""Ranges of days, totals, lowest prices, pictures, and venues that no search shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.search import candidates, entries
from tests.factories import bare_venue_document, day, index_all, insert_booking, insert_venue
from tests.search.queries import find_all, names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document
    from halls.search.entries import Candidate
    from tests.api_client import ApiClient

OWNER_ID = ObjectId()
RANGE: dict[str, Any] = {"date_from": day(-1), "date_to": day(3)}
NEAR: dict[str, Any] = {"near_lat": 31.55, "near_lng": 74.35}


def insert_priced(db: Db, name: str, prices: dict[int, int | None], **fields: Any) -> ObjectId:
    """Insert a venue that is offered on these days from today, with these prices. Return its id."""
    overrides = [{"date": day(ahead), "price": price} for ahead, price in prices.items() if price is not None]
    venue = insert_venue(
        db,
        OWNER_ID,
        venue_name=name,
        dates_available=[day(ahead) for ahead in prices],
        pricing={"overrides": overrides},
        **fields,
    )
    return ObjectId(venue["_id"])


def test_a_range_shows_the_free_days_and_their_lowest_price(api: ApiClient, db: Db) -> None:
    venue_id = insert_priced(db, "one", {-1: 1, 0: 500, 1: 300, 2: 200, 3: None, 4: 100})
    insert_booking(db, venue_id, ObjectId(), date=day(2))
    insert_priced(db, "unpriced", {1: None})
    insert_priced(db, "past", {-1: 100})
    index_all(db)
    unpriced, found = find_all(api, include="price_from", **RANGE)
    assert found["free"] == [{"date": day(ahead), "price": price} for ahead, price in ((0, 500), (1, 300), (3, None))]
    assert (found["price"], found["price_from"]) == (300, 100)
    assert (unpriced["price"], unpriced["price_from"]) == (None, None)
    assert unpriced["free"] == [{"date": day(1), "price": None}]
    assert find_all(api, date_from=day(-3), date_to=day(-1)) == []


def test_the_price_filter_of_a_range_reads_only_its_free_days(api: ApiClient, db: Db) -> None:
    venue_id = insert_priced(db, "one", {1: 300, 2: 200, 4: 100})
    insert_booking(db, venue_id, ObjectId(), date=day(2))
    index_all(db)
    assert len(find_all(api, price_max=300, **RANGE)) == 1
    # 200 is booked, 100 is outside the range.
    assert find_all(api, price_max=299, **RANGE) == []
    assert len(find_all(api, price_max=100)) == 1


def test_a_range_near_a_place_is_sorted_by_the_price_shown(api: ApiClient, db: Db) -> None:
    insert_priced(db, "b", {1: 300, 2: 200})
    insert_priced(db, "none", {1: None})
    insert_priced(db, "a", {1: 100, 3: 900})
    insert_priced(db, "c", {2: 250})
    index_all(db)
    assert names(find_all(api, 1, sort="price", **NEAR, **RANGE)) == ["a", "b", "c", "none"]
    assert names(find_all(api, 1, sort="-price", **NEAR, **RANGE)) == ["c", "b", "a", "none"]


def test_a_total_is_counted_up_to_a_limit(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    db.venues.insert_many([bare_venue_document(ObjectId()) for _ in range(5)])
    index_all(db)
    assert api.get("/venues/search?include=total&limit=2").data["total"] == 5
    assert api.get("/venues/search?include=total&type=Lawn").data["total"] == 0
    assert api.get(f"/venues/search?include=total&date={day(-1)}").data["total"] == 0
    monkeypatch.setattr("halls.search.query.MAX_TOTAL", 3)
    assert api.get("/venues/search?include=total").data["total"] == 3


def test_a_card_has_five_pictures_and_a_calendar_all(api: ApiClient, db: Db) -> None:
    pictures = [f"https://cdn.example/{number}.jpg" for number in range(7)]
    insert_venue(db, OWNER_ID, pictures=pictures)
    index_all(db)
    assert [venue["pictures"] for venue in find_all(api)] == [pictures[:5]]
    assert [venue["pictures"] for venue in find_all(api, include="calendar")] == [pictures]


QUERIES: list[dict[str, Any]] = [
    {},
    {"type": "Banquet"},
    {"capacity_min": 0},
    {"sort": "capacity"},
    {"sort": "-capacity"},
    {"date": day(2)},
    {"date": day(2), "sort": "price"},
    {"price_min": 0},
    {"price_max": 1_000_000},
    RANGE,
    NEAR,
    {**NEAR, "sort": "newest"},
    {**NEAR, **RANGE, "sort": "-price"},
    {"q": "shalimar"},
    {"amenities": "water"},
    {"bbox": "-180,-90,180,90"},
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_no_search_shows_or_counts_a_paused_venue(api: ApiClient, db: Db, query: dict[str, Any]) -> None:
    insert_venue(db, OWNER_ID, is_listed=False)
    shown = insert_venue(db, OWNER_ID)
    index_all(db)
    assert [venue["id"] for venue in find_all(api, **query)] == [str(shown["_id"])]
    parameters = "&".join(f"{name}={value}" for name, value in query.items())
    assert api.get(f"/venues/search?include=total&{parameters}").data["total"] == 1


@pytest.mark.parametrize("query", [{"date": day(2), "sort": "price"}, NEAR], ids=["price", "distance"])
def test_an_entry_deleted_between_two_queries_hides_no_other(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch, query: dict[str, Any]
) -> None:
    ids = [insert_priced(db, str(number), {2: 100}) for number in range(7)]
    index_all(db)
    real = entries.add_fields

    def delete_first(db: Db, rows: Sequence[Candidate], fields: Document) -> list[Candidate]:
        db.search_entries.delete_one({"_id": ids[0]})
        return real(db, rows, fields)

    monkeypatch.setattr(entries, "add_fields", delete_first)
    monkeypatch.setattr(candidates, "add_fields", delete_first)
    assert [venue["id"] for venue in find_all(api, 3, **query)] == [str(venue_id) for venue_id in ids[1:]]
