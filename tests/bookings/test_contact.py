"""The contact in a booking: the other side's name, number and links, and when it is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.accounts.account import account_from_document
from halls.bookings.contact import make_contact
from tests.factories import PASSWORD, booking_body, day, insert_booking, insert_user, insert_venue, user_document

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

OWNER: dict[str, Any] = {"full_name": "Ayesha", "contact_number": "(042) 111-222-333"}
GUEST: dict[str, Any] = {"full_name": "Bilal", "contact_number": "0300-1234567"}
OWNER_CONTACT = OWNER | {"whatsapp_url": "https://wa.me/9242111222333", "call_url": "tel:+9242111222333"}
GUEST_CONTACT = GUEST | {"whatsapp_url": "https://wa.me/923001234567", "call_url": "tel:+923001234567"}


def contact_of(number: Any) -> dict[str, Any]:
    """Return the contact of an account with this number."""
    document: Any = user_document(contact_number=number)
    contact = make_contact(account_from_document(document))
    assert contact is not None
    return contact


@pytest.mark.parametrize(
    "number",
    [
        *("0300-1234567", "0300 1234567", "+92 300 1234567", "0092 300 1234567", "+92 (0)300 1234567", "0300.1234567"),
        *("٠٣٠٠١٢٣٤٥٦٧", "03001234567"),
    ],
)
def test_a_pakistani_number_in_any_usual_spelling_has_links(number: str) -> None:
    contact = contact_of(number)
    assert contact == {
        "full_name": "Bilal Khan",
        "contact_number": number,
        "whatsapp_url": "https://wa.me/923001234567",
        "call_url": "tel:+923001234567",
    }


def test_a_foreign_number_with_its_code_has_links() -> None:
    contact = contact_of("+44 20 7946 0018")
    assert (contact["whatsapp_url"], contact["call_url"]) == ("https://wa.me/442079460018", "tel:+442079460018")


@pytest.mark.parametrize("number", ["12345", "0300-123", "20 7946 0018", "call", "", "1" * 300, None, 5], ids=repr)
def test_a_text_that_is_not_a_telephone_number_has_no_links(number: Any) -> None:
    contact = contact_of(number)
    assert (contact["whatsapp_url"], contact["call_url"]) == (None, None)


def test_each_side_sees_the_other_while_the_booking_is_active(api: ApiClient) -> None:
    owner, guest = api.sign_up(owner=True, **OWNER)["token"], api.sign_up(**GUEST)["token"]
    made = api.book(guest, api.list_venue(owner), day(3))
    path = f"/bookings/{made.data['booking_id']}"
    assert made.data["booking"]["contact"] == OWNER_CONTACT
    for status in ("pending", "confirmed"):
        if status == "confirmed":
            assert api.patch(path, {"status": status}, token=owner).data["booking"]["contact"] == GUEST_CONTACT
        assert api.get(path, token=guest).data["booking"]["contact"] == OWNER_CONTACT
        assert api.get("/bookings", token=owner).data["bookings"][0]["contact"] == GUEST_CONTACT
    assert api.delete(path, token=guest).data["booking"]["contact"] is None
    for token in (owner, guest):
        assert api.get(path, token=token).data["booking"]["contact"] is None


def test_the_contact_is_null_without_an_account(api: ApiClient, db: Db) -> None:
    owner, guest = api.sign_up(owner=True), api.sign_up()
    venue = insert_venue(db, ObjectId(owner["profile"]["id"]))["_id"]
    insert_booking(db, venue, ObjectId(), date=day(2))
    insert_booking(db, ObjectId(), ObjectId(guest["profile"]["id"]), date=day(5))
    for session in (owner, guest):
        [booking] = api.get("/bookings", token=session["token"]).data["bookings"]
        assert booking["contact"] is None


def test_a_booking_at_a_venue_without_owner_has_no_contact(api: ApiClient, db: Db) -> None:
    venue: Any = insert_venue(db, "nobody")["_id"]  # type: ignore[arg-type] # an external writer stored it
    assert api.book(api.guest(), str(venue), day(2)).data["booking"]["contact"] is None


def test_an_owner_sees_the_own_number_at_the_own_venue(api: ApiClient) -> None:
    owner = api.sign_up(owner=True, **OWNER)["token"]
    made = api.book(owner, api.list_venue(owner), day(3)).data["booking"]
    assert made["contact"] == OWNER_CONTACT
    assert api.get(f"/bookings/{made['id']}", token=owner).data["booking"] == made


def test_a_replay_has_the_contact_but_the_stored_response_has_no_personal_data(api: ApiClient, db: Db) -> None:
    owner, guest = api.sign_up(owner=True, **OWNER)["token"], api.sign_up(**GUEST)["token"]
    body = booking_body(api.list_venue(owner), day(3))
    made = api.post("/bookings", body, token=guest, Idempotency_Key="a")
    replay = api.post("/bookings", body, token=guest, Idempotency_Key="a")
    assert replay.headers["Idempotent-Replayed"] == "true"
    assert replay.data == made.data
    assert OWNER["contact_number"] not in repr(db.idempotency_keys.find_one({"answer.booking_id": {"$exists": True}}))
    api.delete(f"/bookings/{made.data['booking_id']}", token=guest)
    assert api.delete("/auth/me", body={"password": PASSWORD}, token=owner).status == 200
    later = api.post("/bookings", body, token=guest, Idempotency_Key="a").data["booking"]
    assert later == made.data["booking"] | {"contact": None}


def test_a_response_that_an_older_version_stored_has_no_contact(api: ApiClient, db: Db) -> None:
    guest = api.guest()
    body = booking_body(api.list_venue(api.owner()), day(3))
    api.post("/bookings", body, token=guest, Idempotency_Key="a")
    db.idempotency_keys.update_one({"answer.booking": {"$exists": True}}, {"$unset": {"answer.booking.contact": ""}})
    replay = api.post("/bookings", body, token=guest, Idempotency_Key="a")
    assert (replay.status, replay.data["booking"]["contact"]) == (201, None)


def test_an_external_guest_has_a_contact(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(owner=True)
    venue = insert_venue(db, ObjectId(owner["profile"]["id"]))["_id"]
    insert_booking(db, venue, insert_user(db, contact_number=923001234567, full_name=None)["_id"])
    [booking] = api.get("/bookings", token=owner["token"]).data["bookings"]
    assert booking["contact"] == dict.fromkeys(("full_name", "contact_number", "whatsapp_url", "call_url"))
