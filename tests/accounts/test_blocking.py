"""An owner blocks accounts: their requests at the owner's venues are rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import ObjectId

from halls.accounts import blocking, invariants
from halls.server.startup import make_server_app
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.factories import PASSWORD, day

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiResponse

UNKNOWN = "0123456789abcdef01234567"


def send(api: ApiClient, method: str, owner: str, session: Any) -> ApiResponse:
    """Block or unblock the account of a session, or one with an id."""
    user_id = session if isinstance(session, str) else session["profile"]["id"]
    return api.send(method, f"/auth/me/blocked/{user_id}", token=owner)


def list_blocked(api: ApiClient, owner: str) -> list[str]:
    """Return the ids of the accounts that the owner has blocked."""
    return [blocked["user_id"] for blocked in api.get("/auth/me/blocked", token=owner).data["blocked"]]


def test_a_blocked_guest_cannot_book_at_any_venue_of_the_owner(api: ApiClient, db: Db) -> None:
    owner, other, guest = api.owner(), api.owner(), api.sign_up()
    venues = [api.list_venue(owner), api.list_venue(owner)]
    assert send(api, "PUT", owner, guest).data == {"blocked": True}
    for venue_id in venues:
        answer = api.book(guest["token"], venue_id, day(1))
        assert (answer.status, answer.code) == (403, "not_yours")
        assert answer.json["error"] == "This venue takes no requests from this account."
    assert db.bookings.count_documents({}) == 0
    assert api.book(guest["token"], api.list_venue(other), day(1)).status == 201
    assert api.book(api.guest(), venues[0], day(1)).status == 201


def test_an_unblocked_guest_books_again(api: ApiClient) -> None:
    owner, guest = api.owner(), api.sign_up()
    venue_id = api.list_venue(owner)
    send(api, "PUT", owner, guest)
    assert send(api, "DELETE", owner, guest).data == {"blocked": False}
    assert send(api, "DELETE", owner, guest).data == {"blocked": False}
    assert api.book(guest["token"], venue_id, day(1)).status == 201


def test_the_block_is_checked_after_the_venue_and_before_the_order(api: ApiClient) -> None:
    owner, guest = api.owner(), api.sign_up()
    venue_id = api.list_venue(owner)
    send(api, "PUT", owner, guest)
    answers = [
        api.book(guest["token"], UNKNOWN, day(1)),
        api.book(guest["token"], venue_id, "not a day"),
        api.book(guest["token"], venue_id, day(-1)),
        api.book(guest["token"], venue_id, day(1), guests=9_000),
    ]
    assert [answer.status for answer in answers] == [404, 422, 403, 403]


def test_bookings_from_before_the_block_stay(api: ApiClient) -> None:
    owner, guest = api.owner(), api.sign_up()
    booking_id = api.book(guest["token"], api.list_venue(owner), day(1)).data["booking_id"]
    send(api, "PUT", owner, guest)
    confirmed = api.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=owner)
    assert confirmed.data["booking"]["status"] == "confirmed"
    assert api.get(f"/bookings/{booking_id}", token=guest["token"]).status == 200


def test_a_repeated_block_keeps_its_time_and_the_list_is_the_owners_own(api: ApiClient) -> None:
    owner, other = api.owner(), api.owner()
    first, second = api.sign_up(), api.sign_up()
    send(api, "PUT", owner, first)
    before = api.get("/auth/me/blocked", token=owner).data
    send(api, "PUT", owner, first)
    assert api.get("/auth/me/blocked", token=owner).data == before
    send(api, "PUT", owner, second)
    assert list_blocked(api, owner) == [first["profile"]["id"], second["profile"]["id"]]
    assert list_blocked(api, other) == []
    send(api, "DELETE", other, first)
    assert len(list_blocked(api, owner)) == 2


def test_the_response_does_not_tell_whether_the_account_exists(api: ApiClient) -> None:
    owner = api.owner()
    assert send(api, "PUT", owner, UNKNOWN).data == {"blocked": True}
    assert list_blocked(api, owner) == [UNKNOWN]


def test_an_owner_cannot_block_the_own_account(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(owner=True)
    answer = send(api, "PUT", owner["token"], owner)
    assert (answer.status, answer.fields) == (422, ["user_id"])
    assert db.blocked_accounts.count_documents({}) == 0


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PUT", f"/{UNKNOWN}"), ("DELETE", f"/{UNKNOWN}")])
def test_blocks_are_for_owners(api: ApiClient, method: str, path: str) -> None:
    answer = api.send(method, f"/auth/me/blocked{path}", token=api.guest())
    assert (answer.status, answer.code) == (403, "owner_only")
    assert api.send(method, f"/auth/me/blocked{path}").code == "missing_token"


def test_a_malformed_id_is_rejected(api: ApiClient) -> None:
    assert send(api, "PUT", api.owner(), UNKNOWN.upper()).code == "bad_id"


def test_an_owner_blocks_a_limited_number_of_accounts(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "MAX_BLOCKS", 2)
    owner = api.owner()
    ids = [str(ObjectId()) for _ in range(3)]
    answers = [send(api, "PUT", owner, user_id) for user_id in [*ids, ids[0]]]
    assert [answer.status for answer in answers] == [200, 200, 409, 200]
    assert answers[2].code == "limit_reached"
    assert db.blocked_accounts.count_documents({}) == 2


@pytest.mark.parametrize("who", ["owner", "guest"])
def test_the_deletion_of_an_account_deletes_its_blocks(api: ApiClient, db: Db, who: str) -> None:
    sessions = {"owner": api.sign_up(owner=True), "guest": api.sign_up()}
    send(api, "PUT", sessions["owner"]["token"], sessions["guest"])
    send(api, "PUT", api.owner(), UNKNOWN)
    deleted = api.delete("/auth/me", body={"password": PASSWORD}, token=sessions[who]["token"])
    assert deleted.status == 200
    assert db.blocked_accounts.count_documents({}) == 1


def count_block_reads(api: ApiClient, guest: str, venue_id: str, expected: int) -> int:
    """Book. Return the number of commands on the collection of blocks."""
    with structlog.testing.capture_logs() as entries:
        assert api.book(guest, venue_id, day(1)).status == expected
    collections = [entry.get("collection") for entry in entries]
    assert "users" in collections
    return collections.count("blocked_accounts")


def test_an_order_reads_blocks_only_for_an_account_that_has_some(worker_uri: str, db: Db) -> None:
    app = make_server_app(make_config(mongo_uri=worker_uri, slow_command_ms=0.0001, log_level="WARNING"))
    api = ApiClient(app.test_client())
    owner, free, blocked = api.owner(), api.guest(), api.sign_up()
    venue_id = api.list_venue(owner)
    assert count_block_reads(api, free, venue_id, 201) == 0
    send(api, "PUT", owner, blocked)
    assert count_block_reads(api, blocked["token"], venue_id, 403) > 0
    assert db.users.count_documents({"has_blocks": True}) == 1
    app.extensions["halls"].db.client.close()


def test_a_block_marks_an_account_of_any_writer(api: ApiClient, db: Db) -> None:
    owner, guest = api.owner(), api.sign_up()
    db.users.update_one({"_id": ObjectId(guest["profile"]["id"])}, {"$set": {"has_blocks": "no", "rev": None}})
    send(api, "PUT", owner, guest)
    assert api.book(guest["token"], api.list_venue(owner), day(1)).status == 403


def find_violations(db: Db) -> list[str]:
    """Return the violated invariants of blocks."""
    checks = (invariants.check_block_owners, invariants.check_block_counts, invariants.check_block_marks)
    return [violation.invariant for check in checks for violation in check(db, "")]


def test_check_finds_blocks_without_effect_or_owner_or_limit(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, guest = api.sign_up(owner=True), api.sign_up()
    send(api, "PUT", owner["token"], guest)
    send(api, "PUT", owner["token"], UNKNOWN)
    assert find_violations(db) == []
    monkeypatch.setattr(invariants, "MAX_BLOCKS", 1)
    assert find_violations(db) == ["blocks_limited"]
    monkeypatch.undo()
    db.users.update_one({"_id": ObjectId(guest["profile"]["id"])}, {"$unset": {"has_blocks": 1}})
    assert find_violations(db) == ["block_has_effect"]
    db.users.delete_many({})
    assert find_violations(db) == ["block_owner_exists"]
