"""Responses that the code builds, for the comparison with their models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.store import find_accounts
from halls.bookings.service import show_bookings
from halls.bookings.store import get_booking
from halls.clock import day_in_karachi, utc_now
from halls.http.schema import validate
from halls.search import schemas as search
from halls.search.query import search_venues
from halls.venues.schemas import NewVenue
from halls.venues.service import new_venue
from halls.venues.store import get_venue
from halls.venues.venue import serialize_venue
from tests.factories import day, venue_body

if TYPE_CHECKING:
    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.mongo.client import Db
    from halls.venues.venue import VenueDocument
    from tests.api_client import ApiClient

VIDEO = {"url": "https://videos.example/1.mp4", "size_mb": 18.5}


@dataclass(frozen=True)
class World:
    """An owner with a venue, and a guest with a booking of it. Each field of their documents has a value."""

    api: ApiClient
    db: Db
    owner: str
    guest: str
    venue_id: str
    booking_id: str

    @property
    def venue(self) -> VenueDocument:
        """The stored venue."""
        return get_venue(self.db, ObjectId(self.venue_id))

    @property
    def booking(self) -> BookingDocument:
        """The stored booking."""
        return get_booking(self.db, ObjectId(self.booking_id))

    def account(self, account_id: Any) -> Account:
        """Return an account."""
        return find_accounts(self.db, [account_id])[account_id]

    def get(self, path: str, token: str | None = None) -> Any:
        """Return the data of a GET response."""
        return self.api.get(path, token=token).data

    def search(self, **query: str) -> Any:
        """Return a page of search with the venue."""
        model = validate(search.SearchQuery, {"near_lat": "24.86", "near_lng": "67", "date": day(2), **query})
        return search_venues(self.db, model, day_in_karachi(utc_now()))

    def search_range(self) -> Any:
        """Return a page of search with all optional fields."""
        model = validate(
            search.SearchQuery, {"date_from": day(1), "date_to": day(3), "include": "calendar,price_from,total"}
        )
        return search_venues(self.db, model, day_in_karachi(utc_now()))


def build_new_venue(world: World) -> Any:
    """Return the serialized document of a venue that is not stored yet."""
    listing = validate(NewVenue, venue_body(videos=[VIDEO]))
    return serialize_venue(new_venue(world.account(world.booking["user_id"]).id, listing, utc_now()))


def show_to_owner(world: World) -> Any:
    """Return the booking as the owner of the venue sees it."""
    return show_bookings(world.db, world.account(world.venue["owner_id"]), [world.booking])[0]


def show_to_guest(world: World) -> Any:
    """Return the booking as its guest sees it."""
    return show_bookings(world.db, world.account(world.booking["user_id"]), [world.booking])[0]


def show_cancelled(world: World) -> Any:
    """Return the booking after the guest has cancelled it, as the owner sees it."""
    world.api.patch(f"/bookings/{world.booking_id}", {"status": "cancelled", "reason": "Moved."}, token=world.guest)
    return show_to_owner(world)


def enter_walk_in(world: World) -> Any:
    """Return the response to a walk-in."""
    guest = {"full_name": "Bilal", "contact_number": "0300-1234567", "email": "bilal@example.com"}
    body = {"date": day(4), "guests": 5, "guest": guest, "notes": "Noon."}
    return world.api.post(f"/venues/{world.venue_id}/walk-ins", body, token=world.owner).data


def show_history(world: World) -> Any:
    """Return the history of the cancelled booking."""
    show_cancelled(world)
    return world.get(f"/bookings/{world.booking_id}/history", world.guest)


def change_calendar(world: World) -> Any:
    """Return the response to changes of the calendar that would have each kind of effect."""
    changes = [
        {"do": "close", "from": day(1), "to": day(3), "keep_booked": True},
        {"do": "offer", "dates": [day(20)], "price": 5},
    ]
    body = {"changes": changes, "dry_run": True}
    return world.api.post(f"/venues/{world.venue_id}/calendar", body, token=world.owner).data


def make_feed(world: World) -> Any:
    """Return the response to a new calendar feed of the venue."""
    body = {"kind": "venue", "venue_id": world.venue_id, "name": "Pearl"}
    return world.api.post("/feeds", body, token=world.owner).data


def feed_path(world: World, action: str = "") -> str:
    """Return the path of a new calendar feed."""
    return f"/feeds/{make_feed(world)['feed_id']}{action}"


def list_feeds(world: World) -> Any:
    """Return the list of feeds, one of which was read."""
    world.api.get(make_feed(world)["url"].partition("5000")[2])
    return world.get("/feeds", world.owner)


def make_webhook(world: World) -> Any:
    """Return the response to a new webhook. The limit of webhooks does not matter here."""
    world.db.webhooks.delete_many({})
    body = {"url": "http://127.0.0.1:9/", "description": "ERP"}
    return world.api.post("/webhooks", body, token=world.owner).data


def webhook_path(world: World) -> str:
    """Return the path of a new webhook."""
    return f"/webhooks/{make_webhook(world)['webhook_id']}"


def list_webhooks(world: World) -> Any:
    """Return the list of webhooks."""
    make_webhook(world)
    return world.get("/webhooks", world.owner)


def change_webhook(world: World) -> Any:
    """Return the response to a change of a webhook."""
    return world.api.patch(webhook_path(world), {"is_active": False}, token=world.owner).data


def act_on_webhook(world: World, action: str, body: Any = None) -> Any:
    """Return the response to an action on a new webhook."""
    return world.api.post(f"{webhook_path(world)}/{action}", body, token=world.owner).data


def list_deliveries(world: World) -> Any:
    """Return the deliveries of a webhook, one of which was attempted."""
    path = webhook_path(world)
    world.api.post(f"{path}/test", None, token=world.owner)
    values = {"last_status": 500, "last_ms": 12, "reason": "error_status"}
    world.db.webhook_deliveries.update_many({}, {"$set": values})
    return world.get(f"{path}/deliveries", world.owner)


def block_account(world: World, method: str = "PUT") -> Any:
    """Block the guest, or unblock the guest."""
    guest_id = world.get("/auth/me", world.guest)["profile"]["id"]
    return world.api.send(method, f"/auth/me/blocked/{guest_id}", token=world.owner).data


def list_blocked(world: World) -> Any:
    """Return the list of blocked accounts, with the guest in it."""
    block_account(world)
    blocked = world.get("/auth/me/blocked", world.owner)
    block_account(world, "DELETE")
    return blocked
