"""The period of the statistics and of the export: its default, and its months. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

from halls.clock import FIRST_DAY
from halls.errors import invalid

MAX_MONTHS = 36
DEFAULT_MONTHS = 12


@dataclass(frozen=True)
class Period:
    """The days from `first` to `last`, inclusive, as YYYY-MM-DD."""

    first: str
    last: str

    def contains(self, day: str) -> bool:
        """Return whether the period has the day."""
        return self.first <= day <= self.last

    def list_months(self) -> list[str]:
        """Return each month that has a day in the period, as YYYY-MM."""
        return [_name_month(number) for number in range(_count_months(self.first), _count_months(self.last) + 1)]

    def check_length(self) -> None:
        """Raise Invalid if the period is longer than MAX_MONTHS."""
        # The day MAX_MONTHS after the first one. It is only compared, so it need not exist, such as 2027-02-29.
        end = _name_month(_count_months(self.first) + MAX_MONTHS) + self.first[7:]
        if self.last >= end:
            raise invalid("from", f"must be at most {MAX_MONTHS} months before to", "too_large", max=MAX_MONTHS)


def choose_period(first: str | None, last: str | None, today: str) -> Period:
    """Return the period of a query. Raises Invalid if it ends before it begins.

    The default of `last` is today. The default of `first` is the first day of a month, so that the period has days of
    DEFAULT_MONTHS months.
    """
    end = last or today
    begin = first or max(f"{_name_month(_count_months(end) - DEFAULT_MONTHS + 1)}-01", FIRST_DAY)
    if begin > end:
        raise invalid("from", f"must not be after to, which is {end}", "wrong_order")
    return Period(begin, end)


def _count_months(day: str) -> int:
    """Return the number of the month of a day, counted from the year 0."""
    return int(day[:4]) * 12 + int(day[5:7]) - 1


def _name_month(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"
