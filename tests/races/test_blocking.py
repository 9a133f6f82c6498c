"""A block and an order of the same guest at once: after the block is acknowledged, no order succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.accounts import blocking
from halls.bookings import service as bookings
from tests.accounts.concurrency import run_before_first_call
from tests.races.race_client import Call, RaceClient

if TYPE_CHECKING:
    import pytest


def block_in_the_middle(race_client: RaceClient, patch: pytest.MonkeyPatch) -> str:
    """Block a guest while the transaction of the guest's order runs. Return the outcome of the order."""
    owner, guest = race_client.account(owner=True), race_client.account()
    venue_id = race_client.venue(owner)

    def block() -> None:
        (event,) = race_client.at_once(Call("PUT", f"/auth/me/blocked/{guest.id}", owner.token))
        assert event.outcome == "200"

    # The transaction has written the venue, so its snapshot is older than the block.
    run_before_first_call(patch, bookings, "lock_account", block)
    (event,) = race_client.at_once(guest.order(venue_id))
    assert len(race_client.find_active_bookings(venue_id)) == (event.outcome == "201")
    return event.outcome


def test_no_order_succeeds_after_the_block(in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert block_in_the_middle(in_process_client, monkeypatch) == "403 not_yours"


def test_control_without_the_mark_in_the_account_the_order_succeeds(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocking, "mark_blocked", lambda *_: None)
    assert block_in_the_middle(in_process_client, monkeypatch) == "201"
