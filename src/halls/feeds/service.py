"""Use cases of calendar feeds: create, replace the address, and read the bookings of a feed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.account import OwnerOnly
from halls.accounts.store import find_accounts, lock_account
from halls.bookings.listing_store import list_bookings_of_calendar
from halls.bookings.service import show_bookings
from halls.clock import day_in_karachi
from halls.documents import read_day
from halls.errors import LimitReached, invalid
from halls.feeds import store
from halls.feeds.calendar import CalendarEvent
from halls.feeds.feed import (
    MAX_FEEDS,
    FeedDocument,
    NoSuchCalendar,
    NotYourFeed,
    hash_secret,
    is_secret,
    new_secret,
)
from halls.mongo.client import in_transaction
from halls.venues import store as venues
from halls.venues.service import get_own_venue

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.feeds.schemas import NewFeed
    from halls.mongo.client import Db, Document, Session

PAST = timedelta(days=90)
CANCELLED_SHOWN = timedelta(days=30)
MAX_EVENTS = 2_000
# A read that is so recent is not written again.
READ_NOTED = timedelta(minutes=5)


def get_own_feed(db: Db, caller: Account, feed_id: ObjectId) -> FeedDocument:
    """Return the caller's feed. Raises FeedNotFound, NotYourFeed."""
    feed = store.get_feed(db, feed_id)
    if feed["user_id"] != caller.id:
        raise NotYourFeed
    return feed


def create_feed(db: Db, caller: Account, wish: NewFeed, now: datetime) -> tuple[FeedDocument, str]:
    """Create a feed and return it with its secret, which is stored only as a hash.

    Raises OwnerOnly, VenueNotFound, NotYourVenue, Invalid for a venue that does not fit the kind, and LimitReached.
    """
    if wish.kind != "guest" and not caller.is_venue_owner:
        raise OwnerOnly
    secret = new_secret()
    feed: FeedDocument = {
        "_id": ObjectId(),
        "user_id": caller.id,
        "kind": wish.kind,
        "venue_id": _check_venue(db, caller, wish),
        "detail": wish.detail,
        "name": wish.name,
        "token": hash_secret(secret),
        "created_at": now,
        "last_read_at": None,
    }

    def insert(session: Session) -> None:
        # Of two concurrent requests, the second one counts the feed of the first one.
        lock_account(db, caller, session)
        if store.count_feeds(db, caller.id, session) >= MAX_FEEDS:
            raise LimitReached(f"You have {MAX_FEEDS} calendar feeds. Delete one of them first.")
        store.insert_feed(db, feed, session)

    in_transaction(db, insert)
    return feed, secret


def _check_venue(db: Db, caller: Account, wish: NewFeed) -> ObjectId | None:
    if wish.kind == "venue":
        if wish.venue_id is None:
            raise invalid("venue_id", "is required with the kind venue", "required")
        return get_own_venue(db, caller, ObjectId(wish.venue_id))["_id"]
    if wish.venue_id is not None:
        raise invalid("venue_id", "goes only with the kind venue")
    return None


def rotate_secret(db: Db, feed: FeedDocument) -> str:
    """Replace the secret of a feed and return the new one. The old address stops working at once."""
    secret = new_secret()
    store.replace_token(db, feed, hash_secret(secret))
    return secret


def open_feed(db: Db, secret: str) -> tuple[FeedDocument, Account]:
    """Return the feed with that secret and its account. Raises NoSuchCalendar, also while the account is suspended."""
    feed = store.find_feed_by_token(db, hash_secret(secret)) if is_secret(secret) else None
    account = find_accounts(db, [feed["user_id"]]).get(feed["user_id"]) if feed else None
    if feed is None or account is None or account.is_suspended:
        raise NoSuchCalendar
    return feed, account


def note_read(db: Db, feed: FeedDocument, now: datetime) -> None:
    """Store when the feed was read, unless a read of the last minutes is stored: most reads then write nothing."""
    if feed["last_read_at"] is None or now - feed["last_read_at"] >= READ_NOTED:
        store.mark_read(db, feed["_id"], now)


def list_feed_events(db: Db, feed: FeedDocument, account: Account, now: datetime) -> list[CalendarEvent]:
    """Return the events of a feed in order of date, at most MAX_EVENTS: those nearest to today.

    They are upcoming or of the last 90 days. A cancelled booking stays for 30 days, so that calendar programs see it.
    """
    today = day_in_karachi(now)
    first = date.fromisoformat(today) - PAST
    upcoming, past = list_bookings_of_calendar(
        db,
        _make_branches(db, feed, account),
        today=today,
        from_date=first.isoformat(),
        cancelled_since=now - CANCELLED_SHOWN,
        limit=MAX_EVENTS,
    )
    return make_events(db, account, _choose_nearest([*upcoming, *past], today))


def make_events(db: Db, account: Account, bookings: list[BookingDocument]) -> list[CalendarEvent]:
    """Return the events of bookings as the account sees them."""
    shown = show_bookings(db, account, bookings)
    return [CalendarEvent(booking, seen) for booking, seen in zip(bookings, shown, strict=True)]


def _make_branches(db: Db, feed: FeedDocument, account: Account) -> list[Document]:
    """Return filters, one of which a booking of the feed must match. An owner sees the bookings of deleted venues."""
    if feed["kind"] == "guest":
        return [{"user_id": account.id, "is_walk_in": {"$ne": True}}]
    # Not the venue of the feed alone: an external writer may give it to another owner.
    own_ids = venues.list_venue_ids(db, account.id)
    if feed["kind"] == "owner":
        return [{"venue_id": {"$in": own_ids}}, {"venue.owner_id": account.id}]
    venue_id = feed["venue_id"]
    return [
        {"venue_id": {"$in": [each for each in own_ids if each == venue_id]}},
        {"venue.owner_id": account.id, "venue_id": venue_id},
    ]


def _choose_nearest(bookings: Iterable[BookingDocument], today: str) -> list[BookingDocument]:
    """Return the bookings nearest to today, in order of date. An external writer may store a day that is not real."""
    day = date.fromisoformat(today)
    real = [booking for booking in bookings if read_day(booking["date"])]
    nearest = sorted(real, key=lambda each: abs((date.fromisoformat(each["date"]) - day).days))
    return sorted(nearest[:MAX_EVENTS], key=lambda each: (each["date"], each["_id"]))


def feed_url(own_url: str, secret: str) -> dict[str, Any]:
    """Return the two addresses of a feed."""
    url = f"{own_url}/calendar/{secret}.ics"
    return {"url": url, "webcal_url": f"webcal:{url.partition(':')[2]}"}
