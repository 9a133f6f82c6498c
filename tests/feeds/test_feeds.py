"""Creating, listing, rotating and deleting calendar feeds: their limits, secrets and access."""

from __future__ import annotations

import hashlib
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from bson import ObjectId

from halls.accounts.suspension import restore_account, suspend_account
from halls.clock import utc_now
from halls.errors import LimitReached
from halls.feeds import service, store
from halls.feeds.feed import FeedNotFound
from halls.feeds.schemas import NewFeed
from tests.contract_routes import NO_ID
from tests.factories import PASSWORD
from tests.feeds.feed_client import fetch, make_feed

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

FIELDS = {"id", "kind", "venue_id", "detail", "name", "created_at", "last_read_at"}


def test_a_new_feed_tells_its_address_once(api: ApiClient, db: Db) -> None:
    guest = api.guest()
    made = api.post("/feeds", {"kind": "guest", "name": " Our wedding "}, token=guest)
    assert made.status == 201
    assert made.data.keys() == {"feed_id", "url", "webcal_url", "feed"}
    assert re.fullmatch(r"http://[^/]+/calendar/[A-Za-z0-9_-]{43}\.ics", made.data["url"])
    assert made.data["webcal_url"] == made.data["url"].replace("http:", "webcal:")
    listed = api.get("/feeds", token=guest)
    assert listed.data == {"feeds": [made.data["feed"]]}
    assert made.data["feed"].keys() == FIELDS
    assert (made.data["feed"]["name"], made.data["feed"]["detail"]) == ("Our wedding", "full")
    secret = made.data["url"].rpartition("/")[2].removesuffix(".ics")
    assert db.feeds.find_one({}, {"_id": 0, "token": 1}) == {"token": hashlib.sha256(secret.encode()).hexdigest()}
    assert secret not in str(list(db.feeds.find())) + listed.text


def test_only_owners_make_feeds_of_their_own_venues(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    assert api.post("/feeds", {"kind": "owner"}, token=guest).code == "owner_only"
    assert api.post("/feeds", {"kind": "venue", "venue_id": venue_id}, token=guest).code == "owner_only"
    assert api.post("/feeds", {"kind": "venue", "venue_id": venue_id}, token=api.owner()).code == "not_yours"
    assert api.post("/feeds", {"kind": "venue", "venue_id": NO_ID}, token=owner).code == "not_found"
    made = api.post("/feeds", {"kind": "venue", "venue_id": venue_id}, token=owner).data["feed"]
    assert (made["kind"], made["venue_id"]) == ("venue", venue_id)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "venue"}, "venue_id"),
        ({"kind": "owner", "venue_id": NO_ID}, "venue_id"),
        ({"kind": "venue", "venue_id": "x"}, "venue_id"),
        ({"kind": "all"}, "kind"),
        ({"kind": "owner", "detail": "names"}, "detail"),
        ({"kind": "owner", "name": "x" * 121}, "name"),
        ({"kind": "owner", "name": " "}, "name"),
        ({"kind": "owner", "token": "x"}, "token"),
    ],
)
def test_an_invalid_feed_is_rejected_and_the_field_is_named(api: ApiClient, body: Any, field: str) -> None:
    answer = api.post("/feeds", body, token=api.owner())
    assert (answer.status, answer.fields) == (422, [field])


def test_an_account_has_at_most_ten_feeds(api: ApiClient) -> None:
    guest = api.guest()
    for _ in range(10):
        make_feed(api, guest)
    full = api.post("/feeds", {"kind": "guest"}, token=guest)
    assert (full.status, full.code) == (409, "limit_reached")
    assert api.delete(f"/feeds/{api.get('/feeds', token=guest).data['feeds'][0]['id']}", token=guest).status == 200
    make_feed(api, guest)


@pytest.mark.parametrize("is_locked", [True, False])
def test_concurrent_requests_do_not_exceed_the_limit(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch, *, is_locked: bool
) -> None:
    """The control without the lock of the account exceeds the limit."""
    account = service.find_accounts(db, [ObjectId(api.sign_up()["profile"]["id"])]).popitem()[1]
    if not is_locked:
        monkeypatch.setattr(service, "lock_account", lambda *_: None)
    count = store.count_feeds

    def count_slowly(*args: Any) -> int:
        """Count, so that all requests have counted before one inserts."""
        number = count(*args)
        time.sleep(0.3)
        return number

    monkeypatch.setattr(store, "count_feeds", count_slowly)

    def create(_: int) -> bool:
        try:
            service.create_feed(db, account, NewFeed(kind="guest"), utc_now())
        except LimitReached:
            return False
        return True

    for _ in range(9):
        create(0)
    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(create, range(8)))
    assert (made == 1) is is_locked
    assert db.feeds.count_documents({}) == 9 + made


