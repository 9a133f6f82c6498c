"""Two hundred guests order one date: one of them gets it, the others hear that it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.bookings import service as bookings
from tests.races import unguarded
from tests.races.race_client import RaceClient, Report

if TYPE_CHECKING:
    import pytest

GUESTS, ROUNDS = 200, 3
FEW = 5


def race_for_one_date(race_client: RaceClient, guests: int) -> list[str]:
    """Let so many guests order the same date at once; return what went wrong."""
    venue_id = race_client.venue(race_client.person(owner=True))
    events = race_client.at_once(*[guest.order(venue_id) for guest in race_client.people(guests)])
    report = Report()
    for event in events:
        report.add_end(["201", "409 date_taken"], event)
    if report.ends["201"] != 1:
        report.violations.append(f"{report.ends['201']} guests were told that the date is theirs")
    if (count := len(race_client.active(venue_id))) != 1:
        report.violations.append(f"{count} active bookings for one date")
    return report.violations


def test_one_of_two_hundred_guests_gets_the_date_and_the_others_hear_that_it_is_taken(race_client: RaceClient) -> None:
    assert [race_for_one_date(race_client, GUESTS) for _ in range(ROUNDS)] == [[]] * ROUNDS


def test_guests_who_all_saw_the_date_free_do_not_all_get_it(
    shadow: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.meet_after(monkeypatch, bookings, "_check_order", FEW)
    assert race_for_one_date(shadow, FEW) == []


def test_control_without_the_unique_index_a_transaction_alone_books_twice(
    shadow: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.drop_the_unique_index(shadow.db)
    unguarded.meet_after(monkeypatch, bookings, "_check_order", FEW)
    assert f"{FEW} active bookings for one date" in race_for_one_date(shadow, FEW)


def test_control_check_then_insert_without_the_unique_index_books_twice(
    shadow: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.drop_the_unique_index(shadow.db)
    unguarded.check_then_insert(monkeypatch)
    unguarded.meet_after(monkeypatch, bookings, "_check_order", FEW)
    assert f"{FEW} active bookings for one date" in race_for_one_date(shadow, FEW)


def test_the_unique_index_alone_keeps_check_then_insert_from_booking_twice(
    shadow: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.check_then_insert(monkeypatch)
    unguarded.meet_after(monkeypatch, bookings, "_check_order", FEW)
    assert race_for_one_date(shadow, FEW) == []
