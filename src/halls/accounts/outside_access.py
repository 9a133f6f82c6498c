"""The feeds and webhooks of an account: other programs read its bookings by them, without a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.feeds.store import delete_feeds_of
from halls.webhooks.delivery_store import delete_deliveries_of
from halls.webhooks.store import delete_webhooks_of

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.mongo.client import Db, Session


def delete_outside_access(db: Db, account_id: ObjectId, session: Session) -> None:
    """Delete the feeds and webhooks of an account that the holder of its mailbox takes over.

    Otherwise a person who registered the address of another person would read their later bookings.
    """
    delete_feeds_of(db, account_id, session)
    delete_webhooks_of(db, account_id, session)
    delete_deliveries_of(db, account_id, session)
