"""A booking races with the removal of its date or the deletion of its venue: only one succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.bookings import store
from tests.races import unguarded
from tests.races.race_client import DATE, OTHER_DATE, Account, Call, RaceClient, Report, shifts

if TYPE_CHECKING:
    from collections.abc import Callable

    from bson import ObjectId

ROUNDS = 50
BOOKED_FIRST, REMOVED_FIRST = "201, 409 date_booked", "409 date_not_offered, 200"
VENUE_BOOKED_FIRST = "201, 409 has_bookings"
VENUE_DELETED_FIRST = "404 not_found, 200"
# The function that pauses in its transaction, and the shift of its rival: of the owner's request or of the booking.
SLOW_BOOKING, SLOW_OWNER = ("insert_booking", 1.0), ("find_active_dates", -1.0)


def race_rounds(
    race_client: RaceClient, delays: list[float], outcomes: list[str], owner_call: Callable[[Account, ObjectId], Call]
) -> Report:
    """Book a date of each venue while its owner changes it; a negative delay delays the booking."""
    report, guest, owner = Report(), race_client.account(), race_client.account(owner=True)
    venue_ids = race_client.venues(owner, len(delays))
    for venue_id, delay in zip(venue_ids, delays, strict=True):
        call = owner_call(owner, venue_id)
        delayed = Call(call.method, call.path, call.token, call.body, delay=max(0.0, delay))
        report.add_outcome(outcomes, *race_client.at_once(guest.order(venue_id, delay=max(0.0, -delay)), delayed))
    report.violations += race_client.find_unoffered_bookings(venue_ids)
    return report


def race_with_removed_dates(race_client: RaceClient, delays: list[float]) -> Report:
    """Book dates while their owner removes them."""
    outcomes = [BOOKED_FIRST, REMOVED_FIRST]
    return race_rounds(
        race_client, delays, outcomes, lambda owner, venue: owner.change(venue, dates_available=[OTHER_DATE])
    )


def race_with_closed_dates(race_client: RaceClient, delays: list[float]) -> Report:
    """Book dates while their owner closes them with a calendar change."""
    outcomes = [BOOKED_FIRST, REMOVED_FIRST]
    body = {"changes": [{"do": "close", "dates": [DATE]}]}
    return race_rounds(
        race_client,
        delays,
        outcomes,
        lambda owner, venue: Call("POST", f"/venues/{venue}/calendar", owner.token, body),
    )


def race_with_deleted_venues(race_client: RaceClient, delays: list[float]) -> Report:
    """Book dates of venues while their owner deletes them."""
    outcomes = [VENUE_BOOKED_FIRST, VENUE_DELETED_FIRST]
    return race_rounds(
        race_client, delays, outcomes, lambda owner, venue: Call("DELETE", f"/venues/{venue}", owner.token)
    )


def test_a_date_is_not_both_removed_and_booked(race_client: RaceClient) -> None:
    report = race_with_removed_dates(race_client, shifts(ROUNDS))
    assert report.violations == []
    assert set(report.outcomes) == {BOOKED_FIRST, REMOVED_FIRST}


def test_a_date_is_not_both_closed_and_booked(race_client: RaceClient) -> None:
    report = race_with_closed_dates(race_client, shifts(ROUNDS))
    assert report.violations == []
    assert set(report.outcomes) == {BOOKED_FIRST, REMOVED_FIRST}


def test_a_venue_is_not_both_deleted_and_booked(race_client: RaceClient) -> None:
    report = race_with_deleted_venues(race_client, shifts(ROUNDS))
    assert report.violations == []
    assert set(report.outcomes) == {VENUE_BOOKED_FIRST, VENUE_DELETED_FIRST}


RACES = [race_with_removed_dates, race_with_closed_dates, race_with_deleted_venues]


@pytest.mark.parametrize(("paused", "delay"), [SLOW_BOOKING, SLOW_OWNER])
@pytest.mark.parametrize("race", RACES)
def test_the_first_transaction_wins_even_if_it_is_slow(
    race: Callable[[RaceClient, list[float]], Report],
    paused: str,
    delay: float,
    in_process_client: RaceClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unguarded.pause_before(monkeypatch, in_process_client, store, paused)
    report = race(in_process_client, [delay])
    assert report.violations == []
    assert all(outcome.startswith("201") == (delay > 0) for outcome in report.outcomes)


@pytest.mark.parametrize(("paused", "delay"), [SLOW_BOOKING, SLOW_OWNER])
@pytest.mark.parametrize("race", RACES)
def test_control_a_booking_that_only_reads_the_venue_books_a_removed_date(
    race: Callable[[RaceClient, list[float]], Report],
    paused: str,
    delay: float,
    in_process_client: RaceClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unguarded.only_read_the_venue(monkeypatch)
    unguarded.pause_before(monkeypatch, in_process_client, store, paused)
    report = race(in_process_client, [delay])
    assert "outcome (201, 200)" in report.violations
    assert "booked, but not offered" in str(report.violations)
