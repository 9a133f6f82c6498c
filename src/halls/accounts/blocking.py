"""Blocked accounts: an owner's venues take no requests from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.accounts import block_store
from halls.accounts.block_store import MAX_BLOCKS
from halls.accounts.store import lock_account, mark_blocked
from halls.errors import LimitReached, NotYours, invalid
from halls.mongo.client import in_transaction

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.mongo.client import Db, Session


class GuestBlocked(NotYours):
    """The owner of the venue has blocked the account."""

    message = "This venue takes no requests from this account."


def block_account(db: Db, owner: Account, user_id: ObjectId, now: datetime) -> None:
    """Block an account from the owner's venues. Its bookings stay. An unknown account is blocked as well.

    After it returns, no order of the account succeeds. Raises Invalid for the own account, LimitReached and
    TokenRevoked.
    """
    if user_id == owner.id:
        raise invalid("user_id", "is your own account")

    def block(session: Session) -> None:
        lock_account(db, owner, session)
        # Each order writes the account of its guest. So an order at the same time either has committed, or finds the
        # mark and reads the block.
        mark_blocked(db, user_id, session)
        block_store.add_block(db, owner.id, user_id, now, session)
        if block_store.count_blocks(db, owner.id, session) > MAX_BLOCKS:
            raise LimitReached(f"You have blocked {MAX_BLOCKS} accounts, the most that an account may block.")

    in_transaction(db, block)


def require_unblocked(db: Db, owner_id: ObjectId | None, guest_id: ObjectId, session: Session | None = None) -> None:
    """Raise GuestBlocked if the owner of a venue has blocked the guest."""
    if owner_id is not None and block_store.has_block(db, owner_id, guest_id, session):
        raise GuestBlocked
