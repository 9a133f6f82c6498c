"""The clock: the only file that reads the current time, and the conversion to calendar days in Karachi."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

# Loaded at import: a machine without time zone data fails at start, not at the first request for a day.
KARACHI = ZoneInfo("Asia/Karachi")


def utc_now() -> datetime:
    """Return the current time in UTC, in whole milliseconds as MongoDB stores it."""
    now = datetime.now(timezone.utc)  # noqa: TID251 - the one allowed call
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def day_in_karachi(moment: datetime) -> str:
    """Return the calendar day in Karachi at `moment`, as YYYY-MM-DD."""
    return moment.astimezone(KARACHI).date().isoformat()
