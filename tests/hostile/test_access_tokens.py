"""Forged, expired and revoked access tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import PASSWORD
from tests.hostile.client import BOOKING, assert_outcome, short_id
from tests.hostile.tokens import (
    HS256,
    NOW,
    access_token,
    claims_of,
    token_of,
    with_altered_signature,
    with_payload,
    without_signature,
)
from tests.hostile.world import B1, NEW_PASSWORD, NO_ID, O1, RESET_TOKEN, U1, U1_ID, U2_ID, V1, R

if TYPE_CHECKING:
    from tests.hostile.client import HostileClient

HOUR = 3600
ROUTES = ["GET /auth/me", "POST /bookings", f"PATCH /venues/{V1}", "POST /uploads/sign-s3", f"GET /bookings/{B1}"]
EXPIRIES: tuple[Any, ...] = ("never", True, [], ...)
# The type or the value of a claim is wrong. `...` leaves the claim out.
INVALID_CLAIMS: list[dict[str, Any]] = [
    *({"sub": sub} for sub in (5, None, "x", {"$ne": None}, [U1_ID], f"{U1_ID}\n", ...)),
    *({"exp": exp} for exp in EXPIRIES),
    *({"jti": jti} for jti in (5, ...)),
    *({"token_version": version} for version in ("0", True, False, 0.0, ...)),  # False == 0 == 0.0
    {"nbf": NOW + HOUR},
]
CLAIMS = claims_of(sub=U1_ID)
FORGED = {
    "signed with HS512": token_of({**HS256, "alg": "HS512"}, CLAIMS, hash_name="sha512"),
    "RS256 with the secret": token_of({**HS256, "alg": "RS256"}, CLAIMS),
    "a list of algorithms": token_of({**HS256, "alg": ["HS256"]}, CLAIMS),
    "the key `secret`": token_of(HS256, CLAIMS, key="secret"),
    "the key `dev`": token_of(HS256, CLAIMS, key="dev"),
    "the algorithm `nOnE`": without_signature("nOnE", CLAIMS),
    "another payload": with_payload(U1, claims_of(sub=U2_ID)),
    "expired, with an altered signature": with_altered_signature(access_token(sub=U1_ID, exp=NOW - HOUR)),
    "an unknown critical header": token_of({**HS256, "crit": ["exp"], "exp": 1}, CLAIMS),
    "the header null": token_of("null", CLAIMS),
    "a list as header": token_of("[]", CLAIMS),
    "a list as payload": token_of(HS256, "[]"),
    "a payload that is not JSON": token_of(HS256, "{"),
    "a deep payload": token_of(HS256, "[" * 3000),
    "an infinite expiry": token_of(HS256, json.dumps({**CLAIMS, "exp": "infinite"}).replace('"infinite"', "1e400")),
    "a reset token": RESET_TOKEN,
}


def send(api: HostileClient, route: str, token: str | None) -> Any:
    method, path = route.split(" ")
    return api.send(method, path, token=token)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("token", "outcome"),
    [
        (None, "401 missing_token"),
        ("..", "401 invalid_token"),
        (with_altered_signature(U1), "401 invalid_token"),
        (without_signature("none", CLAIMS), "401 invalid_token"),
        (access_token(sub=U1_ID, iat=NOW - 2 * HOUR, exp=NOW - HOUR), "401 token_expired"),
    ],
    ids=["none", "dots", "altered signature", "no signature", "expired"],
)
def test_a_request_without_a_valid_token_is_rejected(
    api: HostileClient, route: str, token: str | None, outcome: str
) -> None:
    assert_outcome(send(api, route, token), outcome)


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_rejected(api: HostileClient, token: str) -> None:
    assert_outcome(api.get("/auth/me", token=token), "401 invalid_token")


@pytest.mark.parametrize("claims", INVALID_CLAIMS, ids=[str(number) for number in range(len(INVALID_CLAIMS))])
def test_a_token_with_an_invalid_claim_is_rejected(api: HostileClient, claims: dict[str, Any]) -> None:
    assert_outcome(api.get("/auth/me", token=access_token(**{"sub": U1_ID, **claims})), "401 invalid_token")


@pytest.mark.parametrize("claims", [{"token_version": 1}, {"sub": NO_ID}], ids=short_id)
def test_a_token_of_another_version_or_account_is_revoked(api: HostileClient, claims: dict[str, Any]) -> None:
    assert_outcome(api.get("/auth/me", token=access_token(**{"sub": U1_ID, **claims})), "401 token_revoked")


@pytest.mark.parametrize("exp", [NOW + HOUR, 253_402_300_799], ids=["in an hour", "in the year 9999"])
def test_control_a_token_made_here_is_valid(api: HostileClient, exp: int) -> None:
    assert api.get("/auth/me", token=access_token(sub=U1_ID, exp=exp)).data["profile"]["id"] == U1_ID


@pytest.mark.parametrize("name", ["token", "access_token"])
def test_a_token_in_the_query_string_is_ignored(api: HostileClient, name: str) -> None:
    assert_outcome(api.get(f"/auth/me?{name}={U1}"), "401 missing_token")


def test_a_token_in_a_cookie_is_ignored(api: HostileClient) -> None:
    assert_outcome(api.get("/auth/me", Cookie=f"token={U1}; jwt={U1}; access_token={U1}"), "401 missing_token")


def test_a_change_of_the_password_revokes_the_older_tokens(api: HostileClient) -> None:
    body = {"password": PASSWORD, "new_password": NEW_PASSWORD}
    data = api.post("/auth/change-password", body, token=O1).data
    assert set(data) == {"token", "expires_at", "profile"}
    assert_outcome(api.get("/auth/me", token=O1), "401 token_revoked")
    assert_outcome(api.post("/bookings", BOOKING, token=O1), "401 token_revoked")
    assert api.get("/auth/me", token=data["token"]).status == 200


def test_a_deletion_revokes_the_tokens_of_the_account(api: HostileClient) -> None:
    assert api.delete("/auth/me", body={"password": PASSWORD}, token=R).status == 200
    assert_outcome(api.get("/auth/me", token=R), "401 token_revoked")
