"""The public form of a venue, also of a venue that an external writer stored."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from halls.venues.venue import (
    AMENITIES,
    serialize_calendar,
    serialize_venue,
    serialize_venue_summary,
    summarize_venue,
)
from tests.factories import bare_venue_document, day, venue_document

OWNER = ObjectId()
KEYS = {
    *("id", "owner_id", "venue_name", "type", "address", "maps_location", "capacity", "dates_available", "pricing"),
    *("space_sqft", "amenities", "additional_description", "pictures", "videos", "created_at", "updated_at"),
    *("booking_rules", "is_listed", "is_hidden"),
}


def is_whole_number(value: Any) -> bool:
    """Return whether JSON shows the number without a decimal point."""
    return type(value) is int


def test_an_external_venue_is_shown_in_the_format_of_the_api() -> None:
    shown = serialize_venue(venue_document(OWNER))
    assert shown.keys() == KEYS
    assert is_whole_number(shown["capacity"])
    assert is_whole_number(shown["space_sqft"])
    assert shown["dates_available"] == [day(2), day(5), day(9)]
    prices = [override["price"] for override in shown["pricing"]["overrides"]]
    assert prices == [150_000, 120_000.5, 1]
    assert [is_whole_number(price) for price in prices] == [True, False, True]


def test_missing_fields_are_shown_as_empty_values() -> None:
    shown = serialize_venue(bare_venue_document(OWNER))
    assert shown.keys() == KEYS
    empty = {name: shown[name] for name in ("dates_available", "pricing", "pictures", "videos", "space_sqft")}
    assert empty == {
        "dates_available": [],
        "pricing": {"overrides": []},
        "pictures": [],
        "videos": [],
        "space_sqft": None,
    }
    assert shown["additional_description"] == ""
    assert shown["amenities"] == dict.fromkeys(AMENITIES, False)
    assert (shown["created_at"], shown["updated_at"]) == (None, None)


@pytest.mark.parametrize("name", ["dates_available", "pricing", "amenities", "pictures", "videos"])
def test_null_is_shown_as_an_empty_value(name: str) -> None:
    assert (
        serialize_venue(venue_document(OWNER, **{name: None}))[name]
        == serialize_venue(bare_venue_document(OWNER))[name]
    )


def test_only_the_six_amenities_are_shown_as_true_or_false() -> None:
    shown = serialize_venue(venue_document(OWNER, amenities={"water": True, "pool": True, "sound_system": 1}))
    assert shown["amenities"] == dict.fromkeys(AMENITIES, False) | {"water": True}


def test_internal_and_unknown_fields_are_not_shown() -> None:
    assert serialize_venue(venue_document(OWNER, rev=7, secret="x")).keys() == KEYS


def test_the_copy_of_a_deleted_venue_shows_the_same_summary() -> None:
    venue = venue_document(OWNER)
    summary = {
        "id": venue["_id"],
        "venue_name": "Shalimar Banquet",
        "address": "5 Mall Road, Lahore",
        "type": "Banquet",
        "maps_location": {"type": "Point", "coordinates": [74.35, 31.55]},
        "picture": "https://cdn.example/1.jpg",
    }
    assert serialize_venue_summary(venue["_id"], venue) == summary
    assert summarize_venue(venue) == summary | {"owner_id": OWNER}
    assert serialize_venue_summary(venue["_id"], summarize_venue(venue)) == summary


def test_the_copy_of_an_older_version_has_no_type_place_and_picture() -> None:
    venue_id = ObjectId()
    shown = serialize_venue_summary(venue_id, {"venue_name": "Ruby Hall", "address": "1 Road", "owner_id": OWNER})
    assert shown == {
        "id": venue_id,
        "venue_name": "Ruby Hall",
        "address": "1 Road",
        **dict.fromkeys(("type", "maps_location", "picture")),
    }


@pytest.mark.parametrize("pictures", [None, [], "https://a.example/1", [5, "https://a.example/1"]], ids=repr)
def test_a_first_picture_that_is_no_text_is_null(pictures: Any) -> None:
    venue = venue_document(OWNER, pictures=pictures)
    assert serialize_venue_summary(venue["_id"], venue)["picture"] is None


def test_an_unreadable_price_is_left_out_with_the_later_prices_of_its_date() -> None:
    overrides: Any = [
        {"date": "2027-01-01", "price": "cheap"},
        {"date": "2027-01-01", "price": 9},
        {"date": "2027-01-02", "price": 5},
        {"date": "2027-01-02", "price": None},
        {"date": "2027-01-02", "price": 6},
    ]
    calendar = serialize_calendar({"_id": ObjectId(), "pricing": {"overrides": overrides}})
    assert calendar["pricing"]["overrides"] == [
        {"date": "2027-01-02", "price": 5},
        {"date": "2027-01-02", "price": 6},
    ]
