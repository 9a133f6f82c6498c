"""GET /venues/:id/calendar: each day of a month or range with its price and bookings, for the owner."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId

from tests.factories import EXTERNAL_PASSWORD, day, insert_booking, insert_owner, insert_user, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient

# 2027-02-10 in Karachi.
NOW = datetime(2027, 2, 10, 12, tzinfo=timezone.utc)


def show(api: ApiClient, owner: str, venue_id: Any, query: str) -> Any:
    """Return the days of the calendar, by date."""
    answer = api.get(f"/venues/{venue_id}/calendar?{query}", token=owner).data
    assert answer["venue_id"] == str(venue_id)
    return {each["date"]: each for each in answer["days"]}


@pytest.mark.parametrize(
    ("month", "count"), [("2027-02", 28), ("2028-02", 29), ("2027-12", 31), ("2000-01", 31), ("2100-12", 31)]
)
def test_a_month_has_each_of_its_days(api: ApiClient, month: str, count: int) -> None:
    owner = api.owner()
    days = list(show(api, owner, api.list_venue(owner), f"month={month}"))
    assert (days[0], days[-1], len(days)) == (f"{month}-01", f"{month}-{count}", count)
    assert days == sorted(days)


def test_a_day_has_exactly_the_fields_of_the_contract(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    days = show(api, owner, venue_id, f"from={day(9)}&to={day(10)}")
    assert days == {
        day(9): {"date": day(9), "offered": True, "available": True, "price": 109_000, "bookings": []},
        day(10): {"date": day(10), "offered": False, "available": False, "price": None, "bookings": []},
    }
    assert type(days[day(9)]["price"]) is int


def test_a_day_shows_its_active_booking_as_the_list_of_bookings_does(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id, other_id = api.list_venue(owner), api.list_venue(owner)
    for venue, ahead in ((venue_id, 2), (venue_id, 4), (other_id, 3)):
        api.book(guest, venue, day(ahead), notes="A quiet corner.")
    cancelled = api.book(guest, venue_id, day(5)).data["booking_id"]
    api.delete(f"/bookings/{cancelled}", token=guest)
    days = show(api, owner, venue_id, f"from={day(2)}&to={day(5)}")
    listed = api.get(f"/bookings?venue_id={venue_id}&status=pending", token=owner).data["bookings"]
    assert [days[day(ahead)]["bookings"] for ahead in (2, 3, 4, 5)] == [[listed[0]], [], [listed[1]], []]
    assert listed[0]["guest"]["email"]
    assert [days[day(ahead)]["available"] for ahead in (2, 3, 4, 5)] == [False, True, False, True]
    assert all(each["offered"] for each in days.values())


def test_past_days_are_offered_and_not_available(api: ApiClient) -> None:
    with time_machine.travel(NOW, tick=False):
        owner = api.owner()
        venue_id = api.list_venue(owner, dates_available=["2027-02-09", "2027-02-10"])
        days = show(api, owner, venue_id, "month=2027-02")
    flags = {each: (days[each]["offered"], days[each]["available"]) for each in ("2027-02-09", "2027-02-10")}
    assert flags == {"2027-02-09": (True, False), "2027-02-10": (True, True)}


def test_a_paused_venue_is_offered_and_not_available(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, is_listed=False)
    shown = show(api, owner, venue_id, f"from={day(1)}&to={day(1)}")[day(1)]
    assert (shown["offered"], shown["available"], shown["price"]) == (True, False, 101_000)


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ("", "month", "required"),
        ("month=", "month", "required"),
        ("from=2027-02-01", "to", "required"),
        ("to=2027-02-01", "from", "required"),
        ("month=2027-02&from=2027-02-01&to=2027-02-02", "month", "wrong_value"),
        ("month=2027-02&to=2027-02-02", "month", "wrong_value"),
        ("month=2027-13", "month", "bad_format"),
        ("month=2027-2", "month", "bad_format"),
        ("month=1999-12", "month", "bad_format"),
        ("month=2101-01", "month", "bad_format"),
        ("month=2027-02%0A", "month", "bad_format"),
        ("month=2027-02-01", "month", "bad_format"),
        ("from=2027-02-02&to=2027-02-01", "to", "wrong_order"),
        ("from=2027-01-01&to=2027-04-03", "to", "wrong_order"),
        ("from=2027-02-30&to=2027-03-01", "from", "bad_format"),
        ("months=2027-02", "months", "unknown"),
    ],
)
def test_an_invalid_query_names_its_parameter(api: ApiClient, query: str, field: str, rule: str) -> None:
    owner = api.owner()
    answer = api.get(f"/venues/{api.list_venue(owner)}/calendar?{query}", token=owner)
    assert answer.status == 422
    assert [(each["field"], each["rule"]) for each in answer.json["details"]] == [(field, rule)]


def test_a_range_has_at_most_92_days(api: ApiClient) -> None:
    owner = api.owner()
    assert len(show(api, owner, api.list_venue(owner), "from=2027-01-01&to=2027-04-02")) == 92


def test_only_the_owner_of_the_venue_sees_its_calendar(api: ApiClient) -> None:
    path = f"/venues/{api.list_venue(api.owner())}/calendar?month=2027-02"
    assert api.get(path, token=api.owner()).code == "not_yours"
    assert api.get(path, token=api.guest()).code == "owner_only"
    assert api.get(path).code == "missing_token"
    assert api.get(f"/venues/{ObjectId()}/calendar?month=2027-02", token=api.owner()).code == "not_found"


def test_a_booking_of_an_external_writer_is_shown_or_only_counted(api: ApiClient, db: Db) -> None:
    owner, guest = insert_owner(db), insert_user(db, email="guest@example.com")
    venue = insert_venue(db, owner["_id"], dates_available=[day(ahead) for ahead in range(1, 7)])
    unusual: list[Document] = [
        {},
        {"_id": "an id of another type"},
        {"venue_id": [venue["_id"]]},
        {"user_id": ["nobody"]},
        {"date": [day(5), day(6)]},
    ]
    for number, fields in enumerate(unusual, 1):
        insert_raw(db, venue["_id"], guest["_id"], {"date": day(number), **fields})
    token = api.post("/auth/login", {"email": owner["email"], "password": EXTERNAL_PASSWORD}).data["token"]
    days = show(api, token, venue["_id"], f"from={day(1)}&to={day(7)}")
    assert [len(each["bookings"]) for each in days.values()] == [1, 0, 0, 1, 0, 0, 0]
    assert not any(each["available"] for each in days.values())
    assert days[day(1)]["bookings"][0]["guest"]["email"] == "guest@example.com"
    assert days[day(4)]["bookings"][0]["guest"] is None


def insert_raw(db: Db, venue_id: ObjectId, user_id: ObjectId, fields: Document) -> None:
    """Insert a confirmed booking that the validator would reject."""
    booking = insert_booking(db, venue_id, user_id, status="confirmed", date=day(300))
    db.bookings.delete_one({"_id": booking["_id"]})
    db.bookings.insert_one({**booking, **fields}, bypass_document_validation=True)
