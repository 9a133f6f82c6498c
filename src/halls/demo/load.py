"""Loads the demonstration world into an empty database."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from halls.accounts.passwords import hash_password
from halls.clock import day_in_karachi
from halls.demo.world import demo_world
from halls.mongo.client import in_transaction
from halls.search.index import refresh_entries

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db, Session

PASSWORD = "wedding season 7"  # noqa: S105 - printed at every start: it opens made-up accounts only


def load_demo(db: Db, now: datetime) -> bool:
    """Fill an empty database; tell whether it was empty."""
    if db.users.find_one() or db.venues.find_one():
        return False
    world = demo_world(date.fromisoformat(day_in_karachi(now)), now)
    password_hash = hash_password(PASSWORD)
    users = [{**user, "password_hash": password_hash, "token_version": 0} for user in world.users]

    def insert(session: Session) -> None:
        db.users.insert_many(users, session=session)
        db.venues.insert_many(world.venues, session=session)
        db.bookings.insert_many(world.bookings, session=session)
        refresh_entries(db, [venue["_id"] for venue in world.venues], session)

    # A load cut short leaves nothing, and the next start begins anew.
    in_transaction(db, insert)
    return True
