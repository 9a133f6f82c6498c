"""The order of what is found, and its pages: over equal keys, missing prices and booked venues in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from bson import ObjectId

from tests.api_client import Api, day
from tests.external_documents import bare_venue_document, index_all, put_booking
from tests.search.queries import find_all

if TYPE_CHECKING:
    from halls.mongo.client import Db

# A venue's name tells what it is sorted by: capacity, price or - for none, and how far north of the place asked from.
NAMES = ["100 5 0", "300 - 1", "100 7 0", "200 5 3", "100 - 2", "300 7 1", "200 9 4", "100 5 0"]
PLACE: dict[str, Any] = {"near_lat": 24.0, "near_lng": 67.0, "near_km": 500}


def put_venues(db: Db, *, ahead: int = 1) -> list[Any]:
    """Write the venues, all offered on that day, in the order of their ids."""
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


def in_order(rows: list[Any], sort: str) -> list[str]:
    """Return the ids in the order asked for; rows come by their ids, and sorting keeps equal ones so."""
    keys = {
        "newest": lambda row: -rows.index(row),
        "capacity": lambda row: row["capacity"],
        "-capacity": lambda row: -row["capacity"],
        "price": lambda row: (row["venue_name"].split()[1] == "-", row["venue_name"].split()[1]),
        "-price": lambda row: {"9": 0, "7": 1, "5": 2, "-": 3}[row["venue_name"].split()[1]],
        "distance": lambda row: row["venue_name"].split()[2],
    }
    return [str(row["_id"]) for row in sorted(rows, key=keys[sort])]


def asked_for(sort: str) -> dict[str, Any]:
    """Return a question with that order and what it needs."""
    return {"sort": sort, "date": day(1)} | (PLACE if sort == "distance" else {})


SORTS = ["newest", "capacity", "-capacity", "price", "-price", "distance"]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 9])
def test_pages_of_every_order_neither_repeat_nor_skip(api: Api, db: Db, sort: str, limit: int) -> None:
    rows = put_venues(db)
    found = [venue["id"] for venue in find_all(api, limit, **asked_for(sort))]
    assert found == in_order(rows, sort)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("booked", [range(7), range(1, 8), [0, 2, 4, 6], range(8)], ids=str)
def test_booked_venues_in_between_shorten_no_page(api: Api, db: Db, sort: str, booked: Any) -> None:
    rows = put_venues(db)
    for number in booked:
        put_booking(db, rows[number]["_id"], ObjectId(), date=day(1), status=("pending", "confirmed")[number % 2])
    put_booking(db, rows[7]["_id"], ObjectId(), date=day(1), status="cancelled")
    put_booking(db, rows[7]["_id"], ObjectId(), date=day(2))
    index_all(db)
    taken = {str(rows[number]["_id"]) for number in booked}
    wanted = [venue_id for venue_id in in_order(rows, sort) if venue_id not in taken]
    for limit in (1, 3):
        assert [venue["id"] for venue in find_all(api, limit, **asked_for(sort))] == wanted


def test_the_default_order_is_newest_and_near_a_place_the_nearest(api: Api, db: Db) -> None:
    rows = put_venues(db)
    assert [venue["id"] for venue in find_all(api)] == in_order(rows, "newest")
    assert [venue["id"] for venue in find_all(api, date=day(1))] == in_order(rows, "newest")
    assert [venue["id"] for venue in find_all(api, **PLACE)] == in_order(rows, "distance")
    assert [venue["id"] for venue in find_all(api, sort="newest", **PLACE)] == in_order(rows, "newest")


def test_any_order_goes_with_a_place_and_the_distance_is_shown_all_the_same(api: Api, db: Db) -> None:
    rows = put_venues(db)
    found = find_all(api, 3, sort="-price", date=day(1), **PLACE)
    assert [venue["id"] for venue in found] == in_order(rows, "-price")
    degrees = [int(venue["venue_name"].split()[2]) for venue in found]
    assert [venue["distance_km"] for venue in found] == [pytest.approx(111.32 * degree, abs=0.1) for degree in degrees]


def test_prices_in_order_are_shown_and_those_without_come_last(api: Api, db: Db) -> None:
    put_venues(db)
    assert [v["price"] for v in find_all(api, 2, sort="price", date=day(1))] == [5, 5, 5, 7, 7, 9, None, None]
    assert [v["price"] for v in find_all(api, 2, sort="-price", date=day(1))] == [9, 7, 7, 5, 5, 5, None, None]
    assert [v["price"] for v in find_all(api, 2, sort="price", date=day(1), price_min=6)] == [7, 7, 9]


def test_pages_go_on_though_the_mark_itself_is_gone(api: Api, db: Db) -> None:
    rows = put_venues(db)
    first = api.get("/venues/search?sort=capacity&limit=2").data
    db.venues.delete_one({"_id": ObjectId(first["venues"][-1]["id"])})
    index_all(db)
    rest = find_all(api, 100, sort="capacity", cursor=first["next_cursor"])
    assert [venue["id"] for venue in rest] == in_order(rows, "capacity")[2:]


@pytest.mark.parametrize(
    "other",
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
def test_a_cursor_of_another_search_is_refused(api: Api, db: Db, other: dict[str, Any]) -> None:
    put_venues(db)
    asked = {"sort": "price", "date": day(1), "limit": 1}
    cursor = api.get(f"/venues/search?{urlencode(asked)}").data["next_cursor"]
    assert cursor
    changed = {**asked, **other}
    if isinstance(changed["date"], int):
        changed["date"] = day(changed["date"])
    if changed["date"] is None:
        del changed["date"], changed["sort"]
    query = urlencode({name: value for name, value in changed.items() if value is not None})
    answer = api.get(f"/venues/search?{query}&cursor={cursor}")
    assert (answer.status, answer.fields) == (422, ["cursor"])


def test_the_size_of_pages_and_the_calendar_may_change_from_page_to_page(api: Api, db: Db) -> None:
    rows = put_venues(db)
    first = api.get("/venues/search?limit=3").data
    rest = api.get(f"/venues/search?limit=100&include=calendar&cursor={first['next_cursor']}").data
    assert [venue["id"] for venue in first["venues"] + rest["venues"]] == in_order(rows, "newest")
    assert all("pricing" in venue for venue in rest["venues"])


def test_a_cursor_of_another_list_is_refused(api: Api, db: Db) -> None:
    owner = api.owner()
    put_venues(db)
    for _ in range(2):
        api.list_venue(owner)
    mine = api.get("/venues/mine?limit=1", as_=owner).data["next_cursor"]
    assert api.get(f"/venues/search?cursor={mine}").fields == ["cursor"]
    found = api.get("/venues/search?limit=1").data["next_cursor"]
    assert api.get(f"/venues/mine?cursor={found}", as_=owner).fields == ["cursor"]


def test_venues_at_one_place_are_paged_though_they_are_equally_far(api: Api, db: Db) -> None:
    rows = [bare_venue_document(ObjectId()) for _ in range(30)]
    db.venues.insert_many(rows)
    index_all(db)
    found = find_all(api, 1, near_lat=31.55, near_lng=74.35)
    assert [venue["id"] for venue in found] == [str(row["_id"]) for row in rows]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("sort", ["capacity", "-capacity"])
def test_capacities_that_are_none_are_paged_like_any(api: Api, db: Db, sort: str, limit: int) -> None:
    odd = (None, "many", 2**60, float("nan"), True)
    rows = [bare_venue_document(ObjectId(), capacity=number) for number in (*odd, 300, 100, 200, 100)]
    db.venues.insert_many(rows)
    index_all(db)
    numbers = sorted(rows[len(odd) :], key=lambda row: row["capacity"] * (1 if sort == "capacity" else -1))
    expected = [*rows[: len(odd)], *numbers] if sort == "capacity" else [*numbers, *rows[: len(odd)]]
    assert [venue["id"] for venue in find_all(api, limit, sort=sort)] == [str(row["_id"]) for row in expected]
