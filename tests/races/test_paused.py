"""A listing is paused or listed again at once with a booking or a cancellation: search and bookings agree with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.bookings import service as bookings
from halls.bookings import store
from halls.search import index
from halls.venues import store as venues_store
from tests.races import unguarded
from tests.races.race_client import DATE, OTHER_DATE, Account, Call, Pause, RaceClient, Report, shifts

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from bson import ObjectId

    from halls.mongo.client import Db, Session

ROUNDS, CANCEL_ROUNDS = 50, 20
BOOKED_FIRST, PAUSED_FIRST = "201, 200", "409 date_not_offered, 200"


def find_stale_entry(race_client: RaceClient, venue_id: ObjectId) -> list[str]:
    """Return a message if the search entry of the venue is not the one that its documents give."""
    stored = list(race_client.db.search_entries.find({"_id": venue_id}, {"edition": 0}))
    return [] if stored == index.make_entries(race_client.db, [venue_id]) else ["stale entry"]


def race_with_pauses(race_client: RaceClient, delays: list[float]) -> Report:
    """Book a date of each venue while its owner pauses it, and once more after the response to the pause."""
    report, guest, owner = Report(), race_client.account(), race_client.account(owner=True)
    for venue_id, delay in zip(race_client.venues(owner, len(delays)), delays, strict=True):
        late = guest.order(venue_id, OTHER_DATE)
        pause = Call(
            "PATCH", f"/venues/{venue_id}", owner.token, {"is_listed": False}, delay=max(0.0, delay), then=late
        )
        ordered, paused = race_client.at_once(guest.order(venue_id, delay=max(0.0, -delay)), pause)
        report.add_outcome([BOOKED_FIRST, PAUSED_FIRST], ordered, paused)
        if paused.then is None or paused.then.outcome != "409 date_not_offered":
            report.violations.append(f"after the pause: {paused.then}")
        if len(race_client.find_active_bookings(venue_id)) != (ordered.outcome == "201"):
            report.violations.append("another number of bookings")
        report.violations += find_stale_entry(race_client, venue_id)
    return report


def test_no_booking_is_placed_after_the_pause(race_client: RaceClient) -> None:
    report = race_with_pauses(race_client, shifts(ROUNDS))
    assert report.violations == []
    assert set(report.outcomes) == {BOOKED_FIRST, PAUSED_FIRST}


def note_late_inserts(patch: pytest.MonkeyPatch, race_client: RaceClient) -> list[str]:
    """Return a list that gets a message for each booking that is inserted after the pause is committed."""
    late: list[str] = []
    insert_booking = store.insert_booking

    def insert(db: Db, booking: Any, session: Session) -> None:
        # Without the session, the read finds what is committed.
        venue = race_client.db.venues.find_one({"_id": booking["venue_id"]})
        if venue is None or venue.get("is_listed") is False:
            late.append("booked after the pause")
        insert_booking(db, booking, session)

    patch.setattr(store, "insert_booking", insert)
    return late


# Where the booking pauses while the owner pauses the listing: before its transaction writes the venue, or afterwards.
BEFORE_CLAIM, AFTER_CLAIM = (venues_store, "claim_date"), (store, "insert_booking")


def pause_during_a_booking(
    race_client: RaceClient, patch: pytest.MonkeyPatch, where: tuple[ModuleType, str]
) -> tuple[list[str], str]:
    """Pause a listing while a booking pauses. Return the bookings after the pause, and the outcome."""
    late = note_late_inserts(patch, race_client)
    unguarded.pause_before(patch, race_client, *where)
    guest, owner = race_client.account(), race_client.account(owner=True)
    venue_id = race_client.venue(owner)
    events = race_client.at_once(guest.order(venue_id), owner.change(venue_id, 1.0, is_listed=False))
    return late, ", ".join(event.outcome for event in events)


@pytest.mark.parametrize(("where", "expected"), [(BEFORE_CLAIM, PAUSED_FIRST), (AFTER_CLAIM, BOOKED_FIRST)])
def test_a_slow_booking_takes_effect_before_the_pause_or_not_at_all(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch, where: tuple[ModuleType, str], expected: str
) -> None:
    assert pause_during_a_booking(in_process_client, monkeypatch, where) == ([], expected)


def check_only_before_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Remove the check of the listing in the transaction."""
    patch.setattr(bookings, "is_open", lambda _: True)


