"""Confirming, cancelling and booking anew at once: cancelled is cancelled, and the next booking of the date stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.bookings import store
from tests.races import unguarded
from tests.races.race_client import Call, Person, RaceClient, Report, shifts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import pytest
    from bson import ObjectId

CONFIRM_ROUNDS, REBOOK_ROUNDS = 60, 300
CONFIRMED_FIRST, CANCELLED_FIRST = "200, 200", "409 bad_transition, 200"
REBOOKED, TOO_EARLY = "200, 200, 201", "200, 200, 409 date_taken"


def cancel(person: Person, booking_id: str, delay: float = 0.0) -> Call:
    """Return a request that cancels a booking."""
    return Call("DELETE", f"/bookings/{booking_id}", person.token, delay=delay)


def set_status(person: Person, booking_id: str, status: str, delay: float = 0.0) -> Call:
    """Return a request for another status."""
    return Call("PATCH", f"/bookings/{booking_id}", person.token, {"status": status}, delay=delay)


def book(race_client: RaceClient, guest: Person, venue_id: ObjectId) -> str:
    """Book the date; return the booking's id."""
    booking_id: str = race_client.ask(guest.order(venue_id)).answer.data["booking_id"]
    return booking_id


def status_of(race_client: RaceClient, guest: Person, booking_id: str) -> str:
    """Return the status as the booker sees it."""
    seen = race_client.ask(Call("GET", f"/bookings/{booking_id}", guest.token))
    status: str = seen.answer.data["booking"]["status"]
    return status


def race_confirm_and_cancel(race_client: RaceClient, delays: list[float]) -> Report:
    """Let the owner confirm while the guest cancels; whoever comes first, the guest has not booked in the end."""
    report, guest, owner = Report(), race_client.person(), race_client.person(owner=True)
    for venue_id, delay in zip(race_client.venues(owner, len(delays)), delays, strict=True):
        booking_id = book(race_client, guest, venue_id)
        confirm = set_status(owner, booking_id, "confirmed", max(0.0, -delay))
        events = race_client.at_once(confirm, cancel(guest, booking_id, max(0.0, delay)))
        report.add_end([CONFIRMED_FIRST, CANCELLED_FIRST], *events)
        if (status := status_of(race_client, guest, booking_id)) != "cancelled":
            report.violations.append(f"{status} after a cancel")
    return report


def race_cancels_and_rebook(race_client: RaceClient, delays: list[float]) -> Report:
    """Let guest and owner both cancel while another guest orders the date; that one's booking must stand."""
    report, owner = Report(), race_client.person(owner=True)
    guest, other, third = race_client.people(3)
    for venue_id, delay in zip(race_client.venues(owner, len(delays)), delays, strict=True):
        old_id = book(race_client, guest, venue_id)
        cancels = [cancel(guest, old_id), set_status(owner, old_id, "cancelled")]
        cancels = [Call(c.method, c.path, c.token, c.body, delay=max(0.0, -delay)) for c in cancels]
        events = race_client.at_once(*cancels, other.order(venue_id, delay=max(0.0, delay)))
        report.add_end([REBOOKED, TOO_EARLY], *events)
        ordered = events[-1].answer
        new_id = ordered.data["booking_id"] if ordered.status == 201 else book(race_client, other, venue_id)
        report.violations += find_faults_of_rebooked(race_client, [guest, other, third], venue_id, [old_id, new_id])
    return report


def find_faults_of_rebooked(
    race_client: RaceClient, guests: list[Person], venue_id: ObjectId, booking_ids: list[str]
) -> list[str]:
    """Cancel the old booking once more and let a third guest try: the new one's booking stands."""
    (guest, other, third), (old_id, new_id) = guests, booking_ids
    said = (race_client.ask(cancel(guest, old_id)).said, race_client.ask(third.order(venue_id)).said)
    statuses = (status_of(race_client, guest, old_id), status_of(race_client, other, new_id))
    faults = [] if said == ("200", "409 date_taken") else [f"a late cancel and a third order: {said}"]
    return faults if statuses == ("cancelled", "pending") else [*faults, f"old and new booking are {statuses}"]


def to_confirm(given: Mapping[str, Any]) -> bool:
    """Pick the confirming of a booking."""
    return bool(given["to"] == "confirmed")


def test_a_booking_whose_cancel_was_answered_stays_cancelled(race_client: RaceClient) -> None:
    report = race_confirm_and_cancel(race_client, shifts(CONFIRM_ROUNDS))
    assert report.violations == []
    assert set(report.ends) == {CONFIRMED_FIRST, CANCELLED_FIRST}


def test_two_cancels_leave_the_next_booking_of_the_date_alone(race_client: RaceClient) -> None:
    report = race_cancels_and_rebook(race_client, shifts(REBOOK_ROUNDS))
    assert report.violations == []
    assert set(report.ends) == {REBOOKED, TOO_EARLY}


def test_a_confirm_that_is_slow_does_not_bring_a_cancelled_booking_back(
    shadow: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.pause_before(monkeypatch, shadow, store, "update_status", to_confirm)
    report = race_confirm_and_cancel(shadow, [1.0])
    assert report.violations == []
    assert set(report.ends) == {CANCELLED_FIRST}


def test_control_a_status_set_without_its_old_one_in_the_filter_brings_a_booking_back(
    shadow: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.set_status_whatever_it_was(monkeypatch)
    unguarded.pause_before(monkeypatch, shadow, store, "update_status", to_confirm)
    assert race_confirm_and_cancel(shadow, [1.0]).violations == ["confirmed after a cancel"]


def test_control_a_cancel_that_frees_the_date_takes_it_from_the_next_guest(
    shadow: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert race_cancels_and_rebook(shadow, [0.05]).violations == []
    unguarded.free_the_date(monkeypatch)
    assert "('cancelled', 'cancelled')" in str(race_cancels_and_rebook(shadow, [0.05]).violations)
