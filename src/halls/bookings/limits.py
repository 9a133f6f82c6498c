"""The limits of requests: how many wait for an answer, how many a day go to one venue, and how often one changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.bookings import store
from halls.clock import day_in_karachi
from halls.errors import LimitReached
from halls.http.rate_limits import Limit
from halls.venues import store as venues

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.mongo.client import Db, Session
    from halls.venues.venue import VenueDocument

MAX_PENDING_UNVERIFIED = 2
BOOKINGS_OF_VENUE = Limit("booking_of_venue", 10, 24 * 3600, by_account=True)
# Each change of a guest can be an e-mail to the owner, and each change is an entry of the history.
CHANGES_OF_BOOKING = Limit("booking-change", 30, 24 * 3600, by_account=True)
# Over all its bookings. Otherwise an account with 500 bookings could cause 15 000 e-mails a day.
CHANGES_OF_ACCOUNT = Limit("booking-changes", 1_000, 24 * 3600, by_account=True)


def check_pending(
    db: Db, guest: Account, venue: VenueDocument, max_pending: int, now: datetime, session: Session
) -> None:
    """Raise LimitReached if the guest has too many upcoming pending bookings at other people's venues.

    With `max_pending` 0, any number is allowed. The transaction has inserted the new booking, and has written the
    account: of two concurrent orders, the second one counts the first.
    """
    if max_pending == 0 or venue.get("owner_id") == guest.id:
        return
    limit = max_pending if guest.email_verified else min(max_pending, MAX_PENDING_UNVERIFIED)
    own = venues.list_venue_ids(db, guest.id, session) if guest.is_venue_owner else []
    count = store.count_pending(
        db, guest.id, from_date=day_in_karachi(now), other_than=own, at_most=limit + 1, session=session
    )
    if count > limit:
        advice = "" if guest.email_verified else " Verify your e-mail address to send more."
        raise LimitReached(f"{limit} of your requests wait for an answer. Wait, or cancel one of them.{advice}")
