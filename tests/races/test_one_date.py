"""Two hundred guests book one date at once: one gets 201, the others 409 date_taken."""

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
    """Book one date for `guests` accounts at once; return the violations."""
    venue_id = race_client.venue(race_client.account(owner=True))
    events = race_client.at_once(*[guest.order(venue_id) for guest in race_client.accounts(guests)])
    report = Report()
    for event in events:
        report.add_outcome(["201", "409 date_taken"], event)
    if report.outcomes["201"] != 1:
        report.violations.append(f"{report.outcomes['201']} guests got a 201 for one date")
    if (count := len(race_client.find_active_bookings(venue_id))) != 1:
        report.violations.append(f"{count} active bookings for one date")
    return report.violations


def test_one_of_two_hundred_guests_gets_the_date(race_client: RaceClient) -> None:
    assert [race_for_one_date(race_client, GUESTS) for _ in range(ROUNDS)] == [[]] * ROUNDS


def test_one_guest_gets_the_date_if_all_checks_passed_first(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.check_before_booking(monkeypatch)
    unguarded.meet_after(monkeypatch, bookings, "check_order", FEW)
    assert race_for_one_date(in_process_client, FEW) == []


def test_one_guest_gets_the_date_if_all_transactions_begin_together(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.meet_after(monkeypatch, bookings, "hold_account_lock", FEW)
    assert race_for_one_date(in_process_client, FEW) == []


def test_control_without_the_unique_index_a_transaction_alone_books_twice(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.drop_the_unique_index(in_process_client.db)
    unguarded.book_without_checks(monkeypatch)
    unguarded.meet_after(monkeypatch, bookings, "hold_account_lock", FEW)
    assert f"{FEW} active bookings for one date" in race_for_one_date(in_process_client, FEW)


def test_control_check_then_insert_without_the_unique_index_books_twice(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.drop_the_unique_index(in_process_client.db)
    unguarded.check_then_insert(monkeypatch)
    unguarded.meet_after(monkeypatch, bookings, "check_order", FEW)
    assert f"{FEW} active bookings for one date" in race_for_one_date(in_process_client, FEW)


def test_the_unique_index_alone_protects_check_then_insert(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.check_then_insert(monkeypatch)
    unguarded.meet_after(monkeypatch, bookings, "check_order", FEW)
    assert race_for_one_date(in_process_client, FEW) == []
