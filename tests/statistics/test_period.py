"""The period of statistics: its defaults, its months and its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.errors import Invalid
from halls.statistics.period import Period, choose_period
from tests.factories import day

if TYPE_CHECKING:
    from tests.api_client import ApiClient


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, ("2025-12-01", "2026-11-29")),
        (None, "2026-02-28", ("2025-03-01", "2026-02-28")),
        ("2026-11-01", None, ("2026-11-01", "2026-11-29")),
        ("2027-01-31", "2027-01-31", ("2027-01-31", "2027-01-31")),
        # No earlier day exists for the API.
        (None, "2000-03-05", ("2000-01-01", "2000-03-05")),
    ],
)
def test_the_default_is_this_month_and_the_eleven_before(
    first: str | None, last: str | None, expected: tuple[str, str]
) -> None:
    period = choose_period(first, last, "2026-11-29")
    assert (period.first, period.last) == expected


def test_the_default_has_twelve_months() -> None:
    months = choose_period(None, None, "2026-11-29").list_months()
    assert (len(months), months[0], months[-1]) == (12, "2025-12", "2026-11")


def test_a_period_ends_on_or_after_its_first_day() -> None:
    with pytest.raises(Invalid) as raised:
        choose_period("2026-12-01", None, "2026-11-29")
    [fault] = raised.value.details
    assert (fault["field"], fault["rule"]) == ("from", "wrong_order")
    assert "2026-11-29" in fault["message"]


@pytest.mark.parametrize(
    ("first", "last"),
    [("2024-01-01", "2026-12-31"), ("2024-01-15", "2027-01-14"), ("2024-01-31", "2027-01-30")],
)
def test_thirty_six_months_are_allowed(first: str, last: str) -> None:
    Period(first, last).check_length()


@pytest.mark.parametrize(
    ("first", "last"),
    [("2024-01-01", "2027-01-01"), ("2024-01-15", "2027-01-15"), ("2023-02-28", "2026-02-28")],
)
def test_a_day_more_is_too_long(first: str, last: str) -> None:
    with pytest.raises(Invalid) as raised:
        Period(first, last).check_length()
    assert [fault["field"] for fault in raised.value.details] == ["from"]


def test_a_leap_day_is_no_problem() -> None:
    Period("2024-02-29", "2027-02-28").check_length()
    with pytest.raises(Invalid):
        Period("2024-02-29", "2027-03-01").check_length()


def test_the_api_names_the_limit_and_the_order(api: ApiClient) -> None:
    owner = api.owner()
    too_long = api.get("/statistics?from=2020-01-01&to=2026-01-01", token=owner)
    assert (too_long.status, too_long.code, too_long.fields) == (422, "validation_error", ["from"])
    assert "36 months" in too_long.json["details"][0]["message"]
    backwards = api.get(f"/statistics?from={day(1)}&to={day(0)}", token=owner)
    assert (backwards.status, backwards.fields) == (422, ["from"])
    assert api.get("/exports/bookings.csv?from=2020-01-01&to=2026-01-01", token=owner).status == 200
    assert api.get(f"/exports/bookings.csv?from={day(1)}", token=owner).status == 422
