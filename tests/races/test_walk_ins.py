"""Walk-ins race with orders, with each other and with changes of the calendar: one booking, and no date is lost."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

from halls.bookings import store, walk_ins
from halls.search import index
from halls.venues import store as venues_store
from tests.factories import day
from tests.races import unguarded
from tests.races.race_client import DATE, MAX_WAIT_SECONDS, OTHER_DATE, Account, Call, RaceClient, Report, shifts

if TYPE_CHECKING:
    from typing import Any

    import pytest
    from bson import ObjectId

    from halls.mongo.client import Db, Session

ROUNDS = 30
NEW_DATES = [day(40), day(41), day(42)]
ORDERED, ENTERED = "201, 409 date_taken", "409 date_taken, 201"
OFFERED_FIRST, REPLACED_FIRST = "201, 409 date_booked", "201, 200"


def enter(owner: Account, venue_id: ObjectId, date: str = DATE, delay: float = 0.0, **fields: Any) -> Call:
    """Return a POST of a walk-in."""
    body = {"date": date, "guests": 5, "guest": {"full_name": "Bilal Ahmed"}, **fields}
    return Call("POST", f"/venues/{venue_id}/walk-ins", owner.token, body, delay=delay)


def race_for_one_date(race_client: RaceClient, delays: list[float]) -> Report:
    """Order a date while the owner enters a walk-in for it. A negative delay delays the order."""
    report, guest, owner = Report(), race_client.account(), race_client.account(owner=True)
    for venue_id, delay in zip(race_client.venues(owner, len(delays)), delays, strict=True):
        order = guest.order(venue_id, delay=max(0.0, -delay))
        events = race_client.at_once(order, enter(owner, venue_id, delay=max(0.0, delay)))
        report.add_outcome([ORDERED, ENTERED], *events)
        if len(race_client.find_active_bookings(venue_id)) != 1:
            report.violations.append("not one active booking")
        if race_client.db.events.count_documents({"venue_id": venue_id}) != 1:
            report.violations.append("not one entry in the history")
    return report


def race_for_new_dates(race_client: RaceClient, rounds: int, dates: list[str]) -> Report:
    """Enter walk-ins on several dates that a venue does not offer yet, all at once."""
    report, owner = Report(), race_client.account(owner=True)
    venue_ids = race_client.venues(owner, rounds)
    for venue_id in venue_ids:
        events = race_client.at_once(*(enter(owner, venue_id, date, offer=True) for date in dates))
        report.add_outcome([", ".join(["201"] * len(dates))], *events)
        venue = race_client.db.venues.find_one({"_id": venue_id})
        if venue is None or venue["dates_available"] != [DATE, OTHER_DATE, *dates]:
            report.violations.append("dates lost")
    report.violations += race_client.find_unoffered_bookings(venue_ids)
    return report


def race_with_a_new_calendar(race_client: RaceClient, delays: list[float]) -> Report:
    """Offer a date with a walk-in while the owner sets other dates in another tab. A negative delay delays the walk-in.

    If the walk-in is first, the new calendar would take its date away. Otherwise both succeed.
    """
    report, owner = Report(), race_client.account(owner=True)
    venue_ids = race_client.venues(owner, len(delays))
    for venue_id, delay in zip(venue_ids, delays, strict=True):
        walk_in = enter(owner, venue_id, NEW_DATES[0], max(0.0, -delay), offer=True)
        change = owner.change(venue_id, max(0.0, delay), dates_available=[OTHER_DATE])
        report.add_outcome([OFFERED_FIRST, REPLACED_FIRST], *race_client.at_once(walk_in, change))
    report.violations += race_client.find_unoffered_bookings(venue_ids)
    return report


def test_a_date_is_either_ordered_or_entered(race_client: RaceClient) -> None:
    report = race_for_one_date(race_client, shifts(ROUNDS))
    assert report.violations == []
    assert set(report.outcomes) == {ORDERED, ENTERED}


def test_control_without_the_unique_index_a_date_is_booked_twice(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.drop_the_unique_index(in_process_client.db)
    unguarded.only_read_the_venue(monkeypatch)
    unguarded.pause_before(monkeypatch, in_process_client, store, "insert_booking")
    assert "not one active booking" in race_for_one_date(in_process_client, [1.0]).violations


def test_concurrent_walk_ins_on_new_dates_keep_all_dates(race_client: RaceClient) -> None:
    assert race_for_new_dates(race_client, ROUNDS, NEW_DATES).violations == []


def test_a_new_calendar_takes_no_date_of_a_walk_in_away(race_client: RaceClient) -> None:
    report = race_with_a_new_calendar(race_client, shifts(ROUNDS))
    assert report.violations == []
    assert set(report.outcomes) == {OFFERED_FIRST, REPLACED_FIRST}


def test_control_without_conflicts_concurrent_walk_ins_lose_a_date(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_ins, "hold_account_lock", lambda _: nullcontext())
    monkeypatch.setattr(walk_ins, "lock_account", lambda *_: None)
    # Both write the search entry. That conflict would restart one of them, and it would read the new dates.
    monkeypatch.setattr(index, "mark_date_booked", lambda *_: None)
    monkeypatch.setattr(walk_ins, "refresh_entries", lambda *_: None)
    read_before_writing(monkeypatch)
    report = race_for_new_dates(in_process_client, 1, NEW_DATES[:2])
    assert "dates lost" in report.violations
    assert "booked, but not offered" in str(report.violations)


def read_before_writing(patch: pytest.MonkeyPatch) -> None:
    """Write the dates outside the transaction, when both walk-ins have read them: so their writes do not conflict."""
    update_venue, both_have_read = venues_store.update_venue, threading.Barrier(2, timeout=MAX_WAIT_SECONDS)
    have_read: set[int] = set()

    def update(db: Db, venue_id: ObjectId, changes: dict[str, Any], now: Any, session: Session | None = None) -> Any:
        del session
        # A transaction that MongoDB restarts has waited already.
        if threading.get_ident() not in have_read:
            have_read.add(threading.get_ident())
            both_have_read.wait()
        return update_venue(db, venue_id, changes, now)

    patch.setattr(venues_store, "update_venue", update)
