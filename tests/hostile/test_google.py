"""Hostile requests to log in with Google: forged ID tokens, and an address that belongs to an account."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from halls.clock import utc_now
from tests.accounts.google_keys import KID, claims, id_token, rsa_key, segment
from tests.factories import PASSWORD
from tests.hostile.client import SIGNUP, assert_invalid, assert_outcome, changed, short_id

if TYPE_CHECKING:
    from tests.hostile.client import HostileClient

HOUR = 3600


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other"},  # the token of another application
        {"iss": "accounts.google.com.evil.example"},
        {"exp": ...},
        {"sub": 5},
        {"email_verified": False},  # otherwise its sender would get the account of the address
    ],
    ids=short_id,
)
def test_an_id_token_with_a_wrong_claim_is_rejected(api: HostileClient, changes: dict[str, Any]) -> None:
    assert_outcome(api.post("/auth/google", {"id_token": id_token(**changes)}), "401 bad_google_token")


def test_an_expired_id_token_is_rejected(api: HostileClient) -> None:
    now = int(utc_now().timestamp())
    expired = id_token(iat=now - 2 * HOUR, exp=now - HOUR)
    assert_outcome(api.post("/auth/google", {"id_token": expired}), "401 bad_google_token")


def test_an_id_token_signed_with_the_public_key_as_a_secret_is_rejected(api: HostileClient) -> None:
    public = rsa_key(KID).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{segment({'alg': 'HS256', 'kid': KID})}.{segment(claims())}"
    forged = f"{signed}.{segment(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"
    assert_outcome(api.post("/auth/google", {"id_token": forged}), "401 bad_google_token")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"id_token": {"$gt": ""}}, "id_token"),
        ({"id_token": ""}, "id_token"),
        ({"id_token": "a.b.c", "role": "owner"}, "role"),
        ({"id_token": "a.b.c", "is_venue_owner": "true"}, "is_venue_owner"),
    ],
    ids=short_id,
)
def test_a_login_with_an_invalid_field_is_rejected(api: HostileClient, body: dict[str, Any], field: str) -> None:
    assert_invalid(api.post("/auth/google", body), field)


def test_a_valid_id_token_creates_an_account(api: HostileClient) -> None:
    profile = api.post("/auth/google", {"id_token": id_token(email="first@gmail.com")}).data["profile"]
    assert (profile["email"], profile["auth_provider"]) == ("first@gmail.com", "google")
    assert profile["is_venue_owner"] is False


def test_google_takes_an_account_from_the_person_who_signed_up_with_its_address(api: HostileClient) -> None:
    address = "pre@gmail.com"
    attacker = api.post("/auth/signup", changed(SIGNUP, email=address)).data["token"]
    assert api.post("/auth/google", {"id_token": id_token(email=address)}).data["profile"]["email"] == address
    assert_outcome(api.get("/auth/me", token=attacker), "401 token_revoked")
    assert_outcome(api.post("/auth/login", {"email": address, "password": PASSWORD}), "401 bad_credentials")
