"""The only file that asks the time."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

# Loaded at import, so that a machine without zone data fails at start and not at midnight.
KARACHI = ZoneInfo("Asia/Karachi")


def utc_now() -> datetime:
    """Return this moment in UTC, in whole milliseconds as MongoDB keeps them."""
    now = datetime.now(timezone.utc)  # noqa: TID251 - this is the file
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def day_in_karachi(moment: datetime) -> str:
    """Return the calendar day in Karachi at `moment`, as YYYY-MM-DD."""
    return moment.astimezone(KARACHI).date().isoformat()
