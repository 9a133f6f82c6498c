"""Idempotency keys: the first success again for a day, and never for somebody else or another body."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.clock import utc_now
from halls.http.idempotency import find_response, hash_body
from tests.api_client import Answer, Api, day, venue_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db, Document

KEY = "order-1!~"


class Person:
    """An owner with a venue, who creates with a key."""

    def __init__(self, api: Api, db: Db) -> None:
        self.api, self.db = api, db
        self.token = api.owner()
        self.venue_id = api.list_venue(self.token)

    def order(self, key: str = KEY, ahead: int = 3, **fields: Any) -> Answer:
        """Order the venue."""
        body = {"venue_id": self.venue_id, "date": day(ahead), "guests": 10, **fields}
        return self.api.post("/bookings", body, as_=self.token, Idempotency_Key=key)

    def list_hall(self, key: str = KEY, **fields: Any) -> Answer:
        """Register another venue."""
        return self.api.post("/venues/register", venue_body(**fields), as_=self.token, Idempotency_Key=key)

    def counts(self) -> tuple[int, int]:
        """Return how many bookings and further venues there are."""
        return self.db.bookings.count_documents({}), self.db.venues.count_documents({}) - 1


@pytest.fixture
def person(api: Api, db: Db) -> Person:
    """Make an owner with a venue."""
    return Person(api, db)


@pytest.mark.parametrize("create", ["order", "list_hall"])
def test_a_repeat_gets_the_first_success_and_creates_nothing(person: Person, create: str) -> None:
    first, second, third = (getattr(person, create)() for _ in range(3))
    assert "Idempotent-Replayed" not in first.headers
    assert sum(person.counts()) == 1
    for again in (second, third):
        assert (again.status, again.json) == (201, first.json)
        assert again.headers["Idempotent-Replayed"] == "true"


def test_the_replay_is_the_first_answer_though_the_booking_has_changed(person: Person) -> None:
    first = person.order()
    person.api.delete(f"/bookings/{first.data['booking_id']}", as_=person.token)
    again = person.order()
    assert again.json == first.json
    assert again.data["booking"]["status"] == "pending"
    assert person.counts()[0] == 1


def test_without_a_key_the_date_is_taken(person: Person) -> None:
    person.order()
    assert person.api.book(person.token, person.venue_id, day(3), guests=10).code == "date_taken"


@pytest.mark.parametrize("fields", [{"ahead": 4}, {"guests": 11}, {"notes": "x"}, {"notes": ""}])
def test_another_body_under_the_key_is_a_conflict(person: Person, fields: dict[str, Any]) -> None:
    first = person.order()
    answer = person.order(**fields)
    assert (answer.status, answer.code) == (422, "idempotency_conflict")
    assert person.counts()[0] == 1
    assert person.order().json == first.json


def test_another_venue_under_the_key_is_a_conflict(person: Person) -> None:
    person.list_hall()
    assert person.list_hall(venue_name="Other").code == "idempotency_conflict"
    assert person.counts()[1] == 1


def test_the_same_body_written_otherwise_is_the_same_body(person: Person) -> None:
    first = person.order()
    raw = f'{{ "guests":10,\n"date" : "{day(3)}", "venue_id":"{person.venue_id}" }}'
    headers = {"Authorization": f"Bearer {person.token}", "Idempotency-Key": KEY}
    again = person.api.client.post("/bookings", data=raw, content_type="application/json", headers=headers)
    assert again.get_json() == first.json
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_null_is_no_other_body_than_without_it(person: Person) -> None:
    first = person.order()
    assert person.order(notes=None).json == first.json
    listed = person.list_hall(amenities={"water": True})
    assert person.list_hall(amenities={"water": True, "parking_valet": None}, space_sqft=None).json == listed.json


def test_a_key_that_an_earlier_version_kept_is_good_after_an_upgrade() -> None:
    kept = "8ddb12c907a9342b69f0652becb37c8a1ee82aeefae9e966b754852c3116d4c7"
    assert hash_body({"venue_id": "a" * 24, "date": "2027-02-14", "guests": 10}) == kept


def test_a_key_is_one_account_s_at_one_route(person: Person) -> None:
    assert person.order().status == 201
    assert person.list_hall().status == 201
    other = Person(person.api, person.db)
    other.venue_id = person.venue_id
    answer = other.order()
    assert (answer.status, answer.code) == (409, "date_taken")
    assert "Idempotent-Replayed" not in answer.headers


def test_another_key_is_another_order(person: Person) -> None:
    person.order()
    assert person.order(KEY + "x").code == "date_taken"
    assert person.order(KEY.upper(), ahead=4).status == 201


def test_a_refusal_is_not_kept_and_is_tried_anew(person: Person) -> None:
    assert person.order(guests=10**6).code == "over_capacity"
    assert person.order(ahead=30).code == "date_not_offered"
    rival = person.api.book(person.api.guest(), person.venue_id, day(3)).data["booking_id"]
    assert person.order().code == "date_taken"
    person.api.delete(f"/bookings/{rival}", as_=person.token)
    answer = person.order()
    assert answer.status == 201
    assert "Idempotent-Replayed" not in answer.headers


@pytest.mark.parametrize("create", ["order", "list_hall"])
def test_after_a_day_the_key_is_new(person: Person, create: str) -> None:
    first = getattr(person, create)()
    nearly = utc_now() - timedelta(hours=23, minutes=59)
    person.db.idempotency_keys.update_many({}, {"$set": {"created_at": nearly}})
    assert getattr(person, create)().json == first.json
    person.db.idempotency_keys.update_many({}, {"$set": {"created_at": utc_now() - timedelta(hours=24)}})
    if create == "order":
        person.db.bookings.delete_many({})
    again = getattr(person, create)()
    assert again.status == 201
    assert "Idempotent-Replayed" not in again.headers
    assert again.json != first.json
    assert getattr(person, create)().json == again.json


def test_the_records_of_a_day_ago_are_swept(db: Db) -> None:
    indexes = db.idempotency_keys.index_information()
    assert indexes["kept_for_a_day"]["expireAfterSeconds"] == 24 * 3600


def test_a_key_may_have_255_visible_characters(person: Person) -> None:
    longest = "".join(chr(33 + number % 94) for number in range(255))
    assert person.order(longest).status == 201
    assert person.order(longest).headers["Idempotent-Replayed"] == "true"


def test_record_and_effect_are_one_transaction(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("halls.bookings.store.insert_booking", fail)
    monkeypatch.setattr("halls.venues.store.insert_venues", fail)
    assert (person.order().status, person.list_hall().status) == (500, 500)
    assert person.counts() == (0, 0)
    assert person.db.idempotency_keys.count_documents({}) == 0


def after_the_look(monkeypatch: pytest.MonkeyPatch, service: str, happens: Callable[[], Answer]) -> list[Answer]:
    """Let a rival be served between the look for a kept answer and what follows; return where his answer will be."""
    name = f"halls.{service}.service.find_response"
    answers: list[Answer] = []

    def look_and_then(*args: Any) -> Document | None:
        found = find_response(*args)
        monkeypatch.setattr(name, find_response)
        answers.append(happens())
        return found

    monkeypatch.setattr(name, look_and_then)
    return answers


@pytest.mark.parametrize(("create", "service"), [("order", "bookings"), ("list_hall", "venues")])
def test_whoever_loses_to_the_same_key_and_body_gets_the_replay(
    person: Person, monkeypatch: pytest.MonkeyPatch, create: str, service: str
) -> None:
    rivals = after_the_look(monkeypatch, service, getattr(person, create))
    late = getattr(person, create)()
    assert (late.status, late.json) == (201, rivals[0].json)
    assert late.headers["Idempotent-Replayed"] == "true"
    assert sum(person.counts()) == 1


def test_whoever_loses_to_the_same_key_and_another_body_hears_of_a_conflict(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_the_look(monkeypatch, "bookings", lambda: person.order(ahead=4))
    assert person.order().code == "idempotency_conflict"
    assert person.counts()[0] == 1


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
def test_a_digest_tells_bodies_apart_and_not_their_spelling(body: Any, other: Any, *, same: bool) -> None:
    assert (hash_body(body) == hash_body(other)) is same


def test_what_is_kept_holds_no_token(person: Person) -> None:
    person.order()
    kept = person.db.idempotency_keys.find_one({})
    assert kept is not None
    assert person.token not in str(kept)
    assert isinstance(kept["account_id"], ObjectId)
