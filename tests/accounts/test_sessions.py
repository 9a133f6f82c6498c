"""Sessions: renewal with POST /auth/refresh, and the end of one or all with POST /auth/logout."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import time_machine
from bson import ObjectId

from halls.accounts import store
from halls.accounts.service import log_out
from halls.accounts.tokens import Claims, TokenRevoked, read_token
from halls.app import INVARIANTS
from halls.clock import day_in_karachi, utc_now
from tests.accounts.concurrency import at_once, run_before_first_call
from tests.api_client import ApiClient, ApiResponse
from tests.conftest import SECRET
from tests.factories import EXTERNAL_PASSWORD, PASSWORD, insert_user

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db

EMAIL = "ayesha@example.com"
UNCHECKED: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False}


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token, also of one that is not valid now."""
    claims: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"], options=UNCHECKED)
    return claims


def token_with(token: str, **changes: Any) -> str:
    """Return a token with `changes` in its claims. The value `...` removes a claim."""
    claims = {name: value for name, value in {**claims_of(token), **changes}.items() if value is not ...}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def refresh(api: ApiClient, token: str) -> ApiResponse:
    """Renew a session."""
    return api.send("POST", "/auth/refresh", token=token)


def leave(api: ApiClient, token: str, body: Any = None) -> ApiResponse:
    """Log out."""
    return api.send("POST", "/auth/logout", body, token=token)


def outcome(response: ApiResponse) -> str:
    """Return the status, and the code of an error."""
    return "200" if response.status == 200 else f"{response.status} {response.code}"


def use(api: ApiClient, token: str) -> str:
    """Return the outcome of a request with a token."""
    return outcome(api.get("/auth/me", token=token))


def test_a_refresh_returns_a_new_token_and_keeps_the_old_one(api: ApiClient) -> None:
    first = api.sign_up()
    began = utc_now()
    with time_machine.travel(began + timedelta(hours=71), tick=False):
        second = refresh(api, first["token"])
    assert second.data.keys() == {"token", "expires_at", "profile"}
    assert second.data["profile"] == first["profile"]
    old, new = claims_of(first["token"]), claims_of(second.data["token"])
    assert old["jti"] != new["jti"]
    assert (new["sub"], new["auth_time"], old["auth_time"]) == (old["sub"], old["iat"], old["iat"])
    assert new["exp"] - new["iat"] == 72 * 3600
    with time_machine.travel(began + timedelta(hours=71, minutes=30), tick=False):
        assert (use(api, first["token"]), use(api, second.data["token"])) == ("200", "200")
    with time_machine.travel(began + timedelta(hours=73), tick=False):
        assert (use(api, first["token"]), use(api, second.data["token"])) == ("401 token_expired", "200")


def test_a_session_ends_30_days_after_the_login(api: ApiClient) -> None:
    began = utc_now().replace(microsecond=0)
    token, ends = api.sign_up()["token"], began + timedelta(days=30)
    for day in range(2, 30, 2):
        with time_machine.travel(began + timedelta(days=day), tick=False):
            session = refresh(api, token).data
            token = session["token"]
            expires_at = datetime.fromisoformat(session["expires_at"].replace("Z", "+00:00"))
            assert expires_at.timestamp() == claims_of(token)["exp"]
            assert expires_at.timestamp() <= claims_of(token)["auth_time"] + 30 * 86_400
    with time_machine.travel(ends - timedelta(minutes=1), tick=False):
        assert refresh(api, token).status == 200
        token = api.patch("/auth/me", {"full_name": "Ali"}, token=token).data["token"]
        assert claims_of(token)["exp"] == claims_of(token)["auth_time"] + 30 * 86_400
    with time_machine.travel(ends + timedelta(minutes=1), tick=False):
        assert outcome(refresh(api, token)) == "401 token_expired"


def test_a_valid_token_of_an_old_session_cannot_be_renewed(api: ApiClient) -> None:
    now = int(utc_now().timestamp())
    token = token_with(api.guest(), auth_time=now - 31 * 86_400)
    assert use(api, token) == "200"
    response = refresh(api, token)
    assert (outcome(response), response.headers["WWW-Authenticate"]) == ("401 token_expired", "Bearer")
    # A new token of a profile change does not make the session longer either.
    changed = api.patch("/auth/me", {"full_name": "Ali"}, token=token).data["token"]
    assert claims_of(changed)["exp"] == claims_of(token)["exp"]
    assert outcome(refresh(api, changed)) == "401 token_expired"


@pytest.mark.parametrize(("days", "status"), [(29, "200"), (31, "401 token_expired")])
def test_without_auth_time_the_session_began_when_the_token_was_issued(api: ApiClient, days: int, status: str) -> None:
    issued = int(utc_now().timestamp()) - days * 86_400
    assert outcome(refresh(api, token_with(api.guest(), auth_time=..., iat=issued))) == status


@pytest.mark.parametrize("value", ["1", 1.5, True, None, 10**30, -(10**30)])
def test_an_auth_time_that_is_no_time_is_an_invalid_token(api: ApiClient, value: object) -> None:
    assert use(api, token_with(api.guest(), auth_time=value)) == "401 invalid_token"


def test_a_login_and_a_password_change_begin_a_session(api: ApiClient) -> None:
    old = token_with(api.sign_up(email=EMAIL)["token"], auth_time=1)
    change = {"password": PASSWORD, "new_password": PASSWORD}
    sessions = [api.post("/auth/login", {"email": EMAIL, "password": PASSWORD})]
    sessions.append(api.post("/auth/change-password", change, token=old))
    for session in sessions:
        claims = claims_of(session.data["token"])
        assert claims["auth_time"] == claims["iat"]


