"""Tokens: what they say, how long they are good, and every way of forging one."""

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

# Long enough for HS512 as well, or PyJWT would warn while we forge with it.
SECRET = "a secret of the tests that is long enough".ljust(64, "!")
NOW = datetime(2026, 11, 22, 20, 0, 0, 123_000, tzinfo=timezone.utc)
ACCOUNT = account_from_document({"_id": ObjectId(), "email": "ali@example.com", "is_venue_owner": True})


def claims(**changes: Any) -> dict[str, Any]:
    """Return what a good token says, changed."""
    token, _ = make_token(ACCOUNT, secret=SECRET, now=NOW, hours=72)
    said: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})
    return {name: value for name, value in {**said, **changes}.items() if value is not ...}


def signed(**changes: Any) -> str:
    """Return a token with those claims, signed with our secret."""
    return jwt.encode(claims(**changes), SECRET, algorithm="HS256")


@pytest.fixture(autouse=True)
def _at_now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_token_says_what_the_contract_lists() -> None:
    token, expires_at = make_token(ACCOUNT, secret=SECRET, now=NOW, hours=72)
    said = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    assert {name: said[name] for name in ("sub", "email", "is_venue_owner", "iat", "exp")} == {
        "sub": str(ACCOUNT.id),
        "email": "ali@example.com",
        "is_venue_owner": True,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 72 * 3600,
    }
    assert expires_at == datetime(2026, 11, 25, 20, 0, 0, tzinfo=timezone.utc)


def test_no_two_tokens_share_their_jti() -> None:
    assert claims()["jti"] != claims()["jti"]


def test_a_token_names_its_account() -> None:
    assert read_token(signed(), secret=SECRET, now=utc_now()).account_id == ACCOUNT.id


def test_a_token_is_good_until_its_last_second_and_expired_from_then_on() -> None:
    token, expires_at = make_token(ACCOUNT, secret=SECRET, now=NOW, hours=1.5)
    with time_machine.travel(expires_at - timedelta(seconds=1), tick=False):
        assert read_token(token, secret=SECRET, now=utc_now()).account_id == ACCOUNT.id
    with time_machine.travel(expires_at, tick=False), pytest.raises(TokenExpired):
        read_token(token, secret=SECRET, now=utc_now())


def test_a_clock_set_back_shuts_nobody_out() -> None:
    token = signed()
    with time_machine.travel(NOW - timedelta(hours=1), tick=False):
        assert read_token(token, secret=SECRET, now=utc_now()).account_id == ACCOUNT.id


def _changed_payload() -> str:
    head, _, signature = signed().split(".")
    payload = jwt.encode(claims(sub=str(ObjectId())), SECRET, algorithm="HS256").split(".")[1]
    return f"{head}.{payload}.{signature}"


FORGERIES: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no token": lambda: "abc",
    "no text": lambda: "\udcff.\udcff.\udcff",
    "no signature": lambda: signed().rsplit(".", 1)[0] + ".",
    "alg none": lambda: jwt.encode(claims(), "", algorithm="none"),
    "another algorithm": lambda: jwt.encode(claims(), SECRET, algorithm="HS512"),
    "another secret": lambda: jwt.encode(claims(), SECRET + "x", algorithm="HS256"),
    "another payload": _changed_payload,
    "not good yet": lambda: signed(nbf=NOW + timedelta(hours=1)),
    "for somebody else": lambda: signed(aud="https://other.example"),
    "sub of another kind": lambda: signed(sub=7),
    "sub no id": lambda: signed(sub="$ne"),
    "sub in capitals": lambda: signed(sub="ABCDEFABCDEFABCDEFABCDEF"),
    "sub with a line break": lambda: signed(sub=str(ObjectId()) + "\n"),
    "exp no number": lambda: signed(exp="tomorrow"),
    "exp a fraction": lambda: signed(exp=NOW.timestamp() + 10.5),
    "exp endless": lambda: signed(exp=1e308),
    "exp true": lambda: signed(exp=True),
    "iat a text": lambda: signed(iat="1"),
    "jti a number": lambda: signed(jti=7),
    "token_version a text": lambda: signed(token_version="0"),
    "token_version true": lambda: signed(token_version=False),
    **{f"no {name}": partial(signed, **{name: ...}) for name in ("sub", "iat", "exp", "jti", "token_version")},
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_token_not_of_our_making_is_refused(forge: Callable[[], str]) -> None:
    # "exp true" is second 1 of 1970: long ago is as good an answer.
    with pytest.raises((InvalidToken, TokenExpired)) as caught:
        read_token(forge(), secret=SECRET, now=utc_now())
    assert caught.value.response_headers == {"WWW-Authenticate": "Bearer"}


def test_a_hash_is_no_more_than_a_list_of_claims() -> None:
    token = jwt.api_jws.encode(b'["sub"]', SECRET, algorithm="HS256")
    with pytest.raises(InvalidToken):
        read_token(token, secret=SECRET, now=utc_now())


def test_after_a_rotation_tokens_of_the_old_key_are_good_and_new_ones_carry_the_new_one() -> None:
    old, new = SECRET, SECRET + " and newer"
    token, _ = make_token(ACCOUNT, secret=old, now=NOW, hours=1)
    assert read_token(token, secret=new, old_secrets=[old], now=NOW).account_id == ACCOUNT.id
    newer, _ = make_token(ACCOUNT, secret=new, now=NOW, hours=1)
    kids = [jwt.get_unverified_header(each)["kid"] for each in (token, newer)]
    assert kids[0] != kids[1]
    assert read_token(newer, secret=new, old_secrets=[old], now=NOW).account_id == ACCOUNT.id
    with pytest.raises(InvalidToken):
        read_token(token, secret=new, now=NOW)


def test_a_token_from_before_keys_had_names_is_tried_with_each() -> None:
    another = SECRET + " and another"
    for keys in ([SECRET], [another, SECRET]):
        assert read_token(signed(), secret=keys[0], old_secrets=keys[1:], now=utc_now()).account_id == ACCOUNT.id
    with pytest.raises(InvalidToken):
        read_token(signed(), secret=another, old_secrets=[another], now=utc_now())


@pytest.mark.parametrize("kid", ["unknown", "", "../../dev/null"])
def test_a_token_that_names_a_key_we_do_not_have_is_refused(kid: str) -> None:
    token = jwt.encode(claims(), SECRET, algorithm="HS256", headers={"kid": kid})
    with pytest.raises(InvalidToken):
        read_token(token, secret=SECRET, now=utc_now())
