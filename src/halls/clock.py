"""The clock: the only file that reads the current time; days in Karachi, real days, their numbers and weekdays."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from typing_extensions import TypeAliasType

# Loaded at import: a machine without time zone data fails at start, not at the first request for a day.
KARACHI = ZoneInfo("Asia/Karachi")
FIRST_DAY, LAST_DAY = "2000-01-01", "2100-12-31"
# With a name, so that generated clients have one type for it.
Weekday = TypeAliasType("Weekday", Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
WEEKDAYS: tuple[str, ...] = get_args(Weekday.__value__)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def utc_now() -> datetime:
    """Return the current time in UTC, in whole milliseconds as MongoDB stores it."""
    now = datetime.now(timezone.utc)  # noqa: TID251 - the one allowed call
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def day_in_karachi(moment: datetime) -> str:
    """Return the calendar day in Karachi at `moment`, as YYYY-MM-DD."""
    return moment.astimezone(KARACHI).date().isoformat()


@lru_cache(maxsize=4_096)
def day_number(day: str) -> int:
    """Return the number of a real day: 1 is the first day of the year 1."""
    return date.fromisoformat(day).toordinal()


def day_of(number: int) -> str:
    """Return the day with this number, as YYYY-MM-DD."""
    return date.fromordinal(number).isoformat()


def weekday_of(day: str) -> str:
    """Return the weekday of a real day, such as "mon"."""
    return WEEKDAYS[date.fromisoformat(day).weekday()]


@lru_cache(maxsize=4_096)
def is_real_day(text: str) -> bool:
    """Return whether `text` is an existing day from 2000-01-01 to 2100-12-31, as YYYY-MM-DD in ASCII digits."""
    if not _DAY.fullmatch(text) or not FIRST_DAY <= text <= LAST_DAY:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def list_days(first: str, last: str) -> list[str]:
    """Return every day from `first` to `last`, both included, as YYYY-MM-DD. Empty if `last` is before `first`."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=number)).isoformat() for number in range((end - start).days + 1)]
