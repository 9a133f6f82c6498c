"""Loads the demonstration data into an empty database."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from halls.accounts.passwords import hash_password
from halls.accounts.store import has_accounts, insert_accounts
from halls.bookings.store import insert_bookings
from halls.clock import day_in_karachi
from halls.demo.pictures import add_pictures
from halls.demo.world import SAMPLE_ID, demo_world
from halls.feeds.feed import hash_secret, new_secret
from halls.feeds.store import insert_feed
from halls.mongo.client import in_transaction
from halls.search.index import refresh_entries
from halls.venues.store import has_venues, insert_venues
from halls.webhooks.schemas import EXAMPLE_URL, NewWebhook
from halls.webhooks.service import new_webhook
from halls.webhooks.store import insert_webhook

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import AccountDocument
    from halls.config import Config
    from halls.feeds.feed import FeedDocument
    from halls.mongo.client import Db, Session
    from halls.webhooks.webhook import WebhookDocument

PASSWORD = "wedding season 7"  # noqa: S105 - printed at every start, and only for demonstration accounts


def load_demo(db: Db, now: datetime, config: Config | None = None) -> bool:
    """Fill an empty database. Return False and change nothing if it is not empty.

    The settings name the storage for the pictures of owner1's venues. Without settings no venue has pictures.
    """
    if has_accounts(db) or has_venues(db):
        return False
    world = demo_world(date.fromisoformat(day_in_karachi(now)), now)
    password_hash = hash_password(PASSWORD)
    users: list[AccountDocument] = [
        {**user, "password_hash": password_hash, "token_version": 0} for user in world.users
    ]
    venues = add_pictures(config, users[0]["_id"], world.venues) if config else world.venues

    def insert(session: Session) -> None:
        insert_accounts(db, users, session)
        insert_venues(db, venues, session)
        insert_bookings(db, world.bookings, session)
        insert_feed(db, _sample_feed(users[0]["_id"], now), session)
        insert_webhook(db, _sample_webhook(users[0]["_id"], now), session)
        refresh_entries(db, [venue["_id"] for venue in venues], session)

    # If the process is killed while it loads, the database stays empty and the next start loads again.
    in_transaction(db, insert)
    return True


def _sample_feed(owner_id: ObjectId, now: datetime) -> FeedDocument:
    """Return the calendar feed of owner1 that the samples of openapi.json name. Its address is not known."""
    return {
        "_id": SAMPLE_ID,
        "user_id": owner_id,
        "kind": "owner",
        "venue_id": None,
        "detail": "full",
        "name": None,
        "token": hash_secret(new_secret()),
        "created_at": now,
        "last_read_at": None,
    }


def _sample_webhook(owner_id: ObjectId, now: datetime) -> WebhookDocument:
    """Return the webhook of owner1 that the samples name. It is off, so that no demonstration sends requests."""
    return {**new_webhook(SAMPLE_ID, owner_id, NewWebhook(url=EXAMPLE_URL), now), "is_active": False}
