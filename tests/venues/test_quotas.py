"""What one owner can store: the number of venues, the size of each, and how often they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.http.idempotency import COLLECTION
from halls.server.startup import make_server_app
from halls.venues import service
from halls.venues.service import MAX_BYTES
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.factories import EXTERNAL_PASSWORD, day, insert_owner, insert_venue, venue_body
from tests.http.limiters import close_storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document

DAYS = [day(ahead) for ahead in range(1, 1001)]
# Each field is within its own limit.
LARGE = {
    "pictures": [f"https://cdn.example/{n:02}{'x' * 978}" for n in range(50)],
    "videos": [{"url": f"https://cdn.example/{n:02}{'x' * 978}", "size_mb": 1} for n in range(10)],
    "dates_available": DAYS,
    "additional_description": "\N{PARTY POPPER}" * 5_000,
}
PRICES = {"pricing": {"overrides": [{"date": day, "price": 123_456_789.25} for day in DAYS]}}


def make_api(worker_uri: str, **settings: Any) -> Iterator[ApiClient]:
    """Yield a client of an application with other settings."""
    app = make_server_app(make_config(mongo_uri=worker_uri, **settings))
    yield ApiClient(app.test_client())
    app.extensions["halls"].db.client.close()
    if settings.get("rate_limits") == "on":
        close_storage(app.extensions["halls"].rate_limiter)


@pytest.fixture
def quota_api(db: Db, worker_uri: str) -> Iterator[ApiClient]:  # noqa: ARG001 - empties the database first
    """A client of an application where an owner can list three venues."""
    yield from make_api(worker_uri, max_venues_per_owner=3)


@pytest.fixture
def limited_api(db: Db, worker_uri: str) -> Iterator[ApiClient]:
    """A client of an application with rate limits."""
    db.rate_limit_counters.delete_many({})
    yield from make_api(worker_uri, rate_limits="on")
    db.rate_limit_counters.delete_many({})


def log_in(api: ApiClient, owner: Document) -> str:
    """Return a token of an owner whose account was inserted directly."""
    token: str = api.post("/auth/login", {"email": owner["email"], "password": EXTERNAL_PASSWORD}).data["token"]
    return token


def stored_size(db: Db) -> int:
    """Return the size of the only venue."""
    (venue,) = db.venues.find()
    return service.measure_venue(venue)  # type: ignore[arg-type] # a venue


def test_an_owner_cannot_list_more_venues_than_the_limit(quota_api: ApiClient, db: Db) -> None:
    owner, other = quota_api.owner(), quota_api.owner()
    venues = [quota_api.list_venue(owner) for _ in range(3)]
    answer = quota_api.post("/venues/register", venue_body(), token=owner)
    assert (answer.status, answer.code) == (409, "limit_reached")
    assert "3 venues" in answer.json["error"]
    assert (db.venues.count_documents({}), db.search_entries.count_documents({})) == (3, 3)
    quota_api.list_venue(other)
    assert quota_api.delete(f"/venues/{venues[0]}", token=owner).status == 200
    quota_api.list_venue(owner)


def test_a_repeated_registration_at_the_limit_is_replayed(quota_api: ApiClient) -> None:
    owner = quota_api.owner()
    answers = [
        quota_api.post("/venues/register", venue_body(), token=owner, Idempotency_Key=f"k{n}") for n in (1, 2, 3, 3)
    ]
    assert [answer.status for answer in answers] == [201] * 4
    assert answers[2].json == answers[3].json


def test_without_a_limit_an_owner_lists_any_number(db: Db, worker_uri: str) -> None:
    owner = insert_owner(db, email="owner@example.com")
    for _ in range(60):
        insert_venue(db, owner["_id"])
    for limit, status in ((0, 201), (50, 409)):
        for api in make_api(worker_uri, max_venues_per_owner=limit):
            login = {"email": "owner@example.com", "password": EXTERNAL_PASSWORD}
            token = api.post("/auth/login", login).data["token"]
            assert api.post("/venues/register", venue_body(), token=token).status == status


def test_an_idempotency_record_has_the_id_and_not_the_venue(api: ApiClient, db: Db) -> None:
    body = venue_body(additional_description="x" * 5_000)
    answer = api.post("/venues/register", body, token=api.owner(), Idempotency_Key="k")
    (record,) = db[COLLECTION.name].find()
    assert record["answer"] == {"venue_id": ObjectId(answer.data["venue_id"])}


def test_a_replay_shows_the_venue_as_it_is_now(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    first = api.post("/venues/register", venue_body(), token=owner, Idempotency_Key="k")
    venue_id = first.data["venue_id"]
    changed = api.patch(f"/venues/{venue_id}", {"capacity": 77}, token=owner).data["venue"]
    replay = api.post("/venues/register", venue_body(), token=owner, Idempotency_Key="k")
    assert (replay.status, replay.headers["Idempotent-Replayed"]) == (201, "true")
    assert replay.data == {"venue_id": venue_id, "venue": changed}
    assert db.venues.count_documents({}) == 1


def test_a_replay_of_a_deleted_venue_is_not_found(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    first = api.post("/venues/register", venue_body(), token=owner, Idempotency_Key="k")
    api.delete(f"/venues/{first.data['venue_id']}", token=owner)
    replay = api.post("/venues/register", venue_body(), token=owner, Idempotency_Key="k")
    assert (replay.status, replay.code) == (404, "not_found")
    assert db.venues.count_documents({}) == 0


def test_a_record_of_an_older_version_is_replayed(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    first = api.post("/venues/register", venue_body(), token=owner, Idempotency_Key="k")
    old = {"venue_id": ObjectId(first.data["venue_id"]), "venue": {"venue_name": "As it was"}}
    db[COLLECTION.name].update_one({}, {"$set": {"answer": old}})
    assert api.post("/venues/register", venue_body(), token=owner, Idempotency_Key="k").json == first.json


def test_a_new_listing_has_at_most_128_kib(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    answer = api.post("/venues/register", venue_body(**LARGE, **PRICES), token=owner)
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", ["body"])
    assert answer.json["details"][0]["rule"] == "too_large"
    assert answer.json["details"][0]["params"] == {"max": MAX_BYTES}
    assert db.venues.count_documents({}) == 0
    assert api.post("/venues/register", venue_body(**LARGE), token=owner).status == 201


def test_a_change_cannot_make_a_listing_larger_than_128_kib(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, **LARGE)
    before = api.get(f"/venues/{venue_id}").json
    answer = api.patch(f"/venues/{venue_id}", {"capacity": 9, **PRICES}, token=owner)
    assert (answer.status, answer.fields) == (422, ["body"])
    assert api.get(f"/venues/{venue_id}").json == before
    # The sum is above the limit, but the new pictures replace the old ones.
    assert api.patch(f"/venues/{venue_id}", {"pictures": LARGE["pictures"]}, token=owner).status == 200
    smaller = {"additional_description": "x", "pictures": [], **PRICES}
    assert api.patch(f"/venues/{venue_id}", smaller, token=owner).status == 200


def test_a_large_venue_of_an_external_writer_may_shrink_but_not_grow(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(owner=True)
    large = {"additional_description": "x" * 200_000}
    venue_id = insert_venue(db, ObjectId(owner["profile"]["id"]), **large)["_id"]
    for body, status in (
        ({"capacity": 9}, 200),
        ({"pictures": LARGE["pictures"]}, 422),
        ({"venue_name": "A name that is longer than before"}, 422),
        ({"additional_description": "y" * 4_000}, 200),
        ({"venue_name": "A name that is longer than before"}, 200),
    ):
        assert api.patch(f"/venues/{venue_id}", body, token=owner["token"]).status == status, body


def test_a_walk_in_cannot_make_a_listing_larger_than_128_kib(api: ApiClient, db: Db) -> None:
    owner = insert_owner(db)
    texts = {"additional_description": "\N{PARTY POPPER}" * 5_000, "pictures": LARGE["pictures"]}
    large = insert_venue(db, owner["_id"], dates_available=DAYS[:-9], **PRICES, **texts)
    # The date of the second walk-in does not fit any more.
    room = MAX_BYTES - stored_size(db) - len(f',"{DAYS[0]}"') - 5
    db.venues.update_one({"_id": large["_id"]}, {"$set": {"address": large["address"] + "x" * room}})
    token = log_in(api, owner)
    body = {"guests": 5, "guest": {"full_name": "Bilal"}, "offer": True}
    path = f"/venues/{large['_id']}/walk-ins"
    answers = [api.post(path, {**body, "date": date}, token=token) for date in DAYS[-2:]]
    assert [answer.status for answer in answers] == [201, 422]
    assert answers[1].fields == ["body"]
    assert (db.bookings.count_documents({}), stored_size(db)) == (1, MAX_BYTES - 5)


def test_small_changes_stop_at_128_kib(api: ApiClient, db: Db) -> None:
    owner = insert_owner(db)
    large = insert_venue(
        db, owner["_id"], dates_available=DAYS, **PRICES, pictures=LARGE["pictures"], additional_description=""
    )
    size = stored_size(db)
    filler = "y" * (MAX_BYTES - size - 3)
    db.venues.update_one({"_id": large["_id"]}, {"$set": {"additional_description": filler}})
    token = log_in(api, owner)
    statuses = [
        api.patch(f"/venues/{large['_id']}", {"booking_rules": {"terms": "z" * length}}, token=token).status
        for length in range(1, 12)
    ]
    accepted = statuses.count(200)
    assert statuses == [200] * accepted + [422] * (11 - accepted)
    assert 0 < accepted < 11
    assert stored_size(db) == MAX_BYTES


def test_a_page_of_large_venues_ends_after_1_mib(api: ApiClient, db: Db) -> None:
    owner = insert_owner(db)
    venue_ids = [str(insert_venue(db, owner["_id"], **LARGE)["_id"]) for _ in range(30)]
    token = log_in(api, owner)
    seen: list[str] = []
    path = "/venues/mine?limit=100"
    while path:
        page = api.get(path, token=token)
        assert len(page.content) < service.MAX_PAGE_BYTES + MAX_BYTES
        seen += [venue["id"] for venue in page.data["venues"]]
        cursor = page.data["next_cursor"]
        path = f"/venues/mine?limit=100&cursor={cursor}" if cursor else ""
    assert seen == venue_ids[::-1]


def test_an_owner_registers_ten_venues_an_hour(limited_api: ApiClient, db: Db) -> None:
    owner = limited_api.owner()
    answers = [limited_api.post("/venues/register", venue_body(), token=owner) for _ in range(11)]
    assert [answer.status for answer in answers] == [201] * 10 + [429]
    assert 3_500 < int(answers[-1].headers["Retry-After"]) <= 3_600
    assert db.venues.count_documents({}) == 10
    limited_api.list_venue(limited_api.owner())


def test_an_owner_changes_venues_60_times_a_minute(limited_api: ApiClient) -> None:
    owner = limited_api.owner()
    venues = [limited_api.list_venue(owner) for _ in range(2)]
    answers = [limited_api.patch(f"/venues/{venues[n % 2]}", {"capacity": n + 1}, token=owner) for n in range(61)]
    assert [answer.status for answer in answers] == [200] * 60 + [429]
    assert limited_api.get(f"/venues/{venues[0]}").data["venue"]["capacity"] == 59


def test_calendar_changes_count_as_changes_of_venues(limited_api: ApiClient) -> None:
    owner = limited_api.owner()
    venue_id = limited_api.list_venue(owner)
    change = {"changes": [{"do": "offer", "dates": [day(3)], "price": 5}]}
    for number in range(30):
        assert limited_api.patch(f"/venues/{venue_id}", {"capacity": number + 1}, token=owner).status == 200
    answers = [limited_api.post(f"/venues/{venue_id}/calendar", change, token=owner) for _ in range(31)]
    assert [answer.status for answer in answers] == [200] * 30 + [429]


def test_a_calendar_change_cannot_make_a_listing_larger_than_128_kib(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner, **LARGE)
    before = api.get(f"/venues/{venue_id}").json
    changes = [{"do": "price", "from": DAYS[0], "to": DAYS[-1], "price": 123_456_789.25}]
    for dry_run in (True, False):
        answer = api.post(f"/venues/{venue_id}/calendar", {"changes": changes, "dry_run": dry_run}, token=owner)
        assert (answer.status, answer.code, answer.fields) == (422, "validation_error", ["body"])
    assert api.get(f"/venues/{venue_id}").json == before
    few = [{**changes[0], "to": DAYS[9]}]
    assert api.post(f"/venues/{venue_id}/calendar", {"changes": few}, token=owner).status == 200


def test_an_owner_enters_60_walk_ins_a_minute(limited_api: ApiClient, db: Db) -> None:
    owner = limited_api.owner()
    venue_id = limited_api.list_venue(owner)
    walk_in = {"date": day(1), "guests": 5, "guest": {"full_name": "Bilal"}}
    statuses = [limited_api.post(f"/venues/{venue_id}/walk-ins", walk_in, token=owner).status for _ in range(61)]
    assert statuses == [201] + [409] * 59 + [429]
    assert db.bookings.count_documents({}) == 1


def test_an_owner_enters_1000_walk_ins_a_day(limited_api: ApiClient, db: Db) -> None:
    owner = limited_api.owner()
    venue_id = limited_api.list_venue(owner)
    walk_in = {"date": day(1), "guests": 5, "guest": {"full_name": "Bilal"}}
    assert limited_api.post(f"/venues/{venue_id}/walk-ins", walk_in, token=owner).status == 201
    counted = db.rate_limit_counters.update_one({"_id": {"$regex": "^walk-in-day/"}}, {"$set": {"count": 999}})
    assert counted.matched_count == 1
    answers = [limited_api.post(f"/venues/{venue_id}/walk-ins", walk_in, token=owner) for _ in range(2)]
    assert [answer.status for answer in answers] == [409, 429]
    assert answers[1].headers["RateLimit-Limit"] == "1000"


def test_a_guest_changes_a_booking_30_times_a_day(limited_api: ApiClient, db: Db) -> None:
    owner, guest = limited_api.owner(), limited_api.guest()
    venue_id = limited_api.list_venue(owner)
    ids = [limited_api.book(guest, venue_id, day(ahead)).data["booking_id"] for ahead in (1, 2)]
    statuses = [
        limited_api.patch(f"/bookings/{ids[0]}", {"notes": f"n{number}"}, token=guest).status for number in range(31)
    ]
    assert statuses == [200] * 30 + [429]
    assert db.events.count_documents({"type": "notes_changed"}) == 30
    assert limited_api.patch(f"/bookings/{ids[1]}", {"notes": "x"}, token=guest).status == 200
    assert limited_api.patch(f"/bookings/{ids[0]}", {"status": "confirmed"}, token=owner).status == 200


def test_an_owner_blocks_30_accounts_a_minute(limited_api: ApiClient) -> None:
    owner, path = limited_api.owner(), f"/auth/me/blocked/{ObjectId()}"
    statuses = [limited_api.send(("PUT", "DELETE")[n % 2], path, token=owner).status for n in range(31)]
    assert statuses == [200] * 30 + [429]


def test_an_import_is_not_limited_but_its_venues_count(quota_api: ApiClient, db: Db) -> None:
    owner = quota_api.sign_up(owner=True)
    for _ in range(4):
        insert_venue(db, ObjectId(owner["profile"]["id"]))
    answer = quota_api.post("/venues/register", venue_body(), token=owner["token"])
    assert (answer.status, answer.code) == (409, "limit_reached")
