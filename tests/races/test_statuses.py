"""Confirm, cancel and book again at once: a cancelled booking stays cancelled, the next booking remains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.bookings import store
from tests.races import unguarded
from tests.races.race_client import Account, Call, RaceClient, Report, shifts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import pytest
    from bson import ObjectId

CONFIRM_ROUNDS, REBOOK_ROUNDS = 60, 300
CONFIRMED_FIRST, CANCELLED_FIRST = "200, 200", "409 bad_transition, 200"
REBOOKED, TOO_EARLY = "200, 200, 201", "200, 200, 409 date_taken"


def cancel(person: Account, booking_id: str, delay: float = 0.0) -> Call:
    """Return a DELETE of a booking."""
    return Call("DELETE", f"/bookings/{booking_id}", person.token, delay=delay)


def set_status(person: Account, booking_id: str, status: str, delay: float = 0.0) -> Call:
    """Return a PATCH of the status."""
    return Call("PATCH", f"/bookings/{booking_id}", person.token, {"status": status}, delay=delay)


def book(race_client: RaceClient, guest: Account, venue_id: ObjectId) -> str:
    """Book the date; return the booking's id."""
    booking_id: str = race_client.request(guest.order(venue_id)).answer.data["booking_id"]
    return booking_id


def status_of(race_client: RaceClient, guest: Account, booking_id: str) -> str:
    """Return the status that GET /bookings/{id} shows to the guest."""
    response = race_client.request(Call("GET", f"/bookings/{booking_id}", guest.token))
    status: str = response.answer.data["booking"]["status"]
    return status


def race_confirm_and_cancel(race_client: RaceClient, delays: list[float]) -> Report:
    """Confirm and cancel at once. The final status must be cancelled in either order."""
    report, guest, owner = Report(), race_client.account(), race_client.account(owner=True)
    for venue_id, delay in zip(race_client.venues(owner, len(delays)), delays, strict=True):
        booking_id = book(race_client, guest, venue_id)
        confirm = set_status(owner, booking_id, "confirmed", max(0.0, -delay))
        events = race_client.at_once(confirm, cancel(guest, booking_id, max(0.0, delay)))
        report.add_outcome([CONFIRMED_FIRST, CANCELLED_FIRST], *events)
        if (status := status_of(race_client, guest, booking_id)) != "cancelled":
            report.violations.append(f"{status} after a cancel")
    return report


def race_cancels_and_rebook(race_client: RaceClient, delays: list[float]) -> Report:
    """Cancel twice while another guest books the date; the new booking must remain."""
    report, owner = Report(), race_client.account(owner=True)
    guest, other, third = race_client.accounts(3)
    for venue_id, delay in zip(race_client.venues(owner, len(delays)), delays, strict=True):
        old_id = book(race_client, guest, venue_id)
        cancels = [cancel(guest, old_id), set_status(owner, old_id, "cancelled")]
        cancels = [Call(c.method, c.path, c.token, c.body, delay=max(0.0, -delay)) for c in cancels]
        events = race_client.at_once(*cancels, other.order(venue_id, delay=max(0.0, delay)))
        report.add_outcome([REBOOKED, TOO_EARLY], *events)
        ordered = events[-1].answer
        new_id = ordered.data["booking_id"] if ordered.status == 201 else book(race_client, other, venue_id)
        report.violations += find_rebooking_problems(race_client, [guest, other, third], venue_id, [old_id, new_id])
    return report


def find_rebooking_problems(
    race_client: RaceClient, guests: list[Account], venue_id: ObjectId, booking_ids: list[str]
) -> list[str]:
    """Cancel the old booking once more and book for a third guest: the new booking must remain."""
    (guest, other, third), (old_id, new_id) = guests, booking_ids
    outcomes = (race_client.request(cancel(guest, old_id)).outcome, race_client.request(third.order(venue_id)).outcome)
    statuses = (status_of(race_client, guest, old_id), status_of(race_client, other, new_id))
    problems = [] if outcomes == ("200", "409 date_taken") else [f"late cancel and third booking request: {outcomes}"]
    return problems if statuses == ("cancelled", "pending") else [*problems, f"old and new booking are {statuses}"]


def is_confirmation(kwargs: Mapping[str, Any]) -> bool:
    """Return whether a call of `update_booking` confirms a booking."""
    return bool(kwargs["values"].get("status") == "confirmed")


def test_a_cancelled_booking_stays_cancelled(race_client: RaceClient) -> None:
    report = race_confirm_and_cancel(race_client, shifts(CONFIRM_ROUNDS))
    assert report.violations == []
    assert set(report.outcomes) == {CONFIRMED_FIRST, CANCELLED_FIRST}


def test_two_cancels_do_not_affect_the_next_booking(race_client: RaceClient) -> None:
    report = race_cancels_and_rebook(race_client, shifts(REBOOK_ROUNDS))
    assert report.violations == []
    assert set(report.outcomes) == {REBOOKED, TOO_EARLY}


def test_a_slow_confirm_does_not_reactivate_a_cancelled_booking(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.pause_before(monkeypatch, in_process_client, store, "update_booking", is_confirmation)
    report = race_confirm_and_cancel(in_process_client, [1.0])
    assert report.violations == []
    assert set(report.outcomes) == {CANCELLED_FIRST}


def test_control_an_update_without_the_old_status_reactivates_a_booking(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.update_without_filter(monkeypatch)
    unguarded.pause_before(monkeypatch, in_process_client, store, "update_booking", is_confirmation)
    assert race_confirm_and_cancel(in_process_client, [1.0]).violations == ["confirmed after a cancel"]


def test_control_a_cancel_by_date_cancels_the_next_booking(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert race_cancels_and_rebook(in_process_client, [0.05]).violations == []
    unguarded.cancel_by_date(monkeypatch)
    assert "('cancelled', 'cancelled')" in str(race_cancels_and_rebook(in_process_client, [0.05]).violations)
