"""What the application really answers is what its document says: a whole day, and every way to be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api_client import PASSWORD, day, venue_body
from tests.contract_routes import NO_ID
from tests.openapi.document import Judge, current_document

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db

# Successes that need what stands outside: Google, Cloudinary, a mailed letter, a file at a signed address; and what
# is no JSON.
NOT_HERE = {"sign_in_with_google", "sign_cloudinary", "reset_password", "take_upload", "get_media", "show_metrics"}


@pytest.fixture
def judge(app: Flask, db: Db) -> Judge:  # noqa: ARG001 - an empty database comes first
    """Return a client that holds each answer against the document."""
    return Judge(app.test_client(), current_document())


def use_accounts(judge: Judge) -> None:
    session = judge.sign_up(full_name="Ayesha", contact_number="0300-1234567")
    email, token = session["profile"]["email"], session["token"]
    judge.post("/auth/login", {"email": email, "password": PASSWORD})
    assert judge.post("/auth/login", {"email": email, "password": "another one"}).code == "bad_credentials"
    assert judge.post("/auth/signup", {"email": email, "password": PASSWORD, "is_venue_owner": True}).status == 409
    judge.get("/auth/me", as_=token)
    token = judge.patch("/auth/me", {"is_venue_owner": True}, as_=token).data["token"]
    change = {"password": PASSWORD, "new_password": "seven-quiet-lanterns"}
    fresh = judge.post("/auth/change-password", change, as_=token).data["token"]
    assert judge.get("/auth/me", as_=token).code == "token_revoked"
    judge.post("/auth/forgot-password", {"email": "no address at all"})
    assert judge.post("/auth/reset-password", {"token": "x", "new_password": PASSWORD}).code == "bad_reset_token"
    assert judge.post("/auth/google", {"id_token": "x"}).code == "not_configured"
    judge.delete("/auth/me", body={"password": "seven-quiet-lanterns"}, as_=fresh)


def use_venues(judge: Judge, owner: str) -> str:
    key = {"Idempotency_Key": "venue-1"}
    made = judge.post("/venues/register", venue_body(), as_=owner, **key)
    assert judge.post("/venues/register", venue_body(), as_=owner, **key).headers["Idempotent-Replayed"] == "true"
    assert judge.post("/venues/register", venue_body(capacity=9), as_=owner, **key).code == "idempotency_conflict"
    venue_id: str = made.data["venue_id"]
    judge.patch(f"/venues/{venue_id}", {"space_sqft": 7200.5, "amenities": {"water": True}}, as_=owner)
    video = {"url": "https://videos.example/1.mp4", "size_mb": 18.5}
    judge.list_venue(owner, pictures=["https://pictures.example/1.jpg"], videos=[video])
    judge.get("/venues/mine?limit=1", as_=owner)
    return venue_id


def look_around(judge: Judge, venue_id: str) -> None:
    near = "near_lat=24.8&near_lng=67.0&near_km=50"
    for query in ("", "?limit=1", f"?{near}&date={day(1)}&include=calendar&sort=price", "?type=Lawn&price_min=0.29"):
        judge.get(f"/venues/search{query}")
    judge.get(f"/venues/{venue_id}")
    judge.get(f"/venues/{venue_id}/availability?date={day(1)}")
    judge.get(f"/venues/{venue_id}/availability?from={day(1)}&to={day(20)}")


def use_bookings(judge: Judge, owner: str, venue_id: str) -> None:
    guest = judge.sign_up(full_name="Bilal")["token"]
    booking_id = judge.book(guest, venue_id, day(1), notes="A quiet corner.").data["booking_id"]
    assert judge.book(guest, venue_id, day(1)).code == "date_taken"
    assert judge.book(guest, venue_id, day(300)).code == "date_not_offered"
    assert judge.book(guest, venue_id, day(-1)).code == "date_in_past"
    assert judge.book(guest, venue_id, day(2), guests=9_999).code == "over_capacity"
    assert judge.book(guest, NO_ID, day(2)).code == "not_found"
    for as_ in (guest, owner):
        judge.get(f"/bookings/{booking_id}", as_=as_)
        judge.get("/bookings?status=pending&limit=1", as_=as_)
    assert judge.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, as_=guest).code == "not_yours"
    judge.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, as_=owner)
    assert judge.patch(f"/venues/{venue_id}", {"dates_available": []}, as_=owner).code == "date_booked"
    assert judge.delete(f"/venues/{venue_id}", as_=owner).code == "has_bookings"
    judge.delete(f"/bookings/{booking_id}", as_=guest)
    assert judge.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, as_=owner).code == "bad_transition"
    judge.delete(f"/venues/{venue_id}", as_=owner)
    judge.get(f"/bookings/{booking_id}", as_=guest)


def use_the_rest(judge: Judge, owner: str) -> None:
    for path in ("/health", "/health/ready", "/openapi.json", "/docs", "/docs/page.css"):
        judge.get(path)
    upload = {"filename": "a.png", "content_type": "image/png", "size_bytes": 70}
    judge.post("/uploads/sign-s3", upload, as_=owner)
    assert judge.post("/uploads/sign-cloudinary", {}, as_=owner).code == "not_configured"
    assert judge.send("PUT", "/uploads/local/what/nobody/signed").code == "bad_signature"
    assert judge.get("/media/nothing").code == "not_found"


def test_a_whole_day_is_answered_as_the_document_says(judge: Judge) -> None:
    use_accounts(judge)
    owner = judge.owner()
    venue_id = use_venues(judge, owner)
    look_around(judge, venue_id)
    use_bookings(judge, owner, venue_id)
    use_the_rest(judge, owner)
    operations = {each["operationId"] for item in judge.document["paths"].values() for each in item.values()}
    assert operations - judge.succeeded == NOT_HERE


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
def test_a_refusal_is_one_that_the_document_names(
    judge: Judge, method: str, path: str, body: object, code: str
) -> None:
    assert judge.send(method, path, body).code == code


def test_a_guest_is_told_that_a_route_is_for_owners(judge: Judge) -> None:
    assert judge.post("/venues/register", {}, as_=judge.guest()).code == "owner_only"


def test_the_judge_finds_an_answer_that_the_document_does_not_name(judge: Judge) -> None:
    del judge.document["paths"]["/health"]["get"]["responses"]["422"]
    with pytest.raises(AssertionError, match="answered 422"):
        judge.get("/health?colour=blue")
