"""Field faults: each has a rule, params and a sentence of ours, never one of the validation library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pytest

from halls.bookings.schemas import BookingOrder
from halls.errors import Invalid, Rule
from halls.http.schema import validate
from halls.search.schemas import SearchQuery
from halls.venues.schemas import NewVenue, VenueChange
from tests.contract_routes import list_endpoints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from halls.errors import FieldFault
    from tests.api_client import ApiClient

LIBRARY_WORDS = ("Input should", "Value error", "validation", "instance", "items", "String should", "{", "is not valid")
LIMITS = {"max_video_mb": 25, "common_passwords": frozenset({"password"})}


def faults_of(model: type[BaseModel], value: Any) -> dict[str, FieldFault]:
    """Return the faults of an invalid value, by field."""
    with pytest.raises(Invalid) as caught:
        validate(model, value, **LIMITS)
    return {fault["field"]: fault for fault in caught.value.details}


@pytest.mark.parametrize(
    ("model", "value", "field", "rule", "params", "message"),
    [
        (BookingOrder, {}, "venue_id", "required", {}, "This field is required."),
        (NewVenue, {"venue_name": 5}, "venue_name", "wrong_type", {}, "must be text"),
        (NewVenue, {"capacity": "5"}, "capacity", "wrong_type", {}, "must be a whole number"),
        (NewVenue, {"maps_location": 5}, "maps_location", "wrong_type", {}, "must be an object"),
        (NewVenue, {"pictures": 5}, "pictures", "wrong_type", {}, "must be a list"),
        (NewVenue, {"amenities": {"water": 1}}, "amenities.water", "wrong_type", {}, "must be true or false"),
        (NewVenue, {"venue_name": " "}, "venue_name", "too_short", {"min": 1}, "must not be empty"),
        (NewVenue, {"address": "\u200b"}, "address", "too_short", {"min": 1}, "must not be empty"),
        (NewVenue, {"venue_name": "a" * 121}, "venue_name", "too_long", {"max": 120}, "must be at most 120 characters"),
        (NewVenue, {"capacity": 0}, "capacity", "too_small", {"min": 1}, "must be at least 1"),
        (NewVenue, {"capacity": 1e6}, "capacity", "too_large", {"max": 100_000}, "must be at most 100000"),
        (NewVenue, {"space_sqft": 0}, "space_sqft", "too_small", {"min": 0}, "must be above 0"),
        (
            NewVenue,
            {"maps_location": {"type": "Point", "coordinates": [1]}},
            *("maps_location.coordinates", "too_few", {"min": 2}, "must have at least 2 entries"),
        ),
        (
            NewVenue,
            {"maps_location": {"type": "Point", "coordinates": [1, 2, 3]}},
            *("maps_location.coordinates", "too_many", {"max": 2}, "must have at most 2 entries"),
        ),
        (
            NewVenue,
            {"type": "hall"},
            *("type", "not_one_of", {"allowed": ["Hall", "Auditorium", "Banquet", "Lawn"]}),
            "must be one of: Hall, Auditorium, Banquet, Lawn",
        ),
        (
            NewVenue,
            {"dates_available": ["2027-02-14", "2027-02-14"]},
            *("dates_available", "duplicate", {}, "must contain each date only once"),
        ),
        (NewVenue, {"venue_name": "a\x00"}, "venue_name", "bad_characters", {}, "must not contain control characters"),
        (
            NewVenue,
            {"pricing": {"overrides": [{"date": "2027-02-14", "price": 1e10}]}},
            *("pricing.overrides.0.price", "too_large", {"max": 1_000_000_000}),
            "must be a number of rupees, at most 1000000000",
        ),
        (VenueChange, {"venue_name": None}, "venue_name", "wrong_type", {}, "must be text"),
        (SearchQuery, {"limit": "101"}, "limit", "too_large", {"max": 100}, "must be at most 100"),
    ],
)
def test_a_fault_has_a_rule_params_and_a_sentence(
    model: type[BaseModel], value: Any, field: str, rule: Rule, params: dict[str, Any], message: str
) -> None:
    assert faults_of(model, value)[field] == {"field": field, "message": message, "rule": rule, "params": params}


@pytest.mark.parametrize(
    ("model", "value", "field", "nearest"),
    [
        (NewVenue, {"capacty": 5}, "capacty", "capacity"),
        (NewVenue, {"pricing": {"overides": []}}, "pricing.overides", "overrides"),
        (NewVenue, {"pricing": {"overrides": [{"dat": 1}]}}, "pricing.overrides.0.dat", "date"),
        (NewVenue, {"maps_location": {"lat": 1, "lng": 1, "lngg": 1}}, "maps_location.lngg", "lng"),
        (NewVenue, {"amenities": {"sound_sistem": True}}, "amenities.sound_sistem", "sound_system"),
        (SearchQuery, {"near_latt": "1"}, "near_latt", "near_lat"),
        (NewVenue, {"colour": 5}, "colour", None),
        (NewVenue, {"pricing": {"capacity": 5}}, "pricing.capacity", None),
    ],
)
def test_an_unknown_field_is_answered_with_the_nearest_name_at_its_place(
    model: type[BaseModel], value: Any, field: str, nearest: str | None
) -> None:
    fault = faults_of(model, value)[field]
    assert fault["rule"] == "unknown"
    assert fault["params"] == ({} if nearest is None else {"nearest": nearest})
    assert nearest is None or f"Did you mean {nearest}?" in fault["message"]


ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    1e300,
    "",
    " ",
    "a\x00",
    "x" * 20_000,
    [],
    [None],
    {},
    {"x": 1},
    "2027-02-30",
)
BODIES = [row.body for row in list_endpoints() if row.body]
QUERIES = {row.query for row in list_endpoints()}


def variants(value: Any) -> Iterator[Any]:
    """Yield the value with each of its parts replaced by each odd value, or missing."""
    yield from ODD_VALUES
    if isinstance(value, dict):
        yield value | {"unknown": 1}
        for key, part in value.items():
            yield {name: other for name, other in value.items() if name != key}
            yield from (value | {key: variant} for variant in variants(part))
    elif isinstance(value, list):
        yield value * 2_000
        yield from ([*value, variant] for part in value for variant in variants(part))


def check_faults(model: type[BaseModel], value: Any) -> int:
    """Check each fault of the value, and return the number of faults."""
    try:
        validate(model, value, **LIMITS)
    except Invalid as error:
        for fault in error.details:
            assert fault["rule"] in get_args(Rule), fault
            assert not any(words in fault["message"] for words in LIBRARY_WORDS), fault
        return len(error.details)
    return 0


@pytest.mark.parametrize("model", BODIES, ids=lambda model: model.__name__)
def test_no_message_about_a_body_is_from_the_library(model: type[BaseModel]) -> None:
    for example in model.model_json_schema()["examples"]:
        assert sum(check_faults(model, variant) for variant in variants(example)) > 0


@pytest.mark.parametrize("model", QUERIES, ids=lambda model: model.__name__)
def test_no_message_about_a_query_is_from_the_library(model: type[BaseModel]) -> None:
    names = [field.alias or name for name, field in model.model_fields.items()]
    odd = [str(value) for value in ODD_VALUES]
    assert sum(check_faults(model, {name: value}) for name in [*names, "unknown"] for value in odd) > 0


@pytest.mark.parametrize("model", BODIES, ids=lambda model: model.__name__)
def test_an_integer_of_a_body_may_have_a_point(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        if field.annotation in {int, int | None}:
            faults = faults_of(model, {name: 5.0})
            assert name not in faults


def test_a_body_with_12_000_faults_gets_a_small_response(api: ApiClient) -> None:
    answer = api.post("/auth/signup", {f"f{n}": n for n in range(12_000)})
    assert (answer.status, len(answer.json["details"])) == (422, 100)
    assert len(answer.content) < 20_000
