"""Routes of blocked accounts: list, block and unblock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.accounts import block_store
from halls.accounts.authentication import Access
from halls.accounts.block_schemas import BlockedAccounts, BlockState
from halls.accounts.blocking import block_account
from halls.errors import LimitReached, RateLimited
from halls.http.endpoint import endpoint, note_event
from halls.http.rate_limits import Limit

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.mongo.client import Db

blueprint = Blueprint("blocked_accounts", __name__)
# A block writes the account of another person, so many of them would delay its orders.
BLOCKS = Limit("block", 30, 60, by_account=True)


@endpoint(blueprint, "GET /auth/me/blocked", access=Access.OWNER, response=BlockedAccounts)
def list_blocked(db: Db, caller: Account) -> dict[str, Any]:
    """List the accounts that the caller has blocked."""
    blocks = block_store.list_blocks(db, caller.id)
    return {"blocked": [{"user_id": block["user_id"], "since": block["since"]} for block in blocks]}


@endpoint(
    blueprint,
    "PUT /auth/me/blocked/<user_id>",
    access=Access.OWNER,
    response=BlockState,
    errors=[LimitReached, RateLimited],
    limits=[BLOCKS],
    security_event="block",
)
def add_blocked(db: Db, caller: Account, user_id: ObjectId, now: datetime) -> dict[str, Any]:
    """Block an account: its new requests at the caller's venues are 403. Its bookings stay."""
    note_event(other_id=user_id)
    block_account(db, caller, user_id, now)
    return {"blocked": True}


@endpoint(
    blueprint,
    "DELETE /auth/me/blocked/<user_id>",
    access=Access.OWNER,
    response=BlockState,
    errors=[RateLimited],
    limits=[BLOCKS],
    security_event="unblock",
)
def delete_blocked(db: Db, caller: Account, user_id: ObjectId) -> dict[str, Any]:
    """Take requests of the account again. The response is the same if it was not blocked."""
    note_event(other_id=user_id)
    block_store.delete_block(db, caller.id, user_id)
    return {"blocked": False}
