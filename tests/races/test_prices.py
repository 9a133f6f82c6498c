"""An order against a new price: what is locked is a price that held then, and that nobody had seen replaced."""

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
    """Order dates while they get dearer; return what went wrong, and the prices that were locked."""
    report, guest, owner = Report(), race_client.person(), race_client.person(owner=True)
    locked = set()
    for venue_id, delay in zip(race_client.venues(owner, len(delays)), delays, strict=True):
        look = Call("GET", f"/venues/{venue_id}/availability?date={DATE}")
        body: dict[str, Any] = {"pricing": NEW_PRICING}
        reprice = Call("PATCH", f"/venues/{venue_id}", owner.token, body, delay=max(0.0, delay), then=look)
        order = guest.order(venue_id, delay=max(0.0, -delay))
        ordered, repriced = race_client.at_once(order, reprice)
        report.add_end(["201, 200"], ordered, repriced)
        [booking] = race_client.active(venue_id)
        locked.add(booking["price_locked"])
        if booking["price_locked"] not in find_honest_prices(ordered, repriced):
            report.violations.append(f"booked at {booking['price_locked']}")
        if ordered.answer.data["booking"]["price_locked"] != booking["price_locked"]:
            report.violations.append("told another price")
    return report.violations, locked


def find_honest_prices(ordered: Event, repriced: Event) -> set[int]:
    """Return the prices that held between sending and answer, without the old one if it was seen replaced before."""
    looked = repriced.then
    assert looked
    if ordered.answered < repriced.sent:
        return {OLD_PRICE}
    if repriced.answered < ordered.sent:
        return {NEW_PRICE}
    seen_new_and_free = looked.answer.data["available"] and looked.answer.data["price"] == NEW_PRICE
    return {NEW_PRICE} if seen_new_and_free else {OLD_PRICE, NEW_PRICE}


def test_a_booking_locks_a_price_that_held_and_never_one_that_was_seen_replaced(race_client: RaceClient) -> None:
    violations, locked = race_with_new_prices(race_client, shifts(ROUNDS))
    assert violations == []
    assert locked == {OLD_PRICE, NEW_PRICE}


def test_an_order_that_is_slow_to_decide_pays_the_price_of_when_it_decides(
    shadow: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.pause_before(monkeypatch, shadow, store, "claim_date")
    assert race_with_new_prices(shadow, [1.0]) == ([], {NEW_PRICE})


def test_control_a_price_read_before_the_transaction_is_stale(
    shadow: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.price_before_the_transaction(monkeypatch)
    unguarded.pause_before(monkeypatch, shadow, store, "claim_date")
    assert race_with_new_prices(shadow, [1.0]) == ([f"booked at {OLD_PRICE}"], {OLD_PRICE})