@pytest.mark.parametrize(
    ("where", "unguard"),
    [(BEFORE_CLAIM, check_only_before_the_transaction), (AFTER_CLAIM, unguarded.only_read_the_venue)],
)
def test_control_without_the_guard_a_booking_is_placed_after_the_pause(
    in_process_client: RaceClient,
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[ModuleType, str],
    unguard: Callable[[pytest.MonkeyPatch], None],
) -> None:
    unguard(monkeypatch)
    late, outcome = pause_during_a_booking(in_process_client, monkeypatch, where)
    assert (late, outcome) == (["booked after the pause"], "201, 200")


def race_listing_and_cancelling(race_client: RaceClient, delays: list[float]) -> Report:
    """Cancel a booking at a paused venue while its owner lists the venue again. A negative delay delays the cancel."""
    report, guest, owner = Report(), race_client.account(), race_client.account(owner=True)
    for venue_id, delay in zip(race_client.venues(owner, len(delays)), delays, strict=True):
        booking_id = race_client.request(guest.order(venue_id)).answer.data["booking_id"]
        assert race_client.request(owner.change(venue_id, is_listed=False)).outcome == "200"
        cancel = Call("DELETE", f"/bookings/{booking_id}", guest.token, delay=max(0.0, -delay))
        events = race_client.at_once(cancel, owner.change(venue_id, max(0.0, delay), is_listed=True))
        report.add_outcome(["200, 200"], *events)
        report.violations += find_stale_entry(race_client, venue_id)
        report.violations += find_hidden_date(race_client, guest, venue_id)
    return report


def find_hidden_date(race_client: RaceClient, guest: Account, venue_id: ObjectId) -> list[str]:
    """Return a message if search does not find the venue on the date that is free again."""
    path = f"/venues/search?date={DATE}&limit=100"
    page = race_client.request(Call("GET", path, guest.token)).answer.data
    return [] if str(venue_id) in [venue["id"] for venue in page["venues"]] else ["not found by search"]


def test_a_cancellation_and_a_new_listing_leave_no_stale_entry(in_process_client: RaceClient) -> None:
    assert race_listing_and_cancelling(in_process_client, shifts(CANCEL_ROUNDS)).violations == []


@pytest.mark.parametrize("delay", [1.0, -1.0], ids=["slow cancel", "slow listing"])
def test_the_slower_of_both_transactions_sees_the_other(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch, delay: float
) -> None:
    pause_the_entry(in_process_client, monkeypatch)
    assert race_listing_and_cancelling(in_process_client, [delay]).violations == []


@pytest.mark.parametrize("delay", [1.0, -1.0], ids=["slow cancel", "slow listing"])
def test_control_entries_that_do_not_conflict_become_stale(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch, delay: float
) -> None:
    unguarded.write_entries_outside_the_transaction(monkeypatch)
    pause_the_entry(in_process_client, monkeypatch)
    assert "stale entry" in race_listing_and_cancelling(in_process_client, [delay]).violations


def pause_the_entry(race_client: RaceClient, patch: pytest.MonkeyPatch) -> None:
    """Let the first of two concurrent changes pause after it has read the documents, and before it writes the entry."""
    # Not the changes that prepare the race.
    at_once = race_client.at_once

    def pause_and_send(*calls: Call) -> Any:
        real, pause = index.make_entries, Pause()

        def make_and_pause(db: Db, venue_ids: Any, session: Session | None = None) -> Any:
            entries = real(db, venue_ids, session)
            pause.wait_for_rivals()
            return entries

        patch.setattr(index, "make_entries", make_and_pause)
        race_client.pause = pause
        events = at_once(*calls)
        patch.setattr(index, "make_entries", real)
        return events

    race_client.at_once = pause_and_send  # type: ignore[method-assign] # for this test
