"""The clock: the time in UTC in whole milliseconds, and the date in Karachi."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
import time_machine

from halls.clock import day_in_karachi, utc_now


def test_now_is_utc_in_whole_milliseconds_as_in_mongodb() -> None:
    with time_machine.travel(datetime(2026, 11, 22, 20, 0, 0, 123_999, tzinfo=timezone.utc), tick=False):
        assert utc_now() == datetime(2026, 11, 22, 20, 0, 0, 123_000, tzinfo=timezone.utc)
        assert utc_now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-22T18:59:59.999+00:00", "2026-11-22"),
        ("2026-11-22T19:00:00+00:00", "2026-11-23"),
        ("2026-11-22T23:59:59+00:00", "2026-11-23"),
        ("2026-11-23T00:00:00+00:00", "2026-11-23"),
        ("2026-12-31T19:00:00+00:00", "2027-01-01"),
        ("2027-02-28T19:00:00+00:00", "2027-03-01"),
        ("2028-02-28T19:00:00+00:00", "2028-02-29"),
        ("2027-06-30T18:59:59+00:00", "2027-06-30"),
        ("2027-06-30T19:00:00+00:00", "2027-07-01"),
        ("2026-11-22T14:00:00-05:00", "2026-11-23"),
        ("2026-11-23T00:00:00+05:00", "2026-11-23"),
    ],
)
def test_the_date_changes_at_19_00_utc_in_every_season(moment: str, day: str) -> None:
    assert day_in_karachi(datetime.fromisoformat(moment)) == day
