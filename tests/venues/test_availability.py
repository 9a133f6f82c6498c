"""Availability of a venue on one day or in a range: offered, not booked, not past; with the price."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId

from halls.clock import utc_now
from tests.contract_routes import NO_ID
from tests.factories import bare_venue_document, day, insert_booking, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient


def get_availability(api: ApiClient, venue_id: Any, query: str) -> Any:
    """Return the data of a successful availability query."""
    answer = api.get(f"/venues/{venue_id}/availability?{query}")
    assert answer.status == 200
    return answer.data


def test_one_date_has_exactly_the_fields_of_the_contract(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner())
    availability = get_availability(api, venue_id, f"date={day(3)}")
    assert availability == {"venue_id": venue_id, "date": day(3), "available": True, "price": 103_000}
    assert type(availability["price"]) is int


def test_a_range_lists_each_day(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner(), dates_available=[day(3), day(1)])
    assert get_availability(api, venue_id, f"from={day(1)}&to={day(3)}") == {
        "venue_id": venue_id,
        "days": [
            {"date": day(1), "available": True, "price": 101_000},
            {"date": day(2), "available": False, "price": 102_000},
            {"date": day(3), "available": True, "price": 103_000},
        ],
    }


@pytest.mark.parametrize(("status", "available"), [("pending", False), ("confirmed", False), ("cancelled", True)])
def test_an_active_booking_makes_only_its_own_date_unavailable(
    api: ApiClient, db: Db, status: str, *, available: bool
) -> None:
    venue_id = api.list_venue(api.owner())
    insert_booking(db, ObjectId(venue_id), ObjectId(), status=status, date=day(3))
    insert_booking(db, ObjectId(), ObjectId(), status="confirmed", date=day(4))
    assert get_availability(api, venue_id, f"date={day(3)}")["available"] is available
    days = get_availability(api, venue_id, f"from={day(2)}&to={day(4)}")["days"]
    assert [one["available"] for one in days] == [True, available, True]
    assert [one["price"] for one in days] == [102_000, 103_000, 104_000]


def test_a_booking_and_its_cancellation_are_visible_at_once(api: ApiClient) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    booking_id = api.book(guest, venue_id, day(3)).data["booking_id"]
    assert get_availability(api, venue_id, f"date={day(3)}")["available"] is False
    api.delete(f"/bookings/{booking_id}", token=guest)
    assert get_availability(api, venue_id, f"date={day(3)}")["available"] is True


def test_a_past_date_is_unavailable_and_keeps_its_price(api: ApiClient) -> None:
    overrides = [{"date": day(-1), "price": 7}, {"date": day(0), "price": 8}]
    venue_id = api.list_venue(api.owner(), dates_available=[day(-1), day(0)], pricing={"overrides": overrides})
    days = get_availability(api, venue_id, f"from={day(-2)}&to={day(1)}")["days"]
    assert [(one["available"], one["price"]) for one in days] == [(False, None), (False, 7), (True, 8), (False, None)]


def test_a_date_that_is_not_offered_is_unavailable_without_a_price(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner())
    availability = get_availability(api, venue_id, "date=2100-12-31")
    assert (availability["available"], availability["price"]) == (False, None)


def test_the_day_in_karachi_begins_at_19_00_utc_in_every_season(api: ApiClient) -> None:
    for midnight in ("2026-11-22T19:00:00+00:00", "2027-06-30T19:00:00+00:00"):
        moment = datetime.fromisoformat(midnight)
        old, new = moment.date().isoformat(), (moment + timedelta(days=1)).date().isoformat()
        with time_machine.travel(moment - timedelta(seconds=1), tick=False):
            venue_id = api.list_venue(api.owner(), dates_available=[old, new])
            before = [one["available"] for one in get_availability(api, venue_id, f"from={old}&to={new}")["days"]]
            results_before = len(api.get(f"/venues/search?date={old}").data["venues"])
        with time_machine.travel(moment, tick=False):
            after = [one["available"] for one in get_availability(api, venue_id, f"from={old}&to={new}")["days"]]
            results_after = len(api.get(f"/venues/search?date={old}").data["venues"])
        with time_machine.travel(
            datetime(moment.year, moment.month, moment.day, 23, 59, 59, tzinfo=timezone.utc), tick=False
        ):
            assert get_availability(api, venue_id, f"date={new}")["available"] is True
        assert (before, after) == ([True, True], [False, True])
        assert (results_before, results_after) == (1, 0)


def test_a_range_has_at_most_366_days(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner())
    first = date(2027, 3, 1)
    last = first + timedelta(days=365)
    days = get_availability(api, venue_id, f"from={first}&to={last}")["days"]
    assert [one["date"] for one in days] == [(first + timedelta(days=ahead)).isoformat() for ahead in range(366)]
    answer = api.get(f"/venues/{venue_id}/availability?from={first}&to={last + timedelta(days=1)}")
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", ["to"])
    assert len(get_availability(api, venue_id, f"from={first}&to={first}")["days"]) == 1


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", ["date"]),
        ("date=", ["date"]),
        ("date=2027-02-29", ["date"]),
        ("date=2027-1-5", ["date"]),
        ("date=2027-01-05%0A", ["date"]),
        ("date=2027-01-05&date=2027-01-06", ["date"]),
        ("date=2027-01-05&from=2027-01-05", ["date"]),
        ("date=2027-01-05&to=2027-01-05", ["date"]),
        ("from=2027-01-05", ["to"]),
        ("to=2027-01-05", ["from"]),
        ("from=2027-01-05&to=2027-01-04", ["to"]),
        ("from=2000-01-01&to=2100-12-31", ["to"]),
        ("from=x&to=y", ["from", "to"]),
        ("from_=2027-01-05&to=2027-01-05", ["from_"]),
        ("date=2027-01-05&price=1", ["price"]),
    ],
)
def test_an_invalid_query_parameter_is_rejected_and_named(api: ApiClient, query: str, fields: list[str]) -> None:
    answer = api.get(f"/venues/{api.list_venue(api.owner())}/availability?{query}")
    assert (answer.status, answer.code, sorted(answer.fields)) == (422, "validation_error", fields)


def test_a_venue_of_an_external_writer_has_availability(api: ApiClient, db: Db) -> None:
    venue = insert_venue(db, ObjectId())
    days = get_availability(api, venue["_id"], f"from={day(1)}&to={day(5)}")["days"]
    assert [one["available"] for one in days] == [False, True, False, False, True]
    assert [one["price"] for one in days] == [None, 120_000.5, None, None, 150_000]
    insert_booking(db, venue["_id"], ObjectId())
    assert get_availability(api, venue["_id"], f"date={day(5)}")["available"] is False


@pytest.mark.parametrize("fields", [{}, {"dates_available": None, "pricing": None}, {"pricing": {}}], ids=str)
def test_a_venue_without_a_calendar_is_never_available(api: ApiClient, db: Db, fields: Any) -> None:
    venue = bare_venue_document(ObjectId(), **fields)
    db.venues.insert_one(venue)
    availability = get_availability(api, venue["_id"], f"date={day(1)}")
    assert (availability["available"], availability["price"]) == (False, None)


@pytest.mark.parametrize("query", ["", "date=x", f"date={day(1)}", f"date={day(1)}&from={day(1)}"])
def test_a_missing_or_hidden_venue_is_not_found_whatever_the_query(api: ApiClient, db: Db, query: str) -> None:
    hidden = insert_venue(db, ObjectId(), hidden_at=utc_now())["_id"]
    for venue_id in (NO_ID, hidden):
        assert api.get(f"/venues/{venue_id}/availability?{query}").code == "not_found"
