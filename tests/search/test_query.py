"""Order and pages of search results, with equal keys, missing prices and booked venues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from bson import ObjectId

from tests.factories import bare_venue_document, day, index_all, insert_booking
from tests.search.queries import find_all

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

# A venue's name holds its sort keys: capacity, price ("-" for none), and degrees north of PLACE.
NAMES = ["100 5 0", "300 - 1", "100 7 0", "200 5 3", "100 - 2", "300 7 1", "200 9 4", "100 5 0"]
PLACE: dict[str, Any] = {"near_lat": 24.0, "near_lng": 67.0, "near_km": 500}


def insert_venues(db: Db, *, ahead: int = 1) -> list[Any]:
    """Insert the venues, all offered `ahead` days from today, in the order of their ids."""
    rows = []
    for name in NAMES:
        capacity, price, degrees = name.split()
        overrides = [] if price == "-" else [{"date": day(ahead), "price": int(price)}]
        place = {"type": "Point", "coordinates": [67.0, 24.0 + int(degrees)]}
        fields = {
            "venue_name": name,
            "capacity": int(capacity),
            "maps_location": place,
            "dates_available": [day(ahead)],
        }
        rows.append(bare_venue_document(ObjectId(), pricing={"overrides": overrides}, **fields))
    db.venues.insert_many(rows)
    index_all(db)
    return rows


def sorted_ids(rows: list[Any], sort: str) -> list[str]:
    """Return the ids in the requested order. The rows are in id order: a stable sort keeps it for equal keys."""
    keys = {
        "newest": lambda row: -rows.index(row),
        "capacity": lambda row: row["capacity"],
        "-capacity": lambda row: -row["capacity"],
        "price": lambda row: (row["venue_name"].split()[1] == "-", row["venue_name"].split()[1]),
        "-price": lambda row: {"9": 0, "7": 1, "5": 2, "-": 3}[row["venue_name"].split()[1]],
        "distance": lambda row: row["venue_name"].split()[2],
    }
    return [str(row["_id"]) for row in sorted(rows, key=keys[sort])]


def query_for(sort: str) -> dict[str, Any]:
    """Return query parameters with that order and the parameters that it requires."""
    return {"sort": sort, "date": day(1)} | (PLACE if sort == "distance" else {})


SORTS = ["newest", "capacity", "-capacity", "price", "-price", "distance"]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 9])
def test_pages_in_every_order_neither_repeat_nor_skip_venues(api: ApiClient, db: Db, sort: str, limit: int) -> None:
    rows = insert_venues(db)
    venues = [venue["id"] for venue in find_all(api, limit, **query_for(sort))]
    assert venues == sorted_ids(rows, sort)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("booked", [range(7), range(1, 8), [0, 2, 4, 6], range(8)], ids=str)
def test_booked_venues_do_not_shorten_a_page(api: ApiClient, db: Db, sort: str, booked: Any) -> None:
    rows = insert_venues(db)
    for number in booked:
        insert_booking(db, rows[number]["_id"], ObjectId(), date=day(1), status=("pending", "confirmed")[number % 2])
    insert_booking(db, rows[7]["_id"], ObjectId(), date=day(1), status="cancelled")
    insert_booking(db, rows[7]["_id"], ObjectId(), date=day(2))
    index_all(db)
    booked_ids = {str(rows[number]["_id"]) for number in booked}
    expected = [venue_id for venue_id in sorted_ids(rows, sort) if venue_id not in booked_ids]
    for limit in (1, 3):
        assert [venue["id"] for venue in find_all(api, limit, **query_for(sort))] == expected


def test_the_default_order_is_newest_or_nearest_to_a_place(api: ApiClient, db: Db) -> None:
    rows = insert_venues(db)
    assert [venue["id"] for venue in find_all(api)] == sorted_ids(rows, "newest")
    assert [venue["id"] for venue in find_all(api, date=day(1))] == sorted_ids(rows, "newest")
    assert [venue["id"] for venue in find_all(api, **PLACE)] == sorted_ids(rows, "distance")
    assert [venue["id"] for venue in find_all(api, sort="newest", **PLACE)] == sorted_ids(rows, "newest")


def test_every_order_works_with_a_place_and_returns_the_distance(api: ApiClient, db: Db) -> None:
    rows = insert_venues(db)
    venues = find_all(api, 3, sort="-price", date=day(1), **PLACE)
    assert [venue["id"] for venue in venues] == sorted_ids(rows, "-price")
    degrees = [int(venue["venue_name"].split()[2]) for venue in venues]
    assert [venue["distance_km"] for venue in venues] == [pytest.approx(111.32 * degree, abs=0.1) for degree in degrees]


def test_venues_without_a_price_come_last_in_price_order(api: ApiClient, db: Db) -> None:
    insert_venues(db)
    assert [v["price"] for v in find_all(api, 2, sort="price", date=day(1))] == [5, 5, 5, 7, 7, 9, None, None]
    assert [v["price"] for v in find_all(api, 2, sort="-price", date=day(1))] == [9, 7, 7, 5, 5, 5, None, None]
    assert [v["price"] for v in find_all(api, 2, sort="price", date=day(1), price_min=6)] == [7, 7, 9]


def test_paging_continues_after_the_cursor_venue_is_deleted(api: ApiClient, db: Db) -> None:
    rows = insert_venues(db)
    first_page = api.get("/venues/search?sort=capacity&limit=2").data
    db.venues.delete_one({"_id": ObjectId(first_page["venues"][-1]["id"])})
    index_all(db)
    remaining = find_all(api, 100, sort="capacity", cursor=first_page["next_cursor"])
    assert [venue["id"] for venue in remaining] == sorted_ids(rows, "capacity")[2:]


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Banquet"},
        {"capacity_min": 1},
        {"price_max": 5},
        {"date": 2},
        {"date": None},
        {"sort": "-price"},
        {"sort": "capacity"},
        {"sort": "newest"},
        {"sort": None},
        PLACE,
    ],
    ids=str,
)
def test_a_cursor_of_another_search_is_rejected(api: ApiClient, db: Db, change: dict[str, Any]) -> None:
    insert_venues(db)
    parameters = {"sort": "price", "date": day(1), "limit": 1}
    cursor = api.get(f"/venues/search?{urlencode(parameters)}").data["next_cursor"]
    assert cursor
    changed = {**parameters, **change}
    if isinstance(changed["date"], int):
        changed["date"] = day(changed["date"])
    if changed["date"] is None:
        del changed["date"], changed["sort"]
    query = urlencode({name: value for name, value in changed.items() if value is not None})
    response = api.get(f"/venues/search?{query}&cursor={cursor}")
    assert (response.status, response.fields) == (422, ["cursor"])


def test_page_size_and_calendar_may_change_between_pages(api: ApiClient, db: Db) -> None:
    rows = insert_venues(db)
    first_page = api.get("/venues/search?limit=3").data
    remaining = api.get(f"/venues/search?limit=20&include=calendar&cursor={first_page['next_cursor']}").data
    assert [venue["id"] for venue in first_page["venues"] + remaining["venues"]] == sorted_ids(rows, "newest")
    assert all("pricing" in venue for venue in remaining["venues"])


def test_a_cursor_of_another_list_is_rejected(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    insert_venues(db)
    for _ in range(2):
        api.list_venue(owner)
    mine_cursor = api.get("/venues/mine?limit=1", token=owner).data["next_cursor"]
    assert api.get(f"/venues/search?cursor={mine_cursor}").fields == ["cursor"]
    search_cursor = api.get("/venues/search?limit=1").data["next_cursor"]
    assert api.get(f"/venues/mine?cursor={search_cursor}", token=owner).fields == ["cursor"]


def test_venues_at_the_same_place_are_paged_in_id_order(api: ApiClient, db: Db) -> None:
    rows = [bare_venue_document(ObjectId()) for _ in range(30)]
    db.venues.insert_many(rows)
    index_all(db)
    venues = find_all(api, 1, near_lat=31.55, near_lng=74.35)
    assert [venue["id"] for venue in venues] == [str(row["_id"]) for row in rows]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("sort", ["capacity", "-capacity"])
def test_invalid_capacities_are_paged_like_valid_ones(api: ApiClient, db: Db, sort: str, limit: int) -> None:
    invalid = (None, "many", 2**60, float("nan"), True)
    rows = [bare_venue_document(ObjectId(), capacity=number) for number in (*invalid, 300, 100, 200, 100)]
    db.venues.insert_many(rows)
    index_all(db)
    numbers = sorted(rows[len(invalid) :], key=lambda row: row["capacity"] * (1 if sort == "capacity" else -1))
    expected = [*rows[: len(invalid)], *numbers] if sort == "capacity" else [*numbers, *rows[: len(invalid)]]
    assert [venue["id"] for venue in find_all(api, limit, sort=sort)] == [str(row["_id"]) for row in expected]