def test_a_new_role_is_in_the_renewed_token(api: ApiClient) -> None:
    old = api.guest()
    api.patch("/auth/me", {"is_venue_owner": True}, token=old)
    assert claims_of(refresh(api, old).data["token"])["is_venue_owner"] is True


@pytest.mark.parametrize("body", [None, {}, {"everywhere": False}, {"everywhere": None}])
def test_a_logout_ends_this_token_on_every_worker(api: ApiClient, second_api: ApiClient, body: Any) -> None:
    token = api.guest()
    other = refresh(api, token).data["token"]
    assert leave(api, token, body).data == {"logged_out": "this"}
    for worker in (api, second_api):
        assert use(worker, token) == "401 token_revoked"
        assert outcome(refresh(worker, token)) == "401 token_revoked"
        assert outcome(leave(worker, token)) == "401 token_revoked"
        assert use(worker, other) == "200"


def test_a_logout_everywhere_ends_all_tokens(api: ApiClient, second_api: ApiClient) -> None:
    token, stranger = api.sign_up(email=EMAIL)["token"], api.guest()
    tokens = [token, refresh(api, token).data["token"]]
    login = {"email": EMAIL, "password": PASSWORD}
    tokens.append(api.post("/auth/login", login).data["token"])
    assert leave(api, tokens[1], {"everywhere": True}).data == {"logged_out": "all"}
    for worker in (api, second_api):
        assert {use(worker, each) for each in tokens} == {"401 token_revoked"}
        assert use(worker, stranger) == "200"
    assert use(api, api.post("/auth/login", login).data["token"]) == "200"


@pytest.mark.parametrize("body", [{"everywhere": 1}, {"everywhere": "yes"}, {"all": True}])
def test_a_logout_with_an_invalid_field_ends_nothing(api: ApiClient, body: Any) -> None:
    token = api.guest()
    assert outcome(leave(api, token, body)) == "422 validation_error"
    assert use(api, token) == "200"


def test_an_account_of_an_external_writer_logs_out(api: ApiClient, db: Db) -> None:
    login = {"email": "bilal.khan@example.com", "password": EXTERNAL_PASSWORD}
    user = insert_user(db)
    for body, name in (({}, "this"), ({"everywhere": True}, "all")):
        token = api.post("/auth/login", login).data["token"]
        assert leave(api, token, body).data == {"logged_out": name}
        assert use(api, token) == "401 token_revoked"
    stored = db.users.find_one({"_id": user["_id"]})
    assert stored is not None
    changed = {"token_version", "password_hash"}
    assert {name: stored[name] for name in stored.keys() - changed} == {
        name: user[name] for name in user.keys() - changed
    }


def test_expired_tokens_are_removed_from_the_account(api: ApiClient, db: Db) -> None:
    first = api.sign_up(email=EMAIL)["token"]
    leave(api, first)
    with time_machine.travel(utc_now() + timedelta(hours=73), tick=False):
        second = api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).data["token"]
        leave(api, second)
    (user,) = db.users.find()
    assert [revoked["jti"] for revoked in user["revoked_tokens"]] == [claims_of(second)["jti"]]


def test_after_very_many_logouts_all_tokens_end(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_REVOKED_TOKENS", 3)
    kept = api.guest()
    tokens = [refresh(api, kept).data["token"] for _ in range(4)]
    assert [leave(api, token).data["logged_out"] for token in tokens] == ["this", "this", "this", "all"]
    assert {use(api, token) for token in [*tokens, kept]} == {"401 token_revoked"}


def test_concurrent_logouts_of_different_tokens_all_count(app: Flask, api: ApiClient) -> None:
    first = api.guest()
    tokens = [refresh(api, first).data["token"] for _ in range(8)]
    answers = at_once([lambda token=token: leave(ApiClient(app.test_client()), token) for token in tokens])  # type: ignore[misc] # bound early
    assert {answer.data["logged_out"] for answer in answers} == {"this"}
    assert {use(api, token) for token in tokens} == {"401 token_revoked"}
    assert use(api, first) == "200"


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_logout_of_a_deleted_account_stores_nothing(db: Db, api: ApiClient, *, everywhere: bool) -> None:
    claims: Claims = read_token(api.guest(), secret=SECRET, now=utc_now())
    account = store.find_account_of_token(db, claims)
    assert account is not None
    db.users.delete_many({})
    with pytest.raises(TokenRevoked):
        log_out(db, account, claims, utc_now(), everywhere=everywhere)
    assert db.users.count_documents({}) == 0


def test_a_logout_during_a_password_change_does_not_end_the_new_token(
    api: ApiClient, second_api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = api.guest(), []

    def change() -> None:
        body = {"password": PASSWORD, "new_password": "another horse 8"}
        new.append(second_api.post("/auth/change-password", body, token=old).data["token"])

    run_before_first_call(monkeypatch, store, "revoke_all_tokens", change)
    assert outcome(leave(api, old, {"everywhere": True})) == "401 token_revoked"
    assert use(api, new[0]) == "200"


def test_an_account_with_revoked_tokens_violates_no_invariant_and_leaves_nothing(api: ApiClient, db: Db) -> None:
    token = api.sign_up(email=EMAIL)["token"]
    leave(api, token)
    today = day_in_karachi(utc_now())
    assert [one for check in INVARIANTS for one in check(db, today)] == []
    token = api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).data["token"]
    assert "revoked_tokens" not in api.get("/auth/me", token=token).text
    assert api.delete("/auth/me", body={"password": PASSWORD}, token=token).status == 200
    assert db.users.count_documents({}) == 0
    assert ObjectId.is_valid(claims_of(token)["sub"])
