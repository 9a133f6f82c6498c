"""A document with a value of any BSON type in any field never causes a 5xx, and never affects other documents."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import bson
import pytest
from bson import ObjectId
from pymongo.errors import DuplicateKeyError, WriteError

from halls.accounts.account import account_from_document, serialize_profile
from halls.accounts.schemas import Profile
from halls.accounts.tokens import make_token
from halls.bookings.booking import serialize_booking
from halls.bookings.schemas import Booking
from halls.cli.check import find_violations
from halls.clock import utc_now
from halls.data_transfer.exporting import export_lines
from halls.http.json_encoding import write_json
from halls.search.index import make_entry
from halls.search.reindex import find_stale
from halls.venues.response_schemas import Venue
from halls.venues.store import list_media_urls
from halls.venues.venue import serialize_venue
from tests.conftest import SECRET
from tests.documents.values import KINDS, VALUES, encode, list_paths, set_value
from tests.factories import (
    EXTERNAL_PASSWORD,
    LIMITS,
    bare_venue_document,
    booking_body,
    day,
    index_all,
    insert_owner,
    insert_user,
    insert_venue,
    user_document,
    venue_body,
    venue_document,
)
from tests.openapi.document import ValidatingClient, current_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Flask
    from pydantic import BaseModel

    from halls.mongo.client import Db, Document
    from tests.api_client import ApiResponse

SUMMARY = {"id": ObjectId(), "venue_name": "Old Hall", "address": "Old Road", "owner_id": ObjectId()}
BOOKING: Document = {
    "venue_id": ObjectId(),
    "user_id": ObjectId(),
    "date": day(5),
    "guests": 300,
    "hold_until": utc_now() + timedelta(days=7),
    "cancellation": {"by": "guest", "at": utc_now(), "reason": "Moved.", "from": "pending"},
    "is_walk_in": False,
    "event_count": 3,
    "status": "pending",
    "price_locked": 5,
    "notes": "By the window.",
    "venue": SUMMARY,
    "created_at": utc_now(),
    "updated_at": utc_now(),
}
VENUE_PATHS = [*list_paths(venue_document(ObjectId(), rev=0))]
USER_PATHS = [*list_paths(user_document(token_version=0, rev=0))]
QUERIES = (
    "",
    "&include=calendar",
    f"&date={day(5)}",
    "&near_lat=31.55&near_lng=74.35",
    "&near_lat=31.55&near_lng=74.35&sort=capacity",
    f"&near_lat=31.55&near_lng=74.35&sort=price&date={day(5)}",
    "&price_min=1",
    "&sort=-capacity",
    f"&date_from={day(4)}&date_to={day(6)}&include=price_from,total",
    f"&date_from={day(4)}&date_to={day(6)}&near_lat=31.55&near_lng=74.35&sort=-price&price_max=900000",
    "&q=shalimar+lahore&amenities=water",
    "&bbox=74,31,75,32",
)


class StrictClient(ValidatingClient):
    """Validates each response against the OpenAPI document, and accepts no 5xx."""

    def send(self, method: str, path: str, *args: Any, **options: Any) -> ApiResponse:
        """Send a request."""
        response = super().send(method, path, *args, **options)
        assert response.status < 500, (method, path, response.json)
        return response

    def token_of(self, user: Any) -> str:
        """Return a token for a stored account."""
        return make_token(account_from_document(user), secret=SECRET, now=utc_now(), hours=1)[0]


@pytest.fixture
def client(app: Flask, db: Db) -> StrictClient:  # noqa: ARG001 - empties the database first
    """A client that accepts no 5xx and no response that differs from the OpenAPI document."""
    return StrictClient(app.test_client(), current_document())


def find_ids(client: StrictClient, query: str) -> set[str]:
    """Return the ids of the venues of all pages of a search."""
    ids: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(f"/venues/search?limit=20{query}{cursor}").data
        ids |= {venue["id"] for venue in page["venues"]}
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    return ids


def insert_each(db: Db, collection: str, documents: Iterable[Document]) -> list[Document]:
    """Insert the documents that the indexes accept, and return them as the application reads them."""
    ids = []
    for document in documents:
        document.setdefault("_id", ObjectId())
        try:
            db[collection].insert_one(encode(document), bypass_document_validation=True)
        except (DuplicateKeyError, WriteError):
            continue
        ids.append(document["_id"])
    return list(db[collection].find({"_id": {"$in": ids}}))


def check_commands(db: Db) -> None:
    """Run the parts of the commands and of the background tasks that read all documents."""
    find_violations(db, day(0))
    assert list(find_stale(db)) == []
    assert b"".join(export_lines(db, utc_now(), LIMITS))
    assert all(isinstance(url, str) for _, url in list_media_urls(db))


@pytest.mark.parametrize(
    ("model", "document", "serialize"),
    [
        (Venue, venue_document(ObjectId(), rev=0), serialize_venue),
        (Booking, BOOKING | {"_id": ObjectId()}, lambda booking: serialize_booking(booking, None)),
        (Profile, user_document(), lambda user: serialize_profile(account_from_document(user))),
    ],
    ids=["venue", "booking", "profile"],
)
def test_a_value_of_any_type_is_shown_as_the_response_model_says(
    db: Db, model: type[BaseModel], document: Document, serialize: Callable[[Any], Any]
) -> None:
    for path, value in product(list_paths(document), VALUES):
        stored = bson.decode(encode(set_value(document, path, value)).raw, db.codec_options)
        shown = write_json(serialize(stored))
        model.model_validate_json(shown, strict=True)


def test_a_venue_with_a_value_of_any_type_has_an_entry_with_readable_values(db: Db) -> None:
    venue = venue_document(ObjectId())
    for path, value in product(list_paths(venue), VALUES):
        stored: Any = bson.decode(encode(set_value(venue, path, value)).raw, db.codec_options)
        entry = make_entry(stored, ())
        assert json.loads(entry["card"])
        assert bson.encode(entry)


@pytest.mark.parametrize("path", VENUE_PATHS)
def test_a_venue_with_any_value_in_a_field_is_shown_and_repaired(client: StrictClient, db: Db, path: str) -> None:
    owner = insert_owner(db)
    token, guest = client.token_of(owner), client.guest()
    documents = (set_value(venue_document(owner["_id"], rev=0), path, value) for value in KINDS)
    venues = insert_each(db, "venues", ({**each, "_id": ObjectId()} for each in documents))
    good = str(insert_venue(db, owner["_id"])["_id"])
    index_all(db)
    all_ids = {good, *(str(venue["_id"]) for venue in venues)}
    owned = {good, *(str(venue["_id"]) for venue in venues if venue.get("owner_id") == owner["_id"])}
    assert {venue["id"] for venue in client.get("/venues/mine?limit=100", token=token).data["venues"]} == owned
    for query in QUERIES:
        found = find_ids(client, query)
        assert good in found
        assert query not in QUERIES[:2] or found == all_ids
    for venue_id in sorted(all_ids):
        check_venue(client, venue_id, token if venue_id in owned else None, guest)
    check_commands(db)


def check_venue(client: StrictClient, venue_id: str, owner: str | None, guest: str) -> None:
    """Read, book, repair and delete one venue."""
    client.get(f"/venues/{venue_id}/availability?date={day(5)}")
    client.get(f"/venues/{venue_id}/availability?from={day(1)}&to={day(9)}")
    client.get(f"/venues/{venue_id}/alternatives?date={day(5)}")
    shown = client.get(f"/venues/{venue_id}").data["venue"]
    placed = client.book(guest, venue_id, day(5))
    assert placed.status == 201 or placed.code in {"date_not_offered", "over_capacity"}
    assert shown["capacity"] is not None or placed.code == "date_not_offered"
    if owner is None:
        return
    check_calendar(client, f"/venues/{venue_id}/calendar", owner)
    assert client.patch(f"/venues/{venue_id}", {"amenities": {"water": False}}, token=owner).status == 200
    body = venue_body(space_sqft=50, additional_description="Two floors.", amenities={"water": True})
    repaired = client.patch(f"/venues/{venue_id}", body, token=owner).data["venue"]
    assert (repaired["capacity"], repaired["dates_available"]) == (200, body["dates_available"])
    assert (repaired["pricing"], repaired["amenities"]["water"]) == (body["pricing"], True)
    assert client.book(guest, venue_id, day(2)).status == 201


def check_calendar(client: StrictClient, path: str, owner: str) -> None:
    """Read and change the calendar of one venue."""
    assert client.get(f"{path}?from={day(1)}&to={day(9)}", token=owner).status == 200
    changes = [
        {"do": "close", "from": day(1), "to": day(9), "keep_booked": True},
        {"do": "offer", "dates": [day(2)], "price": 5},
        {"do": "adjust", "from": day(1), "to": day(9), "percent": 10},
    ]
    changed = client.post(path, {"changes": changes}, token=owner).data["venue"]
    assert day(2) in changed["dates_available"]
    assert {"date": day(2), "price": 5.5} in changed["pricing"]["overrides"]


@pytest.mark.parametrize("path", [*list_paths(BOOKING)])
def test_a_booking_with_any_value_in_a_field_is_listed_and_cancelled(client: StrictClient, db: Db, path: str) -> None:
    owner, guest = insert_owner(db), insert_user(db, email="guest@example.com")
    tokens = [client.token_of(owner), client.token_of(guest)]
    documents = []
    for value in KINDS:
        fields = {"venue_id": insert_venue(db, owner["_id"])["_id"], "user_id": guest["_id"], "_id": ObjectId()}
        documents.append(set_value({**BOOKING, **fields, "venue": {**SUMMARY, "owner_id": owner["_id"]}}, path, value))
    bookings = insert_each(db, "bookings", documents)
    good = {**BOOKING, "venue_id": insert_venue(db, owner["_id"])["_id"], "user_id": guest["_id"], "_id": ObjectId()}
    insert_each(db, "bookings", [good])
    index_all(db)
    for token in tokens:
        pages = [
            client.get(f"/bookings?limit=200{query}", token=token) for query in ("", "&status=pending", "&as=guest")
        ]
        assert all(str(good["_id"]) in {row["id"] for row in page.data["bookings"]} for page in pages[:2])
        page = client.get("/bookings?limit=1", token=token).data
        while page["next_cursor"]:
            page = client.get(f"/bookings?limit=1&cursor={page['next_cursor']}", token=token).data
    for venue_id in db.venues.distinct("_id"):
        client.get(f"/venues/{venue_id}/availability?from={day(1)}&to={day(9)}")
        client.get(f"/venues/{venue_id}/calendar?from={day(1)}&to={day(9)}", token=tokens[0])
        assert client.book(tokens[1], str(venue_id), day(2)).status == 201
    for booking in bookings:
        for token in tokens:
            client.get(f"/bookings/{booking['_id']}", token=token)
        client.patch(f"/bookings/{booking['_id']}", {"status": "confirmed"}, token=tokens[0])
        client.delete(f"/bookings/{booking['_id']}", token=tokens[1])
    check_commands(db)
    assert client.delete("/auth/me", body={"password": EXTERNAL_PASSWORD}, token=tokens[1]).status == 200


@pytest.mark.parametrize("path", USER_PATHS)
def test_an_account_with_any_value_in_a_field_logs_in_and_books(client: StrictClient, db: Db, path: str) -> None:
    host = insert_owner(db, email="host@example.com")
    dates = [day(ahead) for ahead in range(1, len(KINDS) + 2)]
    venue_id = str(insert_venue(db, host["_id"], dates_available=dates)["_id"])
    index_all(db)
    documents = [
        set_value(user_document(email=f"user{number}@example.com", token_version=0, rev=0), path, value)
        for number, value in enumerate(KINDS)
    ]
    users = insert_each(db, "users", documents)
    for user, date in zip(users, dates, strict=False):
        token = client.token_of(user)
        client.post("/auth/login", {"email": "user1@example.com", "password": EXTERNAL_PASSWORD})
        if isinstance(user.get("email"), str) and "@" in user["email"]:
            client.post("/auth/login", {"email": user["email"], "password": EXTERNAL_PASSWORD})
        assert client.get("/auth/me", token=token).status == 200
        assert client.post("/bookings", booking_body(venue_id, date), token=token).status == 201
        client.patch("/auth/me", {"full_name": "Bilal"}, token=token)
    listed = client.get("/bookings?limit=200", token=client.token_of(host)).data["bookings"]
    assert len(listed) == len(users)
    check_commands(db)
    for user in users:
        token = client.token_of(user)
        change = {"password": EXTERNAL_PASSWORD, "new_password": "seven-quiet-lanterns"}
        changed_token = client.post("/auth/change-password", change, token=token)
        client.delete(
            "/auth/me",
            body={"password": "seven-quiet-lanterns"},
            token=changed_token.json.get("data", {}).get("token", token),
        )


def test_a_venue_without_a_readable_capacity_is_booked_after_its_owner_sets_one(client: StrictClient, db: Db) -> None:
    owner = insert_owner(db)
    venue = bare_venue_document(owner["_id"], capacity="300", dates_available=[day(5)])
    db.venues.insert_one(venue)
    guest, path = client.guest(), f"/venues/{venue['_id']}"
    assert (client.get(path).data["venue"]["capacity"], client.book(guest, str(venue["_id"]), day(5)).code) == (
        None,
        "date_not_offered",
    )
    assert client.patch(path, {"capacity": 300}, token=client.token_of(owner)).status == 200
    assert client.book(guest, str(venue["_id"]), day(5), guests=300).status == 201
