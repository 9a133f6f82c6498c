"""Each route that names a record, called by accounts that have no right to it: an error, and nothing changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from halls.accounts.authentication import Access
from halls.accounts.suspension import suspend_account
from halls.clock import utc_now
from tests.factories import day

if TYPE_CHECKING:
    from collections.abc import Callable

    from bson import ObjectId
    from flask import Flask

    from halls.http.endpoint import Endpoint
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

SECRET_NAME = "Only for the owner"
# The record of these routes is an account that the caller need not own.
OTHER_ACCOUNTS = {"PUT /auth/me/blocked/<user_id>", "DELETE /auth/me/blocked/<user_id>"}
# What the calls of rejected callers may change.
UNCHECKED = {"rate_limit_counters", "rate_limit_windows", "heartbeats", "readiness"}


class World:
    """Two owners and two guests. The first owner and the first guest have a booking, a feed and a webhook."""

    def __init__(self, api: ApiClient) -> None:
        self.api = api
        self.owner, self.guest = api.sign_up(owner=True, full_name=SECRET_NAME), api.sign_up(full_name=SECRET_NAME)
        self.strangers = {"owner": api.owner(), "guest": api.guest()}
        token = self.owner["token"]
        venue_id = api.list_venue(token, venue_name=SECRET_NAME)
        booking_id = api.book(self.guest["token"], venue_id, day(1)).data["booking_id"]
        feed = api.post("/feeds", {"kind": "owner"}, token=token).data
        webhook_id = api.post("/webhooks", {"url": "http://127.0.0.1:9/"}, token=token).data["webhook_id"]
        api.send("PUT", f"/auth/me/blocked/{self.guest['profile']['id']}", token=token)
        self.ids = {"venue_id": venue_id, "booking_id": booking_id, "feed_id": feed["feed_id"]}
        self.ids |= {"webhook_id": webhook_id, "user_id": self.guest["profile"]["id"]}

    def fill(self, path: str) -> str:
        """Return the path with the ids of the first owner's records."""
        return re.sub(r"<(\w+)>", lambda match: self.ids[match[1]], path)


@pytest.fixture
def world(api: ApiClient) -> World:
    """The accounts and records."""
    return World(api)


@pytest.fixture
def rows(app: Flask) -> list[Endpoint]:
    """All routes that need a token."""
    declared: list[Endpoint] = [vars(view)["endpoint"] for view in app.view_functions.values()]
    return [row for row in declared if row.access is not Access.PUBLIC]


def dump(db: Db) -> dict[str, list[Any]]:
    """Return all documents, except counters."""
    names = set(db.list_collection_names()) - UNCHECKED
    return {name: sorted(db[name].find(), key=lambda document: str(document["_id"])) for name in names}


def call_all(world: World, rows: list[Endpoint], token: str) -> dict[str, tuple[int, str]]:
    """Call each row that names a record. Return the status and the code of each response."""
    found = {}
    for row in rows:
        name = f"{row.method} {row.path}"
        if "<" in row.path and name not in OTHER_ACCOUNTS:
            answer = world.api.send(row.method, world.fill(row.path), {} if row.body else None, token=token)
            found[name] = (answer.status, answer.code if answer.json else "")
    return found


def test_an_owner_has_no_access_to_the_records_of_others(world: World, rows: list[Endpoint], db: Db) -> None:
    before = dump(db)
    outcomes = call_all(world, rows, world.strangers["owner"])
    assert len(outcomes) >= 18
    assert set(outcomes.values()) == {(403, "not_yours")}, outcomes
    assert dump(db) == before


def test_a_guest_has_no_access_to_the_records_of_others(world: World, rows: list[Endpoint], db: Db) -> None:
    before = dump(db)
    outcomes = call_all(world, rows, world.strangers["guest"])
    for_owners = {f"{row.method} {row.path}" for row in rows if row.access is Access.OWNER}
    assert outcomes == {name: (403, "owner_only" if name in for_owners else "not_yours") for name in outcomes}
    assert dump(db) == before


def test_a_guest_of_a_booking_does_nothing_of_its_owner(world: World, db: Db) -> None:
    before, path = dump(db), f"/bookings/{world.ids['booking_id']}"
    for body in ({"status": "confirmed"}, {"price_locked": 5}, {"hold_hours": 720}):
        assert world.api.patch(path, body, token=world.guest["token"]).code == "not_yours", body
    for body in ({"guests": 5}, {"notes": "x"}):
        assert world.api.patch(path, body, token=world.owner["token"]).code == "not_yours", body
    assert dump(db) == before


@pytest.mark.parametrize("who", ["owner", "guest"])
def test_lists_of_a_stranger_contain_nothing_of_others(world: World, rows: list[Endpoint], who: str) -> None:
    texts = {SECRET_NAME, *world.ids.values(), world.owner["profile"]["id"], world.owner["profile"]["email"]}
    lists = [row.path for row in rows if row.method == "GET" and "<" not in row.path]
    assert {"/statistics", "/exports/bookings.csv", "/feeds", "/webhooks", "/auth/me/blocked"} <= set(lists)
    for path in lists:
        answer = world.api.get(path, token=world.strangers[who])
        assert [text for text in texts if text in answer.text] == [], path


def test_a_stranger_cannot_name_the_venue_of_another_owner(world: World, db: Db) -> None:
    before, token, venue_id = dump(db), world.strangers["owner"], world.ids["venue_id"]
    answers = [
        world.api.get(f"/statistics?venue_id={venue_id}", token=token),
        world.api.get(f"/exports/bookings.csv?venue_id={venue_id}", token=token),
        world.api.post("/feeds", {"kind": "venue", "venue_id": venue_id}, token=token),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(403, "not_yours")] * 3
    assert world.api.get(f"/bookings?venue_id={venue_id}", token=token).data["bookings"] == []
    assert dump(db) == before


def delete_owner(world: World, db: Db) -> None:
    """Delete the account of the first owner from the database, as an interrupted deletion would."""
    db.users.delete_one({"email": world.owner["profile"]["email"]})


def suspend_owner(world: World, db: Db) -> None:
    """Suspend the first owner."""
    owner: Any = db.users.find_one({"email": world.owner["profile"]["email"]})
    suspend_account(db, id_of(owner), utc_now())


def id_of(document: Any) -> ObjectId:
    """Return the id of a document."""
    found: ObjectId = document["_id"]
    return found


@pytest.mark.parametrize("end", [delete_owner, suspend_owner])
def test_no_route_takes_the_token_of_an_ended_account(
    world: World, rows: list[Endpoint], db: Db, end: Callable[[World, Db], None]
) -> None:
    end(world, db)
    before = dump(db)
    for row in rows:
        answer = world.api.send(row.method, world.fill(row.path), {} if row.body else None, token=world.owner["token"])
        assert (answer.status, answer.code) == (401, "token_revoked"), row.path
    assert dump(db) == before
