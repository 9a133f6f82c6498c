"""A booking races with a price change: it locks a price that was valid during the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halls.venues import store
from tests.races import unguarded
from tests.races.race_client import DATE, NEW_PRICE, OLD_PRICE, Call, Event, RaceClient, Report, shifts

if TYPE_CHECKING:
    import pytest

ROUNDS = 60
NEW_PRICING = {"overrides": [{"date": DATE, "price": NEW_PRICE}]}


def race_with_new_prices(race_client: RaceClient, delays: list[float]) -> tuple[list[str], set[int]]:
    """Book dates while their prices change; return the violations and the locked prices."""
    report, guest, owner = Report(), race_client.account(), race_client.account(owner=True)
    locked = set()
    for venue_id, delay in zip(race_client.venues(owner, len(delays)), delays, strict=True):
        look = Call("GET", f"/venues/{venue_id}/availability?date={DATE}")
        body: dict[str, Any] = {"pricing": NEW_PRICING}
        price_change = Call("PATCH", f"/venues/{venue_id}", owner.token, body, delay=max(0.0, delay), then=look)
        order = guest.order(venue_id, delay=max(0.0, -delay))
        booked, changed = race_client.at_once(order, price_change)
        report.add_outcome(["201, 200"], booked, changed)
        [booking] = race_client.find_active_bookings(venue_id)
        locked.add(booking["price_locked"])
        if booking["price_locked"] not in allowed_prices(booked, changed):
            report.violations.append(f"booked at {booking['price_locked']}")
        if booked.answer.data["booking"]["price_locked"] != booking["price_locked"]:
            report.violations.append("response has another price")
    return report.violations, locked


def allowed_prices(booked: Event, changed: Event) -> set[int]:
    """Return the prices valid during the booking request; without the old one if a client had read the new one."""
    read = changed.then
    assert read
    if booked.answered < changed.sent:
        return {OLD_PRICE}
    if changed.answered < booked.sent:
        return {NEW_PRICE}
    new_price_was_visible = read.answer.data["available"] and read.answer.data["price"] == NEW_PRICE
    return {NEW_PRICE} if new_price_was_visible else {OLD_PRICE, NEW_PRICE}


def test_a_booking_locks_a_price_that_was_valid_at_its_time(race_client: RaceClient) -> None:
    violations, locked = race_with_new_prices(race_client, shifts(ROUNDS))
    assert violations == []
    assert locked == {OLD_PRICE, NEW_PRICE}


def test_a_slow_booking_locks_the_price_at_its_transaction(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.pause_before(monkeypatch, in_process_client, store, "claim_date")
    assert race_with_new_prices(in_process_client, [1.0]) == ([], {NEW_PRICE})


def test_control_a_price_read_before_the_transaction_is_stale(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.price_before_the_transaction(monkeypatch)
    unguarded.pause_before(monkeypatch, in_process_client, store, "claim_date")
    assert race_with_new_prices(in_process_client, [1.0]) == ([f"booked at {OLD_PRICE}"], {OLD_PRICE})
