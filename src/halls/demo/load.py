"""Loads the demonstration data into an empty database."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from halls.accounts.passwords import hash_password
from halls.accounts.store import has_accounts, insert_accounts
from halls.bookings.store import insert_bookings
from halls.clock import day_in_karachi
from halls.demo.world import demo_world
from halls.mongo.client import in_transaction
from halls.search.index import refresh_entries
from halls.venues.store import has_venues, insert_venues

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import AccountDocument
    from halls.mongo.client import Db, Session

PASSWORD = "wedding season 7"  # noqa: S105 - printed at every start, and only for demonstration accounts


def load_demo(db: Db, now: datetime) -> bool:
    """Fill an empty database. Return False and change nothing if it is not empty."""
    if has_accounts(db) or has_venues(db):
        return False
    world = demo_world(date.fromisoformat(day_in_karachi(now)), now)
    password_hash = hash_password(PASSWORD)
    users: list[AccountDocument] = [
        {**user, "password_hash": password_hash, "token_version": 0} for user in world.users
    ]

    def insert(session: Session) -> None:
        insert_accounts(db, users, session)
        insert_venues(db, world.venues, session)
        insert_bookings(db, world.bookings, session)
        refresh_entries(db, [venue["_id"] for venue in world.venues], session)

    # If the process is killed while it loads, the database stays empty and the next start loads again.
    in_transaction(db, insert)
    return True
