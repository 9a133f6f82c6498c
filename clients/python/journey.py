"""The main journey with a generated client: `python journey.py BASE_URL`."""  # noqa: INP001 - a program, not a package

import sys
from datetime import date
from typing import TypeVar

from halls_client import AuthenticatedClient, Client
from halls_client.api.accounts import sign_up
from halls_client.api.bookings import cancel_booking, change_booking, create_booking, list_bookings
from halls_client.api.search import list_matching_venues
from halls_client.api.venues import register_venue, show_availability
from halls_client.models.booking_order import BookingOrder
from halls_client.models.booking_status import BookingStatus
from halls_client.models.failure import Failure
from halls_client.models.lat_lng import LatLng
from halls_client.models.list_matching_venues_sort import ListMatchingVenuesSort
from halls_client.models.list_matching_venues_type import ListMatchingVenuesType
from halls_client.models.new_venue import NewVenue
from halls_client.models.new_venue_type import NewVenueType
from halls_client.models.price_override import PriceOverride
from halls_client.models.pricing import Pricing
from halls_client.models.signup import Signup
from halls_client.models.status_change import StatusChange
from halls_client.models.status_change_status import StatusChangeStatus

DATE = date(2099, 5, 1)
PRICE = 185_000
Answer = TypeVar("Answer")


def must(answer: Answer | Failure | None) -> Answer:
    """Return a success; end with the refusal's own sentence."""
    if answer is None or isinstance(answer, Failure):
        sys.exit(answer.error if answer else "no answer")
    return answer


def check(fact: object, words: str) -> None:
    """Say what has been seen to be so, or end."""
    sys.stdout.write(f"{words if fact else 'WRONG: ' + words}\n")
    if not fact:
        sys.exit(1)


def enter(base_url: str, name: str, *, is_owner: bool) -> AuthenticatedClient:
    """Sign somebody up, and return the client that speaks for him."""
    body = Signup(email=f"{name}-py@example.com", password="lime-kettle-harbour", is_venue_owner=is_owner)  # noqa: S106 - made up
    session = must(sign_up.sync(client=Client(base_url), body=body)).data
    return AuthenticatedClient(base_url, session.token)


def list_hall(owner: AuthenticatedClient) -> str:
    """List a venue and return its id."""
    hall = NewVenue(
        venue_name="Shalimar Lawn",
        type_=NewVenueType.LAWN,
        address="4 Mall Road, Lahore",
        maps_location=LatLng(lat=31.55, lng=74.34),
        capacity=400,
        dates_available=[DATE],
        pricing=Pricing(overrides=[PriceOverride(date=DATE, price=PRICE)]),
    )
    listed = must(register_venue.sync(client=owner, body=hall, idempotency_key="py-1")).data
    check(listed.venue.venue_name == hall.venue_name, "listed")
    return listed.venue_id


def main(base_url: str) -> None:
    """Play the journey: list, find, book, be refused, confirm, cancel."""
    owner, guest = enter(base_url, "owner", is_owner=True), enter(base_url, "guest", is_owner=False)
    venue_id = list_hall(owner)
    search = list_matching_venues.sync(
        client=guest, date=DATE, type_=ListMatchingVenuesType.LAWN, sort=ListMatchingVenuesSort.PRICE
    )
    check([venue.price for venue in must(search).data.venues] == [PRICE], "found, with its price")
    order = BookingOrder(venue_id=venue_id, date=DATE, guests=250)
    booking_id = must(create_booking.sync(client=guest, body=order)).data.booking_id
    rival = create_booking.sync(client=guest, body=order)
    check(isinstance(rival, Failure) and rival.code == "date_taken", "booked; a rival is told that the date is taken")
    change = StatusChange(status=StatusChangeStatus.CONFIRMED)
    confirmed = must(change_booking.sync(booking_id, client=owner, body=change)).data.booking
    check(confirmed.status == BookingStatus.CONFIRMED, "confirmed")
    check([booking.id for booking in must(list_bookings.sync(client=guest)).data.bookings] == [booking_id], "listed")
    must(cancel_booking.sync(booking_id, client=guest))
    check(must(show_availability.sync(venue_id, client=guest, date=DATE)).data.available, "cancelled, and free again")


if __name__ == "__main__":
    main(sys.argv[1])
