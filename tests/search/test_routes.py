"""Searching and reading venues over HTTP: exact fields, every parameter, and every invalid query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import Int64, ObjectId

from tests.contract_routes import NO_ID
from tests.factories import bare_venue_document, day, index_all, insert_booking, insert_owner, insert_venue
from tests.search.queries import find_all, names

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

CARD_FIELDS = {
    *("id", "owner_id", "venue_name", "type", "address", "maps_location", "capacity", "space_sqft", "amenities"),
    *("pictures", "videos", "booking_rules", "is_listed", "created_at", "updated_at"),
}
CALENDAR_FIELDS = {"dates_available", "pricing", "additional_description"}
KARACHI = {"near_lat": 24.86, "near_lng": 67.0}


def test_a_search_result_has_exactly_the_fields_of_the_contract(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner(), space_sqft=4000.5, pictures=["https://a.b/c"])
    venue_details = api.get(f"/venues/{venue_id}").data["venue"]
    response = api.get(f"/venues/search?date={day(3)}&near_lat=24.86&near_lng=67.01")
    assert response.status == 200
    assert response.data.keys() == {"venues", "next_cursor"}
    assert response.data["next_cursor"] is None
    (found,) = response.data["venues"]
    assert found.keys() == CARD_FIELDS | {"price", "distance_km"}
    assert {name: found[name] for name in CARD_FIELDS} == {name: venue_details[name] for name in CARD_FIELDS}
    assert found["price"] == 103_000
    assert type(found["price"]) is int
    assert found["distance_km"] == pytest.approx(1.01, abs=0.01)


def test_search_with_calendar_returns_the_calendar_fields(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner(), additional_description="Sea view.")
    venue_details = api.get(f"/venues/{venue_id}").data["venue"]
    (found,) = api.get("/venues/search?include=calendar").data["venues"]
    assert venue_details.pop("is_hidden") is False
    assert found == venue_details | {"price": None, "distance_km": None}
    assert found.keys() == CARD_FIELDS | CALENDAR_FIELDS | {"price", "distance_km"}


def test_price_and_distance_are_null_without_date_and_place(api: ApiClient) -> None:
    api.list_venue(api.owner())
    (found,) = api.get("/venues/search").data["venues"]
    assert (found["price"], found["distance_km"]) == (None, None)


def test_a_search_without_matches_returns_an_empty_page(api: ApiClient) -> None:
    assert api.get("/venues/search").data == {"venues": [], "next_cursor": None}


def test_venue_details_are_public(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner())
    response = api.get(f"/venues/{venue_id}")
    assert response.status == 200
    assert response.data.keys() == {"venue"}
    assert response.data["venue"].keys() == CARD_FIELDS | CALENDAR_FIELDS | {"is_hidden"}
    assert response.data["venue"]["dates_available"] == [day(ahead) for ahead in range(1, 10)]
    assert len(response.data["venue"]["pricing"]["overrides"]) == 9


def test_an_unknown_venue_returns_404(api: ApiClient) -> None:
    for path in (f"/venues/{NO_ID}", f"/venues/{NO_ID}/availability?date=nonsense"):
        response = api.get(path)
        assert (response.status, response.code) == (404, "not_found")


def test_a_venue_of_an_external_writer_is_found_by_every_filter(api: ApiClient, db: Db) -> None:
    venue = insert_venue(db, insert_owner(db)["_id"])
    index_all(db)
    for query in (
        f"date={day(5)}&price_min=150000&price_max=150000&capacity_min=500&capacity_max=500&type=Banquet",
        f"date={day(2)}&price_min=120000.5&price_max=120000.5",
        f"date={day(9)}&sort=price",
        "near_lat=31.55&near_lng=74.35&near_km=0.1",
        "price_min=120000.5&price_max=120000.5",
        "sort=-capacity",
    ):
        (found,) = api.get(f"/venues/search?{query}").data["venues"]
        assert found["id"] == str(venue["_id"])
        assert (type(found["capacity"]), type(found["space_sqft"])) == (int, int)
        assert type(found["price"]) is (
            float if f"date={day(2)}" in query else int if f"date={day(5)}" in query else type(None)
        )
    fruitless = (f"date={day(5)}&price_max=1", f"date={day(9)}&price_min=0", f"date={day(6)}", "capacity_min=501")
    # Of several prices of a date, the first counts.
    for query in ("price_max=1.5", *fruitless):
        assert api.get(f"/venues/search?{query}").data["venues"] == []
    details = api.get(f"/venues/{venue['_id']}").data["venue"]
    assert details["dates_available"] == [day(2), day(5), day(9)]
    insert_booking(db, venue["_id"], ObjectId())
    index_all(db)
    assert api.get(f"/venues/search?date={day(5)}").data["venues"] == []


def test_int64_values_are_treated_like_other_numbers(api: ApiClient, db: Db) -> None:
    override = {"date": day(5), "price": Int64(150_000)}
    for _ in range(3):
        insert_venue(db, ObjectId(), capacity=Int64(500), pricing={"overrides": [override]})
    index_all(db)
    for sort in ("price", "-price", "capacity", "-capacity"):
        found = find_all(api, 1, date=day(5), sort=sort, capacity_min=500, price_max=150_000)
        assert [(venue["capacity"], venue["price"]) for venue in found] == [(500, 150_000)] * 3


def test_a_venue_with_only_required_fields_is_found_without_a_date(api: ApiClient, db: Db) -> None:
    db.venues.insert_one(bare_venue_document(ObjectId()))
    db.venues.insert_one(bare_venue_document(ObjectId(), pricing=None, dates_available=None, amenities=None))
    index_all(db)
    found = find_all(api, near_lat=31.55, near_lng=74.35, include="calendar")
    assert [venue["dates_available"] for venue in found] == [[], []]
    assert [venue["pricing"] for venue in found] == [{"overrides": []}] * 2
    assert find_all(api, date=day(1)) == []
    assert find_all(api, price_min=0) == []


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"type": "Hall"}, ["small", "large"]),
        ({"type": "Lawn"}, ["lawn"]),
        ({"type": "Banquet"}, []),
        ({"capacity_min": 200}, ["large", "lawn"]),
        ({"capacity_min": 201}, ["lawn"]),
        ({"capacity_max": 200}, ["small", "large"]),
        ({"capacity_max": 199}, ["small"]),
        ({"capacity_min": 0, "capacity_max": 0}, []),
        ({"capacity_min": 200, "capacity_max": 200}, ["large"]),
        ({"price_min": 300}, ["large"]),
        ({"price_min": 300.01}, []),
        ({"price_max": 100}, ["small"]),
        ({"price_max": 99.99}, []),
        ({"price_min": 150, "price_max": 250}, ["large"]),
        ({"price_min": 350, "price_max": 400}, []),
        (KARACHI, ["small", "large"]),
        (KARACHI | {"near_km": 0.1}, ["small"]),
        (KARACHI | {"near_km": 500}, ["small", "large", "lawn"]),
        ({"near_lat": -24.86, "near_lng": 67.0, "near_km": 500}, []),
        (KARACHI | {"type": "Hall", "capacity_min": 150, "price_max": 200}, ["large"]),
    ],
)
def test_filters_work_alone_and_combined(api: ApiClient, parameters: dict[str, Any], expected: list[str]) -> None:
    owner = api.owner()
    prices = [{"date": day(1), "price": 200}, {"date": day(2), "price": 300}]
    past = [{"date": day(-1), "price": 350}, {"date": day(3), "price": 100}]
    place = {"lat": 24.86, "lng": 67.0}
    api.list_venue(owner, venue_name="small", capacity=100, maps_location=place, pricing={"overrides": past})
    place = {"lat": 24.9, "lng": 67.0}
    api.list_venue(owner, venue_name="large", capacity=200, maps_location=place, pricing={"overrides": prices})
    place = {"lat": 25.4, "lng": 68.4}
    api.list_venue(owner, venue_name="lawn", capacity=500, type="Lawn", maps_location=place, pricing={"overrides": []})
    assert sorted(names(find_all(api, **parameters))) == sorted(expected)


def test_the_price_filter_without_a_date_ignores_past_prices(api: ApiClient) -> None:
    owner = api.owner()
    for ahead in (-1, 0, 1):
        override = {"date": day(ahead), "price": 100}
        api.list_venue(owner, venue_name=str(ahead), pricing={"overrides": [override]}, dates_available=[])
    assert sorted(names(find_all(api, price_max=100))) == ["0", "1"]


def test_a_past_date_finds_nothing_and_today_finds_venues(api: ApiClient) -> None:
    api.list_venue(api.owner(), dates_available=[day(-1), day(0)])
    assert find_all(api, date=day(-1)) == []
    assert find_all(api, date="2000-01-01", sort="price") == []
    assert len(find_all(api, date=day(0))) == 1


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("type=hall", ["type"]),
        ("type[$ne]=Hall", ["type[$ne]"]),
        ("type=Hall&type=Lawn", ["type"]),
        ("capacity_min=-1", ["capacity_min"]),
        ("capacity_min=1.5", ["capacity_min"]),
        ("capacity_min=1e3", ["capacity_min"]),
        ("capacity_min=+5", ["capacity_min"]),
        ("capacity_min=%205", ["capacity_min"]),
        ("capacity_min=1_000", ["capacity_min"]),
        ("capacity_min=%EF%BC%91", ["capacity_min"]),
        ("capacity_max=99999999999999999999", ["capacity_max"]),
        ("capacity_min=2&capacity_max=1", ["capacity_min"]),
        ("price_min=-1", ["price_min"]),
        ("price_min=NaN", ["price_min"]),
        ("price_max=inf", ["price_max"]),
        ("price_max=1000000001", ["price_max"]),
        ("price_max=.5", ["price_max"]),
        ("price_min=2&price_max=1", ["price_min"]),
        ("date=2027-02-29", ["date"]),
        ("date=20270105", ["date"]),
        ("date=2027-W01-1", ["date"]),
        ("date=1999-12-31", ["date"]),
        ("date=2101-01-01", ["date"]),
        ("near_lat=24", ["near_lng"]),
        ("near_lng=67", ["near_lat"]),
        ("near_lat=91&near_lng=67", ["near_lat"]),
        ("near_lat=24&near_lng=-181", ["near_lng"]),
        ("near_lat=nan&near_lng=inf", ["near_lat", "near_lng"]),
        ("near_km=5", ["near_km"]),
        ("near_lat=24&near_lng=67&near_km=0.09", ["near_km"]),
        ("near_lat=24&near_lng=67&near_km=500.1", ["near_km"]),
        ("sort=distance", ["sort"]),
        ("sort=price", ["sort"]),
        ("sort=-price", ["sort"]),
        ("sort=-newest", ["sort"]),
        ("sort=name", ["sort"]),
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("include=owner", ["include"]),
        ("cursor=%00", ["cursor"]),
        ("cursor=abc", ["cursor"]),
        ("q=a", ["q"]),
        ("q=" + "a" * 81, ["q"]),
        ("q=%01ab", ["q"]),
        ("q=-+!", ["q"]),
        ("q=a+b+c+d+e+f-g", ["q"]),
        ("amenities=wifi", ["amenities"]),
        ("amenities=water,,sound_system", ["amenities"]),
        ("bbox=1,2,3", ["bbox"]),
        ("bbox=1,2,3,4,5", ["bbox"]),
        ("bbox=1,2,3,x", ["bbox"]),
        ("bbox=1,2,3,nan", ["bbox"]),
        ("bbox=-180.1,2,3,4", ["bbox"]),
        ("bbox=1,2,180.1,4", ["bbox"]),
        ("bbox=1,-90.1,3,4", ["bbox"]),
        ("bbox=1,2,3,90.1", ["bbox"]),
        ("bbox=1,4,3,2", ["bbox"]),
        ("bbox=1,2,3,2", ["bbox"]),
        ("bbox=1,2,3,4&near_lat=24&near_lng=67", ["bbox"]),
        ("date_from=2027-01-01", ["date_to"]),
        ("date_to=2027-01-01", ["date_from"]),
        ("date_from=2027-01-02&date_to=2027-01-01", ["date_from"]),
        ("date_from=2027-01-01&date_to=2027-01-02&date=2027-01-01", ["date"]),
        ("date_from=2027-01-01&date_to=2027-03-04", ["date_to"]),
        ("date_from=2027-01-01&date_to=2027-04-03&weekdays=fri", ["date_to"]),
        ("date_from=2027-01-01&date_to=2027-04-02&weekdays=mon,tue,wed,thu,fri", ["date_to"]),
        ("weekdays=fri", ["weekdays"]),
        ("date=2027-01-01&weekdays=fri", ["weekdays"]),
        ("date_from=2027-01-01&date_to=2027-01-02&weekdays=friday", ["weekdays"]),
        ("date_from=2027-01-01&date_to=2027-01-02&sort=price", ["sort"]),
        ("date_from=2027-01-01&date_to=2027-01-02&sort=-price&bbox=1,2,3,4", ["sort"]),
        ("include=calendar,owner", ["include"]),
        ("include=calendar&limit=21", ["limit"]),
        ("near=24,67", ["near"]),
        ("type=x&limit=0&date=x", ["date", "limit", "type"]),
        ("limit=1&limit=2&colour=red", ["colour", "limit"]),
    ],
)
def test_an_invalid_query_returns_422_and_names_its_fields(api: ApiClient, query: str, fields: list[str]) -> None:
    response = api.get(f"/venues/search?{query}")
    assert (response.status, response.code, sorted(response.fields)) == (422, "validation_error", fields)
    assert all(detail["message"] for detail in response.json["details"])


@pytest.mark.parametrize(
    "query",
    [
        "limit=1",
        "limit=100",
        "near_lat=-90&near_lng=180&near_km=500",
        "capacity_min=0",
        "date_from=2027-01-01&date_to=2027-03-03",
        "date_from=2027-01-01&date_to=2027-04-02&weekdays=sun,sat,fri,mon",
        "date_from=2027-01-01&date_to=2027-01-01",
        "date_from=2000-01-01&date_to=2000-01-02&near_lat=1&near_lng=1&sort=price&include=total",
        "bbox=-180,-90,180,90",
        "bbox=180,-90,-180,90",
        "bbox=5,5,5,6",
        "q=ab",
        "q=" + "a" * 80,
        "q=a+b+c+d+e+f",
        "include=total,price_from,calendar,total&limit=20",
    ],
)
def test_range_limits_are_inclusive(api: ApiClient, query: str) -> None:
    assert api.get(f"/venues/search?{query}").status == 200


def test_a_page_holds_twenty_venues_by_default(api: ApiClient, db: Db) -> None:
    db.venues.insert_many([bare_venue_document(ObjectId()) for _ in range(21)])
    index_all(db)
    page = api.get("/venues/search").data
    assert len(page["venues"]) == 20
    assert page["next_cursor"]
