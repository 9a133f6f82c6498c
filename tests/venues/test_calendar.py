"""Calendar changes: the function over the two lists, compared with a loop over each day."""

from __future__ import annotations

import math
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from halls.clock import list_days
from halls.errors import Invalid
from halls.http.schema import validate
from halls.venues.calendar import CalendarDifference, adjust_price, change_calendar
from halls.venues.calendar_change_schemas import WEEKDAYS, CalendarChanges
from halls.venues.price_on_date import offers_date, price_on_date

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# A Monday, and the days around it.
TODAY = "2027-03-01"
DAYS = list_days("2027-02-26", "2027-03-10")
PRICES = st.sampled_from([0, 1, 99.99, 1_000, 185_000, 123_456.78, 10_000_000])
DAY = st.sampled_from(DAYS)
SPANS = st.one_of(
    st.fixed_dictionaries({"dates": st.lists(DAY, min_size=1, max_size=4)}),
    st.builds(
        lambda ends, rest: {"from": min(ends), "to": max(ends), **rest},
        st.tuples(DAY, DAY),
        st.fixed_dictionaries(
            {},
            optional={
                "weekdays": st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3),
                "except": st.lists(DAY, max_size=2),
            },
        ),
    ),
)
OFFERS = st.fixed_dictionaries({"do": st.just("offer")}, optional={"price": PRICES})
CLOSES = st.fixed_dictionaries({"do": st.just("close")}, optional={"keep_booked": st.booleans()})
REPRICINGS = st.one_of(
    st.fixed_dictionaries({"do": st.just("price"), "price": PRICES}),
    st.just({"do": "clear_price"}),
)
ADJUSTS = st.fixed_dictionaries(
    {"do": st.just("adjust"), "percent": st.sampled_from([-90, -12.5, 0, 0.5, 10, 33.33])},
    optional={"round_to": st.sampled_from([1, 50, 1_000])},
)


