"""Availability: offered, not booked and not past, with the price either way; one day or a range."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId

from tests.api_client import Api, day
from tests.external_documents import bare_venue_document, put_booking, put_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db


def look(api: Api, venue_id: Any, query: str) -> Any:
    """Return what is answered to a good question."""
    answer = api.get(f"/venues/{venue_id}/availability?{query}")
    assert answer.status == 200
    return answer.data


def test_one_date_is_answered_as_the_contract_lists(api: Api) -> None:
    venue_id = api.list_venue(api.owner())
    found = look(api, venue_id, f"date={day(3)}")
    assert found == {"venue_id": venue_id, "date": day(3), "available": True, "price": 103_000}
    assert type(found["price"]) is int


def test_a_range_is_answered_day_by_day(api: Api) -> None:
    venue_id = api.list_venue(api.owner(), dates_available=[day(3), day(1)])
    assert look(api, venue_id, f"from={day(1)}&to={day(3)}") == {
        "venue_id": venue_id,
        "days": [
            {"date": day(1), "available": True, "price": 101_000},
            {"date": day(2), "available": False, "price": 102_000},
            {"date": day(3), "available": True, "price": 103_000},
        ],
    }


@pytest.mark.parametrize(("status", "available"), [("pending", False), ("confirmed", False), ("cancelled", True)])
def test_an_active_booking_takes_its_date_and_no_other(api: Api, db: Db, status: str, *, available: bool) -> None:
    venue_id = api.list_venue(api.owner())
    put_booking(db, ObjectId(venue_id), ObjectId(), status=status, date=day(3))
    put_booking(db, ObjectId(), ObjectId(), status="confirmed", date=day(4))
    assert look(api, venue_id, f"date={day(3)}")["available"] is available
    days = look(api, venue_id, f"from={day(2)}&to={day(4)}")["days"]
    assert [one["available"] for one in days] == [True, available, True]
    assert [one["price"] for one in days] == [102_000, 103_000, 104_000]


def test_booking_and_cancelling_are_seen_at_once(api: Api) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    booking_id = api.book(guest, venue_id, day(3)).data["booking_id"]
    assert look(api, venue_id, f"date={day(3)}")["available"] is False
    api.delete(f"/bookings/{booking_id}", as_=guest)
    assert look(api, venue_id, f"date={day(3)}")["available"] is True


def test_the_past_is_never_available_and_keeps_its_price(api: Api) -> None:
    overrides = [{"date": day(-1), "price": 7}, {"date": day(0), "price": 8}]
    venue_id = api.list_venue(api.owner(), dates_available=[day(-1), day(0)], pricing={"overrides": overrides})
    days = look(api, venue_id, f"from={day(-2)}&to={day(1)}")["days"]
    assert [(one["available"], one["price"]) for one in days] == [(False, None), (False, 7), (True, 8), (False, None)]


def test_a_day_of_nothing_is_not_available_and_has_no_price(api: Api) -> None:
    venue_id = api.list_venue(api.owner())
    found = look(api, venue_id, "date=2100-12-31")
    assert (found["available"], found["price"]) == (False, None)


def test_the_day_turns_in_karachi_at_19_hours_utc_in_every_season(api: Api) -> None:
    for turn in ("2026-11-22T19:00:00+00:00", "2027-06-30T19:00:00+00:00"):
        moment = datetime.fromisoformat(turn)
        old, new = moment.date().isoformat(), (moment + timedelta(days=1)).date().isoformat()
        with time_machine.travel(moment - timedelta(seconds=1), tick=False):
            venue_id = api.list_venue(api.owner(), dates_available=[old, new])
            before = [one["available"] for one in look(api, venue_id, f"from={old}&to={new}")["days"]]
            found_before = len(api.get(f"/venues/search?date={old}").data["venues"])
        with time_machine.travel(moment, tick=False):
            after = [one["available"] for one in look(api, venue_id, f"from={old}&to={new}")["days"]]
            found_after = len(api.get(f"/venues/search?date={old}").data["venues"])
        with time_machine.travel(
            datetime(moment.year, moment.month, moment.day, 23, 59, 59, tzinfo=timezone.utc), tick=False
        ):
            assert look(api, venue_id, f"date={new}")["available"] is True
        assert (before, after) == ([True, True], [False, True])
        assert (found_before, found_after) == (1, 0)


def test_a_range_holds_at_most_366_days(api: Api) -> None:
    venue_id = api.list_venue(api.owner())
    first = date(2027, 3, 1)
    last = first + timedelta(days=365)
    days = look(api, venue_id, f"from={first}&to={last}")["days"]
    assert [one["date"] for one in days] == [(first + timedelta(days=ahead)).isoformat() for ahead in range(366)]
    answer = api.get(f"/venues/{venue_id}/availability?from={first}&to={last + timedelta(days=1)}")
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", ["to"])
    assert len(look(api, venue_id, f"from={first}&to={first}")["days"]) == 1


@pytest.mark.parametrize(
    ("query", "named"),
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
def test_a_wrong_question_is_refused_and_named(api: Api, query: str, named: list[str]) -> None:
    answer = api.get(f"/venues/{api.list_venue(api.owner())}/availability?{query}")
    assert (answer.status, answer.code, sorted(answer.fields)) == (422, "validation_error", named)


def test_a_venue_of_another_tool_is_looked_at(api: Api, db: Db) -> None:
    venue = put_venue(db, ObjectId())
    days = look(api, venue["_id"], f"from={day(1)}&to={day(5)}")["days"]
    assert [one["available"] for one in days] == [False, True, False, False, True]
    assert [one["price"] for one in days] == [None, 120_000.5, None, None, 150_000]
    put_booking(db, venue["_id"], ObjectId())
    assert look(api, venue["_id"], f"date={day(5)}")["available"] is False


@pytest.mark.parametrize("fields", [{}, {"dates_available": None, "pricing": None}, {"pricing": {}}], ids=str)
def test_a_venue_without_a_calendar_is_never_available(api: Api, db: Db, fields: Any) -> None:
    venue = bare_venue_document(ObjectId(), **fields)
    db.venues.insert_one(venue)
    found = look(api, venue["_id"], f"date={day(1)}")
    assert (found["available"], found["price"]) == (False, None)
