"""Leases: one holder at a time, by the database's clock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from halls.mongo.leases import Lease
from tests.waiting import wait_until

if TYPE_CHECKING:
    from halls.mongo.client import Db

LONG = 60.0


@pytest.fixture
def leases(db: Db) -> Db:
    """The database without leases."""
    db["leases"].delete_many({})
    return db


def test_only_one_of_two_holds_a_lease(leases: Db) -> None:
    first, second = Lease(leases, "work", LONG), Lease(leases, "work", LONG)
    assert first.hold()
    assert not second.hold()
    assert first.hold()
    assert Lease(leases, "other work", LONG).hold()


def test_a_released_lease_is_free_at_once(leases: Db) -> None:
    first, second = Lease(leases, "work", LONG), Lease(leases, "work", LONG)
    assert first.hold()
    second.release()  # not its own
    assert not second.hold()
    first.release()
    assert second.hold()
    assert not first.hold()


def test_a_lease_that_is_not_renewed_expires(leases: Db) -> None:
    first, second = Lease(leases, "work", 0.3), Lease(leases, "work", LONG)
    assert first.hold()
    assert not second.hold()
    wait_until(second.hold)
    wait_until(lambda: not first.hold())


def test_a_holder_renews_in_time(leases: Db) -> None:
    first, second = Lease(leases, "work", 3.0), Lease(leases, "work", 3.0)
    assert first.hold()
    expires_at = leases["leases"].find_one({"_id": "work"})
    assert expires_at is not None
    wait_until(lambda: first.hold() and leases["leases"].find_one({"_id": "work"}) != expires_at)
    assert not second.hold()


def test_concurrent_processes_get_one_holder(leases: Db) -> None:
    for _ in range(20):
        leases["leases"].delete_many({})
        barrier, held = threading.Barrier(8), list[bool]()

        def acquire(barrier: threading.Barrier = barrier, held: list[bool] = held) -> None:
            lease = Lease(leases, "work", LONG)
            barrier.wait()
            held.append(lease.hold())

        threads = [threading.Thread(target=acquire) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(held) == [False] * 7 + [True]
