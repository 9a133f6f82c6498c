"""Access tokens: claims, expiry, key rotation, and forgeries."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import time_machine
from bson import ObjectId

from halls.accounts.account import account_from_document
from halls.accounts.tokens import InvalidToken, TokenExpired, make_token, read_token
from halls.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

# Long enough for HS512: otherwise PyJWT warns when a forgery uses it.
SECRET = "a secret of the tests that is long enough".ljust(64, "!")
NOW = datetime(2026, 11, 22, 20, 0, 0, 123_000, tzinfo=timezone.utc)
ACCOUNT = account_from_document({"_id": ObjectId(), "email": "ali@example.com", "is_venue_owner": True})


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid token with `changes`. The value `...` removes a claim."""
    token, _ = make_token(ACCOUNT, secret=SECRET, now=NOW, hours=72)
    options: Any = {"verify_exp": False, "verify_aud": False}
    valid: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"], options=options)
    return {name: value for name, value in {**valid, **changes}.items() if value is not ...}


def signed(**changes: Any) -> str:
    """Return a token with `changes` in its claims, signed with SECRET."""
    return jwt.encode(claims(**changes), SECRET, algorithm="HS256")


@pytest.fixture(autouse=True)
def _at_now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_token_contains_the_claims_of_the_contract() -> None:
    token, expires_at = make_token(ACCOUNT, secret=SECRET, now=NOW, hours=72)
    payload = jwt.decode(token, SECRET, algorithms=["HS256"], audience="halls", issuer="halls")
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    assert {name: payload[name] for name in ("sub", "email", "is_venue_owner", "iat", "exp")} == {
        "sub": str(ACCOUNT.id),
        "email": "ali@example.com",
        "is_venue_owner": True,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 72 * 3600,
    }
    assert expires_at == datetime(2026, 11, 25, 20, 0, 0, tzinfo=timezone.utc)


def test_each_token_has_its_own_jti() -> None:
    assert claims()["jti"] != claims()["jti"]


def test_the_sub_of_a_token_is_the_account_id() -> None:
    assert read_token(signed(), secret=SECRET, now=utc_now()).account_id == ACCOUNT.id


def test_a_token_is_valid_until_the_second_before_its_expiry() -> None:
    token, expires_at = make_token(ACCOUNT, secret=SECRET, now=NOW, hours=1.5)
    with time_machine.travel(expires_at - timedelta(seconds=1), tick=False):
        assert read_token(token, secret=SECRET, now=utc_now()).account_id == ACCOUNT.id
    with time_machine.travel(expires_at, tick=False), pytest.raises(TokenExpired):
        read_token(token, secret=SECRET, now=utc_now())


def test_a_token_stays_valid_if_the_clock_is_set_back() -> None:
    token = signed()
    with time_machine.travel(NOW - timedelta(hours=1), tick=False):
        assert read_token(token, secret=SECRET, now=utc_now()).account_id == ACCOUNT.id


def test_a_token_of_an_older_version_has_no_issuer_and_stays_valid() -> None:
    old = signed(iss=..., aud=...)
    assert read_token(old, secret=SECRET, now=utc_now()).account_id == ACCOUNT.id


def _changed_payload() -> str:
    header, _, signature = signed().split(".")
    payload = jwt.encode(claims(sub=str(ObjectId())), SECRET, algorithm="HS256").split(".")[1]
    return f"{header}.{payload}.{signature}"


FORGERIES: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "not a token": lambda: "abc",
    "lone surrogates": lambda: "\udcff.\udcff.\udcff",
    "no signature": lambda: signed().rsplit(".", 1)[0] + ".",
    "alg none": lambda: jwt.encode(claims(), "", algorithm="none"),
    "another algorithm": lambda: jwt.encode(claims(), SECRET, algorithm="HS512"),
    "another secret": lambda: jwt.encode(claims(), SECRET + "x", algorithm="HS256"),
    "another payload": _changed_payload,
    "not valid yet": lambda: signed(nbf=NOW + timedelta(hours=1)),
    "another audience": lambda: signed(aud="https://other.example"),
    "another issuer": lambda: signed(iss="https://other.example"),
    "a list of audiences": lambda: signed(aud=["halls"]),
    "an empty audience": lambda: signed(aud=None),
    "no aud": lambda: signed(aud=...),
    "no iss": lambda: signed(iss=...),
    "sub a number": lambda: signed(sub=7),
    "sub not an id": lambda: signed(sub="$ne"),
    "sub in capitals": lambda: signed(sub="ABCDEFABCDEFABCDEFABCDEF"),
    "sub with a line break": lambda: signed(sub=str(ObjectId()) + "\n"),
    "exp a string": lambda: signed(exp="tomorrow"),
    "exp a fraction": lambda: signed(exp=NOW.timestamp() + 10.5),
    "exp too large": lambda: signed(exp=1e308),
    "exp true": lambda: signed(exp=True),
    "iat a string": lambda: signed(iat="1"),
    "jti a number": lambda: signed(jti=7),
    "token_version a string": lambda: signed(token_version="0"),
    "token_version a boolean": lambda: signed(token_version=False),
    **{f"no {name}": partial(signed, **{name: ...}) for name in ("sub", "iat", "exp", "jti", "token_version")},
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_is_rejected(forge: Callable[[], str]) -> None:
    # "exp true" is one second after the epoch, so TokenExpired is also correct.
    with pytest.raises((InvalidToken, TokenExpired)) as caught:
        read_token(forge(), secret=SECRET, now=utc_now())
    assert caught.value.response_headers == {"WWW-Authenticate": "Bearer"}


def test_a_payload_that_is_a_list_is_rejected() -> None:
    token = jwt.api_jws.encode(b'["sub"]', SECRET, algorithm="HS256")
    with pytest.raises(InvalidToken):
        read_token(token, secret=SECRET, now=utc_now())


def test_old_tokens_stay_valid_and_new_ones_use_the_new_key() -> None:
    old, new = SECRET, SECRET + " and newer"
    token, _ = make_token(ACCOUNT, secret=old, now=NOW, hours=1)
    assert read_token(token, secret=new, old_secrets=[old], now=NOW).account_id == ACCOUNT.id
    newer, _ = make_token(ACCOUNT, secret=new, now=NOW, hours=1)
    kids = [jwt.get_unverified_header(each)["kid"] for each in (token, newer)]
    assert kids[0] != kids[1]
    assert read_token(newer, secret=new, old_secrets=[old], now=NOW).account_id == ACCOUNT.id
    with pytest.raises(InvalidToken):
        read_token(token, secret=new, now=NOW)


def test_a_token_without_a_kid_is_checked_with_each_key() -> None:
    another = SECRET + " and another"
    for keys in ([SECRET], [another, SECRET]):
        assert read_token(signed(), secret=keys[0], old_secrets=keys[1:], now=utc_now()).account_id == ACCOUNT.id
    with pytest.raises(InvalidToken):
        read_token(signed(), secret=another, old_secrets=[another], now=utc_now())


@pytest.mark.parametrize("kid", ["unknown", "", "../../dev/null"])
def test_a_token_with_an_unknown_kid_is_rejected(kid: str) -> None:
    token = jwt.encode(claims(), SECRET, algorithm="HS256", headers={"kid": kid})
    with pytest.raises(InvalidToken):
        read_token(token, secret=SECRET, now=utc_now())
