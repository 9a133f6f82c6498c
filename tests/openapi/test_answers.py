"""Real responses match the OpenAPI document: a whole booking story, and every kind of error response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract_routes import NO_ID
from tests.factories import PASSWORD, day, venue_body
from tests.openapi.document import ValidatingClient, current_document, list_operations

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db

# Operations whose success needs Google, Cloudinary, an e-mail or a signed URL, or whose response is not JSON.
NOT_REACHED = {
    *("sign_in_with_google", "sign_cloudinary", "reset_password", "verify_email", "disown_email"),
    *("take_upload", "get_media", "show_metrics", "read_calendar", "get_booking_event"),
}


@pytest.fixture
def client(app: Flask, db: Db) -> ValidatingClient:  # noqa: ARG001 - empties the database first
    """Return a client that validates each response against the document."""
    return ValidatingClient(app.test_client(), current_document())


def exercise_accounts(client: ValidatingClient) -> None:
    session = client.sign_up(full_name="Ayesha", contact_number="0300-1234567")
    email, token = session["profile"]["email"], session["token"]
    client.post("/auth/login", {"email": email, "password": PASSWORD})
    assert client.post("/auth/login", {"email": email, "password": "another one"}).code == "bad_credentials"
    assert client.post("/auth/signup", {"email": email, "password": PASSWORD, "is_venue_owner": True}).status == 409
    client.get("/auth/me", token=token)
    token = client.patch("/auth/me", {"is_venue_owner": True}, token=token).data["token"]
    change = {"password": PASSWORD, "new_password": "seven-quiet-lanterns"}
    new_token = client.post("/auth/change-password", change, token=token).data["token"]
    assert client.get("/auth/me", token=token).code == "token_revoked"
    renewed = client.send("POST", "/auth/refresh", token=new_token).data["token"]
    client.send("POST", "/auth/logout", {"everywhere": False}, token=renewed)
    assert client.send("POST", "/auth/refresh", token=renewed).code == "token_revoked"
    client.post("/auth/forgot-password", {"email": "not an address"})
    assert client.post("/auth/reset-password", {"token": "x", "new_password": PASSWORD}).code == "bad_reset_token"
    assert client.post("/auth/google", {"id_token": "x"}).code == "not_configured"
    client.send("POST", "/auth/verify-email/send", token=new_token)
    assert client.post("/auth/verify-email", {"token": "x"}, token=new_token).code == "bad_link"
    assert client.post("/auth/disown-email", {"token": "x"}).code == "bad_link"
    client.patch("/auth/me/preferences", {"emails": {"requests": False}}, token=new_token)
    client.send("POST", "/emails/unsubscribe/x")
    for method in ("PUT", "DELETE"):
        client.send(method, f"/auth/me/blocked/{NO_ID}", token=new_token)
    client.get("/auth/me/blocked", token=new_token)
    client.delete("/auth/me", body={"password": "seven-quiet-lanterns"}, token=new_token)


def exercise_venues(client: ValidatingClient, owner: str) -> str:
    headers = {"Idempotency_Key": "venue-1"}
    created = client.post("/venues/register", venue_body(), token=owner, **headers)
    assert (
        client.post("/venues/register", venue_body(), token=owner, **headers).headers["Idempotent-Replayed"] == "true"
    )
    assert (
        client.post("/venues/register", venue_body(capacity=9), token=owner, **headers).code == "idempotency_conflict"
    )
    venue_id: str = created.data["venue_id"]
    client.patch(f"/venues/{venue_id}", {"space_sqft": 7200.5, "amenities": {"water": True}}, token=owner)
    stale = client.patch(f"/venues/{venue_id}", {"capacity": 9}, token=owner, If_Match='"old"')
    assert stale.code == "precondition_failed"
    video = {"url": "https://videos.example/1.mp4", "size_mb": 18.5}
    client.list_venue(owner, pictures=["https://pictures.example/1.jpg"], videos=[video])
    client.get("/venues/mine?limit=1", token=owner)
    return venue_id


def exercise_search(client: ValidatingClient, venue_id: str) -> None:
    near = "near_lat=24.8&near_lng=67.0&near_km=50"
    for query in ("", "?limit=1", f"?{near}&date={day(1)}&include=calendar&sort=price", "?type=Lawn&price_min=0.29"):
        client.get(f"/venues/search{query}")
    client.get(f"/venues/{venue_id}")
    client.get(f"/venues/{venue_id}/availability?date={day(1)}")
    client.get(f"/venues/{venue_id}/availability?from={day(1)}&to={day(20)}")
    client.get(f"/venues/{venue_id}/alternatives?date={day(1)}&guests=9&limit=1")


def exercise_bookings(client: ValidatingClient, owner: str, venue_id: str) -> None:
    guest = client.sign_up(full_name="Bilal")["token"]
    booking_id = client.book(guest, venue_id, day(1), notes="A quiet corner.").data["booking_id"]
    assert client.book(guest, venue_id, day(1)).code == "date_taken"
    assert client.book(guest, venue_id, day(300)).code == "date_not_offered"
    assert client.book(guest, venue_id, day(-1)).code == "date_in_past"
    assert client.book(guest, venue_id, day(2), guests=9_999).code == "over_capacity"
    assert client.book(guest, NO_ID, day(2)).code == "not_found"
    for token in (guest, owner):
        client.get(f"/bookings/{booking_id}", token=token)
        client.get("/bookings?status=pending&limit=1", token=token)
        client.get(f"/bookings/{booking_id}/history", token=token)
    client.patch(f"/bookings/{booking_id}", {"guests": 50, "notes": None}, token=guest)
    exercise_walk_ins(client, owner, venue_id)
    client.patch(f"/bookings/{booking_id}", {"hold_hours": 24}, token=owner)
    assert client.patch(f"/bookings/{booking_id}", {"price_locked": 5}, token=owner).code == "bad_transition"
    assert client.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=guest).code == "not_yours"
    client.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=owner)
    assert client.patch(f"/venues/{venue_id}", {"dates_available": []}, token=owner).code == "date_booked"
    calendar = f"/venues/{venue_id}/calendar"
    assert client.get(f"{calendar}?from={day(1)}&to={day(9)}", token=owner).data["days"][0]["bookings"]
    close = {"do": "close", "from": day(1), "to": day(9)}
    assert client.post(calendar, {"changes": [close]}, token=owner).code == "date_booked"
    changes = [{**close, "keep_booked": True}, {"do": "offer", "dates": [day(2)], "price": 5.5}]
    client.post(calendar, {"changes": changes}, token=owner)
    assert client.delete(f"/venues/{venue_id}", token=owner).code == "has_bookings"
    client.patch(f"/bookings/{booking_id}", {"status": "cancelled", "reason": "Moved."}, token=guest)
    client.delete(f"/bookings/{booking_id}", token=guest)
    client.get(f"/bookings/{booking_id}/history", token=guest)
    assert client.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=owner).code == "bad_transition"
    client.delete(f"/venues/{venue_id}", token=owner)
    client.get(f"/bookings/{booking_id}", token=guest)


def exercise_walk_ins(client: ValidatingClient, owner: str, venue_id: str) -> None:
    path, body = f"/venues/{venue_id}/walk-ins", {"date": day(3), "guests": 5, "guest": {"full_name": "Bilal"}}
    walk_in = client.post(path, body, token=owner, Idempotency_Key="walk-in-1").data
    assert client.post(path, body, token=owner, Idempotency_Key="walk-in-1").data == walk_in
    assert client.post(path, body, token=owner).code == "date_taken"
    assert client.post(path, body | {"date": day(300)}, token=owner).code == "date_not_offered"
    assert client.post(path, body | {"guests": 9_999}, token=owner).code == "over_capacity"
    assert client.post(path, body, token=client.owner()).code == "not_yours"
    client.get(f"/bookings/{walk_in['booking_id']}", token=owner)
    client.delete(f"/bookings/{walk_in['booking_id']}", token=owner)


def exercise_calendars(client: ValidatingClient, owner: str) -> None:
    made = client.post("/feeds", {"kind": "owner", "detail": "busy"}, token=owner).data
    feed = f"/feeds/{made['feed_id']}"
    client.get("/feeds", token=owner)
    client.send("POST", f"{feed}/rotate", token=owner)
    assert client.get("/calendar/unknown.ics").code == "not_found"
    assert client.delete(feed, token=client.guest()).code == "not_yours"
    client.delete(feed, token=owner)


def exercise_webhooks(client: ValidatingClient, owner: str) -> None:
    body = {"url": "http://127.0.0.1:9/", "events": ["venue.changed"], "description": "ERP"}
    webhook = f"/webhooks/{client.post('/webhooks', body, token=owner).data['webhook_id']}"
    client.get("/webhooks", token=owner)
    client.patch(webhook, {"payload": "full", "description": None}, token=owner)
    event_id = client.send("POST", f"{webhook}/test", token=owner).data["event_id"]
    client.get(f"{webhook}/deliveries?status=pending&limit=1", token=owner)
    client.post(f"{webhook}/replay", {"event_id": event_id}, token=owner)
    client.send("POST", f"{webhook}/rotate-secret", token=owner)
    assert client.delete(webhook, token=client.guest()).code == "not_yours"
    client.delete(webhook, token=owner)


def exercise_other_routes(client: ValidatingClient, owner: str) -> None:
    for path in ("/health", "/health/ready", "/openapi.json", "/docs", "/docs/page.css"):
        client.get(path)
    upload = {"filename": "a.png", "content_type": "image/png", "size_bytes": 70}
    client.post("/uploads/sign-s3", upload, token=owner)
    assert client.post("/uploads/sign-cloudinary", {}, token=owner).code == "not_configured"
    assert client.send("PUT", "/uploads/local/an/unsigned/path").code == "bad_signature"
    assert client.get("/media/nothing").code == "not_found"


def exercise_other_reads(client: ValidatingClient, owner: str) -> None:
    """Send each GET that the story has not reached, so that a new one needs no line here if its path has no id."""
    for method, path, operation in list_operations(client.document):
        if method == "get" and "{" not in path and operation["operationId"] not in client.succeeded | NOT_REACHED:
            client.get(path, token=owner)


def test_every_operation_responds_as_documented(client: ValidatingClient) -> None:
    exercise_accounts(client)
    owner = client.owner()
    venue_id = exercise_venues(client, owner)
    exercise_search(client, venue_id)
    exercise_bookings(client, owner, venue_id)
    exercise_calendars(client, owner)
    exercise_webhooks(client, owner)
    exercise_other_routes(client, owner)
    exercise_other_reads(client, owner)
    operations = {operation["operationId"] for _, _, operation in list_operations(client.document)}
    assert operations - client.succeeded == NOT_REACHED, "send a request of each new operation above"


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/venues/xyz", None, "bad_id"),
        ("GET", f"/venues/{NO_ID}", None, "not_found"),
        ("GET", "/health?colour=blue", None, "validation_error"),
        ("GET", "/venues/search?limit=0&limit=1", None, "validation_error"),
        ("POST", "/auth/login", {"email": 1}, "validation_error"),
        ("POST", "/auth/login", [], "bad_json"),
        ("POST", "/auth/login", {"email": "x" * 300_000}, "body_too_large"),
        ("POST", "/auth/login", None, "not_json"),
        ("POST", "/bookings", {}, "missing_token"),
    ],
)
def test_error_responses_are_documented(
    client: ValidatingClient, method: str, path: str, body: object, code: str
) -> None:
    assert client.send(method, path, body).code == code


def test_a_guest_gets_owner_only_on_an_owner_route(client: ValidatingClient) -> None:
    assert client.post("/venues/register", {}, token=client.guest()).code == "owner_only"


def test_control_an_undocumented_response_is_found(client: ValidatingClient) -> None:
    del client.document["paths"]["/health"]["get"]["responses"]["422"]
    with pytest.raises(AssertionError, match="returned 422"):
        client.get("/health?colour=blue")
