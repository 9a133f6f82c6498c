"""Request models of walk-ins."""

from __future__ import annotations

from pydantic import Field

from halls.accounts.schemas import ContactNumber, Email, FullName
from halls.bookings.schemas import Guests, Notes
from halls.http.schema import Day, Price, RequestModel, with_examples


class WalkInPerson(RequestModel):
    """The guest of a walk-in, who needs no account. Halls sends no e-mail to this guest."""

    model_config = with_examples(
        {"full_name": "Bilal Ahmed", "contact_number": "0300-1234567", "email": "bilal@example.com"}
    )

    full_name: FullName
    contact_number: ContactNumber | None = Field(default=None, description="A telephone number of the guest.")
    email: Email | None = Field(default=None, description="For the owner only: Halls sends no e-mail to it.")


class WalkInOrder(RequestModel):
    """A booking by telephone: date, number of guests, and the guest."""

    model_config = with_examples(
        {
            "date": "2027-02-14",
            "guests": 120,
            "guest": {"full_name": "Bilal Ahmed", "contact_number": "0300-1234567"},
            "price": 175000,
            "notes": "Paid half of the price in cash.",
            "offer": True,
        }
    )

    date: Day = Field(description="The day of the event. Without `offer`, the venue must offer it.")
    guests: Guests = Field(description="The number of guests, at most the capacity of the venue.")
    guest: WalkInPerson = Field(description="The guest.")
    price: Price | None = Field(default=None, description="The agreed price. Without it, the price of the date.")
    notes: Notes | None = Field(default=None, description="Notes of the owner.")
    offer: bool = Field(default=False, description="True: the venue also offers the date, if it does not offer it yet.")
