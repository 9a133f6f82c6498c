"""POST /venues/:id/calendar: the changes, their errors, and what they leave alone."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import Decimal128, ObjectId

from tests.factories import (
    EXTERNAL_PASSWORD,
    bare_venue_document,
    day,
    insert_booking,
    insert_owner,
    insert_venue,
)

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient, ApiResponse

# 23:59 on Saturday, 2027-02-27, in Karachi.
NOW = datetime(2027, 2, 27, 18, 59, tzinfo=timezone.utc)


def send(api: ApiClient, owner: str, venue_id: Any, *changes: dict[str, Any], **options: Any) -> ApiResponse:
    """Send changes; options are fields of the body or, with an underscore and a capital, headers."""
    headers = {name: value for name, value in options.items() if name[0].isupper()}
    body = {"changes": list(changes), **{name: value for name, value in options.items() if name not in headers}}
    return api.post(f"/venues/{venue_id}/calendar", body, token=owner, **headers)


def offered(api: ApiClient, venue_id: Any) -> list[str]:
    """Return the offered dates of a venue."""
    dates: list[str] = api.get(f"/venues/{venue_id}").data["venue"]["dates_available"]
    return dates


def test_weekends_are_offered_with_prices_in_one_request(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, dates_available=[], pricing={"overrides": []})
    span = {"from": day(1), "to": day(60), "weekdays": ["fri", "sat"]}
    answer = send(
        *(api, owner, venue_id),
        {"do": "offer", **span, "price": 150_000},
        {"do": "adjust", **span, "weekdays": ["sat"], "percent": 12.5, "round_to": 1_000},
    )
    prices = {4: 150_000, 5: 169_000}
    days = [day(ahead) for ahead in range(1, 61) if date.fromisoformat(day(ahead)).weekday() in prices]
    repriced = [{"date": each, "from": None, "to": prices[date.fromisoformat(each).weekday()]} for each in days]
    venue = answer.data.pop("venue")
    assert answer.data == {"added": days, "removed": [], "repriced": repriced, "kept": [], "dry_run": False}
    assert venue == api.get(f"/venues/{venue_id}").data["venue"]
    assert venue["dates_available"] == days
    assert venue["pricing"]["overrides"] == [{"date": each["date"], "price": each["to"]} for each in repriced]
    assert type(repriced[0]["to"]) is int


def test_a_dry_run_returns_the_same_and_changes_nothing(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    api.book(api.guest(), venue_id, day(2))
    changes = [
        {"do": "offer", "dates": [day(50)], "price": 5},
        {"do": "close", "from": day(1), "to": day(3), "keep_booked": True},
        {"do": "adjust", "dates": [day(5)], "percent": 10},
    ]
    before, entry = db.venues.find_one(), db.search_entries.find_one()
    tried = send(api, owner, venue_id, *changes, dry_run=True).data
    assert (db.venues.find_one(), db.search_entries.find_one()) == (before, entry)
    done = send(api, owner, venue_id, *changes, dry_run=False).data
    assert (tried.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert (tried["added"], tried["removed"], tried["kept"]) == ([day(50)], [day(1), day(3)], [day(2)])
    for each in (tried, done):
        del each["venue"]["updated_at"]
    assert tried == done


def test_a_dry_run_has_the_same_error(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    api.book(api.guest(), venue_id, day(2))
    change = {"do": "close", "dates": [day(2)]}
    tried, done = (send(api, owner, venue_id, change, dry_run=dry_run) for dry_run in (True, False))
    assert tried.code == "date_booked"
    assert tried.json == done.json


def test_closing_a_booked_day_changes_nothing_and_names_the_change(api: ApiClient, db: Db) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    for ahead in (2, 4, 5):
        api.book(guest, venue_id, day(ahead))
    before = db.venues.find_one()
    answer = send(
        *(api, owner, venue_id),
        {"do": "price", "dates": [day(3)], "price": 5},
        {"do": "close", "from": day(4), "to": day(9)},
        {"do": "close", "dates": [day(1), day(2)]},
    )
    assert (answer.status, answer.code) == (409, "date_booked")
    assert [(each["field"], each["rule"], each["params"]) for each in answer.json["details"]] == [
        ("changes.1", "booked", {"dates": [day(4), day(5)]}),
        ("changes.2", "booked", {"dates": [day(2)]}),
    ]
    assert f"{day(2)}, {day(4)}, {day(5)}" in answer.json["error"]
    assert db.venues.find_one() == before


def test_keep_booked_closes_only_the_other_days(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    api.book(api.guest(), venue_id, day(2))
    answer = send(api, owner, venue_id, {"do": "close", "from": day(1), "to": day(9), "keep_booked": True}).data
    assert answer["kept"] == answer["venue"]["dates_available"] == [day(2)]
    assert answer["removed"] == [day(1), *(day(ahead) for ahead in range(3, 10))]


def test_keep_booked_does_not_protect_from_another_close(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    api.book(api.guest(), venue_id, day(2))
    close = {"do": "close", "dates": [day(2)]}
    answer = send(api, owner, venue_id, {**close, "keep_booked": True}, close)
    assert (answer.code, answer.fields) == ("date_booked", ["changes.1"])


def test_a_cancelled_booking_does_not_hold_its_day(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking_id = api.book(guest, venue_id, day(2)).data["booking_id"]
    api.delete(f"/bookings/{booking_id}", token=guest)
    assert send(api, owner, venue_id, {"do": "close", "dates": [day(2)]}).data["removed"] == [day(2)]


def test_a_booking_keeps_its_price(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    path = f"/bookings/{api.book(guest, venue_id, day(2)).data['booking_id']}"
    assert send(api, owner, venue_id, {"do": "price", "dates": [day(2)], "price": 5}).status == 200
    assert api.get(path, token=guest).data["booking"]["price_locked"] == 102_000


def test_days_before_today_in_karachi_stay(api: ApiClient) -> None:
    days = ["2027-02-26", "2027-02-27", "2027-02-28"]
    with time_machine.travel(NOW, tick=False):
        owner = api.owner()
        venue_id = api.list_venue(owner, dates_available=days, pricing={"overrides": []})
        answer = send(api, owner, venue_id, {"do": "close", "from": "2027-01-01", "to": "2027-12-31"})
        assert answer.data["removed"] == days[1:]
    with time_machine.travel(NOW.replace(hour=19), tick=False):
        assert send(api, owner, venue_id, {"do": "offer", "dates": days}).data["added"] == days[2:]


def test_a_past_booking_is_no_obstacle(api: ApiClient, db: Db) -> None:
    owner = insert_owner(db)
    venue = insert_venue(db, owner["_id"], dates_available=[day(-1), day(1)])
    insert_booking(db, venue["_id"], ObjectId(), date=day(-1), status="confirmed")
    token = api.post("/auth/login", {"email": owner["email"], "password": EXTERNAL_PASSWORD}).data["token"]
    answer = send(api, token, venue["_id"], {"do": "close", "from": day(-9), "to": day(9)})
    assert answer.data["removed"] == [day(1)]
    assert offered(api, venue["_id"]) == [day(-1)]


def test_the_search_shows_the_change_at_once(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    send(api, owner, venue_id, {"do": "offer", "dates": [day(70)], "price": 77}, {"do": "close", "dates": [day(1)]})
    (found,) = api.get(f"/venues/search?date={day(70)}").data["venues"]
    assert (found["id"], found["price"]) == (venue_id, 77)
    assert api.get(f"/venues/search?date={day(1)}").data["venues"] == []


def test_the_calendar_of_a_paused_venue_can_be_changed(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, is_listed=False)
    answer = send(api, owner, venue_id, {"do": "offer", "dates": [day(70)]})
    assert (answer.data["added"], answer.data["venue"]["is_listed"]) == ([day(70)], False)
    assert api.get(f"/venues/search?date={day(70)}").data["venues"] == []


def test_the_calendar_of_a_hidden_venue_can_be_changed(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    db.venues.update_one({}, {"$set": {"hidden_at": NOW}})
    assert send(api, owner, venue_id, {"do": "offer", "dates": [day(70)]}).data["added"] == [day(70)]
    assert api.get(f"/venues/{venue_id}/calendar?month={day(70)[:7]}", token=owner).status == 200


def test_a_stale_if_match_changes_nothing(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    etag, before = api.get(f"/venues/{venue_id}").headers["ETag"], db.venues.find_one()
    change = {"do": "offer", "dates": [day(70)]}
    for dry_run in (True, False):
        assert send(api, owner, venue_id, change, dry_run=dry_run, If_Match='"old"').code == "precondition_failed"
    assert db.venues.find_one() == before
    for dry_run in (True, False):
        assert send(api, owner, venue_id, change, dry_run=dry_run, If_Match=etag).status == 200
    assert send(api, owner, venue_id, change, If_Match=etag).code == "precondition_failed"


def test_a_stale_if_match_comes_after_422_and_before_409(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    api.book(api.guest(), venue_id, day(2))
    long = {"do": "offer", "from": day(0), "to": day(1_001)}
    assert send(api, owner, venue_id, long, If_Match='"old"').code == "validation_error"
    assert (
        send(api, owner, venue_id, {"do": "close", "dates": [day(2)]}, If_Match='"old"').code == "precondition_failed"
    )


def test_a_change_without_difference_leaves_both_lists(api: ApiClient, db: Db) -> None:
    owner = insert_owner(db)
    stored = {"dates_available": [day(9), 5, day(2), day(9)], "pricing": {"overrides": "none", "note": 1}}
    venue = insert_venue(db, owner["_id"], **stored)
    token = api.post("/auth/login", {"email": owner["email"], "password": EXTERNAL_PASSWORD}).data["token"]
    answer = send(
        api, token, venue["_id"], {"do": "offer", "dates": [day(9)]}, {"do": "clear_price", "dates": [day(2)]}
    )
    assert (answer.data["added"], answer.data["repriced"]) == ([], [])
    changed: Any = db.venues.find_one()
    assert {name: changed[name] for name in stored} == stored


def test_a_venue_of_an_external_writer_keeps_what_the_change_does_not_name(api: ApiClient, db: Db) -> None:
    owner = insert_owner(db)
    decimal = {"date": day(9), "price": Decimal128("9.50")}
    venue = insert_venue(
        *(db, owner["_id"]),
        dates_available=[day(9), 5, day(2)],
        pricing={"overrides": [decimal, None, {"date": day(2), "price": "5"}, {"date": day(2), "price": 7}]},
    )
    token = api.post("/auth/login", {"email": owner["email"], "password": EXTERNAL_PASSWORD}).data["token"]
    answer = send(api, token, venue["_id"], {"do": "offer", "dates": [day(1), day(2)], "price": 3})
    assert answer.data["added"] == [day(1)]
    assert [each["from"] for each in answer.data["repriced"]] == [None, None]
    changed: Any = db.venues.find_one()
    assert changed["dates_available"] == [5, day(1), day(2), day(9)]
    prices = [{"date": day(ahead), "price": 3} for ahead in (1, 2)]
    assert changed["pricing"]["overrides"] == [None, *prices, decimal]


def test_a_bare_venue_gets_its_first_dates(api: ApiClient, db: Db) -> None:
    owner = insert_owner(db)
    venue = bare_venue_document(owner["_id"])
    db.venues.insert_one(venue)
    token = api.post("/auth/login", {"email": owner["email"], "password": EXTERNAL_PASSWORD}).data["token"]
    assert send(api, token, venue["_id"], {"do": "offer", "dates": [day(1)], "price": 5.5}).status == 200
    assert api.get(f"/venues/{venue['_id']}/availability?date={day(1)}").data["price"] == 5.5


def test_only_the_owner_of_the_venue_changes_its_calendar(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    change = {"do": "close", "dates": [day(1)]}
    assert send(api, api.owner(), venue_id, change).code == "not_yours"
    assert send(api, api.guest(), venue_id, change).code == "owner_only"
    assert send(api, owner, ObjectId(), change).code == "not_found"


SPAN = {"from": "2027-03-01", "to": "2027-03-31"}
DATES = {"dates": ["2027-03-01"]}
OFFER = {"do": "offer", **DATES}


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"do": "offer"}, {"dates": "required"}),
        ({"do": "offer", "weekdays": ["mon"]}, {"from": "required", "to": "required"}),
        ({"do": "offer", "from": "2027-03-01"}, {"to": "required"}),
        ({"do": "offer", "to": "2027-03-01", "except": []}, {"from": "required"}),
        ({**OFFER, **SPAN}, {"from": "wrong_value", "to": "wrong_value"}),
        ({**OFFER, "weekdays": ["mon"], "except": []}, {"except": "wrong_value", "weekdays": "wrong_value"}),
        ({"do": "offer", "from": "2027-03-02", "to": "2027-03-01"}, {"to": "wrong_order"}),
        ({"do": "offer", "from": "2027-01-01", "to": "2030-01-05"}, {"to": "too_many"}),
        ({"do": "offer", **SPAN, "weekdays": []}, {"weekdays": "too_few"}),
        ({"do": "offer", **SPAN, "weekdays": ["monday"]}, {"weekdays.0": "not_one_of"}),
        ({"do": "offer", **SPAN, "except": ["2027-02-30"]}, {"except.0": "bad_format"}),
        ({"do": "offer", "dates": []}, {"dates": "too_few"}),
        ({"do": "offer", "dates": ["2027-03-01"] * 367}, {"dates": "too_many"}),
        ({"do": "offer", "dates": ["2027-3-1"]}, {"dates.0": "bad_format"}),
        ({**OFFER, "price": -1}, {"price": "too_small"}),
        ({**OFFER, "price": "5"}, {"price": "wrong_type"}),
        ({**OFFER, "percent": 5}, {"percent": "wrong_value"}),
        ({**OFFER, "keep_booked": False, "round_to": 5}, {"keep_booked": "wrong_value", "round_to": "wrong_value"}),
        ({"do": "close", **DATES, "price": 5}, {"price": "wrong_value"}),
        ({"do": "close", **DATES, "keep_booked": 1}, {"keep_booked": "wrong_type"}),
        ({"do": "price", **DATES}, {"price": "required"}),
        ({"do": "price", **DATES, "price": None}, {"price": "required"}),
        ({"do": "clear_price", **DATES, "price": 5}, {"price": "wrong_value"}),
        ({"do": "adjust", **DATES}, {"percent": "required"}),
        ({"do": "adjust", **DATES, "percent": -90.5}, {"percent": "too_small"}),
        ({"do": "adjust", **DATES, "percent": 401}, {"percent": "too_large"}),
        ({"do": "adjust", **DATES, "percent": "5"}, {"percent": "wrong_type"}),
        ({"do": "adjust", **DATES, "percent": 5, "round_to": 0}, {"round_to": "too_small"}),
        ({"do": "adjust", **DATES, "percent": 5, "round_to": 100_001}, {"round_to": "too_large"}),
        ({"do": "adjust", **DATES, "percent": 5, "round_to": 2.5}, {"round_to": "wrong_type"}),
        ({"do": "open", **DATES}, {"do": "not_one_of"}),
        (DATES, {"do": "required"}),
        ({**OFFER, "prise": 5}, {"prise": "unknown"}),
        ({"do": "offer", "from_": "2027-03-01"}, {"from_": "unknown"}),
    ],
)
def test_an_invalid_change_names_its_place(api: ApiClient, change: dict[str, Any], faults: dict[str, str]) -> None:
    owner = api.owner()
    answer = send(api, owner, api.list_venue(owner), OFFER, change)
    assert (answer.status, answer.code) == (422, "validation_error")
    found = {each["field"]: each["rule"] for each in answer.json["details"]}
    assert found == {f"changes.1.{field}": rule for field, rule in faults.items()}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "changes"),
        ({"changes": []}, "changes"),
        ({"changes": [OFFER] * 51}, "changes"),
        ({"changes": ["offer"]}, "changes.0"),
        ({"changes": [OFFER], "dry_run": "yes"}, "dry_run"),
        ({"changes": [OFFER], "change": 1}, "change"),
    ],
)
def test_an_invalid_body_names_its_field(api: ApiClient, body: dict[str, Any], field: str) -> None:
    owner = api.owner()
    answer = api.post(f"/venues/{api.list_venue(owner)}/calendar", body, token=owner)
    assert (answer.status, answer.fields) == (422, [field])


def test_the_largest_changes_are_accepted(api: ApiClient) -> None:
    span = {"from": "2027-03-01", "to": "2030-03-04"}
    weekly = {"weekdays": ["mon", "mon", "fri"], "except": ["2031-01-01"] * 1_100}
    with time_machine.travel(NOW, tick=False):
        owner = api.owner()
        venue_id = api.list_venue(owner, dates_available=[], pricing={"overrides": []})
        answer = send(api, owner, venue_id, {"do": "offer", **span, **weekly, "price": 0})
        assert (answer.status, len(answer.data["added"])) == (200, 315)
        adjust = {"do": "adjust", **span, "percent": 400.0, "round_to": 1e5}
        assert send(api, owner, venue_id, *[adjust] * 50).status == 200


def test_more_than_1000_dates_are_an_error_and_change_nothing(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    answer = send(api, owner, venue_id, {"do": "offer", "from": day(0), "to": day(1_000)})
    assert (answer.status, answer.fields) == (422, ["changes"])
    assert len(offered(api, venue_id)) == 9
