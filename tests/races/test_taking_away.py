"""An order against the owner who takes its date, or the whole venue, away: one of the two happens first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.bookings import store
from tests.races import unguarded
from tests.races.race_client import OTHER_DATE, Call, Person, RaceClient, Report, shifts

if TYPE_CHECKING:
    from collections.abc import Callable

    from bson import ObjectId

ROUNDS = 100
BOOKED_FIRST, DATE_WENT_FIRST = "201, 409 date_booked", "409 date_not_offered, 200"
VENUE_STAYED = "201, 409 has_bookings"
VENUE_WENT_FIRST = ["404 not_found, 200", "409 date_not_offered, 200"]
# Who pauses in the middle of a transaction, and who comes in between: the owner, or the order.
SLOW_ORDER, SLOW_OWNER = ("insert_booking", 1.0), ("find_active_dates", -1.0)


def race_rounds(
    race_client: RaceClient, delays: list[float], ends: list[str], act: Callable[[Person, ObjectId], Call]
) -> Report:
    """In each round a guest orders a date of a venue while its owner acts; a negative shift delays the order."""
    report, guest, owner = Report(), race_client.person(), race_client.person(owner=True)
    venue_ids = race_client.venues(owner, len(delays))
    for venue_id, delay in zip(venue_ids, delays, strict=True):
        call = act(owner, venue_id)
        late = Call(call.method, call.path, call.token, call.body, delay=max(0.0, delay))
        report.add_end(ends, *race_client.at_once(guest.order(venue_id, delay=max(0.0, -delay)), late))
    report.violations += race_client.find_homeless(venue_ids)
    return report


def race_with_removed_dates(race_client: RaceClient, delays: list[float]) -> Report:
    """Order dates while they are taken away."""
    ends = [BOOKED_FIRST, DATE_WENT_FIRST]
    return race_rounds(
        race_client, delays, ends, lambda owner, venue: owner.change(venue, dates_available=[OTHER_DATE])
    )


def race_with_deleted_venues(race_client: RaceClient, delays: list[float]) -> Report:
    """Order dates of venues while they are deleted."""
    ends = [VENUE_STAYED, *VENUE_WENT_FIRST]
    return race_rounds(race_client, delays, ends, lambda owner, venue: Call("DELETE", f"/venues/{venue}", owner.token))


def test_no_date_is_both_taken_away_and_booked(race_client: RaceClient) -> None:
    report = race_with_removed_dates(race_client, shifts(ROUNDS))
    assert report.violations == []
    assert set(report.ends) == {BOOKED_FIRST, DATE_WENT_FIRST}


def test_no_venue_is_both_deleted_and_booked(race_client: RaceClient) -> None:
    report = race_with_deleted_venues(race_client, shifts(ROUNDS))
    assert report.violations == []
    assert VENUE_STAYED in report.ends
    assert set(report.ends) & set(VENUE_WENT_FIRST)


@pytest.mark.parametrize(("paused", "delay"), [SLOW_ORDER, SLOW_OWNER])
@pytest.mark.parametrize("race", [race_with_removed_dates, race_with_deleted_venues])
def test_who_came_first_wins_however_long_it_takes(
    race: Callable[[RaceClient, list[float]], Report],
    paused: str,
    delay: float,
    shadow: RaceClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unguarded.pause_before(monkeypatch, shadow, store, paused)
    report = race(shadow, [delay])
    assert report.violations == []
    assert all(end.startswith("201") == (delay > 0) for end in report.ends)


@pytest.mark.parametrize(("paused", "delay"), [SLOW_ORDER, SLOW_OWNER])
@pytest.mark.parametrize("race", [race_with_removed_dates, race_with_deleted_venues])
def test_control_an_order_that_only_reads_the_venue_books_what_is_taken_away(
    race: Callable[[RaceClient, list[float]], Report],
    paused: str,
    delay: float,
    shadow: RaceClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unguarded.only_read_the_venue(monkeypatch)
    unguarded.pause_before(monkeypatch, shadow, store, paused)
    report = race(shadow, [delay])
    assert "ended as (201, 200)" in report.violations
    assert "booked, but not offered" in str(report.violations)
