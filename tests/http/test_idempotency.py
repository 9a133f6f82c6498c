"""Idempotency keys: the first success is replayed for a day, only for the same account and body."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.bookings import service as bookings
from halls.clock import utc_now
from halls.http.idempotency import hash_body
from halls.venues import service as venues
from tests.factories import day, venue_body

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from halls.mongo.client import Db
    from tests.api_client import ApiClient, ApiResponse

KEY = "order-1!~"


class Owner:
    """An owner with a venue; its requests carry an idempotency key."""

    def __init__(self, api: ApiClient, db: Db) -> None:
        self.api, self.db = api, db
        self.token = api.owner()
        self.venue_id = api.list_venue(self.token)

    def book(self, key: str = KEY, ahead: int = 3, **fields: Any) -> ApiResponse:
        """Book the venue."""
        body = {"venue_id": self.venue_id, "date": day(ahead), "guests": 10, **fields}
        return self.api.post("/bookings", body, token=self.token, Idempotency_Key=key)

    def register_venue(self, key: str = KEY, **fields: Any) -> ApiResponse:
        """Register another venue."""
        return self.api.post("/venues/register", venue_body(**fields), token=self.token, Idempotency_Key=key)

    def counts(self) -> tuple[int, int]:
        """Return the number of bookings and of further venues."""
        return self.db.bookings.count_documents({}), self.db.venues.count_documents({}) - 1


@pytest.fixture
def owner(api: ApiClient, db: Db) -> Owner:
    """An owner with a venue."""
    return Owner(api, db)


@pytest.mark.parametrize("create", ["book", "register_venue"])
def test_a_repeated_request_gets_the_first_response_and_creates_nothing(owner: Owner, create: str) -> None:
    first, second, third = (getattr(owner, create)() for _ in range(3))
    assert "Idempotent-Replayed" not in first.headers
    assert sum(owner.counts()) == 1
    for replay in (second, third):
        assert (replay.status, replay.json) == (201, first.json)
        assert replay.headers["Idempotent-Replayed"] == "true"


def test_the_replay_is_the_first_response_after_the_booking_changed(owner: Owner) -> None:
    first = owner.book()
    owner.api.delete(f"/bookings/{first.data['booking_id']}", token=owner.token)
    replay = owner.book()
    assert replay.json == first.json
    assert replay.data["booking"]["status"] == "pending"
    assert owner.counts()[0] == 1


def test_without_a_key_the_date_is_taken(owner: Owner) -> None:
    owner.book()
    assert owner.api.book(owner.token, owner.venue_id, day(3), guests=10).code == "date_taken"


@pytest.mark.parametrize("fields", [{"ahead": 4}, {"guests": 11}, {"notes": "x"}, {"notes": ""}])
def test_another_body_with_the_same_key_is_a_conflict(owner: Owner, fields: dict[str, Any]) -> None:
    first = owner.book()
    response = owner.book(**fields)
    assert (response.status, response.code) == (422, "idempotency_conflict")
    assert owner.counts()[0] == 1
    assert owner.book().json == first.json


def test_another_venue_with_the_same_key_is_a_conflict(owner: Owner) -> None:
    owner.register_venue()
    assert owner.register_venue(venue_name="Other").code == "idempotency_conflict"
    assert owner.counts()[1] == 1


def test_key_order_and_whitespace_of_the_body_do_not_matter(owner: Owner) -> None:
    first = owner.book()
    raw = f'{{ "guests":10,\n"date" : "{day(3)}", "venue_id":"{owner.venue_id}" }}'
    headers = {"Content_Type": "application/json", "Idempotency_Key": KEY}
    replay = owner.api.post("/bookings", raw.encode(), token=owner.token, **headers)
    assert replay.json == first.json
    assert replay.headers["Idempotent-Replayed"] == "true"


def test_a_null_field_equals_a_missing_field(owner: Owner) -> None:
    first = owner.book()
    assert owner.book(notes=None).json == first.json
    listed = owner.register_venue(amenities={"water": True})
    assert owner.register_venue(amenities={"water": True, "parking_valet": None}, space_sqft=None).json == listed.json


def test_the_hash_of_a_body_does_not_change_between_versions() -> None:
    stored_hash = "8ddb12c907a9342b69f0652becb37c8a1ee82aeefae9e966b754852c3116d4c7"
    assert hash_body({"venue_id": "a" * 24, "date": "2027-02-14", "guests": 10}) == stored_hash


def test_a_key_belongs_to_one_account_and_one_route(owner: Owner) -> None:
    assert owner.book().status == 201
    assert owner.register_venue().status == 201
    other = Owner(owner.api, owner.db)
    other.venue_id = owner.venue_id
    response = other.book()
    assert (response.status, response.code) == (409, "date_taken")
    assert "Idempotent-Replayed" not in response.headers


def test_another_key_is_another_request(owner: Owner) -> None:
    owner.book()
    assert owner.book(KEY + "x").code == "date_taken"
    assert owner.book(KEY.upper(), ahead=4).status == 201


def test_an_error_response_is_not_saved_and_can_be_retried(owner: Owner) -> None:
    assert owner.book(guests=10**6).code == "over_capacity"
    assert owner.book(ahead=30).code == "date_not_offered"
    other_booking = owner.api.book(owner.api.guest(), owner.venue_id, day(3)).data["booking_id"]
    assert owner.book().code == "date_taken"
    owner.api.delete(f"/bookings/{other_booking}", token=owner.token)
    response = owner.book()
    assert response.status == 201
    assert "Idempotent-Replayed" not in response.headers


@pytest.mark.parametrize("create", ["book", "register_venue"])
def test_a_key_expires_after_a_day(owner: Owner, create: str) -> None:
    first = getattr(owner, create)()
    almost_a_day_ago = utc_now() - timedelta(hours=23, minutes=59)
    owner.db.idempotency_keys.update_many({}, {"$set": {"created_at": almost_a_day_ago}})
    assert getattr(owner, create)().json == first.json
    owner.db.idempotency_keys.update_many({}, {"$set": {"created_at": utc_now() - timedelta(hours=24)}})
    if create == "book":
        owner.db.bookings.delete_many({})
    replay = getattr(owner, create)()
    assert replay.status == 201
    assert "Idempotent-Replayed" not in replay.headers
    assert replay.json != first.json
    assert getattr(owner, create)().json == replay.json


def test_records_expire_after_a_day(db: Db) -> None:
    indexes = db.idempotency_keys.index_information()
    assert indexes["kept_for_a_day"]["expireAfterSeconds"] == 24 * 3600


def test_a_key_may_have_255_visible_characters(owner: Owner) -> None:
    longest = "".join(chr(33 + number % 94) for number in range(255))
    assert owner.book(longest).status == 201
    assert owner.book(longest).headers["Idempotent-Replayed"] == "true"


def test_the_record_and_the_effect_share_a_transaction(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("halls.bookings.store.insert_booking", fail)
    monkeypatch.setattr("halls.venues.store.insert_venues", fail)
    assert (owner.book().status, owner.register_venue().status) == (500, 500)
    assert owner.counts() == (0, 0)
    assert owner.db.idempotency_keys.count_documents({}) == 0


def send_after(
    monkeypatch: pytest.MonkeyPatch, service: ModuleType, name: str, send_request: Callable[[], ApiResponse]
) -> list[ApiResponse]:
    """Send a concurrent request right after the first call of a function; the list gets its response."""
    real = getattr(service, name)
    responses: list[ApiResponse] = []

    def call_and_send(*args: Any) -> Any:
        result = real(*args)
        monkeypatch.setattr(service, name, real)
        responses.append(send_request())
        return result

    monkeypatch.setattr(service, name, call_and_send)
    return responses


# The last call of each before its transaction. The lock is only taken later, by `with`.
@pytest.mark.parametrize(
    ("create", "service", "name"),
    [("book", bookings, "hold_account_lock"), ("register_venue", venues, "find_response")],
)
def test_a_concurrent_request_with_the_same_key_and_body_gets_the_replay(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, create: str, service: ModuleType, name: str
) -> None:
    concurrent = send_after(monkeypatch, service, name, getattr(owner, create))
    own = getattr(owner, create)()
    assert (own.status, own.json) == (201, concurrent[0].json)
    assert own.headers["Idempotent-Replayed"] == "true"
    assert sum(owner.counts()) == 1


def test_a_concurrent_request_with_the_same_key_and_another_body_conflicts(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_after(monkeypatch, bookings, "hold_account_lock", lambda: owner.book(ahead=4))
    assert owner.book().code == "idempotency_conflict"
    assert owner.counts()[0] == 1


@pytest.mark.parametrize(
    ("body", "other", "same"),
    [
        ({"a": 1, "b": {"c": 2}}, {"b": {"c": 2}, "a": 1}, True),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": "é"}, {"a": "e"}, False),
        ({"a": 1}, {"a": 1, "b": None}, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": None}]}, True),
        ({"a": None}, {"a": ""}, False),
    ],
)
def test_the_hash_depends_on_content_and_not_on_spelling(body: Any, other: Any, *, same: bool) -> None:
    assert (hash_body(body) == hash_body(other)) is same


def test_a_record_contains_no_token(owner: Owner) -> None:
    owner.book()
    record = owner.db.idempotency_keys.find_one({})
    assert record is not None
    assert owner.token not in str(record)
    assert isinstance(record["account_id"], ObjectId)
