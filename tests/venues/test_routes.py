"""The routes of an owner's venues: register, change, list and delete, as in the contract."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId

from halls.setting_types import ServiceArea
from tests.contract_routes import NO_ID
from tests.factories import (
    EXTERNAL_PASSWORD,
    SPEC_AMENITIES,
    bare_venue_document,
    day,
    insert_booking,
    insert_owner,
    insert_venue,
    venue_body,
)

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db
    from tests.api_client import ApiClient

NOW = datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=timezone.utc)
SPEC_FIELDS = {
    *("owner_id", "venue_name", "type", "address", "maps_location", "capacity", "dates_available", "pricing"),
    *("space_sqft", "amenities", "additional_description", "pictures", "videos", "created_at", "updated_at"),
    "booking_rules",
    "is_listed",
}
FULL = {
    "maps_location": {"type": "Point", "coordinates": [67.03, 24.81]},
    "dates_available": ["2026-12-25", "2026-12-24"],
    "pricing": {"overrides": [{"date": "2026-12-25", "price": 250_000}, {"date": "2026-12-24", "price": 99.5}]},
    "space_sqft": 4000.5,
    "amenities": {"parking_valet": True, "water": True},
    "additional_description": "Sea view.\nTwo floors.",
    "pictures": ["https://cdn.example/1.jpg"],
    "videos": [{"url": "https://cdn.example/1.mp4", "size_mb": 22.5}],
    "booking_rules": {"hold_hours": 48, "terms": "No fireworks.\nNo loud music after 22:00."},
    "is_listed": True,
}


def stored_venue(db: Db, venue_id: str) -> Any:
    """Return the stored document."""
    return db.venues.find_one({"_id": ObjectId(venue_id)})


def external_owner(api: ApiClient, db: Db) -> tuple[ObjectId, str]:
    """Insert an owner like an external writer. Return the id and a token of the owner."""
    owner = insert_owner(db)
    body = {"email": owner["email"], "password": EXTERNAL_PASSWORD}
    return owner["_id"], api.post("/auth/login", body).data["token"]


def test_a_registered_venue_is_returned_with_all_fields(api: ApiClient) -> None:
    with time_machine.travel(NOW, tick=False):
        session = api.sign_up(owner=True)
        answer = api.post("/venues/register", venue_body(**FULL), token=session["token"])
    assert answer.status == 201
    assert answer.data.keys() == {"venue_id", "venue"}
    assert answer.data["venue"] == {
        **venue_body(**FULL),
        "id": answer.data["venue_id"],
        "owner_id": session["profile"]["id"],
        "dates_available": ["2026-12-24", "2026-12-25"],
        "amenities": {**dict.fromkeys(SPEC_AMENITIES, False), "parking_valet": True, "water": True},
        "is_hidden": False,
        "created_at": "2026-11-22T12:00:00Z",
        "updated_at": "2026-11-22T12:00:00Z",
    }
    assert api.get(f"/venues/{answer.data['venue_id']}").data == {"venue": answer.data["venue"]}


def test_a_venue_with_only_the_required_fields_gets_the_defaults(api: ApiClient) -> None:
    body = venue_body(dates_available=None, pricing=None, space_sqft=None)
    venue = api.post("/venues/register", body, token=api.owner()).data["venue"]
    assert venue.keys() == SPEC_FIELDS | {"id", "is_hidden"}
    assert venue["amenities"] == dict.fromkeys(SPEC_AMENITIES, False)
    assert (venue["dates_available"], venue["pricing"], venue["space_sqft"]) == ([], {"overrides": []}, None)
    assert (venue["additional_description"], venue["pictures"], venue["videos"]) == ("", [], [])


def test_a_venue_is_stored_as_specified(api: ApiClient, db: Db) -> None:
    session = api.sign_up(owner=True)
    stored = stored_venue(db, api.list_venue(session["token"], **FULL))
    assert stored.keys() - {"rev"} == SPEC_FIELDS | {"_id"}
    assert stored["owner_id"] == ObjectId(session["profile"]["id"])
    assert stored["maps_location"] == {"type": "Point", "coordinates": [67.03, 24.81]}
    assert stored["pricing"] == FULL["pricing"]
    assert stored["videos"] == FULL["videos"]
    assert stored["amenities"] == {**dict.fromkeys(SPEC_AMENITIES, False), "parking_valet": True, "water": True}
    assert isinstance(stored["created_at"], datetime)


def test_all_invalid_fields_are_named_by_their_paths(api: ApiClient, db: Db) -> None:
    body = venue_body(
        capacity=0,
        pricing={"overrides": [{"date": day(1), "price": 1}, {"date": "2027-02-30", "price": -1}]},
        colour="red",
    )
    answer = api.post("/venues/register", body, token=api.owner())
    assert (answer.status, answer.code) == (422, "validation_error")
    invalid_fields = ["capacity", "colour", "pricing.overrides.1.date", "pricing.overrides.1.price"]
    assert sorted(answer.fields) == invalid_fields
    assert all(detail["message"] for detail in answer.json["details"])
    assert db.venues.count_documents({}) == 0


def test_a_change_affects_only_the_given_fields(api: ApiClient) -> None:
    with time_machine.travel(NOW, tick=False):
        owner = api.owner()
        venue_id = api.list_venue(owner, **FULL)
        before = api.get(f"/venues/{venue_id}").data["venue"]
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        answer = api.patch(f"/venues/{venue_id}", {"venue_name": " Sea Hall ", "capacity": 900}, token=owner)
    changed = {"venue_name": "Sea Hall", "capacity": 900, "updated_at": "2026-11-22T13:00:00Z"}
    assert answer.status == 200
    assert answer.data == {"venue": before | changed}
    assert api.get(f"/venues/{venue_id}").data == answer.data


def test_amenities_are_merged_key_by_key(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, amenities={"water": True, "sound_system": True})
    change = {"amenities": {"water": False, "parking_valet": True}}
    amenities = api.patch(f"/venues/{venue_id}", change, token=owner).data["venue"]["amenities"]
    assert amenities == dict.fromkeys(SPEC_AMENITIES, False) | {"sound_system": True, "parking_valet": True}


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("pricing", {"overrides": [{"date": "2027-01-01", "price": 1}]}, None),
        ("pricing", {"overrides": []}, None),
        ("pricing", {}, {"overrides": []}),
        ("dates_available", ["2027-03-01", "2027-02-01"], ["2027-02-01", "2027-03-01"]),
        ("dates_available", [], None),
        ("pictures", [], None),
        ("videos", [{"url": "https://a.b/c", "size_mb": 1}], None),
        ("maps_location", {"lat": 1, "lng": 2}, {"type": "Point", "coordinates": [2, 1]}),
        ("additional_description", "", None),
        ("space_sqft", 1, None),
        ("type", "Lawn", None),
    ],
)
def test_every_other_field_is_replaced_whole(api: ApiClient, field: str, value: Any, shown: Any) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, **FULL)
    venue = api.patch(f"/venues/{venue_id}", {field: value}, token=owner).data["venue"]
    assert venue[field] == (value if shown is None else shown)


@pytest.mark.parametrize("body", [{}, {"venue_name": None}])
def test_an_empty_change_is_rejected(api: ApiClient, db: Db, body: dict[str, Any]) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    before = stored_venue(db, venue_id)
    answer = api.patch(f"/venues/{venue_id}", body, token=owner)
    assert (answer.status, answer.code) == (422, "validation_error")
    assert stored_venue(db, venue_id) == before


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_only_the_owner_can_change_or_delete_a_venue(api: ApiClient, db: Db, method: str) -> None:
    venue_id = api.list_venue(api.owner())
    before = stored_venue(db, venue_id)
    answer = api.send(method, f"/venues/{venue_id}", {"nonsense": 1}, token=api.owner())
    assert (answer.status, answer.code) == (403, "not_yours")
    answer = api.send(method, f"/venues/{venue_id}", {"nonsense": 1}, token=api.guest())
    assert (answer.status, answer.code) == (403, "owner_only")
    assert stored_venue(db, venue_id) == before


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_unknown_venue_is_a_404(api: ApiClient, method: str) -> None:
    answer = api.send(method, f"/venues/{NO_ID}", {"nonsense": 1}, token=api.owner())
    assert (answer.status, answer.code) == (404, "not_found")


def test_a_booked_upcoming_date_cannot_be_removed(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    api.book(api.guest(), venue_id, day(3))
    before = stored_venue(db, venue_id)
    change = {"dates_available": [day(2), day(4)], "venue_name": "Other"}
    answer = api.patch(f"/venues/{venue_id}", change, token=owner)
    assert (answer.status, answer.code) == (409, "date_booked")
    assert day(3) in answer.json["error"]
    assert stored_venue(db, venue_id) == before
    allowed = api.patch(f"/venues/{venue_id}", {"dates_available": [day(3)]}, token=owner)
    assert allowed.data["venue"]["dates_available"] == [day(3)]


def test_confirmed_bookings_protect_their_date_and_cancelled_ones_do_not(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    path = f"/bookings/{api.book(guest, venue_id, day(3)).data['booking_id']}"
    api.patch(path, {"status": "confirmed"}, token=owner)
    assert api.patch(f"/venues/{venue_id}", {"dates_available": []}, token=owner).code == "date_booked"
    api.delete(path, token=guest)
    assert api.patch(f"/venues/{venue_id}", {"dates_available": []}, token=owner).status == 200


def test_a_booked_date_can_be_removed_only_after_its_day(api: ApiClient) -> None:
    with time_machine.travel(NOW, tick=False):
        owner = api.owner()
        venue_id = api.list_venue(owner)
        api.book(api.guest(), venue_id, day(1))
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert api.patch(f"/venues/{venue_id}", {"dates_available": []}, token=owner).code == "date_booked"
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        assert api.patch(f"/venues/{venue_id}", {"dates_available": []}, token=owner).status == 200


def test_a_new_price_does_not_change_existing_bookings(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking = api.book(guest, venue_id, day(3)).data["booking"]
    new_price = {"pricing": {"overrides": [{"date": day(3), "price": 999_999}]}}
    api.patch(f"/venues/{venue_id}", new_price, token=owner)
    assert booking["price_locked"] == 103_000
    assert api.get(f"/bookings/{booking['id']}", token=guest).data["booking"]["price_locked"] == 103_000


def test_a_venue_can_be_deleted(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    answer = api.delete(f"/venues/{venue_id}", token=owner)
    assert (answer.status, answer.data) == (200, {"deleted": True})
    assert stored_venue(db, venue_id) is None
    assert api.get(f"/venues/{venue_id}").code == "not_found"
    assert api.delete(f"/venues/{venue_id}", token=owner).code == "not_found"


@pytest.mark.parametrize("status", ["pending", "confirmed"])
def test_a_venue_with_an_upcoming_booking_cannot_be_deleted(api: ApiClient, db: Db, status: str) -> None:
    session = api.sign_up(owner=True)
    venue_id = api.list_venue(session["token"])
    insert_booking(db, ObjectId(venue_id), ObjectId(), date=day(0), status=status)
    answer = api.delete(f"/venues/{venue_id}", token=session["token"])
    assert (answer.status, answer.code) == (409, "has_bookings")
    assert stored_venue(db, venue_id) is not None


def test_past_and_cancelled_bookings_do_not_prevent_the_deletion(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    insert_booking(db, ObjectId(venue_id), ObjectId(), date=day(-1), status="confirmed")
    insert_booking(db, ObjectId(venue_id), ObjectId(), date=day(5), status="cancelled")
    assert api.delete(f"/venues/{venue_id}", token=owner).status == 200


def test_an_owner_lists_own_venues_page_by_page(api: ApiClient) -> None:
    owner, other = api.owner(), api.owner()
    venue_ids = [api.list_venue(owner, venue_name=f"Hall {number}") for number in range(5)]
    api.list_venue(other)
    seen, path = [], "/venues/mine?limit=2"
    while path:
        page = api.get(path, token=owner).data
        assert page.keys() == {"venues", "next_cursor"}
        assert len(page["venues"]) <= 2
        seen += page["venues"]
        path = f"/venues/mine?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert [venue["id"] for venue in seen] == venue_ids[::-1]
    assert seen[0] == api.get(f"/venues/{venue_ids[-1]}").data["venue"]


def test_a_full_last_page_has_no_cursor(api: ApiClient) -> None:
    owner = api.owner()
    for _ in range(2):
        api.list_venue(owner)
    assert api.get("/venues/mine?limit=2", token=owner).data["next_cursor"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x", "type=Hall"])
def test_an_invalid_query_parameter_is_rejected(api: ApiClient, query: str) -> None:
    answer = api.get(f"/venues/mine?{query}", token=api.owner())
    assert (answer.status, answer.fields) == (422, [query.partition("=")[0]])


def test_a_cursor_of_another_owner_is_rejected(api: ApiClient) -> None:
    owner, other = api.owner(), api.owner()
    for _ in range(2):
        api.list_venue(owner)
    cursor = api.get("/venues/mine?limit=1", token=owner).data["next_cursor"]
    assert api.get(f"/venues/mine?limit=1&cursor={cursor}", token=other).fields == ["cursor"]


def test_an_external_venue_can_be_changed_listed_and_deleted(api: ApiClient, db: Db) -> None:
    owner_id, token = external_owner(api, db)
    venue = insert_venue(db, owner_id)
    path = f"/venues/{venue['_id']}"
    change = {"capacity": 300, "amenities": {"water": False}, "dates_available": [day(5)]}
    answer = api.patch(path, change, token=token)
    assert answer.status == 200
    assert answer.data["venue"]["amenities"] == SPEC_AMENITIES | {"water": False}
    assert (answer.data["venue"]["capacity"], answer.data["venue"]["dates_available"]) == (300, [day(5)])
    assert api.get("/venues/mine", token=token).data["venues"] == [answer.data["venue"]]
    insert_booking(db, venue["_id"], ObjectId())
    assert api.patch(path, {"dates_available": []}, token=token).code == "date_booked"
    assert api.delete(path, token=token).code == "has_bookings"
    db.bookings.delete_many({})
    assert api.delete(path, token=token).status == 200


@pytest.mark.parametrize("missing", ["absent", "null"])
def test_amenities_can_be_added_to_a_venue_without_them(api: ApiClient, db: Db, missing: str) -> None:
    owner_id, token = external_owner(api, db)
    fields = {"amenities": None, "dates_available": None} if missing == "null" else {}
    venue = bare_venue_document(owner_id, **fields)
    db.venues.insert_one(venue)
    change = {"amenities": {"water": True}, "dates_available": [day(1)]}
    answer = api.patch(f"/venues/{venue['_id']}", change, token=token)
    assert answer.status == 200
    assert answer.data["venue"]["amenities"] == dict.fromkeys(SPEC_AMENITIES, False) | {"water": True}


def test_a_change_adds_no_other_missing_field(api: ApiClient, db: Db) -> None:
    owner_id, token = external_owner(api, db)
    venue = bare_venue_document(owner_id)
    db.venues.insert_one(venue)
    assert api.patch(f"/venues/{venue['_id']}", {"capacity": 7}, token=token).status == 200
    stored = stored_venue(db, str(venue["_id"]))
    assert stored.keys() - {"rev", "updated_at"} == venue.keys()
    assert stored["capacity"] == 7


def test_a_venue_outside_the_service_area_is_not_listed(
    app: Flask, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = app.extensions["halls"]
    area = ServiceArea(60.8, 23.6, 77.9, 37.1)
    monkeypatch.setattr(context, "config", context.config.model_copy(update={"service_area": area}))
    owner = api.owner()
    exchanged = {"lat": 74.36, "lng": 31.52}
    response = api.post("/venues/register", venue_body(maps_location=exchanged), token=owner)
    assert (response.status, response.fields) == (422, ["maps_location"])
    venue_id = api.list_venue(owner, maps_location={"lat": 31.52, "lng": 74.36})
    assert api.patch(f"/venues/{venue_id}", {"maps_location": exchanged}, token=owner).fields == ["maps_location"]
