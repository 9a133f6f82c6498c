"""The booking rules of a venue: validation, merging by PATCH, and documents of external writers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128, ObjectId

from halls.errors import Invalid
from halls.http.schema import validate
from halls.venues.schemas import NewVenue, VenueChange
from halls.venues.venue import read_booking_rules
from tests.factories import bare_venue_document, venue_body

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

NOT_SET = {"hold_hours": None, "terms": None}


@pytest.mark.parametrize(
    ("rules", "stored"),
    [
        ({"hold_hours": 0}, {"hold_hours": 0}),
        ({"hold_hours": 720.0, "terms": " One.\r\nTwo. "}, {"hold_hours": 720, "terms": "One.\nTwo."}),
        ({"terms": "t" * 2_000}, {"terms": "t" * 2_000}),
        ({"hold_hours": None}, {"hold_hours": None}),
        ({}, {}),
    ],
    ids=["zero", "two lines", "longest", "null", "empty"],
)
def test_valid_rules_are_accepted(rules: dict[str, Any], stored: dict[str, Any]) -> None:
    for model in (NewVenue, VenueChange):
        assert validate(model, venue_body(booking_rules=rules)).given()["booking_rules"] == stored


@pytest.mark.parametrize(
    ("rules", "field", "rule"),
    [
        ({"hold_hours": -1}, "booking_rules.hold_hours", "too_small"),
        ({"hold_hours": 721}, "booking_rules.hold_hours", "too_large"),
        ({"hold_hours": 1.5}, "booking_rules.hold_hours", "wrong_type"),
        ({"hold_hours": "48"}, "booking_rules.hold_hours", "wrong_type"),
        ({"hold_hours": True}, "booking_rules.hold_hours", "wrong_type"),
        ({"terms": "t" * 2_001}, "booking_rules.terms", "too_long"),
        ({"terms": "a\x07b"}, "booking_rules.terms", "bad_characters"),
        ({"terms": 5}, "booking_rules.terms", "wrong_type"),
        ({"hold_hour": 5}, "booking_rules.hold_hour", "unknown"),
        ([], "booking_rules", "wrong_type"),
    ],
    ids=str,
)
def test_an_invalid_rule_is_named(rules: Any, field: str, rule: str) -> None:
    for model in (NewVenue, VenueChange):
        with pytest.raises(Invalid) as caught:
            validate(model, venue_body(booking_rules=rules))
        assert [(fault["field"], fault["rule"]) for fault in caught.value.details] == [(field, rule)]


def test_rules_that_are_not_set_are_null(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    assert api.get(f"/venues/{venue_id}").data["venue"]["booking_rules"] == NOT_SET
    other_id = api.list_venue(owner, booking_rules={"hold_hours": 0})
    assert api.get(f"/venues/{other_id}").data["venue"]["booking_rules"] == NOT_SET | {"hold_hours": 0}


def test_a_change_merges_the_rules_and_null_clears_one(api: ApiClient) -> None:
    owner = api.owner()
    path = f"/venues/{api.list_venue(owner)}"
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"hold_hours": 24}, {"hold_hours": 24, "terms": None}),
        ({"terms": "No fireworks."}, {"hold_hours": 24, "terms": "No fireworks."}),
        ({}, {"hold_hours": 24, "terms": "No fireworks."}),
        ({"hold_hours": None}, {"hold_hours": None, "terms": "No fireworks."}),
        ({"hold_hours": 0, "terms": None}, {"hold_hours": 0, "terms": None}),
    ]
    for change, expected in steps:
        answer = api.patch(path, {"booking_rules": change}, token=owner)
        assert answer.data["venue"]["booking_rules"] == expected
        assert api.get(path).data["venue"]["booking_rules"] == expected


def test_the_rules_as_a_whole_are_not_cleared(api: ApiClient) -> None:
    owner = api.owner()
    answer = api.patch(f"/venues/{api.list_venue(owner)}", {"booking_rules": None}, token=owner)
    assert (answer.status, answer.fields) == (422, ["booking_rules"])


@pytest.mark.parametrize("stored", [None, [], ["no"], "none", {"terms": 5}], ids=repr)
def test_rules_can_be_set_over_any_value_of_an_external_writer(api: ApiClient, db: Db, stored: Any) -> None:
    session = api.sign_up(owner=True)
    venue = bare_venue_document(ObjectId(session["profile"]["id"]), booking_rules=stored)
    db.venues.insert_one(venue)
    path = f"/venues/{venue['_id']}"
    assert api.get(path).data["venue"]["booking_rules"] == NOT_SET
    answer = api.patch(path, {"booking_rules": {"hold_hours": 48}}, token=session["token"])
    assert answer.data["venue"]["booking_rules"] == NOT_SET | {"hold_hours": 48}


@pytest.mark.parametrize(
    ("hours", "read"),
    [
        (48.0, 48),
        (Decimal128("48"), 48),
        (0, 0),
        (720, 720),
        (721, None),
        (-1, None),
        ("48", None),
        (True, None),
        (float("nan"), None),
    ],
    ids=repr,
)
def test_hours_of_any_type_are_read(hours: Any, read: int | None) -> None:
    venue = bare_venue_document(ObjectId(), booking_rules={"hold_hours": hours, "terms": ""})
    assert read_booking_rules(venue) == {"hold_hours": read, "terms": None}


def test_search_shows_the_rules(api: ApiClient) -> None:
    rules = {"hold_hours": 48, "terms": 'Say "booking_rules": please.'}
    api.list_venue(api.owner(), booking_rules=rules)
    [found] = api.get("/venues/search").data["venues"]
    assert found["booking_rules"] == rules
