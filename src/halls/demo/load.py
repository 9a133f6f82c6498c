"""Loads the demonstration world into an empty database."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from halls.accounts.passwords import hash_password
from halls.clock import day_in_karachi
from halls.demo.world import demo_world

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db

PASSWORD = "wedding season 7"  # noqa: S105 - printed at every start: it opens made-up accounts only


def load_demo(db: Db, now: datetime) -> bool:
    """Fill an empty database; tell whether it was empty."""
    if db.users.find_one() or db.venues.find_one():
        return False
    world = demo_world(date.fromisoformat(day_in_karachi(now)), now)
    password_hash = hash_password(PASSWORD)
    db.bookings.insert_many(world.bookings)
    db.venues.insert_many(world.venues)
    # Last, so that a load cut short is no full database and the next start can tell.
    db.users.insert_many([{**user, "password_hash": password_hash, "token_version": 0} for user in world.users])
    return True
