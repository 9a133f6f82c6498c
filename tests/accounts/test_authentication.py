"""Authentication of each request: which tokens the routes accept, and which error comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import time_machine
from bson import ObjectId

from halls.clock import utc_now
from tests.conftest import SECRET
from tests.contract_routes import NO_ID, OWNERS_ONLY, PRIVATE, Row, name_of
from tests.factories import PASSWORD

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

JSON = {"Content_Type": "application/json"}


def auth_error(answer: Any) -> str:
    """Return the code of a 401 response. Its WWW-Authenticate header is checked as well."""
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    code: str = answer.code
    return code


@pytest.mark.parametrize("row", PRIVATE, ids=name_of)
def test_a_missing_token_is_reported_before_other_errors(api: ApiClient, row: Row) -> None:
    answer = api.send(row.method, row.at("no-id") + "?nonsense=1", b"{", Cookie="a=b")
    assert (answer.status, answer.code) == (401, "missing_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("row", PRIVATE, ids=name_of)
def test_an_invalid_token_is_reported_before_other_errors(api: ApiClient, row: Row) -> None:
    answer = api.send(row.method, row.at("no-id") + "?nonsense=1", token="abc.def.ghi", Content_Type="text/plain")
    assert auth_error(answer) == "invalid_token"


@pytest.mark.parametrize("row", OWNERS_ONLY, ids=name_of)
def test_owner_only_is_reported_before_errors_in_body_and_query(api: ApiClient, row: Row) -> None:
    answer = api.send(row.method, row.at(NO_ID) + "?nonsense=1", b"{", token=api.guest())
    assert (answer.status, answer.code) == (403, "owner_only")


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer  {}", "bearer    {}"])
def test_the_scheme_is_bearer_in_any_case_and_one_or_more_blanks(api: ApiClient, header: str) -> None:
    assert api.get("/auth/me", Authorization=header.format(api.guest())).status == 200


@pytest.mark.parametrize(
    "header",
    ["{}", "Token {}", "Basic {}", "Bearer{}", "Bearer", "Bearer ", "Bearer   ", "Bearer a {}", "Bearer  a  {}"],
)
def test_another_authorization_header_is_an_invalid_token(api: ApiClient, header: str) -> None:
    assert auth_error(api.get("/auth/me", Authorization=header.format(api.guest()))) == "invalid_token"


def test_an_empty_header_is_a_missing_token(api: ApiClient) -> None:
    assert auth_error(api.get("/auth/me", Authorization="")) == "missing_token"


def test_a_token_in_query_cookie_or_another_header_is_ignored(api: ApiClient) -> None:
    token = api.guest()
    assert auth_error(api.get(f"/auth/me?token={token}&access_token={token}")) == "missing_token"
    api.client.set_cookie("token", token)
    assert auth_error(api.get("/auth/me", X_Access_Token=token)) == "missing_token"


@pytest.mark.parametrize(("key", "algorithm"), [("another secret that is as long as ours is", "HS256"), ("", "none")])
def test_a_forged_token_is_rejected(api: ApiClient, key: str, algorithm: str) -> None:
    payload = jwt.decode(api.owner(), SECRET, algorithms=["HS256"], audience="halls")
    assert auth_error(api.get("/auth/me", token=jwt.encode(payload, key, algorithm=algorithm))) == "invalid_token"


def test_a_token_expires_after_72_hours(api: ApiClient) -> None:
    session = api.sign_up()
    issued = utc_now()
    with time_machine.travel(issued + timedelta(hours=71, minutes=59), tick=False):
        assert api.get("/auth/me", token=session["token"]).status == 200
    with time_machine.travel(issued + timedelta(hours=72, seconds=1), tick=False):
        assert auth_error(api.get("/auth/me", token=session["token"])) == "token_expired"


def test_a_password_change_revokes_older_tokens(api: ApiClient) -> None:
    old = api.guest()
    change = {"password": PASSWORD, "new_password": "another horse 8"}
    new = api.post("/auth/change-password", change, token=old).data["token"]
    assert auth_error(api.get("/auth/me", token=old)) == "token_revoked"
    assert auth_error(api.get("/bookings", token=old)) == "token_revoked"
    assert api.get("/auth/me", token=new).status == 200


def test_a_token_of_a_deleted_account_is_revoked(api: ApiClient, db: Db) -> None:
    session = api.sign_up()
    db.users.delete_one({"_id": ObjectId(session["profile"]["id"])})
    assert auth_error(api.get("/auth/me", token=session["token"])) == "token_revoked"


def test_a_new_account_with_the_address_does_not_revive_old_tokens(api: ApiClient, db: Db) -> None:
    old = api.sign_up(email="ali@example.com")
    db.users.delete_one({"_id": ObjectId(old["profile"]["id"])})
    api.sign_up(email="ali@example.com")
    assert auth_error(api.get("/auth/me", token=old["token"])) == "token_revoked"


def test_the_stored_role_counts_and_not_the_claims_of_the_token(api: ApiClient, db: Db) -> None:
    session = api.sign_up(owner=True)
    db.users.update_one({"_id": ObjectId(session["profile"]["id"])}, {"$set": {"is_venue_owner": False}})
    answer = api.get("/venues/mine", token=session["token"])
    assert (answer.status, answer.code) == (403, "owner_only")
    payload = jwt.decode(api.guest(), SECRET, algorithms=["HS256"], audience="halls")
    forged = jwt.encode({**payload, "is_venue_owner": True, "role": "owner"}, SECRET, algorithm="HS256")
    assert api.get("/venues/mine", token=forged).code == "owner_only"


def test_an_older_token_gets_owner_access_after_the_upgrade(api: ApiClient) -> None:
    old = api.guest()
    api.patch("/auth/me", {"is_venue_owner": True}, token=old)
    assert api.get("/venues/mine", token=old).data == {"venues": [], "next_cursor": None}