def with_days(actions: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of changes: an action and its days."""
    return st.builds(lambda action, days: {**action, **days}, actions, SPANS)


CHANGES = st.lists(with_days(st.one_of(OFFERS, CLOSES, REPRICINGS, ADJUSTS)), min_size=1, max_size=6)
# External writers store duplicates, unsorted lists, and values of other types.
STORED_PRICES = st.one_of(PRICES, st.sampled_from([None, "5", -1, 7.0, Decimal128("12.5"), math.nan]))
OVERRIDES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"date": DAY}, optional={"price": STORED_PRICES}),
        st.sampled_from([None, 5, {"date": "soon", "price": 1}, {"price": 1}]),
    ),
    max_size=12,
)
VENUES = st.fixed_dictionaries(
    {},
    optional={
        "dates_available": st.one_of(st.none(), st.lists(st.one_of(DAY, st.sampled_from([None, 5, "soon"])))),
        "pricing": st.one_of(st.none(), st.just({}), st.builds(lambda each: {"overrides": each}, OVERRIDES)),
    },
)
BOOKED = st.sets(DAY)


def apply(venue: Any, changes: Sequence[dict[str, Any]], booked: Collection[str] = ()) -> CalendarDifference:
    """Apply the changes of a request body."""
    body = validate(CalendarChanges, {"changes": list(changes)})
    return change_calendar(venue, body.list_changes(), today=TODAY, booked=booked)


def concerns(change: dict[str, Any], day: str) -> bool:
    """Return whether a change names the day."""
    if "dates" in change:
        return day in change["dates"]
    weekday = WEEKDAYS[date.fromisoformat(day).weekday()]
    is_in_range: bool = change["from"] <= day <= change["to"] and day not in change.get("except", [])
    return is_in_range and weekday in change.get("weekdays", WEEKDAYS)


def adjust(price: float, percent: float, round_to: int | None) -> Fraction:
    """Return the adjusted price, exactly."""
    step = Fraction(round_to) if round_to else Fraction("0.01")
    exact = Fraction(str(price)) * (100 + Fraction(str(percent))) / 100
    return math.floor(exact / step + Fraction(1, 2)) * step


def play_day(venue: Any, changes: list[dict[str, Any]], day: str, *, booked: bool) -> tuple[bool, Any, bool]:
    """Apply the changes to one day. Return whether it is offered, its price, and whether it was kept."""
    offered, price, kept = offers_date(venue, day), price_on_date(venue, day), False
    for change in changes:
        if day < TODAY or not concerns(change, day):
            continue
        match change["do"]:
            case "offer":
                offered, price = True, change.get("price", price)
            case "close" if offered and booked and change.get("keep_booked"):
                kept = True
            case "close":
                offered = False
            case "adjust" if offered and price is not None:
                price = float(adjust(price, change["percent"], change.get("round_to")))
            case "price" | "clear_price" if offered:
                price = change.get("price")
    return offered, price, kept


@given(venue=VENUES, changes=CHANGES, booked=BOOKED)
def test_changes_equal_a_loop_over_each_day(venue: Any, changes: list[dict[str, Any]], booked: set[str]) -> None:
    difference = apply(venue, changes, booked)
    changed: Any = {**venue, **difference.fields}
    for day in DAYS:
        offered, price, kept = play_day(venue, changes, day, booked=day in booked)
        before = price_on_date(venue, day)
        assert (offers_date(changed, day), price_on_date(changed, day)) == (offered, price)
        assert (day in difference.added) == (offered and not offers_date(venue, day))
        assert (day in difference.removed) == (offers_date(venue, day) and not offered)
        assert (day in difference.kept) == kept
        expected = [{"date": day, "from": before, "to": price}] if price != before else []
        assert [each for each in difference.repriced if each["date"] == day] == expected


@given(venue=VENUES, changes=CHANGES, booked=BOOKED)
def test_the_differences_are_in_order_and_within_the_days(
    venue: Any, changes: list[dict[str, Any]], booked: set[str]
) -> None:
    difference = apply(venue, changes, booked)
    repriced = [each["date"] for each in difference.repriced]
    for days in (difference.added, difference.removed, repriced, difference.kept):
        assert days == sorted(set(days))
        assert set(days) <= {day for day in DAYS if day >= TODAY}
    assert difference.closed_by.keys() == set(difference.removed)
    for day, number in difference.closed_by.items():
        assert changes[number]["do"] == "close"
        assert concerns(changes[number], day)
        assert not any(each["do"] == "offer" and concerns(each, day) for each in changes[number + 1 :])


# A price before the offer of a day has no effect at first, and one on the day that is offered by then.
REPEATABLE = st.builds(
    lambda first, then: [*first, *then],
    st.lists(with_days(OFFERS), max_size=3),
    st.lists(with_days(st.one_of(CLOSES, REPRICINGS)), max_size=4),
).filter(bool)


@given(venue=VENUES, changes=REPEATABLE, booked=BOOKED)
def test_the_same_changes_twice_do_the_same_as_once(
    venue: Any, changes: list[dict[str, Any]], booked: set[str]
) -> None:
    once = {**venue, **apply(venue, changes, booked).fields}
    again = apply(once, changes, booked)
    assert (again.added, again.removed, again.repriced, again.fields) == ([], [], [], {})


@given(venue=VENUES, change=with_days(st.one_of(OFFERS, CLOSES, REPRICINGS)))
def test_other_days_and_values_stay_as_they_are_stored(venue: Any, change: dict[str, Any]) -> None:
    changed = {**venue, **apply(venue, [change]).fields}
    assert list_others(changed, change) == list_others(venue, change)


def list_others(venue: Any, change: dict[str, Any]) -> list[str]:
    """Return the entries of both lists that do not belong to a day of the change, in any order."""
    entries = [*(venue.get("dates_available") or []), *((venue.get("pricing") or {}).get("overrides", []))]
    return sorted(repr(each) for each in entries if not is_concerned(change, each))


def is_concerned(change: dict[str, Any], entry: Any) -> bool:
    """Return whether an entry of one of the two lists belongs to a day of the change."""
    day = entry.get("date") if isinstance(entry, dict) else entry
    return day in DAYS and day >= TODAY and concerns(change, day)


def test_the_first_of_two_prices_counts_and_both_are_replaced() -> None:
    overrides = [{"date": DAYS[5], "price": 1}, {"date": DAYS[4], "price": 3}, {"date": DAYS[5], "price": 2}]
    venue = {"dates_available": DAYS, "pricing": {"overrides": overrides}}
    cleared = apply(venue, [{"do": "clear_price", "dates": [DAYS[5]]}])
    assert cleared.fields == {"pricing": {"overrides": [{"date": DAYS[4], "price": 3}]}}
    assert cleared.repriced == [{"date": DAYS[5], "from": 1, "to": None}]
    repriced = apply(venue, [{"do": "price", "dates": [DAYS[5]], "price": 9}])
    assert repriced.fields["pricing"]["overrides"] == [{"date": DAYS[4], "price": 3}, {"date": DAYS[5], "price": 9}]


def test_a_closed_day_keeps_its_price() -> None:
    venue = {"dates_available": [DAYS[5]], "pricing": {"overrides": [{"date": DAYS[5], "price": 1}]}}
    assert apply(venue, [{"do": "close", "dates": [DAYS[5]]}]).fields == {"dates_available": []}


def test_a_day_that_is_closed_and_offered_again_is_no_difference() -> None:
    venue = {"dates_available": [DAYS[5]]}
    difference = apply(venue, [{"do": "close", "dates": [DAYS[5]]}, {"do": "offer", "dates": [DAYS[5]]}], {DAYS[5]})
    assert (difference.removed, difference.added, difference.closed_by, difference.fields) == ([], [], {}, {})


@pytest.mark.parametrize(
    ("price", "percent", "round_to", "expected"),
    [
        (185_000, 15, None, 212_750),
        (0.29, 0, None, 0.29),
        (1.1, 10, None, 1.21),
        (0.05, 10, None, 0.06),
        (100.01, 50, None, 150.02),
        (212_749.99999999997, 0, None, 212_750),
        (1_000, 12.5, 250, 1_250),
        (1_000, 12.4, 250, 1_000),
        (150, 0, 100, 200),
        (49.99, 0, 100, 0),
        (10, -90, None, 1),
        (200_000_000, 400, None, 1_000_000_000),
        (99, 33.33, 100_000, 0),
    ],
)
def test_an_adjusted_price_is_rounded_with_halves_up(
    price: float, percent: float, round_to: int | None, expected: float
) -> None:
    adjusted = adjust_price(price, percent, round_to)
    assert (adjusted, type(adjusted)) == (expected, type(expected))
    assert adjusted == float(adjust(price, percent, round_to))


def test_a_price_above_the_limit_names_the_change() -> None:
    venue = {"dates_available": DAYS, "pricing": {"overrides": [{"date": DAYS[5], "price": 900_000_000}]}}
    raised = {"do": "adjust", "from": TODAY, "to": DAYS[9], "percent": 12}
    with pytest.raises(Invalid) as error:
        apply(venue, [{"do": "clear_price", "dates": [DAYS[4]]}, raised])
    assert [(each["field"], each["rule"]) for each in error.value.details] == [("changes.1.percent", "too_large")]


@pytest.mark.parametrize(("count", "is_valid"), [(1_000, True), (1_001, False)])
@pytest.mark.parametrize("kind", ["dates", "prices"])
def test_a_venue_has_at_most_1000_dates_and_prices(kind: str, count: int, *, is_valid: bool) -> None:
    days = list_days("2030-01-01", "2033-12-31")[: count - 1]
    venue = (
        {"dates_available": days}
        if kind == "dates"
        else {"pricing": {"overrides": [{"date": day, "price": 1} for day in days]}}
    )
    change = {"do": "offer", "dates": [TODAY], "price": 5}
    if is_valid:
        assert apply(venue, [change]).added == [TODAY]
        return
    with pytest.raises(Invalid) as error:
        apply(venue, [change])
    (fault,) = error.value.details
    assert (fault["field"], fault["rule"], fault["params"]) == ("changes", "too_many", {"max": 1_000})
    assert f"1001 {kind}" in fault["message"]
