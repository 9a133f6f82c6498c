"""GET /statistics: the rows, the filters, deleted venues, and access."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from tests.factories import day, insert_booking

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

NO_CANCELLED = {"guest": 0, "owner": 0, "expiry": 0, "unknown": 0}
EMPTY: dict[str, Any] = {
    "offered": 0,
    "booked": 0,
    "walk_ins": 0,
    "pending": 0,
    "occupancy": None,
    "revenue_locked": 0,
    "unpriced": 0,
    "guests": 0,
    "lead_days_median": None,
    "cancelled": NO_CANCELLED,
}
ORDERED_AT = datetime(2026, 1, 1, tzinfo=timezone.utc)
YEAR = "from=2026-01-01&to=2026-12-31"


@pytest.fixture
def owner(api: ApiClient) -> str:
    """The token of an owner."""
    return api.owner()


@pytest.fixture
def venue_id(api: ApiClient, db: Db, owner: str) -> ObjectId:
    """A venue with four offered days, two of which are confirmed."""
    venue_id = ObjectId(api.list_venue(owner))
    offered = ["2026-02-14", "2026-02-15", "2026-02-21", "2026-03-01"]
    db.venues.update_one({"_id": venue_id}, {"$set": {"dates_available": offered}})
    facts = {"status": "confirmed", "guests": 100, "created_at": ORDERED_AT}
    insert_booking(db, venue_id, ObjectId(), **{**facts, "date": "2026-02-14", "price_locked": 1000.5})
    insert_booking(db, venue_id, ObjectId(), **{**facts, "date": "2026-02-15", "price_locked": None})
    return venue_id


def show(api: ApiClient, token: str, query: str) -> Any:
    """Return the statistics of a query."""
    return api.get(f"/statistics?{query}", token=token).data


def test_the_default_rows_are_the_last_twelve_months(api: ApiClient, owner: str) -> None:
    shown = show(api, owner, "")
    assert (shown["by"], shown["to"], shown["from"][-3:]) == ("month", day(0), "-01")
    assert len(shown["rows"]) == 12
    assert shown["rows"][-1] == {"key": day(0)[:7], **EMPTY}
    assert shown["total"] == EMPTY


def test_each_month_has_a_row_with_its_figures(api: ApiClient, owner: str, venue_id: ObjectId) -> None:
    shown = show(api, owner, f"{YEAR}&venue_id={venue_id}")
    assert [row["key"] for row in shown["rows"]] == [f"2026-{month:02}" for month in range(1, 13)]
    february = {
        "offered": 3,
        "booked": 2,
        "walk_ins": 0,
        "pending": 0,
        "occupancy": 2 / 3,
        "revenue_locked": 1000.5,
        "unpriced": 1,
        "guests": 200,
        "lead_days_median": 44.5,
        "cancelled": NO_CANCELLED,
    }
    assert shown["rows"][1] == {"key": "2026-02", **february}
    assert shown["rows"][2] == {"key": "2026-03", **EMPTY, "offered": 1, "occupancy": 0}
    assert shown["total"] == {**february, "offered": 4, "occupancy": 0.5}


def test_the_rows_by_weekday_begin_on_monday(api: ApiClient, owner: str, venue_id: ObjectId) -> None:
    rows = show(api, owner, f"{YEAR}&by=weekday&venue_id={venue_id}")["rows"]
    booked = [(row["key"], row["offered"], row["booked"]) for row in rows]
    # 2026-02-14 is a Saturday.
    free = [(name, 0, 0) for name in ("mon", "tue", "wed", "thu", "fri")]
    assert booked == [*free, ("sat", 2, 1), ("sun", 2, 1)]


def test_the_rows_by_venue_include_empty_and_deleted_venues(
    api: ApiClient, db: Db, owner: str, venue_id: ObjectId
) -> None:
    empty_id = api.list_venue(owner)
    api.delete(f"/venues/{venue_id}", token=owner)
    assert db.venues.find_one({"_id": venue_id}) is None
    rows = show(api, owner, f"{YEAR}&by=venue")["rows"]
    assert [row["key"] for row in rows] == sorted([str(venue_id), empty_id])
    # A deleted venue offers only its confirmed days.
    assert [row["offered"] for row in rows if row["key"] == str(venue_id)] == [2]
    assert show(api, owner, f"{YEAR}&venue_id={venue_id}")["total"]["booked"] == 2


def test_a_confirmed_day_that_the_owner_closed_counts_as_offered(
    api: ApiClient, db: Db, owner: str, venue_id: ObjectId
) -> None:
    db.venues.update_one({"_id": venue_id}, {"$set": {"dates_available": []}})
    total = show(api, owner, YEAR)["total"]
    assert (total["offered"], total["booked"], total["occupancy"]) == (2, 2, 1)


def test_a_day_counts_once_for_each_venue(api: ApiClient, db: Db, owner: str, venue_id: ObjectId) -> None:
    second_id = ObjectId(api.list_venue(owner))
    twice = ["2026-02-14", "2026-02-14"]
    db.venues.update_one({"_id": second_id}, {"$set": {"dates_available": twice}})
    days = "from=2026-02-14&to=2026-02-14"
    assert show(api, owner, days)["total"]["offered"] == 2
    assert show(api, owner, f"{days}&venue_id={venue_id}")["total"]["offered"] == 1


def test_the_figures_follow_a_booking_made_through_the_api(api: ApiClient, owner: str) -> None:
    venue_id = api.list_venue(owner)
    days = f"from={day(1)}&to={day(9)}"
    guest = api.guest()
    ids = [api.book(guest, venue_id, day(ahead), guests=50).data["booking_id"] for ahead in (1, 2, 3, 4)]
    api.patch(f"/bookings/{ids[0]}", {"status": "confirmed"}, token=owner)
    api.patch(f"/bookings/{ids[1]}", {"status": "cancelled"}, token=owner)
    api.delete(f"/bookings/{ids[2]}", token=guest)
    assert show(api, owner, days)["total"] == {
        "offered": 9,
        "booked": 1,
        "walk_ins": 0,
        "pending": 1,
        "occupancy": 1 / 9,
        "revenue_locked": 101_000,
        "unpriced": 0,
        "guests": 50,
        "lead_days_median": 1,
        "cancelled": {**NO_CANCELLED, "owner": 1, "guest": 1},
    }


@pytest.mark.parametrize("path", ["/statistics", "/exports/bookings.csv"])
def test_the_venue_must_be_the_callers(api: ApiClient, owner: str, path: str) -> None:
    others = api.list_venue(api.owner())
    not_yours = api.get(f"{path}?venue_id={others}&from=2026-02-01&to=2026-01-01", token=owner)
    assert (not_yours.status, not_yours.code) == (403, "not_yours")
    unknown = api.get(f"{path}?venue_id={ObjectId()}", token=owner)
    assert (unknown.status, unknown.code) == (404, "not_found")
    malformed = api.get(f"{path}?venue_id=7", token=owner)
    assert (malformed.status, malformed.fields) == (422, ["venue_id"])
    guest = api.get(path, token=api.guest())
    assert (guest.status, guest.code) == (403, "owner_only")


@pytest.mark.parametrize("path", ["/statistics", "/exports/bookings.csv"])
def test_a_deleted_venue_of_somebody_else_is_unknown(api: ApiClient, db: Db, owner: str, path: str) -> None:
    other = api.owner()
    gone_id = ObjectId(api.list_venue(other))
    insert_booking(db, gone_id, ObjectId(), date="2020-01-01")
    api.delete(f"/venues/{gone_id}", token=other)
    assert api.get(f"{path}?venue_id={gone_id}", token=other).status == 200
    assert api.get(f"{path}?venue_id={gone_id}", token=owner).status == 404


@pytest.mark.usefixtures("venue_id")
def test_bookings_of_other_owners_do_not_count(api: ApiClient) -> None:
    assert show(api, api.owner(), YEAR)["total"] == EMPTY