def test_rotation_replaces_the_address_at_once(api: ApiClient) -> None:
    guest = api.guest()
    old = make_feed(api, guest)
    assert fetch(api, old).status == 200
    feed_id = api.get("/feeds", token=guest).data["feeds"][0]["id"]
    rotated = api.post(f"/feeds/{feed_id}/rotate", None, token=guest)
    assert (rotated.status, rotated.data.keys()) == (200, {"url", "webcal_url"})
    assert (fetch(api, old).status, fetch(api, old).code) == (404, "not_found")
    assert fetch(api, urlsplit(rotated.data["url"]).path).status == 200


def test_of_two_concurrent_rotations_the_second_fails(api: ApiClient, db: Db) -> None:
    make_feed(api, api.guest())
    feed: Any = db.feeds.find_one()
    store.replace_token(db, feed, "a" * 64)
    with pytest.raises(FeedNotFound):
        store.replace_token(db, feed, "b" * 64)


def test_a_deleted_feed_stops_at_once(api: ApiClient) -> None:
    guest = api.guest()
    path = make_feed(api, guest)
    feed_id = api.get("/feeds", token=guest).data["feeds"][0]["id"]
    assert api.delete(f"/feeds/{feed_id}", token=guest).data == {"deleted": True}
    assert fetch(api, path).status == 404
    assert api.delete(f"/feeds/{feed_id}", token=guest).code == "not_found"


def test_only_its_account_changes_a_feed(api: ApiClient) -> None:
    guest, other = api.guest(), api.guest()
    path = make_feed(api, guest)
    feed_id = api.get("/feeds", token=guest).data["feeds"][0]["id"]
    for answer in (
        api.post(f"/feeds/{feed_id}/rotate", None, token=other),
        api.delete(f"/feeds/{feed_id}", token=other),
    ):
        assert (answer.status, answer.code) == (403, "not_yours")
    assert api.post(f"/feeds/{NO_ID}/rotate", None, token=guest).code == "not_found"
    assert fetch(api, path).status == 200
    assert api.get("/feeds", token=other).data == {"feeds": []}


def test_feeds_end_with_their_account(api: ApiClient, db: Db) -> None:
    guest = api.guest()
    path = make_feed(api, guest)
    assert api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=guest).status == 200
    assert fetch(api, path).status == 404
    assert db.feeds.count_documents({}) == 0


def test_a_feed_of_a_suspended_account_is_404_until_it_is_restored(api: ApiClient, db: Db) -> None:
    session = api.sign_up()
    path, other = make_feed(api, session["token"]), make_feed(api, api.guest())
    account_id = ObjectId(session["profile"]["id"])
    suspend_account(db, account_id, utc_now())
    assert (fetch(api, path).status, fetch(api, path).code) == (404, "not_found")
    assert fetch(api, other).status == 200
    restore_account(db, account_id, utc_now())
    assert fetch(api, path).status == 200


@pytest.mark.parametrize("secret", ["x", "x" * 43, "x" * 44, "é" * 43, "$ne", "x" * 5_000])
def test_an_unknown_address_is_404(api: ApiClient, secret: str) -> None:
    answer = fetch(api, f"/calendar/{secret}.ics")
    assert (answer.status, answer.code) == (404, "not_found")


def test_a_feed_whose_account_an_external_writer_deleted_is_404(api: ApiClient, db: Db) -> None:
    path = make_feed(api, api.guest())
    db.users.delete_many({})
    assert fetch(api, path).status == 404


def test_the_last_read_is_shown_and_rarely_written(api: ApiClient, db: Db) -> None:
    guest = api.guest()
    path = make_feed(api, guest)
    fetch(api, path)
    first = api.get("/feeds", token=guest).data["feeds"][0]["last_read_at"]
    assert first
    fetch(api, path)
    assert api.get("/feeds", token=guest).data["feeds"][0]["last_read_at"] == first
    db.feeds.update_one({}, {"$set": {"last_read_at": utc_now() - 2 * service.READ_NOTED}})
    fetch(api, path)
    assert db.feeds.count_documents({"last_read_at": {"$gt": utc_now() - service.READ_NOTED}}) == 1


def test_a_name_loses_invisible_and_bidirectional_characters(api: ApiClient) -> None:
    made = api.post("/feeds", {"kind": "guest", "name": "Our\u202e \u200bwedding"}, token=api.guest())
    assert made.data["feed"]["name"] == "Our wedding"
