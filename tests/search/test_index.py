"""The search index: API writes update it at once, and external documents of any form have an entry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bson import Int64, ObjectId

from halls.clock import utc_now
from halls.demo.load import load_demo
from halls.search.index import make_entries, make_entry
from halls.search.reindex import find_stale, reindex_stale
from tests.commands import run_halls
from tests.data_transfer.rows import write_export, write_lines
from tests.factories import (
    OWNER_EMAIL,
    PASSWORD,
    VENUE_ID,
    bare_venue_document,
    day,
    day_number_of,
    insert_booking,
    insert_owner,
    insert_venue,
    venue_document,
    venue_row,
)
from tests.search.queries import find_all, names

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db
    from tests.api_client import ApiClient

OWNER_ID = ObjectId()
SOON = day(3)


def ids(venues: list[Any]) -> list[str]:
    """Return the ids of the venues."""
    return [venue["id"] for venue in venues]


def without_hidden(venue: dict[str, Any]) -> dict[str, Any]:
    """Return a venue as search returns it: only its owner sees a hidden one."""
    return {name: value for name, value in venue.items() if name != "is_hidden"}


def test_an_entry_holds_the_filter_fields_and_the_venue_card() -> None:
    venue = venue_document(OWNER_ID)
    entry = make_entry(venue, {day(9)})
    assert entry["_id"] == venue["_id"]
    assert (entry["type"], entry["capacity"]) == ("Banquet", 500)
    assert entry["maps_location"] == venue["maps_location"]
    card = json.loads(entry["card"])
    assert (card["id"], card["owner_id"]) == (str(venue["_id"]), str(OWNER_ID))
    assert (card["venue_name"], card["created_at"]) == ("Shalimar Banquet", "2025-08-20T10:30:15Z")
    assert not {"dates_available", "pricing", "additional_description"} & card.keys()


def test_whole_doubles_become_integers_in_card_and_prices() -> None:
    entry = make_entry(venue_document(OWNER_ID), ())
    card = json.loads(entry["card"])
    assert (type(card["capacity"]), type(card["space_sqft"])) == (int, int)
    assert [type(entry["prices"][str(day_number_of(ahead))]) for ahead in (5, 2)] == [int, float]


def test_free_dates_are_valid_unique_and_not_booked() -> None:
    dates = [day(5), "2027-02-29", day(2), day(5), None, 5, "", day(9)]
    entry = make_entry(venue_document(OWNER_ID, dates_available=dates), {day(9)})
    assert entry["free"] == [day_number_of(5), day_number_of(2)]


def test_the_first_price_of_a_free_date_is_indexed() -> None:
    entry = make_entry(venue_document(OWNER_ID), {day(2)})
    assert entry["free"] == [day_number_of(5), day_number_of(9)]
    assert entry["prices"] == {str(day_number_of(5)): 150_000}


def test_invalid_prices_and_invalid_dates_are_left_out() -> None:
    overrides = [
        {"date": day(5), "price": "5"},
        {"price": [5]},
        {"date": 5, "price": 6},
        {"date": day(2)},
        {"date": day(9), "price": 1e300},
    ]
    entry = make_entry(venue_document(OWNER_ID, pricing={"overrides": overrides}), ())
    assert (entry["prices"], entry["prices_until"]) == ({}, [])


def test_each_price_is_stored_once_with_its_last_day() -> None:
    prices = {1: 100, 9: 100.0, 5: 200, 7: 100}
    overrides = [{"date": day(ahead), "price": price} for ahead, price in prices.items()]
    # Of several prices of a date the first one counts. A date that is not a real day has no price.
    more = [{"date": day(5), "price": 300}, {"date": "someday", "price": 400}]
    entry = make_entry(venue_document(OWNER_ID, pricing={"overrides": [*overrides, *more]}), {day(9)})
    assert entry["prices_until"] == [{"price": 100, "day": day_number_of(9)}, {"price": 200, "day": day_number_of(5)}]


def test_a_card_has_the_first_five_pictures() -> None:
    pictures = [f"https://cdn.example/{number}.jpg" for number in range(7)]
    entry = make_entry(venue_document(OWNER_ID, pictures=[5, *pictures]), ())
    assert json.loads(entry["card"])["pictures"] == pictures[:5]


def test_the_entry_of_a_closed_venue_holds_nothing_of_it() -> None:
    venue = venue_document(OWNER_ID, is_listed=False)
    assert make_entry(venue, ()) == {"_id": venue["_id"], "is_open": False}


@pytest.mark.parametrize("fields", [{}, {"pricing": None, "dates_available": None, "amenities": None}], ids=str)
def test_a_venue_with_only_the_required_fields_has_an_entry(fields: dict[str, Any]) -> None:
    entry = make_entry(bare_venue_document(OWNER_ID, **fields), ())
    assert (entry["free"], entry["prices"], entry["prices_until"]) == ([], {}, [])
    assert json.loads(entry["card"])["pictures"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"pricing": {"overrides": {"date": day(2), "price": 1}}},
        {"pricing": [5]},
        {"pricing": {"overrides": [{"date": ["odd"], "price": 1}]}},
        {"amenities": ["water"]},
        {"dates_available": 5},
        {"capacity": b"500"},
        {"venue_name": b"bytes"},
    ],
    ids=str,
)
def test_a_malformed_venue_is_found_like_others(api: ApiClient, db: Db, fields: dict[str, Any]) -> None:
    invalid = insert_venue(db, OWNER_ID, **fields)
    valid = insert_venue(db, OWNER_ID)
    reindex_stale(db)
    assert ids(find_all(api)) == [str(valid["_id"]), str(invalid["_id"])]
    assert list(find_stale(db)) == []


@pytest.mark.parametrize("fields", [{"type": ["Hall"]}, {"capacity": [5]}], ids=str)
def test_a_list_instead_of_a_value_is_indexed_as_null(db: Db, fields: dict[str, Any]) -> None:
    insert_venue(db, OWNER_ID, **fields)
    reindex_stale(db)
    assert list(find_stale(db)) == []
    assert db.search_entries.find_one({}, {"_id": 0, **dict.fromkeys(fields, 1)}) == dict.fromkeys(fields)


def test_a_nan_value_does_not_make_an_entry_stale(db: Db) -> None:
    overrides = [{"date": day(5), "price": float("nan")}, {"date": day(2), "price": Int64(5)}]
    insert_venue(db, OWNER_ID, capacity=float("nan"), pricing={"overrides": overrides})
    reindex_stale(db)
    assert list(find_stale(db)) == []


def test_only_an_active_booking_removes_a_free_date(db: Db) -> None:
    venue = insert_venue(db, OWNER_ID)
    insert_booking(db, venue["_id"], ObjectId(), date=day(2))
    insert_booking(db, venue["_id"], ObjectId(), date=day(5), status="cancelled")
    insert_booking(db, ObjectId(), ObjectId(), date=day(9))
    (entry,) = make_entries(db, [venue["_id"]])
    assert entry["free"] == [day_number_of(5), day_number_of(9)]


def test_a_registered_venue_is_found_at_once(api: ApiClient, db: Db) -> None:
    venue_id = api.list_venue(api.owner())
    assert ids(find_all(api, date=SOON)) == [venue_id]
    assert find_all(api, date=day(-1)) == []
    assert list(find_stale(db)) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"venue_name": "Other"},
        {"type": "Lawn"},
        {"address": "2 Other Road"},
        {"maps_location": {"lat": 31.5, "lng": 74.3}},
        {"capacity": 7},
        {"dates_available": [day(2)]},
        {"pricing": {"overrides": [{"date": day(2), "price": 5}]}},
        {"space_sqft": 55},
        {"amenities": {"water": True}},
        {"additional_description": "Words."},
        {"pictures": ["https://a.example/b"]},
        {"videos": [{"url": "https://a.example/c", "size_mb": 5}]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_change_of_any_field_is_found_at_once(api: ApiClient, db: Db, fields: dict[str, Any]) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    updated = api.patch(f"/venues/{venue_id}", fields, token=owner).data["venue"]
    assert list(find_stale(db)) == []
    (found,) = find_all(api, date=day(2), include="calendar")
    price = next(one["price"] for one in updated["pricing"]["overrides"] if one["date"] == day(2))
    assert found == without_hidden(updated) | {"price": price, "distance_km": None}
    (card,) = find_all(api)
    assert card == {name: (found | {"price": None})[name] for name in card}


def test_a_booking_hides_a_date_until_it_is_cancelled(api: ApiClient, db: Db) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking_id = api.book(guest, venue_id, SOON).data["booking_id"]
    assert find_all(api, date=SOON) == []
    assert list(find_stale(db)) == []
    assert api.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=owner).status == 200
    assert find_all(api, date=SOON) == []
    assert list(find_stale(db)) == []
    assert ids(find_all(api, date=day(4))) == [venue_id]
    assert api.delete(f"/bookings/{booking_id}", token=guest).status == 200
    (found,) = find_all(api, date=SOON)
    assert (found["id"], found["price"]) == (venue_id, 103_000)
    assert list(find_stale(db)) == []


def test_a_rejected_change_does_not_change_the_entry(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    api.book(api.guest(), venue_id, SOON)
    before = db.search_entries.find_one()
    response = api.patch(f"/venues/{venue_id}", {"dates_available": [day(1)], "capacity": 5}, token=owner)
    assert response.code == "date_booked"
    assert db.search_entries.find_one() == before
    assert list(find_stale(db)) == []


def test_a_rejected_booking_does_not_hide_the_date(api: ApiClient, db: Db) -> None:
    venue_id = api.list_venue(api.owner())
    assert api.book(api.guest(), venue_id, SOON, guests=201).code == "over_capacity"
    assert ids(find_all(api, date=SOON)) == [venue_id]
    assert list(find_stale(db)) == []


def test_a_deleted_venue_is_not_found(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    assert api.delete(f"/venues/{venue_id}", token=owner).status == 200
    assert find_all(api) == []
    assert db.search_entries.find_one() is None


def test_deleting_a_guest_account_frees_its_booked_dates(api: ApiClient, db: Db) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    api.book(guest, venue_id, SOON)
    assert api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=guest).status == 200
    assert ids(find_all(api, date=SOON)) == [venue_id]
    assert list(find_stale(db)) == []


def test_deleting_a_guest_without_bookings_changes_no_entry(api: ApiClient, db: Db) -> None:
    guest, _ = api.guest(), api.list_venue(api.owner())
    before = db.search_entries.find_one()
    assert api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=guest).status == 200
    assert db.search_entries.find_one() == before


def test_deleting_an_owner_account_removes_its_venues_from_search(api: ApiClient, db: Db) -> None:
    owner, other_owner = api.owner(), api.owner()
    api.list_venue(owner)
    remaining = api.list_venue(other_owner)
    api.book(owner, remaining, SOON)
    assert api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=owner).status == 200
    assert ids(find_all(api, date=SOON)) == [remaining]
    assert list(find_stale(db)) == []


def test_imported_venues_are_found_at_once(api: ApiClient, db: Db, worker_uri: str, tmp_path: Path) -> None:
    insert_owner(db, email=OWNER_EMAIL)
    file = write_lines(tmp_path / "file", venue_row(venue_name="One"), venue_row(venue_name="Two"))
    assert run_halls(worker_uri, "import", file).exit_code == 0
    assert sorted(names(find_all(api, date=SOON))) == ["One", "Two"]
    assert list(find_stale(db)) == []


@pytest.mark.parametrize("flags", [[], ["--skip-bad"]], ids=str)
def test_imported_bookings_hide_their_dates(
    api: ApiClient, db: Db, worker_uri: str, tmp_path: Path, flags: list[str]
) -> None:
    insert_owner(db, email=OWNER_EMAIL)
    booking = {"venue_id": VENUE_ID, "user_email": OWNER_EMAIL, "date": SOON, "guests": 5, "status": "confirmed"}
    file = write_export(tmp_path / "file", [venue_row(id=VENUE_ID)], [booking | {"price_locked": 5}])
    result = run_halls(worker_uri, "import", *flags, file)
    assert result.stdout == "Imported 1 venue and 1 booking.\n"
    assert find_all(api, date=SOON) == []
    assert ids(find_all(api, date=day(4))) == [VENUE_ID]
    assert list(find_stale(db)) == []


def test_the_demo_data_is_found_at_once(api: ApiClient, db: Db) -> None:
    load_demo(db, utc_now())
    assert len(find_all(api)) == 60
    assert list(find_stale(db)) == []


def test_search_with_calendar_returns_the_stored_venue(api: ApiClient, db: Db) -> None:
    venue_id = api.list_venue(api.owner(), additional_description="Sea view.")
    api.book(api.guest(), venue_id, SOON)
    (found,) = find_all(api, near_lat=24.86, near_lng=67.0, include="calendar")
    stored = api.get(f"/venues/{venue_id}").data["venue"]
    assert found == without_hidden(stored) | {"price": None, "distance_km": 0}
    # A venue deleted between the two queries of a page is left out of the page.
    db.venues.delete_one({"_id": ObjectId(venue_id)})
    assert api.get("/venues/search?include=calendar").data == {"venues": [], "next_cursor": None}


@pytest.mark.parametrize("sort", ["newest", "distance", "capacity", "-capacity", "price", "-price"])
def test_pages_in_every_sort_order_return_each_venue_once(api: ApiClient, sort: str) -> None:
    owner = api.owner()
    # Two venues share each capacity; the last two venues have no price.
    venue_ids = [
        api.list_venue(owner, capacity=100 + n // 2, pricing={"overrides": [{"date": SOON, "price": 5}] * (n < 4)})
        for n in range(6)
    ]
    near_karachi = {"near_lat": 24.8, "near_lng": 67.0}
    for near_query in [near_karachi] if sort == "distance" else [near_karachi, {}]:
        found = ids(find_all(api, 1, date=SOON, sort=sort, **near_query))
        assert sorted(found) == sorted(venue_ids)


def test_a_price_filter_skips_venues_whose_second_price_matches(api: ApiClient, db: Db) -> None:
    overrides = [{"date": SOON, "price": 900}, {"date": SOON, "price": 5}]
    matching = insert_venue(db, OWNER_ID, dates_available=[SOON], pricing={"overrides": overrides[1:]})
    for _ in range(9):
        insert_venue(db, OWNER_ID, dates_available=[SOON], pricing={"overrides": overrides})
    reindex_stale(db)
    assert ids(find_all(api, 1, date=SOON, price_max=5)) == [str(matching["_id"])]
