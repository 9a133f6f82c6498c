"""Routes of calendar feeds: create, list, replace the address, delete, and read the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from halls.accounts.account import OwnerOnly
from halls.accounts.authentication import Access
from halls.bookings.booking import BookingNotFound, NotYourBooking
from halls.bookings.service import get_own_booking
from halls.documents import read_day
from halls.errors import LimitReached, RateLimited
from halls.feeds import calendar, service, store
from halls.feeds.feed import FeedNotFound, NoSuchCalendar, NotYourFeed, serialize_feed
from halls.feeds.schemas import FeedAddress, FeedDeleted, FeedList, FeedMade, NewFeed
from halls.http.endpoint import endpoint
from halls.http.rate_limits import Limit
from halls.venues.venue import NotYourVenue, VenueNotFound

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.context import AppContext
    from halls.feeds.feed import FeedDocument
    from halls.mongo.client import Db

blueprint = Blueprint("feeds", __name__)
OWN = {"feed": service.get_own_feed}
# Of one address: a calendar program reads it every few minutes at most, and a family has several programs.
READS = Limit("calendar", 60, 600)
# A feed of 2 000 events takes half a second to write.
READS_OF_ACCOUNT = Limit("calendar-account", 120, 600, by_account=True)
# A feed that is new has all its reads.
ADDRESSES = Limit("feeds", 30, 3_600, by_account=True)
CALENDAR_TYPE = "text/calendar"
MAX_AGE_SECONDS = 300


@endpoint(
    blueprint,
    "POST /feeds",
    body=NewFeed,
    response=FeedMade,
    status=201,
    errors=[OwnerOnly, VenueNotFound, NotYourVenue, LimitReached, RateLimited],
    limits=[ADDRESSES],
)
def create_feed(context: AppContext, db: Db, caller: Account, body: NewFeed, now: datetime) -> dict[str, Any]:
    """Create a calendar feed: an address from which a calendar program reads bookings. At most 10 for an account.

    The address is told only once. It is a password: each reader of it reads the bookings.
    """
    feed, secret = service.create_feed(db, caller, body, now)
    address = service.feed_url(context.config.own_url, secret)
    return {"feed_id": feed["_id"], **address, "feed": serialize_feed(feed)}


@endpoint(blueprint, "GET /feeds", response=FeedList)
def list_feeds(db: Db, caller: Account) -> dict[str, Any]:
    """List the caller's calendar feeds, without their addresses."""
    return {"feeds": [serialize_feed(feed) for feed in store.list_feeds(db, caller.id)]}


@endpoint(
    blueprint,
    "POST /feeds/<feed_id>/rotate",
    loaders=OWN,
    response=FeedAddress,
    errors=[FeedNotFound, NotYourFeed, RateLimited],
    limits=[ADDRESSES],
)
def replace_feed_address(context: AppContext, db: Db, feed: FeedDocument) -> dict[str, Any]:
    """Replace the address of a calendar feed. The old address stops working at once."""
    return service.feed_url(context.config.own_url, service.rotate_secret(db, feed))


@endpoint(
    blueprint,
    "DELETE /feeds/<feed_id>",
    loaders=OWN,
    response=FeedDeleted,
    errors=[FeedNotFound, NotYourFeed],
)
def delete_feed(db: Db, feed_id: ObjectId, feed: FeedDocument) -> dict[str, Any]:  # noqa: ARG001 - the loader checks
    """Delete a calendar feed. Its address stops working at once."""
    store.delete_feed(db, feed_id)
    return {"deleted": True}


@endpoint(
    blueprint,
    "GET /calendar/<secret>.ics",
    access=Access.PUBLIC,
    response=None,
    file_types=[CALENDAR_TYPE],
    errors=[NoSuchCalendar, RateLimited],
)
def read_calendar(context: AppContext, db: Db, secret: str, now: datetime) -> Response:
    """Read a calendar feed, for calendar programs: whole days, 90 days back and all upcoming ones, at most 2 000.

    Pending bookings are TENTATIVE, confirmed ones CONFIRMED, and cancelled ones stay for 30 days as CANCELLED. At most
    60 reads of one address in 10 minutes.
    """
    feed, account = service.open_feed(db, secret)
    # Not by the secret: a new address would have all reads again.
    context.rate_limiter.hit(READS, str(feed["_id"]))
    context.rate_limiter.hit(READS_OF_ACCOUNT, str(account.id))
    service.note_read(db, feed, now)
    events = service.list_feed_events(db, feed, account, now)
    words = {"name": feed["name"] or calendar.NAMES[feed["kind"]], "detail": feed["detail"]}
    response = Response(content_type=f"{CALENDAR_TYPE}; charset=utf-8")
    response.set_etag(calendar.compute_version(events, context.config, **words))
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE_SECONDS}"
    response.make_conditional(request)
    if response.status_code == Response.default_status:
        response.set_data(calendar.write_feed(events, context.config, **words))
    return response


@endpoint(
    blueprint,
    "GET /bookings/<booking_id>/calendar.ics",
    loaders={"booking": get_own_booking},
    response=None,
    file_types=[CALENDAR_TYPE],
    is_fleeting=True,
    errors=[BookingNotFound, NotYourBooking],
)
def get_booking_event(context: AppContext, db: Db, caller: Account, booking: BookingDocument) -> Response:
    """Return a booking as a calendar event, for its guest or the venue's owner."""
    if read_day(booking.get("date")) is None:
        raise BookingNotFound("This booking has no day that a calendar can show.")
    (event,) = service.make_events(db, caller, [booking])
    response = Response(calendar.write_event(event, context.config), content_type=f"{CALENDAR_TYPE}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="booking-{booking["_id"]}.ics"'
    return response
