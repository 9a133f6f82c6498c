"""The main journey with a generated client: `python journey.py BASE_URL`."""  # noqa: INP001 - a program, not a package

import sys
from datetime import date
from typing import TypeVar

from halls_client import AuthenticatedClient, Client
from halls_client.api.accounts import sign_up
from halls_client.api.bookings import cancel_booking, change_booking, create_booking, list_bookings
from halls_client.api.search import list_matching_venues
from halls_client.api.venues import register_venue, show_availability
from halls_client.models.booking_change import BookingChange
from halls_client.models.booking_change_status import BookingChangeStatus
from halls_client.models.booking_order import BookingOrder
from halls_client.models.booking_status import BookingStatus
from halls_client.models.failure import Failure
from halls_client.models.lat_lng import LatLng
from halls_client.models.list_matching_venues_sort import ListMatchingVenuesSort
from halls_client.models.new_venue import NewVenue
from halls_client.models.price_override import PriceOverride
from halls_client.models.pricing import Pricing
from halls_client.models.signup import Signup
from halls_client.models.venue_type import VenueType

DATE = date(2099, 5, 1)
PRICE = 185_000
Response = TypeVar("Response")


def must(response: Response | Failure | None) -> Response:
    """Return a successful response. Exit with the error message of a failed one."""
    if response is None or isinstance(response, Failure):
        sys.exit(response.error if response else "no response")
    return response


def check(condition: object, text: str) -> None:
    """Print `text`, and exit if the condition is false."""
    sys.stdout.write(f"{text if condition else 'WRONG: ' + text}\n")
    if not condition:
        sys.exit(1)


def sign_up_user(base_url: str, name: str, *, is_owner: bool) -> AuthenticatedClient:
    """Create an account and return a client with its token."""
    body = Signup(email=f"{name}-py@example.com", password="lime-kettle-harbour", is_venue_owner=is_owner)  # noqa: S106 - not real
    session = must(sign_up.sync(client=Client(base_url), body=body)).data
    return AuthenticatedClient(base_url, session.token)


def register_hall(owner: AuthenticatedClient) -> str:
    """Register a venue and return its id."""
    hall = NewVenue(
        venue_name="Shalimar Lawn",
        type_=VenueType.LAWN,
        address="4 Mall Road, Lahore",
        maps_location=LatLng(lat=31.55, lng=74.34),
        capacity=400,
        dates_available=[DATE],
        pricing=Pricing(overrides=[PriceOverride(date=DATE, price=PRICE)]),
    )
    created = must(register_venue.sync(client=owner, body=hall, idempotency_key="py-1")).data
    check(created.venue.venue_name == hall.venue_name, "registered a venue")
    return created.venue_id


def main(base_url: str) -> None:
    """Run the journey: register, find, book, book again with an error, confirm, cancel."""
    owner, guest = sign_up_user(base_url, "owner", is_owner=True), sign_up_user(base_url, "guest", is_owner=False)
    venue_id = register_hall(owner)
    search = list_matching_venues.sync(client=guest, date=DATE, type_=VenueType.LAWN, sort=ListMatchingVenuesSort.PRICE)
    check([venue.price for venue in must(search).data.venues] == [PRICE], "found it, with its price")
    order = BookingOrder(venue_id=venue_id, date=DATE, guests=250)
    booking_id = must(create_booking.sync(client=guest, body=order)).data.booking_id
    second = create_booking.sync(client=guest, body=order)
    check(isinstance(second, Failure) and second.code == "date_taken", "booked it; a second booking gets date_taken")
    change = BookingChange(status=BookingChangeStatus.CONFIRMED)
    confirmed = must(change_booking.sync(booking_id, client=owner, body=change)).data.booking
    check(confirmed.status == BookingStatus.CONFIRMED, "confirmed the booking")
    check([booking.id for booking in must(list_bookings.sync(client=guest)).data.bookings] == [booking_id], "listed it")
    must(cancel_booking.sync(booking_id, client=guest))
    check(must(show_availability.sync(venue_id, client=guest, date=DATE)).data.available, "cancelled; the date is free")


if __name__ == "__main__":
    main(sys.argv[1])
