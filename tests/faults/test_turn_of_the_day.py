"""A day ends at 19:00 UTC, midnight in Karachi, in every time zone of the process; not at 00:00 UTC."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
import time_machine

from halls.cli.check import find_violations
from halls.clock import day_in_karachi, utc_now
from halls.http import endpoint
from tests.accounts.concurrency import run_before_first_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db
    from tests.api_client import ApiClient

DAY_CHANGE = datetime(2027, 3, 1, 19, 0, tzinfo=timezone.utc)
MIDNIGHT_UTC = datetime(2027, 3, 2, 0, 0, tzinfo=timezone.utc)
BEFORE, AFTER = "2027-03-01", "2027-03-02"
SECOND = timedelta(seconds=1)


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Karachi"])
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize(
    ("now", "bookable", "outcomes"),
    [
        (DAY_CHANGE - SECOND, [BEFORE, AFTER], ["201", "201"]),
        (DAY_CHANGE, [AFTER], ["date_in_past", "201"]),
        (MIDNIGHT_UTC - SECOND, [AFTER], ["date_in_past", "201"]),
        (MIDNIGHT_UTC, [AFTER], ["date_in_past", "201"]),
    ],
    ids=["18:59:59", "19:00:00", "23:59:59", "00:00:00"],
)
def test_a_day_ends_at_midnight_in_karachi(
    api: ApiClient, db: Db, now: datetime, bookable: list[str], outcomes: list[str]
) -> None:
    with time_machine.travel(now, tick=False):
        guest, owner = api.guest(), api.owner()
        venue_id = api.list_venue(owner, dates_available=[BEFORE, AFTER])
        searchable = [day for day in (BEFORE, AFTER) if api.get(f"/venues/search?date={day}").data["venues"]]
        available = [
            day for day in (BEFORE, AFTER) if api.get(f"/venues/{venue_id}/availability?date={day}").data["available"]
        ]
        answers = [api.book(guest, venue_id, day) for day in (BEFORE, AFTER)]
        assert searchable == available == bookable
        assert [answer.json.get("code", str(answer.status)) for answer in answers] == outcomes
        assert find_violations(db, day_in_karachi(utc_now())) == {}


def test_a_slow_body_is_checked_against_the_day_of_its_end(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(DAY_CHANGE - SECOND, tick=False) as clock:
        guest, venue_id = api.guest(), api.list_venue(api.owner(), dates_available=[BEFORE])
        run_before_first_call(monkeypatch, endpoint, "read_json_object", lambda: clock.move_to(DAY_CHANGE))
        assert api.book(guest, venue_id, BEFORE).code == "date_in_past"


def test_a_new_token_is_valid_after_the_clock_goes_back_an_hour(api: ApiClient) -> None:
    with time_machine.travel(DAY_CHANGE, tick=False) as clock:
        guest = api.guest()
        clock.move_to(DAY_CHANGE - timedelta(hours=1))
        assert api.get("/auth/me", token=guest).status == 200
