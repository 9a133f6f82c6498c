"""Who calls: which tokens open which routes, at every request anew."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import time_machine
from bson import ObjectId

from halls.clock import utc_now
from tests.api_client import PASSWORD, Api
from tests.conftest import SECRET
from tests.contract_routes import NO_ID, OWNERS_ONLY, PRIVATE, Row, name_of

if TYPE_CHECKING:
    from halls.mongo.client import Db

JSON = {"Content_Type": "application/json"}


def refused(answer: Any) -> str:
    """Return the code of a 401, having looked at its header."""
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    code: str = answer.code
    return code


@pytest.mark.parametrize("row", PRIVATE, ids=name_of)
def test_without_a_token_nothing_else_is_looked_at(api: Api, row: Row) -> None:
    answer = api.client.open(row.at("no-id") + "?nonsense=1", method=row.method, data=b"{", headers={"Cookie": "a=b"})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "missing_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("row", PRIVATE, ids=name_of)
def test_a_bad_token_is_answered_before_anything_else(api: Api, row: Row) -> None:
    answer = api.send(row.method, row.at("no-id") + "?nonsense=1", as_="abc.def.ghi", Content_Type="text/plain")
    assert refused(answer) == "invalid_token"


@pytest.mark.parametrize("row", OWNERS_ONLY, ids=name_of)
def test_a_guest_is_told_so_before_body_and_query_are_looked_at(api: Api, row: Row) -> None:
    answer = api.client.open(
        row.at(NO_ID) + "?nonsense=1",
        method=row.method,
        data=b"{",
        headers={"Authorization": f"Bearer {api.guest()}"},
    )
    assert (answer.status_code, answer.get_json()["code"]) == (403, "owner_only")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_bearer_in_any_case(api: Api, scheme: str) -> None:
    assert api.get("/auth/me", Authorization=f"{scheme} {api.guest()}").status == 200


@pytest.mark.parametrize("header", ["{}", "Token {}", "Basic {}", "Bearer{}", "Bearer", "Bearer ", "Bearer a {}"])
def test_another_header_is_no_token(api: Api, header: str) -> None:
    assert refused(api.get("/auth/me", Authorization=header.format(api.guest()))) == "invalid_token"


def test_an_empty_header_is_a_missing_token(api: Api) -> None:
    assert refused(api.get("/auth/me", Authorization="")) == "missing_token"


def test_a_token_elsewhere_is_none(api: Api) -> None:
    token = api.guest()
    assert refused(api.get(f"/auth/me?token={token}&access_token={token}")) == "missing_token"
    api.client.set_cookie("token", token)
    assert refused(api.get("/auth/me", X_Access_Token=token)) == "missing_token"


@pytest.mark.parametrize(("key", "algorithm"), [("another secret that is as long as ours is", "HS256"), ("", "none")])
def test_a_forged_token_opens_nothing(api: Api, key: str, algorithm: str) -> None:
    said = jwt.decode(api.owner(), SECRET, algorithms=["HS256"])
    assert refused(api.get("/auth/me", as_=jwt.encode(said, key, algorithm=algorithm))) == "invalid_token"


def test_a_token_expires_after_its_hours(api: Api) -> None:
    session = api.sign_up()
    issued = utc_now()
    with time_machine.travel(issued + timedelta(hours=71, minutes=59), tick=False):
        assert api.get("/auth/me", as_=session["token"]).status == 200
    with time_machine.travel(issued + timedelta(hours=72, seconds=1), tick=False):
        assert refused(api.get("/auth/me", as_=session["token"])) == "token_expired"


def test_a_token_of_before_the_new_password_is_revoked(api: Api) -> None:
    old = api.guest()
    change = {"password": PASSWORD, "new_password": "another horse 8"}
    new = api.post("/auth/change-password", change, as_=old).data["token"]
    assert refused(api.get("/auth/me", as_=old)) == "token_revoked"
    assert refused(api.get("/bookings", as_=old)) == "token_revoked"
    assert api.get("/auth/me", as_=new).status == 200


def test_a_token_of_an_account_that_is_gone_is_revoked(api: Api, db: Db) -> None:
    session = api.sign_up()
    db.users.delete_one({"_id": ObjectId(session["profile"]["id"])})
    assert refused(api.get("/auth/me", as_=session["token"])) == "token_revoked"


def test_an_account_made_anew_under_the_address_does_not_revive_the_old_token(api: Api, db: Db) -> None:
    old = api.sign_up(email="ali@example.com")
    db.users.delete_one({"_id": ObjectId(old["profile"]["id"])})
    api.sign_up(email="ali@example.com")
    assert refused(api.get("/auth/me", as_=old["token"])) == "token_revoked"


def test_the_account_decides_and_not_what_the_token_says(api: Api, db: Db) -> None:
    session = api.sign_up(owner=True)
    db.users.update_one({"_id": ObjectId(session["profile"]["id"])}, {"$set": {"is_venue_owner": False}})
    answer = api.get("/venues/mine", as_=session["token"])
    assert (answer.status, answer.code) == (403, "owner_only")
    said = jwt.decode(api.guest(), SECRET, algorithms=["HS256"])
    boast = jwt.encode({**said, "is_venue_owner": True, "role": "owner"}, SECRET, algorithm="HS256")
    assert api.get("/venues/mine", as_=boast).code == "owner_only"


def test_a_token_of_before_the_upgrade_is_an_owners_from_then_on(api: Api) -> None:
    old = api.guest()
    api.patch("/auth/me", {"is_venue_owner": True}, as_=old)
    assert api.get("/venues/mine", as_=old).data == {"venues": [], "next_cursor": None}
