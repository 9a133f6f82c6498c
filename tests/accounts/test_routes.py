"""The routes under /auth: every row of the contract, in its success and in its refusals."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import time_machine
from bson import ObjectId

from halls.accounts.passwords import password_matches
from tests.api_client import PASSWORD, Api
from tests.conftest import SECRET
from tests.external_documents import FOREIGN_PASSWORD, put_owner, put_user

if TYPE_CHECKING:
    from halls.mongo.client import Db

PROFILE = {
    *("id", "full_name", "email", "contact_number", "is_venue_owner", "role", "auth_provider"),
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


def logged_in(api: Api, email: str, password: str = PASSWORD) -> bool:
    """Tell whether address and password open a session."""
    return api.post("/auth/login", {"email": email, "password": password}).status == 200


def test_signing_up_opens_a_session_with_the_profile(api: Api) -> None:
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
        "contact_number": "0300-1234567",
        "is_venue_owner": False,
        "role": "user",
        "auth_provider": "password",
        "created_at": "2026-11-22T20:00:00Z",
        "updated_at": "2026-11-22T20:00:00Z",
    }


def test_an_account_is_kept_in_the_shape_of_the_specification(api: Api, db: Db) -> None:
    api.post("/auth/signup", SIGNUP)
    kept = db.users.find_one({})
    assert kept is not None
    spec = {
        *("_id", "full_name", "email", "password_hash", "contact_number", "is_venue_owner", "role", "auth_provider"),
        *("created_at", "updated_at"),
    }
    assert kept.keys() - {"token_version"} == spec
    assert isinstance(kept["created_at"], datetime)
    assert kept["role"] == "user"
    assert password_matches(kept["password_hash"], " not trimmed ")


@pytest.mark.parametrize(("is_owner", "role"), [(True, "owner"), (False, "user")])
def test_the_token_carries_what_the_contract_lists(api: Api, role: str, *, is_owner: bool) -> None:
    session = api.sign_up(owner=is_owner)
    said = jwt.decode(session["token"], SECRET, algorithms=["HS256"])
    assert said["sub"] == session["profile"]["id"]
    assert said["email"] == session["profile"]["email"]
    assert said["is_venue_owner"] is is_owner
    assert session["profile"]["role"] == role
    assert datetime.fromisoformat(session["expires_at"].replace("Z", "+00:00")).timestamp() == said["exp"]
    assert said["exp"] - said["iat"] == 72 * 3600


def test_what_is_never_given_is_null(api: Api) -> None:
    body = {"email": "a@example.com", "password": PASSWORD, "is_venue_owner": True, "full_name": None}
    profile = api.post("/auth/signup", body).data["profile"]
    assert (profile["full_name"], profile["contact_number"]) == (None, None)


@pytest.mark.parametrize("email", ["ali@example.com", "ALI@Example.COM", " ali@example.com "])
def test_an_address_has_one_account(api: Api, db: Db, email: str) -> None:
    api.sign_up(email="ali@example.com", owner=True)
    answer = api.post("/auth/signup", {"email": email, "password": PASSWORD, "is_venue_owner": False})
    assert (answer.status, answer.code) == (409, "email_taken")
    assert db.users.count_documents({}) == 1


def test_addresses_that_differ_in_more_than_case_are_different_people(api: Api, db: Db) -> None:
    names = ["ab", "a.b", "a-b", "a_b", "a+b", "a'b", "a1", "a2", "a", "b"]
    for name in names:
        api.sign_up(email=f"{name}@example.com", full_name=name)
    assert db.users.count_documents({}) == len(names)
    for name in names:
        body = {"email": f"{name}@example.com", "password": PASSWORD}
        assert api.post("/auth/login", body).data["profile"]["full_name"] == name


def test_an_address_that_another_tool_wrote_in_capitals_is_taken(api: Api, db: Db) -> None:
    put_user(db, email="ALI@EXAMPLE.COM")
    answer = api.post("/auth/signup", {"email": "ali@example.com", "password": PASSWORD, "is_venue_owner": False})
    assert (answer.status, answer.code) == (409, "email_taken")


@pytest.mark.parametrize(
    "field", ["role", "_id", "id", "password_hash", "token_version", "auth_provider", "google_sub"]
)
def test_nothing_unlisted_can_be_assigned(api: Api, db: Db, field: str) -> None:
    body = {"email": "a@example.com", "password": PASSWORD, "is_venue_owner": False, field: "owner"}
    answer = api.post("/auth/signup", body)
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", [field])
    assert db.users.count_documents({}) == 0


def test_logging_in_opens_a_session(api: Api) -> None:
    made = api.sign_up(email="ali@example.com")
    answer = api.post("/auth/login", {"email": " Ali@EXAMPLE.com", "password": PASSWORD})
    assert answer.status == 200
    assert answer.data.keys() == {"token", "expires_at", "profile"}
    assert answer.data["profile"] == made["profile"]
    assert api.get("/auth/me", as_=answer.data["token"]).data == {"profile": made["profile"]}


def test_unknown_wrong_and_none_are_told_apart_by_nothing(api: Api, db: Db) -> None:
    api.sign_up(email="ali@example.com")
    put_user(db, email="google@example.com", password_hash=None, auth_provider="google")
    put_user(db, email="bcrypt@example.com", password_hash="$2b$12$LQv3c1yqBWVHxkd0LHAkCO")
    tries = [
        {"email": "nobody@example.com", "password": PASSWORD},
        {"email": "ali@example.com", "password": PASSWORD + "x"},
        {"email": "ali@example.com", "password": "x"},
        {"email": "google@example.com", "password": PASSWORD},
        {"email": "bcrypt@example.com", "password": PASSWORD},
    ]
    answers = [api.send("POST", "/auth/login", body, X_Request_ID="same") for body in tries]
    assert {(answer.status, answer.code) for answer in answers} == {(401, "bad_credentials")}
    assert all(answer.json == answers[0].json for answer in answers)
    assert all(list(answer.headers) == list(answers[0].headers) for answer in answers)
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_passwords_are_never_cut_or_changed(api: Api) -> None:
    longest = " " + "x" * 126 + "a"
    api.sign_up(email="ali@example.com", password=longest)
    assert logged_in(api, "ali@example.com", longest)
    for near in (longest.strip(), longest[:-1], longest[:-1] + "b", longest.upper()):
        assert not logged_in(api, "ali@example.com", near)


def test_a_password_too_long_to_be_one_is_refused_before_it_is_hashed(api: Api) -> None:
    answer = api.post("/auth/login", {"email": "ali@example.com", "password": "x" * 129})
    assert (answer.status, answer.fields) == (422, ["password"])


def test_an_account_of_another_tool_logs_in_under_its_address_in_any_case(api: Api, db: Db) -> None:
    user = put_owner(db, email="Bilal.KHAN@Example.COM")
    for email in ("bilal.khan@example.com", "BILAL.KHAN@EXAMPLE.COM"):
        session = api.post("/auth/login", {"email": email, "password": FOREIGN_PASSWORD}).data
        assert session["profile"] == {
            "id": str(user["_id"]),
            "full_name": "Bilal Khan",
            "email": session["profile"]["email"],
            "contact_number": "+92 300 1234567",
            "is_venue_owner": True,
            "role": "owner",
            "auth_provider": "password",
            "created_at": "2025-08-20T10:30:15Z",
            "updated_at": "2025-08-20T10:30:15Z",
        }
        assert session["profile"]["email"].lower() == "bilal.khan@example.com"
        assert api.get("/auth/me", as_=session["token"]).data["profile"] == session["profile"]


def test_an_account_with_only_the_necessary_fields_is_served(api: Api, db: Db) -> None:
    whole = put_user(db)
    needless = dict.fromkeys(set(whole) - {"_id", "email", "password_hash"}, "")
    db.users.update_one({"_id": whole["_id"]}, {"$unset": needless})
    body = {"email": whole["email"], "password": FOREIGN_PASSWORD}
    profile = api.post("/auth/login", body).data["profile"]
    assert profile.keys() == PROFILE
    assert (profile["is_venue_owner"], profile["role"], profile["full_name"]) == (False, "user", None)


def test_a_foreign_account_changes_its_password_and_loses_its_old_tokens(api: Api, db: Db) -> None:
    put_user(db, email="ALI@example.com")
    old = api.post("/auth/login", {"email": "ali@example.com", "password": FOREIGN_PASSWORD}).data["token"]
    change = {"password": FOREIGN_PASSWORD, "new_password": PASSWORD}
    assert api.post("/auth/change-password", change, as_=old).status == 200
    assert api.get("/auth/me", as_=old).code == "token_revoked"
    assert logged_in(api, "ali@example.com")


def test_the_profile_is_exactly_what_the_contract_lists(api: Api) -> None:
    answer = api.get("/auth/me", as_=api.guest())
    assert answer.status == 200
    assert answer.data.keys() == {"profile"}
    assert answer.data["profile"].keys() == PROFILE


def test_changing_the_profile_changes_only_what_is_given(api: Api) -> None:
    with time_machine.travel(NOW, tick=False):
        session = api.sign_up(full_name="Ali", contact_number="03001234567")
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        answer = api.patch("/auth/me", {"full_name": " Ali Raza "}, as_=session["token"])
    assert answer.status == 200
    assert answer.data.keys() == {"profile", "token", "expires_at"}
    changed = {"full_name": "Ali Raza", "updated_at": "2026-11-22T20:01:00Z"}
    assert answer.data["profile"] == session["profile"] | changed
    assert answer.data["expires_at"] == "2026-11-25T20:01:00Z"


def test_a_guest_becomes_an_owner_and_never_the_reverse(api: Api, db: Db) -> None:
    guest = api.sign_up()
    owner = api.patch("/auth/me", {"is_venue_owner": True}, as_=guest["token"]).data
    assert (owner["profile"]["is_venue_owner"], owner["profile"]["role"]) == (True, "owner")
    assert jwt.decode(owner["token"], SECRET, algorithms=["HS256"])["is_venue_owner"] is True
    kept = db.users.find_one({"_id": ObjectId(guest["profile"]["id"])})
    assert kept is not None
    assert (kept["is_venue_owner"], kept["role"]) == (True, "owner")
    back = api.patch("/auth/me", {"is_venue_owner": False, "full_name": "x"}, as_=owner["token"])
    assert (back.status, back.code, back.fields) == (422, "validation_error", ["is_venue_owner"])
    assert api.get("/auth/me", as_=owner["token"]).data["profile"] == owner["profile"]
    again = api.patch("/auth/me", {"is_venue_owner": True}, as_=owner["token"])
    assert again.data["profile"]["role"] == "owner"


def test_a_guest_may_say_that_he_stays_one(api: Api) -> None:
    answer = api.patch("/auth/me", {"is_venue_owner": False}, as_=api.guest())
    assert answer.status == 200
    assert (answer.data["profile"]["is_venue_owner"], answer.data["profile"]["role"]) == (False, "user")


@pytest.mark.parametrize("body", [{}, {"full_name": None}, {"full_name": None, "is_venue_owner": None}])
def test_an_empty_change_of_the_profile_is_refused(api: Api, body: dict[str, Any]) -> None:
    answer = api.patch("/auth/me", body, as_=api.guest())
    assert (answer.status, answer.code) == (422, "validation_error")


@pytest.mark.parametrize("field", ["email", "password", "role", "auth_provider", "id"])
def test_the_rest_of_a_profile_is_not_changed_this_way(api: Api, field: str) -> None:
    answer = api.patch("/auth/me", {"full_name": "x", field: "a@example.com"}, as_=api.guest())
    assert (answer.status, answer.fields) == (422, [field])


def test_a_new_password_replaces_the_old_one(api: Api) -> None:
    session = api.sign_up(email="ali@example.com")
    change = {"password": PASSWORD, "new_password": "another horse 8"}
    answer = api.post("/auth/change-password", change, as_=session["token"])
    assert answer.status == 200
    assert answer.data.keys() == {"token", "expires_at", "profile"}
    assert answer.data["profile"].keys() == PROFILE
    assert api.get("/auth/me", as_=answer.data["token"]).status == 200
    assert logged_in(api, "ali@example.com", "another horse 8")
    assert not logged_in(api, "ali@example.com", PASSWORD)


def test_a_wrong_password_changes_nothing_and_the_session_stays(api: Api) -> None:
    session = api.sign_up(email="ali@example.com")
    change = {"password": "wrong horse 7", "new_password": "another horse 8"}
    answer = api.post("/auth/change-password", change, as_=session["token"])
    assert (answer.status, answer.code) == (401, "bad_credentials")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert api.get("/auth/me", as_=session["token"]).status == 200
    assert logged_in(api, "ali@example.com", PASSWORD)


@pytest.mark.parametrize("new", ["1234567", "x" * 129, 12345678, None])
def test_a_bad_new_password_is_refused(api: Api, new: Any) -> None:
    change = {"password": PASSWORD, "new_password": new}
    answer = api.post("/auth/change-password", change, as_=api.guest())
    assert (answer.status, answer.fields) == (422, ["new_password"])


def test_no_answer_holds_a_hash(api: Api, db: Db) -> None:
    token = api.owner()
    kept = db.users.find_one({})
    assert kept is not None
    venue_id = api.list_venue(token)
    booking = api.book(token, venue_id, api.get(f"/venues/{venue_id}").data["venue"]["dates_available"][0])
    answers = [booking, api.get("/auth/me", as_=token), api.get("/bookings", as_=token)]
    answers.append(api.get(f"/venues/{venue_id}"))
    assert all(kept["password_hash"] not in str(answer.json) for answer in answers)
    assert all("password_hash" not in str(answer.json) for answer in answers)
