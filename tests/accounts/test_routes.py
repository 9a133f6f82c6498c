"""The routes under /auth: success and error responses of each route in the contract."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import time_machine
from bson import ObjectId

from halls.accounts.passwords import password_matches
from tests.conftest import SECRET
from tests.factories import EXTERNAL_PASSWORD, PASSWORD, insert_owner, insert_user

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

PROFILE = {
    *("id", "full_name", "email", "email_verified", "contact_number", "is_venue_owner", "role", "auth_provider"),
    *("created_at", "updated_at"),
}
NOW = datetime(2026, 11, 22, 20, 0, 0, 123_000, tzinfo=timezone.utc)
SIGNUP = {
    "full_name": "  Ayesha Siddiqui ",
    "email": " Ayesha@Example.com",
    "password": " not trimmed ",
    "contact_number": " 0300-1234567",
    "is_venue_owner": False,
}


def can_log_in(api: ApiClient, email: str, password: str = PASSWORD) -> bool:
    """Return whether the address and the password log in."""
    return api.post("/auth/login", {"email": email, "password": password}).status == 200


def test_signup_returns_a_session_with_the_profile(api: ApiClient) -> None:
    with time_machine.travel(NOW, tick=False):
        answer = api.post("/auth/signup", SIGNUP)
    assert answer.status == 201
    assert answer.data.keys() == {"token", "expires_at", "profile"}
    assert answer.data["expires_at"] == "2026-11-25T20:00:00Z"
    profile_id = answer.data["profile"].pop("id")
    assert ObjectId.is_valid(profile_id)
    assert answer.data["profile"] == {
        "full_name": "Ayesha Siddiqui",
        "email": "ayesha@example.com",
        "email_verified": False,
        "contact_number": "0300-1234567",
        "is_venue_owner": False,
        "role": "user",
        "auth_provider": "password",
        "created_at": "2026-11-22T20:00:00Z",
        "updated_at": "2026-11-22T20:00:00Z",
    }


def test_an_account_is_stored_as_specified(api: ApiClient, db: Db) -> None:
    api.post("/auth/signup", SIGNUP)
    stored = db.users.find_one({})
    assert stored is not None
    spec = {
        *("_id", "full_name", "email", "password_hash", "contact_number", "is_venue_owner", "role", "auth_provider"),
        *("created_at", "updated_at"),
    }
    assert stored.keys() - {"token_version", "email_verified"} == spec
    assert isinstance(stored["created_at"], datetime)
    assert stored["role"] == "user"
    assert password_matches(stored["password_hash"], " not trimmed ")


@pytest.mark.parametrize(("is_owner", "role"), [(True, "owner"), (False, "user")])
def test_the_token_contains_the_claims_of_the_contract(api: ApiClient, role: str, *, is_owner: bool) -> None:
    session = api.sign_up(owner=is_owner)
    payload = jwt.decode(session["token"], SECRET, algorithms=["HS256"], audience="halls")
    assert payload["sub"] == session["profile"]["id"]
    assert payload["email"] == session["profile"]["email"]
    assert payload["is_venue_owner"] is is_owner
    assert session["profile"]["role"] == role
    assert datetime.fromisoformat(session["expires_at"].replace("Z", "+00:00")).timestamp() == payload["exp"]
    assert payload["exp"] - payload["iat"] == 72 * 3600


def test_fields_that_were_not_given_are_null(api: ApiClient) -> None:
    body = {"email": "a@example.com", "password": PASSWORD, "is_venue_owner": True, "full_name": None}
    profile = api.post("/auth/signup", body).data["profile"]
    assert (profile["full_name"], profile["contact_number"]) == (None, None)


@pytest.mark.parametrize("email", ["ali@example.com", "ALI@Example.COM", " ali@example.com "])
def test_an_address_can_have_only_one_account(api: ApiClient, db: Db, email: str) -> None:
    api.sign_up(email="ali@example.com", owner=True)
    answer = api.post("/auth/signup", {"email": email, "password": PASSWORD, "is_venue_owner": False})
    assert (answer.status, answer.code) == (409, "email_taken")
    assert db.users.count_documents({}) == 1


def test_similar_addresses_are_different_accounts(api: ApiClient, db: Db) -> None:
    names = ["ab", "a.b", "a-b", "a_b", "a+b", "a'b", "a1", "a2", "a", "b"]
    for name in names:
        api.sign_up(email=f"{name}@example.com", full_name=name)
    assert db.users.count_documents({}) == len(names)
    for name in names:
        body = {"email": f"{name}@example.com", "password": PASSWORD}
        assert api.post("/auth/login", body).data["profile"]["full_name"] == name


def test_an_external_address_in_capitals_is_taken(api: ApiClient, db: Db) -> None:
    insert_user(db, email="ALI@EXAMPLE.COM")
    answer = api.post("/auth/signup", {"email": "ali@example.com", "password": PASSWORD, "is_venue_owner": False})
    assert (answer.status, answer.code) == (409, "email_taken")


@pytest.mark.parametrize(
    "field", ["role", "_id", "id", "password_hash", "token_version", "auth_provider", "google_sub"]
)
def test_unlisted_fields_are_rejected_at_signup(api: ApiClient, db: Db, field: str) -> None:
    body = {"email": "a@example.com", "password": PASSWORD, "is_venue_owner": False, field: "owner"}
    answer = api.post("/auth/signup", body)
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", [field])
    assert db.users.count_documents({}) == 0


def test_login_returns_a_session(api: ApiClient) -> None:
    created = api.sign_up(email="ali@example.com")
    answer = api.post("/auth/login", {"email": " Ali@EXAMPLE.com", "password": PASSWORD})
    assert answer.status == 200
    assert answer.data.keys() == {"token", "expires_at", "profile"}
    assert answer.data["profile"] == created["profile"]
    assert api.get("/auth/me", token=answer.data["token"]).data == {"profile": created["profile"]}


def test_every_failed_login_gets_the_same_response(api: ApiClient, db: Db) -> None:
    api.sign_up(email="ali@example.com")
    insert_user(db, email="google@example.com", password_hash=None, auth_provider="google")
    insert_user(db, email="bcrypt@example.com", password_hash="$2b$12$LQv3c1yqBWVHxkd0LHAkCO")
    attempts = [
        {"email": "nobody@example.com", "password": PASSWORD},
        {"email": "ali@example.com", "password": PASSWORD + "x"},
        {"email": "ali@example.com", "password": "x"},
        {"email": "google@example.com", "password": PASSWORD},
        {"email": "bcrypt@example.com", "password": PASSWORD},
    ]
    answers = [api.send("POST", "/auth/login", body, X_Request_ID="same") for body in attempts]
    assert {(answer.status, answer.code) for answer in answers} == {(401, "bad_credentials")}
    assert all(answer.json == answers[0].json for answer in answers)
    assert all(list(answer.headers) == list(answers[0].headers) for answer in answers)
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_passwords_are_compared_exactly_and_in_full_length(api: ApiClient) -> None:
    longest = " " + "x" * 126 + "a"
    api.sign_up(email="ali@example.com", password=longest)
    assert can_log_in(api, "ali@example.com", longest)
    for similar in (longest.strip(), longest[:-1], longest[:-1] + "b", longest.upper()):
        assert not can_log_in(api, "ali@example.com", similar)


def test_a_password_over_128_characters_is_rejected_before_hashing(api: ApiClient) -> None:
    answer = api.post("/auth/login", {"email": "ali@example.com", "password": "x" * 129})
    assert (answer.status, answer.fields) == (422, ["password"])


def test_an_external_account_logs_in_with_any_case_of_the_address(api: ApiClient, db: Db) -> None:
    user = insert_owner(db, email="Bilal.KHAN@Example.COM")
    for email in ("bilal.khan@example.com", "BILAL.KHAN@EXAMPLE.COM"):
        session = api.post("/auth/login", {"email": email, "password": EXTERNAL_PASSWORD}).data
        assert session["profile"] == {
            "id": str(user["_id"]),
            "full_name": "Bilal Khan",
            "email": session["profile"]["email"],
            "email_verified": False,
            "contact_number": "+92 300 1234567",
            "is_venue_owner": True,
            "role": "owner",
            "auth_provider": "password",
            "created_at": "2025-08-20T10:30:15Z",
            "updated_at": "2025-08-20T10:30:15Z",
        }
        assert session["profile"]["email"].lower() == "bilal.khan@example.com"
        assert api.get("/auth/me", token=session["token"]).data["profile"] == session["profile"]


def test_an_account_with_only_the_required_fields_logs_in(api: ApiClient, db: Db) -> None:
    user = insert_user(db)
    optional = dict.fromkeys(set(user) - {"_id", "email", "password_hash"}, "")
    db.users.update_one({"_id": user["_id"]}, {"$unset": optional})
    body = {"email": user["email"], "password": EXTERNAL_PASSWORD}
    profile = api.post("/auth/login", body).data["profile"]
    assert profile.keys() == PROFILE
    assert (profile["is_venue_owner"], profile["role"], profile["full_name"]) == (False, "user", None)


def test_a_password_change_of_an_external_account_revokes_older_tokens(api: ApiClient, db: Db) -> None:
    insert_user(db, email="ALI@example.com")
    old = api.post("/auth/login", {"email": "ali@example.com", "password": EXTERNAL_PASSWORD}).data["token"]
    change = {"password": EXTERNAL_PASSWORD, "new_password": PASSWORD}
    assert api.post("/auth/change-password", change, token=old).status == 200
    assert api.get("/auth/me", token=old).code == "token_revoked"
    assert can_log_in(api, "ali@example.com")


def test_the_profile_has_exactly_the_fields_of_the_contract(api: ApiClient) -> None:
    answer = api.get("/auth/me", token=api.guest())
    assert answer.status == 200
    assert answer.data.keys() == {"profile"}
    assert answer.data["profile"].keys() == PROFILE


def test_a_profile_change_affects_only_the_given_fields(api: ApiClient) -> None:
    with time_machine.travel(NOW, tick=False):
        session = api.sign_up(full_name="Ali", contact_number="03001234567")
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        answer = api.patch("/auth/me", {"full_name": " Ali Raza "}, token=session["token"])
    assert answer.status == 200
    assert answer.data.keys() == {"profile", "token", "expires_at"}
    changed = {"full_name": "Ali Raza", "updated_at": "2026-11-22T20:01:00Z"}
    assert answer.data["profile"] == session["profile"] | changed
    assert answer.data["expires_at"] == "2026-11-25T20:01:00Z"


def test_a_guest_can_become_an_owner_but_not_the_reverse(api: ApiClient, db: Db) -> None:
    guest = api.sign_up()
    owner = api.patch("/auth/me", {"is_venue_owner": True}, token=guest["token"]).data
    assert (owner["profile"]["is_venue_owner"], owner["profile"]["role"]) == (True, "owner")
    assert jwt.decode(owner["token"], SECRET, algorithms=["HS256"], audience="halls")["is_venue_owner"] is True
    stored = db.users.find_one({"_id": ObjectId(guest["profile"]["id"])})
    assert stored is not None
    assert (stored["is_venue_owner"], stored["role"]) == (True, "owner")
    downgrade = api.patch("/auth/me", {"is_venue_owner": False, "full_name": "x"}, token=owner["token"])
    assert (downgrade.status, downgrade.code, downgrade.fields) == (422, "validation_error", ["is_venue_owner"])
    assert api.get("/auth/me", token=owner["token"]).data["profile"] == owner["profile"]
    again = api.patch("/auth/me", {"is_venue_owner": True}, token=owner["token"])
    assert again.data["profile"]["role"] == "owner"


def test_a_guest_can_send_is_venue_owner_false(api: ApiClient) -> None:
    answer = api.patch("/auth/me", {"is_venue_owner": False}, token=api.guest())
    assert answer.status == 200
    assert (answer.data["profile"]["is_venue_owner"], answer.data["profile"]["role"]) == (False, "user")


@pytest.mark.parametrize("body", [{}, {"is_venue_owner": None}, {"full_name": "Ali", "is_venue_owner": None}])
def test_an_empty_profile_change_is_rejected(api: ApiClient, body: dict[str, Any]) -> None:
    answer = api.patch("/auth/me", body, token=api.guest())
    assert (answer.status, answer.code) == (422, "validation_error")


@pytest.mark.parametrize("field", ["email", "password", "role", "auth_provider", "id"])
def test_other_profile_fields_cannot_be_changed(api: ApiClient, field: str) -> None:
    answer = api.patch("/auth/me", {"full_name": "x", field: "a@example.com"}, token=api.guest())
    assert (answer.status, answer.fields) == (422, [field])


def test_a_new_password_replaces_the_old_one(api: ApiClient) -> None:
    session = api.sign_up(email="ali@example.com")
    change = {"password": PASSWORD, "new_password": "another horse 8"}
    answer = api.post("/auth/change-password", change, token=session["token"])
    assert answer.status == 200
    assert answer.data.keys() == {"token", "expires_at", "profile"}
    assert answer.data["profile"].keys() == PROFILE
    assert api.get("/auth/me", token=answer.data["token"]).status == 200
    assert can_log_in(api, "ali@example.com", "another horse 8")
    assert not can_log_in(api, "ali@example.com", PASSWORD)


def test_a_wrong_current_password_changes_nothing(api: ApiClient) -> None:
    session = api.sign_up(email="ali@example.com")
    change = {"password": "wrong horse 7", "new_password": "another horse 8"}
    answer = api.post("/auth/change-password", change, token=session["token"])
    assert (answer.status, answer.code) == (401, "bad_credentials")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json["error"] == "This is not the current password of your account."
    deletion = api.delete("/auth/me", body={"password": "wrong horse 7"}, token=session["token"])
    assert deletion.json == answer.json
    assert api.get("/auth/me", token=session["token"]).status == 200
    assert can_log_in(api, "ali@example.com", PASSWORD)


@pytest.mark.parametrize("new", ["1234567", "x" * 129, 12345678, None])
def test_an_invalid_new_password_is_rejected(api: ApiClient, new: Any) -> None:
    change = {"password": PASSWORD, "new_password": new}
    answer = api.post("/auth/change-password", change, token=api.guest())
    assert (answer.status, answer.fields) == (422, ["new_password"])


def test_no_response_contains_a_password_hash(api: ApiClient, db: Db) -> None:
    token = api.owner()
    stored = db.users.find_one({})
    assert stored is not None
    venue_id = api.list_venue(token)
    booking = api.book(token, venue_id, api.get(f"/venues/{venue_id}").data["venue"]["dates_available"][0])
    answers = [booking, api.get("/auth/me", token=token), api.get("/bookings", token=token)]
    answers.append(api.get(f"/venues/{venue_id}"))
    assert all(stored["password_hash"] not in str(answer.json) for answer in answers)
    assert all("password_hash" not in str(answer.json) for answer in answers)
