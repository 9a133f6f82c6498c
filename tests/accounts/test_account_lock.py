"""Orders of one account take turns: their transactions all write the account, and would collide over it."""

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

ORDERS = 8


def take_turn(account_id: ObjectId) -> threading.Thread:
    """Take a turn and end it at once, in another thread."""

    def take() -> None:
        with hold_account_lock(account_id):
            pass

    thread = threading.Thread(target=take)
    thread.start()
    return thread


def test_of_one_account_the_second_waits_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_lock, "WAIT_SECONDS", 60)
    account_id = ObjectId()
    with hold_account_lock(account_id):
        second = take_turn(account_id)
        second.join(0.2)
        assert second.is_alive()
    second.join(10)
    assert not second.is_alive()


def test_who_waits_too_long_goes_on_without_and_takes_the_turn_from_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_lock, "WAIT_SECONDS", 0.05)
    account_id = ObjectId()
    with hold_account_lock(account_id):
        for _ in range(2):
            take_turn(account_id).join(10)
        monkeypatch.setattr(account_lock, "WAIT_SECONDS", 60)
        third = take_turn(account_id)
        third.join(0.2)
        assert third.is_alive()
    third.join(10)


def test_a_turn_ends_with_an_error_too() -> None:
    account_id = ObjectId()
    with pytest.raises(ZeroDivisionError), hold_account_lock(account_id):
        raise ZeroDivisionError
    thread = take_turn(account_id)
    thread.join(10)
    assert not thread.is_alive()


def count_tries(app: Flask, db: Db, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let one guest order eight halls at once; return how often a transaction got as far as the account."""
    tries, real = [], bookings.lock_account

    def count(*args: Any) -> None:
        tries.append(args)
        real(*args)

    monkeypatch.setattr(bookings, "lock_account", count)
    # All of them have looked, and none has begun its transaction.
    meet_after(monkeypatch, bookings, "_check_order", ORDERS)
    race_client = RaceClient(db, in_process(app))
    guest, venue_ids = race_client.person(), race_client.venues(race_client.person(owner=True), ORDERS)
    # The halls came straight into the database: let search take them in first, which writes their entries.
    assert app.test_client().get("/venues/search").status_code == HTTPStatus.OK
    events = race_client.at_once(*[guest.order(venue_id) for venue_id in venue_ids])
    assert [event.said for event in events] == ["201"] * ORDERS
    return len(tries)


def test_orders_of_one_guest_at_once_are_each_tried_once(app: Flask, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    assert count_tries(app, db, monkeypatch) == ORDERS


def test_control_without_turns_they_collide(app: Flask, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_lock, "WAIT_SECONDS", 0)
    assert count_tries(app, db, monkeypatch) > ORDERS
