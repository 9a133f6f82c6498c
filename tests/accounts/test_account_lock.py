"""The account lock: concurrent bookings of one account run one after another, without conflicts."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.accounts import account_lock
from halls.accounts.account_lock import hold_account_lock
from halls.bookings import service as bookings
from tests.races.race_client import RaceClient, in_process
from tests.races.unguarded import meet_after

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db

BOOKINGS = 8


def take_lock(account_id: ObjectId) -> threading.Thread:
    """Take the lock of the account in another thread, and release it at once."""

    def take_and_release() -> None:
        with hold_account_lock(account_id):
            pass

    thread = threading.Thread(target=take_and_release)
    thread.start()
    return thread


def test_a_second_thread_waits_for_the_lock_of_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_lock, "WAIT_SECONDS", 60)
    account_id = ObjectId()
    with hold_account_lock(account_id):
        second = take_lock(account_id)
        second.join(0.2)
        assert second.is_alive()
    second.join(10)
    assert not second.is_alive()


def test_a_thread_continues_after_a_timeout_without_releasing_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_lock, "WAIT_SECONDS", 0.05)
    account_id = ObjectId()
    with hold_account_lock(account_id):
        for _ in range(2):
            take_lock(account_id).join(10)
        monkeypatch.setattr(account_lock, "WAIT_SECONDS", 60)
        third = take_lock(account_id)
        third.join(0.2)
        assert third.is_alive()
    third.join(10)


def test_an_error_releases_the_lock() -> None:
    account_id = ObjectId()
    with pytest.raises(ZeroDivisionError), hold_account_lock(account_id):
        raise ZeroDivisionError
    thread = take_lock(account_id)
    thread.join(10)
    assert not thread.is_alive()


def count_transactions(app: Flask, db: Db, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let one guest book eight venues at once. Return how many transactions reached the write of the account."""
    attempts, real = [], bookings.lock_account

    def count(*args: Any) -> bool:
        attempts.append(args)
        return real(*args)

    monkeypatch.setattr(bookings, "lock_account", count)
    # All requests reach the lock before one of them begins its transaction.
    meet_after(monkeypatch, bookings, "hold_account_lock", BOOKINGS)
    race_client = RaceClient(db, in_process(app))
    guest, venue_ids = race_client.account(), race_client.venues(race_client.account(owner=True), BOOKINGS)
    # The venues were inserted directly. Search must index them first: otherwise their entries are written in the race.
    assert app.test_client().get("/venues/search").status_code == HTTPStatus.OK
    events = race_client.at_once(*[guest.order(venue_id) for venue_id in venue_ids])
    assert [event.outcome for event in events] == ["201"] * BOOKINGS
    return len(attempts)


def test_concurrent_bookings_of_one_guest_need_one_transaction_each(
    app: Flask, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_lock, "WAIT_SECONDS", 60)
    assert count_transactions(app, db, monkeypatch) == BOOKINGS


def test_control_without_the_lock_transactions_are_retried(app: Flask, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_lock, "WAIT_SECONDS", 0)
    assert count_transactions(app, db, monkeypatch) > BOOKINGS
