"""The desk of an owner who enters walk-ins at a venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.search.index import make_entries
from tests.factories import day

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient, ApiResponse

GUEST: dict[str, Any] = {"full_name": "Bilal Ahmed", "contact_number": "0300-1234567", "email": "Bilal@Example.com"}
SHOWN: dict[str, Any] = GUEST | {"email": "bilal@example.com"}
CONTACT = {
    "full_name": "Bilal Ahmed",
    "contact_number": "0300-1234567",
    "whatsapp_url": "https://wa.me/923001234567",
    "call_url": "tel:+923001234567",
}


class Desk:
    """An owner with a venue for 200 guests, who enters walk-ins."""

    def __init__(self, api: ApiClient, db: Db) -> None:
        self.api, self.db = api, db
        session = api.sign_up(owner=True, full_name="Ayesha", contact_number="042-1112223")
        self.token, self.owner_id = session["token"], ObjectId(session["profile"]["id"])
        self.venue_id = api.list_venue(self.token)

    def enter(self, token: str | None = None, venue_id: Any = None, key: str | None = None, **body: Any) -> ApiResponse:
        """Send POST /venues/:id/walk-ins, by default for the venue in three days."""
        fields = {"date": day(3), "guests": 100, "guest": GUEST, **body}
        headers = {"Idempotency_Key": key} if key else {}
        path = f"/venues/{venue_id or self.venue_id}/walk-ins"
        return self.api.post(path, fields, token=token or self.token, **headers)

    def enter_and_get_path(self, **body: Any) -> str:
        """Enter a walk-in; return the path of the booking."""
        return f"/bookings/{self.enter(**body).data['booking_id']}"

    def change_venue(self, **fields: Any) -> None:
        """Change the stored venue."""
        self.db.venues.update_one({"_id": ObjectId(self.venue_id)}, {"$set": fields})

    @property
    def venue(self) -> Document:
        """The stored venue."""
        venue = self.db.venues.find_one({"_id": ObjectId(self.venue_id)})
        assert venue is not None
        return venue

    def count(self) -> int:
        """Return the number of stored bookings."""
        return self.db.bookings.count_documents({})

    def find_stale_entries(self) -> bool:
        """Return whether the search entry of the venue is not the one that its documents give."""
        venue_id = ObjectId(self.venue_id)
        return list(self.db.search_entries.find({"_id": venue_id}, {"edition": 0})) != make_entries(self.db, [venue_id])
