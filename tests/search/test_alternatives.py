"""Alternatives: the free days of a venue around a date, and other venues nearby that are free on it."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.clock import utc_now
from halls.server.startup import make_server_app
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.contract_routes import NO_ID
from tests.factories import bare_venue_document, day, index_all, insert_booking, insert_venue
from tests.search.reference import distance_km

if TYPE_CHECKING:
    from collections.abc import Iterable

    from halls.mongo.client import Db

PLACE = {"lat": 24.86, "lng": 67.0}


def get_alternatives(api: ApiClient, venue_id: object, date: str, **query: object) -> Any:
    """Return the data of a successful request."""
    parameters = "".join(f"&{name}={value}" for name, value in query.items())
    response = api.get(f"/venues/{venue_id}/alternatives?date={date}{parameters}")
    assert response.status == 200, response.json
    return response.data


def pause(api: ApiClient, owner: str, venue_id: str) -> None:
    """Take a venue out of search."""
    assert api.patch(f"/venues/{venue_id}", {"is_listed": False}, token=owner).status == 200


def ids(venues: Iterable[dict[str, Any]]) -> list[str]:
    """Return the ids of found venues."""
    return [venue["id"] for venue in venues]


def test_the_response_has_exactly_the_fields_of_the_contract(api: ApiClient) -> None:
    owner = api.owner()
    venue_id, other = api.list_venue(owner), api.list_venue(owner, maps_location={"lat": 24.87, "lng": 67.0})
    found = get_alternatives(api, venue_id, day(3), limit=2)
    assert (found["venue_id"], found["date"]) == (venue_id, day(3))
    assert found["same_venue"] == [
        {"date": day(2), "price": 102_000, "days_away": 1},
        {"date": day(4), "price": 104_000, "days_away": 1},
    ]
    (searched,) = api.get(f"/venues/search?date={day(3)}&near_lat=24.86&near_lng=67&limit=2").data["venues"][1:]
    assert found["same_date"] == [searched]
    assert searched["id"] == other
    assert found.keys() == {"venue_id", "date", "same_venue", "same_date"}


def test_days_are_nearest_first_then_cheaper_then_earlier(api: ApiClient) -> None:
    prices = {10: 9, 12: 5, 9: None, 13: 7, 8: 3, 14: 3}
    overrides = [{"date": day(ahead), "price": price} for ahead, price in prices.items() if price is not None]
    dates = [day(ahead) for ahead in (*prices, 11)]
    venue_id = api.list_venue(api.owner(), dates_available=dates, pricing={"overrides": overrides})
    found = get_alternatives(api, venue_id, day(11), limit=20)["same_venue"]
    assert [each["date"] for each in found] == [day(ahead) for ahead in (12, 10, 13, 9, 8, 14)]
    assert [each["days_away"] for each in found] == [1, 1, 2, 2, 3, 3]
    assert [each["price"] for each in found] == [5, 9, 7, None, 3, 3]


def test_days_reach_thirty_days_either_side_and_not_into_the_past(api: ApiClient) -> None:
    dates = [day(ahead) for ahead in range(-5, 90)]
    venue_id = api.list_venue(api.owner(), dates_available=dates)
    ahead = 50
    found = {each["date"] for each in get_alternatives(api, venue_id, day(ahead), limit=20)["same_venue"]}
    assert found == {day(ahead + step) for step in range(-10, 11) if step}
    edges = [day(20), day(80)]
    other = api.list_venue(api.owner(), dates_available=[day(19), *edges, day(81)])
    assert [each["date"] for each in get_alternatives(api, other, day(ahead))["same_venue"]] == edges
    soon = get_alternatives(api, venue_id, day(1), limit=3)["same_venue"]
    assert [each["date"] for each in soon] == [day(2), day(0), day(3)]


def test_booked_days_are_left_out(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner())
    api.book(api.guest(), venue_id, day(2))
    found = get_alternatives(api, venue_id, day(3))["same_venue"]
    assert [each["date"] for each in found] == [day(4), day(1), day(5), day(6), day(7), day(8)]


def test_a_past_date_has_no_alternatives(api: ApiClient) -> None:
    owner = api.owner()
    venue_id, _ = api.list_venue(owner), api.list_venue(owner)
    found = get_alternatives(api, venue_id, day(-1))
    assert (found["same_venue"], found["same_date"]) == ([], [])
    assert get_alternatives(api, venue_id, day(0))["same_venue"]


def test_other_venues_hold_the_guests_or_seventy_percent_of_this_one(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, capacity=201)
    others = {capacity: api.list_venue(owner, capacity=capacity) for capacity in (99, 100, 140, 141)}
    # 70 % of 201 are 140.7 guests.
    assert ids(get_alternatives(api, venue_id, day(1))["same_date"]) == [others[141]]
    assert set(ids(get_alternatives(api, venue_id, day(1), guests=100)["same_date"])) == {
        *(others[capacity] for capacity in (100, 140, 141))
    }
    assert get_alternatives(api, venue_id, day(1), guests=2**53)["same_date"] == []


def test_other_venues_are_within_25_km(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, maps_location=PLACE)
    # A degree of latitude is 111.3 km.
    near, _ = (api.list_venue(owner, maps_location={"lat": 24.86 + km / 111.3, "lng": 67.0}) for km in (24.9, 25.1))
    assert ids(get_alternatives(api, venue_id, day(1))["same_date"]) == [near]


@pytest.mark.parametrize("limit", [1, 2, 3, 20])
def test_the_same_type_comes_first_then_the_nearest(api: ApiClient, limit: int) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, maps_location=PLACE)
    places = [("Lawn", 1), ("Hall", 4), ("Hall", 2), ("Banquet", 3), ("Auditorium", 0)]
    made = {
        (kind, step): api.list_venue(owner, type=kind, maps_location={"lat": 24.86 + step / 100, "lng": 67.0})
        for kind, step in places
    }
    order = [("Hall", 2), ("Hall", 4), ("Auditorium", 0), ("Lawn", 1), ("Banquet", 3)]
    assert ids(get_alternatives(api, venue_id, day(1), limit=limit)["same_date"]) == [
        made[each] for each in order[:limit]
    ]


def test_booked_and_paused_and_hidden_venues_are_no_alternatives(api: ApiClient, db: Db) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id, booked, paused, hidden, free = (api.list_venue(owner) for _ in range(5))
    api.book(guest, booked, day(1))
    pause(api, owner, paused)
    db.venues.update_one({"_id": ObjectId(hidden)}, {"$set": {"hidden_at": utc_now()}})
    index_all(db)
    assert ids(get_alternatives(api, venue_id, day(1))["same_date"]) == [free]


def test_a_paused_venue_has_only_other_venues(api: ApiClient) -> None:
    owner = api.owner()
    venue_id, other = api.list_venue(owner), api.list_venue(owner)
    pause(api, owner, venue_id)
    found = get_alternatives(api, venue_id, day(1))
    assert (found["same_venue"], ids(found["same_date"])) == ([], [other])


def test_unknown_and_hidden_venues_are_not_found(api: ApiClient, db: Db) -> None:
    venue_id = api.list_venue(api.owner())
    db.venues.update_one({"_id": ObjectId(venue_id)}, {"$set": {"hidden_at": utc_now()}})
    for each in (NO_ID, venue_id):
        response = api.get(f"/venues/{each}/alternatives?date=nonsense")
        assert (response.status, response.code) == (404, "not_found")


def test_alternatives_wait_for_the_search_index(fresh_uri: str, external_db: Db) -> None:
    venue = insert_venue(external_db, ObjectId())
    app = make_server_app(make_config(mongo_uri=fresh_uri))
    with closing(app.extensions["halls"].db.client):
        response = ApiClient(app.test_client()).get(f"/venues/{venue['_id']}/alternatives?date={day(1)}")
    assert (response.status, response.code) == (503, "search_not_ready")


@pytest.mark.parametrize(
    ("fields", "same_date"),
    [
        ({"maps_location": None}, 0),
        ({"capacity": None}, 2),
        ({"capacity": -5}, 2),
        ({"capacity": 10**15}, 0),
        ({"type": "Farm"}, 2),
        ({"dates_available": None}, 2),
        ({"maps_location": {"type": "Point", "coordinates": [67, 24.86, 5]}}, 2),
        ({"maps_location": {"type": "Point", "coordinates": [67.00000001, 24.86]}}, 2),
    ],
)
def test_a_venue_of_an_external_writer_has_alternatives(
    api: ApiClient, db: Db, fields: dict[str, Any], same_date: int
) -> None:
    owner = api.owner()
    others = {api.list_venue(owner, type=kind) for kind in ("Hall", "Lawn")}
    at = {"type": "Point", "coordinates": [67.0, 24.86]}
    venue = bare_venue_document(ObjectId(), maps_location=at, dates_available=[day(1), day(2)], capacity=100)
    # MongoDB's index of places rejects null.
    venue = {name: value for name, value in {**venue, **fields}.items() if (name, value) != ("maps_location", None)}
    db.venues.insert_one(venue)
    index_all(db)
    found = get_alternatives(api, venue["_id"], day(1))
    assert set(ids(found["same_date"])) == (others if same_date else set())
    assert [each["date"] for each in found["same_venue"]] == ([] if "dates_available" in fields else [day(2)])


def test_alternatives_equal_a_search_in_plain_lists(api: ApiClient, db: Db) -> None:
    chance = random.Random(20)  # noqa: S311 - the same venues in each run
    venues = [
        bare_venue_document(
            ObjectId(),
            type=chance.choice(["Hall", "Lawn", "Banquet"]),
            capacity=chance.choice([100, 140, 200]),
            maps_location={"type": "Point", "coordinates": [67 + chance.choice([0, 1, 4, 9]) / 30, 24.8]},
            dates_available=chance.sample([day(ahead) for ahead in range(1, 5)], k=3),
        )
        for _ in range(60)
    ]
    db.venues.insert_many(venues)
    for venue in chance.sample(venues, k=20):
        insert_booking(db, venue["_id"], ObjectId(), date=venue["dates_available"][0])
    booked = {(row["venue_id"], row["date"]) for row in db.bookings.find({"status": {"$ne": "cancelled"}})}
    index_all(db)
    for venue in venues[:20]:
        lng, lat = venue["maps_location"]["coordinates"]
        matches = [
            (other["type"] != venue["type"], round(distance_km(other, lat, lng), 6), str(other["_id"]))
            for other in venues
            if other is not venue
            and other["capacity"] * 10 >= venue["capacity"] * 7
            and day(2) in other["dates_available"]
            and (other["_id"], day(2)) not in booked
            and distance_km(other, lat, lng) <= 25
        ]
        for limit in (1, 6, 20):
            found = get_alternatives(api, venue["_id"], day(2), limit=limit)["same_date"]
            assert ids(found) == [other_id for *_, other_id in sorted(matches)[:limit]]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", ["date"]),
        ("date=", ["date"]),
        ("date=2027-02-30", ["date"]),
        ("date=2027-02-14&guests=0&limit=0", ["guests", "limit"]),
        ("date=2027-02-14&guests=1.5&limit=21", ["guests", "limit"]),
        ("date=2027-02-14&type=Hall", ["type"]),
    ],
)
def test_an_invalid_query_names_its_fields(api: ApiClient, query: str, fields: list[str]) -> None:
    venue_id = api.list_venue(api.owner())
    response = api.get(f"/venues/{venue_id}/alternatives?{query}")
    assert (response.status, sorted(response.fields)) == (422, fields)


@pytest.mark.parametrize(("ahead", "code"), [(1, "date_taken"), (30, "date_not_offered")])
def test_an_order_that_comes_too_late_links_to_the_alternatives(api: ApiClient, ahead: int, code: str) -> None:
    owner = api.owner()
    venue_id, other = api.list_venue(owner), api.list_venue(owner, dates_available=[day(1), day(30)])
    api.book(api.guest(), venue_id, day(1))
    response = api.book(api.guest(), venue_id, day(ahead), guests=150)
    assert (response.status, response.code) == (409, code)
    url = f"/venues/{venue_id}/alternatives?date={day(ahead)}&guests=150"
    assert response.headers["Link"] == f'<http://127.0.0.1:5000{url}>; rel="alternate"'
    assert ids(api.get(url).data["same_date"]) == [other]


def test_other_errors_of_an_order_have_no_link(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner())
    guest = api.guest()
    for response in (
        api.book(guest, venue_id, day(-1)),
        api.book(guest, venue_id, day(1), guests=9_999),
        api.book(guest, venue_id, day(1)),
    ):
        assert "Link" not in response.headers
