"""A hold expires while others confirm, extend, cancel or order: one outcome, and one history entry."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.bookings import changes, holds, store
from halls.clock import utc_now
from tests.races import unguarded
from tests.races.race_client import DATE, MAX_WAIT_SECONDS, Account, Call, RaceClient, shifts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from halls.mongo.client import Document

ROUNDS = 20
CONFIRM, EXTEND = {"status": "confirmed"}, {"hold_hours": 24}
# The last event for each status, and the statuses after each answer of the rival.
ENDINGS = {"cancelled": {"expired", "cancelled", "declined"}, "confirmed": {"confirmed"}, "pending": {"hold_changed"}}


def prepare(race_client: RaceClient, guest: Account, owner: Account) -> tuple[ObjectId, ObjectId]:
    """Place a booking whose hold has run out. Return the ids of its venue and of itself."""
    venue_id = race_client.venue(owner)
    placed = race_client.request(guest.order(venue_id)).answer.data["booking_id"]
    hold_until = utc_now() - timedelta(seconds=1)
    race_client.db.bookings.update_one({"_id": ObjectId(placed)}, {"$set": {"hold_until": hold_until}})
    return venue_id, ObjectId(placed)


def together(*works: tuple[float, Callable[[], Any]]) -> list[Any]:
    """Run all at once, each after its delay. Return their results."""
    start = threading.Barrier(len(works), timeout=MAX_WAIT_SECONDS)

    def run(work: tuple[float, Callable[[], Any]]) -> Any:
        start.wait()
        time.sleep(work[0])
        return work[1]()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def expire(race_client: RaceClient) -> int:
    """Run the task once."""
    return holds.expire_holds(race_client.db, utc_now(), lambda: False)


def find_violations(race_client: RaceClient, venue_id: ObjectId, booking_id: ObjectId, outcome: str) -> list[str]:
    """Return what is wrong with the stored booking and its events after one race."""
    booking: Any = race_client.db.bookings.find_one({"_id": booking_id})
    types = [event["type"] for event in race_client.db.events.find({"booking_id": booking_id}, sort=[("seq", 1)])]
    violations = []
    if types[0] != "placed" or types[-1] not in ENDINGS[booking["status"]] or len(types) != booking["event_count"]:
        violations.append(f"{booking['status']} with {types}")
    if len(types) != 2:
        violations.append(f"{len(types)} entries after ({outcome}): {types}")
    if len(race_client.find_active_bookings(venue_id)) > 1:
        violations.append("two active bookings")
    return violations


def race_with_expiry(
    race_client: RaceClient, call: Callable[[Account, Account, ObjectId], Call], delays: list[float]
) -> tuple[Counter[str], list[str]]:
    """Let two tasks expire a hold while a rival acts. A negative delay delays the tasks."""
    outcomes: Counter[str] = Counter()
    violations: list[str] = []
    guest, owner = race_client.account(), race_client.account(owner=True)
    for delay in delays:
        venue_id, booking_id = prepare(race_client, guest, owner)
        rival = call(guest, owner, booking_id)
        task = (max(0.0, -delay), lambda: expire(race_client))
        event, *expired = together((max(0.0, delay), lambda rival=rival: race_client.request(rival)), task, task)  # type: ignore[misc] # bound early
        outcome = f"{event.outcome}, {sum(expired)} expired"
        outcomes[outcome] += 1
        violations += find_violations(race_client, venue_id, booking_id, outcome)
    return outcomes, violations


def patch_as_owner(body: Document) -> Callable[[Account, Account, ObjectId], Call]:
    """Return a function that makes a PATCH of the owner."""
    return lambda _, owner, booking_id: Call("PATCH", f"/bookings/{booking_id}", owner.token, body)


def cancel_as_guest(guest: Account, _: Account, booking_id: ObjectId) -> Call:
    """Return a DELETE of the guest."""
    return Call("DELETE", f"/bookings/{booking_id}", guest.token)


LATE, EARLY = "409 bad_transition, 1 expired", "200, 0 expired"
RIVALS = [
    pytest.param(patch_as_owner(CONFIRM), {EARLY, LATE}, id="confirm"),
    pytest.param(patch_as_owner(EXTEND), {EARLY, LATE}, id="extend"),
    pytest.param(cancel_as_guest, {EARLY, "200, 1 expired"}, id="cancel"),
]


@pytest.mark.parametrize(("rival", "allowed"), RIVALS)
def test_an_expiry_and_a_rival_have_one_outcome(race_client: RaceClient, rival: Any, allowed: set[str]) -> None:
    outcomes, violations = race_with_expiry(race_client, rival, shifts(ROUNDS))
    assert violations == []
    assert set(outcomes) <= allowed


def is_expiry(kwargs: Mapping[str, Any]) -> bool:
    """Return whether a call of `update_booking` expires a booking."""
    return bool(kwargs["values"].get("cancellation", {}).get("by") == "expiry")


def pause_expiry(patch: pytest.MonkeyPatch) -> threading.Event:
    """Let the first expiry wait, after its snapshot, until the returned event is set."""
    update_booking, go, reached = store.update_booking, threading.Event(), threading.Event()

    def update(*args: Any, **kwargs: Any) -> Any:
        if is_expiry(kwargs) and not reached.is_set():
            reached.set()
            go.wait(MAX_WAIT_SECONDS)
        return update_booking(*args, **kwargs)

    patch.setattr(store, "update_booking", update)
    return go


def expire_late(race_client: RaceClient, rival: Any, patch: pytest.MonkeyPatch) -> list[str]:
    """Let the rival commit in the middle of the expiry. Return the violations."""
    guest, owner = race_client.account(), race_client.account(owner=True)
    venue_id, booking_id = prepare(race_client, guest, owner)
    go = pause_expiry(patch)

    def act() -> str:
        outcome = race_client.request(rival(guest, owner, booking_id)).outcome
        go.set()
        return outcome

    outcome, expired = together((0.2, act), (0.0, lambda: expire(race_client)))
    return find_violations(race_client, venue_id, booking_id, f"{outcome}, {expired} expired")


@pytest.mark.parametrize(("rival", "allowed"), RIVALS)
def test_a_slow_expiry_does_not_undo_what_was_committed_first(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch, rival: Any, allowed: set[str]
) -> None:
    assert EARLY in allowed
    assert expire_late(in_process_client, rival, monkeypatch) == []


@pytest.mark.parametrize(("rival", "allowed"), RIVALS)
def test_control_without_the_compare_and_set_both_succeed(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch, rival: Any, allowed: set[str]
) -> None:
    assert allowed
    unguarded.update_without_filter(monkeypatch)
    (violation,) = expire_late(in_process_client, rival, monkeypatch)
    assert violation.startswith("3 entries after (200, 1 expired)")


def race_of_rivals(race_client: RaceClient, rounds: int, rivals: int = 4) -> list[str]:
    """Let guests order a date whose hold has run out, while two tasks expire it. Return the violations."""
    violations: list[str] = []
    guest, owner, *others = [race_client.account(), race_client.account(owner=True), *race_client.accounts(rivals)]
    for _ in range(rounds):
        venue_id, booking_id = prepare(race_client, guest, owner)
        calls = [one.order(venue_id) for one in others]
        orders = [(0.0, lambda call=call: race_client.request(call).outcome) for call in calls]
        tasks = [(0.0, lambda: expire(race_client))] * 2
        outcomes = Counter(map(str, together(*orders, *tasks)[:rivals]))
        violations += find_violations(race_client, venue_id, booking_id, str(outcomes))
        if outcomes != {"201": 1, "409 date_taken": rivals - 1}:
            violations.append(f"{outcomes}")
    return violations


def test_one_of_several_rivals_takes_the_date_of_an_expired_hold(race_client: RaceClient) -> None:
    assert race_of_rivals(race_client, 10) == []


def test_a_rival_that_finds_the_hold_confirmed_gets_date_taken(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, owner, rival = in_process_client.accounts(3, owner=True)
    venue_id, booking_id = prepare(in_process_client, guest, owner)
    expire_booking = changes.expire_booking

    def confirm_first(*args: Any) -> Any:
        monkeypatch.setattr(changes, "expire_booking", expire_booking)
        confirm = patch_as_owner(CONFIRM)(guest, owner, booking_id)
        thread = threading.Thread(target=in_process_client.request, args=(confirm,))
        thread.start()
        thread.join(MAX_WAIT_SECONDS)
        return expire_booking(*args)

    monkeypatch.setattr(changes, "expire_booking", confirm_first)
    assert in_process_client.request(rival.order(venue_id)).outcome == "409 date_taken"
    (active,) = in_process_client.find_active_bookings(venue_id, DATE)
    assert (active["_id"], active["status"]) == (booking_id, "confirmed")
    assert find_violations(in_process_client, venue_id, booking_id, "confirmed first") == []


def test_control_without_the_unique_index_rivals_book_twice(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.drop_the_unique_index(in_process_client.db)
    monkeypatch.setattr(changes, "expire_booking", lambda *_: None)
    guest, owner, rival = in_process_client.accounts(3, owner=True)
    venue_id, _ = prepare(in_process_client, guest, owner)
    assert in_process_client.request(rival.order(venue_id)).outcome == "201"
    assert len(in_process_client.find_active_bookings(venue_id)) == 2
