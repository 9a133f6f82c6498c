"""Hostile requests to sign up, log in, change an account and reset a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.accounts.emails import hash_token
from halls.clock import utc_now
from tests.factories import PASSWORD
from tests.hostile.client import LOGIN, RESET, SIGNUP, assert_invalid, assert_outcome, changed, short_id
from tests.hostile.world import (
    GOOGLE_ONLY_MAIL,
    NEW_PASSWORD,
    O1,
    R_MAIL,
    RESET_TOKEN,
    U1,
    U1_ID,
    U1_MAIL,
    R,
)

if TYPE_CHECKING:
    from tests.hostile.client import HostileClient

WRONG_PASSWORD = "wrong horse 9"
INVALID_SIGNUPS = [
    ("_id", "64b000000000000000000001"),
    ("auth_provider", "google"),
    ("contact_number", "123456"),
    ("contact_number", "abc1234567"),
    ("contact_number", "+92\u096c\u096c\u096c\u096c\u096c\u096c\u096c"),
    ("contact_number", "+92300123456789012345"),
    ("contact_number", "0300\n1234567"),
    ("email", [U1_MAIL]),  # the unique index on addresses is multikey for an array
    ("email", "x"),
    ("email", "@example.com"),
    ("email", "a@b@example.com"),
    ("email", "a..b@example.com"),
    ("email", "a@localhost"),
    ("email", "a@exa mple.com"),
    ("email", "a@ex\uff41mple.com"),  # a full-width letter in the domain
    ("email", "\u212a@example.com"),  # KELVIN SIGN: lower() turns it into k
    ("email", "m\u0131ke@example.com"),  # dotless i: upper() turns it into I
    (
        "email",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.com",
    ),  # longer than 254 characters
    ("email", "Ali <ali@example.com>"),
    (
        "email",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com",
    ),  # 65 characters before the @
    ("email", "a@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.com"),  # a label of 64 characters
    ("email", "a@example.com,b@example.com"),
    ("email", "a b@example.com"),
    ("email", "a@-example.com"),
    ("email", "a@example..com"),
    ("email", ".a@example.com"),
    ("email", "a@example.com\x00"),
    ("email", ""),
    ("email_verified", True),
    ("full_name", "a\nb\x1b[31m"),
    ("full_name", "n" * 201),
    ("is_venue_owner", ...),
    ("is_venue_owner", "true"),
    ("is_venue_owner", 1),
    ("is_venue_owner", None),
    ("password", None),
    ("password", "p" * 129),
    ("password", "7 chars"),
    ("role", "admin"),
    ("token_version", 99),
]
INVALID_LOGINS = [
    ("email", [U1_MAIL]),
    ("email", {"$regex": "^u1"}),
    ("email", {"$where": "sleep(5000)"}),
    ("password", ""),
    ("password", {"$ne": ""}),
]
GOOD_PASSWORDS = ["a" * 64 + "B" + "c" * 35, "پاس ورڈ 🔑 محفوظ"]


@pytest.mark.parametrize(("field", "value"), INVALID_SIGNUPS, ids=short_id)
def test_a_signup_with_an_invalid_field_is_rejected(api: HostileClient, field: str, value: object) -> None:
    assert_invalid(api.post("/auth/signup", changed(SIGNUP, **{field: value})), field)


@pytest.mark.parametrize(("field", "value"), INVALID_LOGINS, ids=short_id)
def test_a_login_with_an_invalid_field_is_rejected(api: HostileClient, field: str, value: object) -> None:
    assert_invalid(api.post("/auth/login", changed(LOGIN, **{field: value})), field)


@pytest.mark.parametrize("path", ["/auth/signup", "/auth/login"])
def test_a_password_of_60_kilobytes_is_rejected(api: HostileClient, path: str) -> None:
    body = SIGNUP if path == "/auth/signup" else LOGIN
    assert_invalid(api.post(path, changed(body, password="p" * 60_000)), "password")


@pytest.mark.parametrize(
    "changes",
    [{"full_name": ..., "contact_number": ...}, {"contact_number": "+92 (300) 123-4567"}],
    ids=["without optional fields", "a number with brackets"],
)
def test_a_signup_with_valid_fields_succeeds(api: HostileClient, changes: dict[str, object]) -> None:
    assert api.post("/auth/signup", changed(SIGNUP, **changes)).status == 201


@pytest.mark.parametrize("password", GOOD_PASSWORDS, ids=["100 characters", "any characters"])
def test_a_long_or_urdu_password_works_at_the_login(api: HostileClient, password: str) -> None:
    assert api.post("/auth/signup", changed(SIGNUP, password=password)).status == 201
    assert api.post("/auth/login", {"email": SIGNUP["email"], "password": password}).status == 200


def test_addresses_are_trimmed_and_compared_in_lower_case(api: HostileClient) -> None:
    assert api.post("/auth/signup", changed(SIGNUP, email="  New@Example.COM \n")).status == 201
    assert api.post("/auth/login", {"email": "new@example.com", "password": PASSWORD}).status == 200
    assert api.post("/auth/login", changed(LOGIN, email=f"  {U1_MAIL.upper()} ")).status == 200
    assert_outcome(api.post("/auth/signup", changed(SIGNUP, email=f" {U1_MAIL.upper()}")), "409 email_taken")


@pytest.mark.parametrize("password", [WRONG_PASSWORD, f" {PASSWORD}"], ids=["another", "not trimmed"])
def test_a_login_with_another_password_is_rejected(api: HostileClient, password: str) -> None:
    assert_outcome(api.post("/auth/login", changed(LOGIN, password=password)), "401 bad_credentials")


@pytest.mark.parametrize("email", [GOOGLE_ONLY_MAIL, "nobody@example.com"])
def test_a_failed_login_does_not_reveal_whether_an_account_has_a_password(api: HostileClient, email: str) -> None:
    rejected = api.post("/auth/login", {"email": email, "password": WRONG_PASSWORD})
    assert_outcome(rejected, "401 bad_credentials")
    assert rejected.json == api.post("/auth/login", changed(LOGIN, password=WRONG_PASSWORD)).json


@pytest.mark.parametrize(
    ("caller", "changes"),
    [
        (O1, {"is_venue_owner": False}),
        (U1, {"email": "x@example.com"}),
        (U1, {"role": "owner", "token_version": -1}),
    ],
    ids=["no longer an owner", "another address", "internal fields"],
)
def test_a_profile_change_of_a_fixed_field_is_rejected(
    api: HostileClient, caller: str, changes: dict[str, object]
) -> None:
    assert_invalid(api.patch("/auth/me", changes, token=caller), *changes)


def test_a_new_owner_is_an_owner_at_once(api: HostileClient) -> None:
    data = api.patch("/auth/me", {"is_venue_owner": True}, token=U1).data
    assert set(data) == {"profile", "token", "expires_at"}
    assert (data["profile"]["is_venue_owner"], data["profile"]["role"]) == (True, "owner")
    assert api.get("/venues/mine", token=U1).status == 200


def test_a_profile_has_no_other_fields(api: HostileClient) -> None:
    profile = api.get("/auth/me", token=U1).data["profile"]
    assert profile["id"] == U1_ID
    names = {"id", "full_name", "email", "email_verified", "contact_number", "is_venue_owner", "role", "auth_provider"}
    assert set(profile) == names | {"created_at", "updated_at"}


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"password": WRONG_PASSWORD, "new_password": NEW_PASSWORD}, "401 bad_credentials"),
        ({"password": PASSWORD, "new_password": "short"}, "422 validation_error"),
        ({"password": {"$gt": ""}, "new_password": NEW_PASSWORD}, "422 validation_error"),
    ],
    ids=["wrong", "short", "an operator"],
)
def test_a_rejected_change_of_the_password_keeps_the_session(
    api: HostileClient, body: dict[str, object], outcome: str
) -> None:
    response = api.post("/auth/change-password", body, token=U1)
    assert_outcome(response, outcome)
    if outcome == "422 validation_error":
        assert response.fields == ["new_password" if body["password"] == PASSWORD else "password"]
    assert api.get("/auth/me", token=U1).status == 200


def test_an_account_is_deleted_only_with_its_password(api: HostileClient) -> None:
    response = api.delete("/auth/me", body={"password": WRONG_PASSWORD}, token=R)
    assert_outcome(response, "401 bad_credentials")
    assert api.get("/auth/me", token=R).status == 200


@pytest.mark.parametrize("email", [GOOGLE_ONLY_MAIL, f"{U1_MAIL}\r\nBcc: v@x.com"], ids=["Google", "a header"])
def test_forgot_password_has_the_same_response_for_every_address(api: HostileClient, email: str) -> None:
    usual = api.post("/auth/forgot-password", {"email": U1_MAIL})
    other = api.post("/auth/forgot-password", {"email": email})
    assert (other.status, other.json) == (usual.status, usual.json) == (200, usual.json)


@pytest.mark.parametrize("token", [None, ""], ids=short_id)
def test_a_reset_without_a_token_is_rejected(api: HostileClient, token: str | None) -> None:
    assert_invalid(api.post("/auth/reset-password", changed(RESET, token=token)), "token")


def test_a_reset_with_an_expired_token_is_rejected(api: HostileClient) -> None:
    # The TTL index deletes the token up to a minute later.
    api.db.password_resets.update_one({}, {"$set": {"expires_at": utc_now()}})
    assert_outcome(api.post("/auth/reset-password", RESET), "422 bad_reset_token")


@pytest.mark.parametrize("token", ["x", hash_token(RESET_TOKEN)], ids=["unknown", "the stored hash"])
def test_a_reset_with_a_wrong_token_is_rejected(api: HostileClient, token: str) -> None:
    assert_outcome(api.post("/auth/reset-password", changed(RESET, token=token)), "422 bad_reset_token")


def test_a_reset_ends_the_old_password_and_the_old_tokens(api: HostileClient) -> None:
    assert set(api.post("/auth/reset-password", RESET).data) == {"message"}
    assert_outcome(api.post("/auth/login", {"email": R_MAIL, "password": PASSWORD}), "401 bad_credentials")
    assert_outcome(api.get("/auth/me", token=R), "401 token_revoked")
    assert api.post("/auth/login", {"email": R_MAIL, "password": NEW_PASSWORD}).status == 200
    assert_outcome(api.post("/auth/reset-password", RESET), "422 bad_reset_token")
