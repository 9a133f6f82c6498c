"""The contact of a booking: name, telephone number and links of the other side, while the booking is active."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import phonenumbers

from halls.accounts.store import find_accounts
from halls.bookings.booking import ACTIVE, read_walk_in_guest
from halls.documents import read_id

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.http.idempotency import ReplayableResponse
    from halls.mongo.client import Db
    from halls.venues.venue import VenueReference

# Numbers without a country code are dialled in Pakistan.
REGION = "PK"


def find_other_side(booking: BookingDocument, venue: VenueReference, caller_id: ObjectId) -> ObjectId | None:
    """Return the account that `caller` may contact: the guest for the venue's owner, the owner for the guest.

    None if the booking is not active.
    """
    if booking.get("status") not in ACTIVE:
        return None
    owner_id = read_id(venue.get("owner_id"))
    return read_id(booking.get("user_id")) if owner_id == caller_id else owner_id


def make_contact(account: Account | None) -> dict[str, Any] | None:
    """Return the name and the number of an account with links to write and to call. None without an account."""
    return None if account is None else _make_contact(account.full_name, account.contact_number)


def make_walk_in_contact(booking: BookingDocument) -> dict[str, Any] | None:
    """Return the name and the number of the guest of a walk-in with links. None if the booking is not active."""
    guest = read_walk_in_guest(booking)
    if guest is None or booking.get("status") not in ACTIVE:
        return None
    return _make_contact(guest["full_name"], guest["contact_number"])


def _make_contact(full_name: str | None, contact_number: str | None) -> dict[str, Any]:
    number = _read_number(contact_number)
    return {
        "full_name": full_name,
        "contact_number": contact_number,
        "whatsapp_url": number and f"https://wa.me/{number.removeprefix('+')}",
        "call_url": number and f"tel:{number}",
    }


def _read_number(text: str | None) -> str | None:
    """Return a telephone number in the form of E.164, such as +923001234567. None for any other text."""
    try:
        number = phonenumbers.parse(text or "", REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def fill_contact(db: Db, response: ReplayableResponse) -> ReplayableResponse:
    """Return the response to an order, with the contact in place of the id of the venue's owner.

    The stored response has only the id. Otherwise it would keep the name and the number of a deleted owner.
    """
    booking = response.data["booking"]
    # An older version stored responses without a contact.
    owner_id = booking.get("contact")
    found = find_accounts(db, [owner_id]) if owner_id is not None else {}
    contact = make_contact(found.get(owner_id))
    return replace(response, data={**response.data, "booking": {**booking, "contact": contact}})
