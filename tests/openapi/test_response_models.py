"""Each response model has exactly the fields of the response that the code builds, also in nested models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args, get_origin

import pytest
from pydantic import BaseModel, ValidationError, create_model

from halls.accounts import block_schemas as blocked_accounts
from halls.accounts import email_schemas as account_emails
from halls.accounts import schemas as accounts
from halls.accounts.account import serialize_profile
from halls.bookings import schemas as bookings
from halls.feeds import schemas as feeds
from halls.http.health import Health
from halls.http.json_encoding import write_json
from halls.search import alternative_schemas as alternatives
from halls.search import schemas as search
from halls.statistics import schemas as statistics
from halls.uploads.schemas import CloudinaryAddress, UploadAddress, Uploaded
from halls.venues import calendar_change_schemas as calendar_changes
from halls.venues import calendar_schemas as calendar
from halls.venues import response_schemas as venues
from halls.venues.availability import list_availability
from halls.venues.venue import serialize_venue, serialize_venue_card, serialize_venue_summary
from halls.webhooks import schemas as webhooks
from tests.api_client import ApiClient
from tests.factories import PASSWORD, day, venue_body
from tests.openapi.built_responses import (
    VIDEO,
    World,
    act_on_webhook,
    block_account,
    build_new_venue,
    change_calendar,
    change_webhook,
    enter_walk_in,
    feed_path,
    list_blocked,
    list_deliveries,
    list_feeds,
    list_webhooks,
    make_feed,
    make_webhook,
    show_cancelled,
    show_history,
    show_to_guest,
    show_to_owner,
    webhook_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flask import Flask

    from halls.http.endpoint import Endpoint
    from halls.mongo.client import Db

CALENDAR = {"dates_available", "pricing", "additional_description"}
# Fields that a model declares with a default because some responses leave them out.
Absent = dict[type[BaseModel], set[str]]
FOR_GUESTS: Absent = {bookings.Booking: {"guest"}}
WITHOUT_TOTAL: Absent = {bookings.BookingPage: {"total"}}
WITHOUT_INCLUDE: Absent = {search.FoundVenue: CALENDAR | {"free", "price_from"}, search.SearchPage: {"total"}}
# Their responses are built from configuration, and tests/uploads validates them.
TESTED_ELSEWHERE = {UploadAddress, CloudinaryAddress, Uploaded}


def find_differences(model: type[BaseModel], value: Any, absent: Absent) -> Iterator[str]:
    """Yield each difference between a model and a response (JSON): fields of only one of them, and invalid values."""
    yield from find_unequal_fields(model, value, absent)
    try:
        model.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        for fault in error.errors():
            yield f"{model.__name__}.{'.'.join(map(str, fault['loc']))}: {fault['msg']}"


def find_unequal_fields(model: type[BaseModel], value: Mapping[str, Any], absent: Absent) -> Iterator[str]:
    """Yield each field that is only in the model or only in the response, also in nested models."""
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    expected = fields.keys() - absent.get(model, set())
    yield from (f"{model.__name__}.{name} is only in the model" for name in expected - value.keys())
    yield from (f"{model.__name__}.{name} is only in the response" for name in value.keys() - expected)
    for name in expected & value.keys():
        items = list_items(fields[name].annotation, value[name])
        for nested in list_nested_models(fields[name].annotation):
            for item in items:
                # An item of another type is an invalid value, which `find_differences` reports.
                if isinstance(item, dict):
                    yield from find_unequal_fields(nested, item, absent)


def list_items(annotation: Any, value: Any) -> list[Any]:
    """Return the items of a list or of an object with any names, or else the value."""
    if get_origin(annotation) is dict:
        return list(value.values())
    return value if isinstance(value, list) else [value]


def list_nested_models(annotation: Any) -> list[type[BaseModel]]:
    """Return the models in an annotation such as `list[Booking]` or `Guest | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in list_nested_models(argument)]


def list_all_models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Return a model with all models that are nested in it."""
    nested = [one for info in model.model_fields.values() for one in list_nested_models(info.annotation)]
    return {model}.union(*(list_all_models(one) for one in nested))


@pytest.fixture
def world(app: Flask, db: Db) -> World:
    """Return the documents that the responses are built from, made by the application."""
    api = ApiClient(app.test_client())
    contact: dict[str, Any] = {"full_name": "Ayesha", "contact_number": "0300-1234567"}
    owner = api.sign_up(owner=True, **contact)["token"]
    guest = api.sign_up(**contact)["token"]
    media = {"pictures": ["https://pictures.example/1.jpg"], "videos": [VIDEO]}
    venue_id = api.list_venue(owner, space_sqft=7200.5, additional_description="Two stages.", **media)
    booking_id = api.book(guest, venue_id, day(1), notes="A quiet corner.").data["booking_id"]
    return World(api, db, owner, guest, venue_id, booking_id)


# The model, the function that builds the response, and the fields that this response leaves out.
CASES: list[tuple[type[BaseModel], Callable[[World], Any], Absent]] = [
    (venues.Venue, lambda world: serialize_venue(world.venue), {}),
    (venues.Venue, build_new_venue, {}),
    (venues.VenueFacts, lambda world: serialize_venue_card(world.venue), {}),
    (venues.VenueReply, lambda world: world.get(f"/venues/{world.venue_id}"), {}),
    (venues.VenuePage, lambda world: world.get("/venues/mine", world.owner), {}),
    (venues.VenueMade, lambda world: world.api.post("/venues/register", venue_body(), token=world.owner).data, {}),
    (search.FoundVenue, lambda world: world.search()["venues"][0], WITHOUT_INCLUDE),
    (search.FoundVenue, lambda world: world.search_range()["venues"][0], {}),
    (search.SearchPage, lambda world: world.search(), WITHOUT_INCLUDE),
    (search.SearchPage, lambda world: world.search_range(), {}),
    (calendar.DayOffered, lambda world: list_availability(world.db, world.venue, [day(2)], day(0))[0], {}),
    (
        calendar.Availability,
        lambda world: world.get(f"/venues/{world.venue_id}/availability?date={day(1)}"),
        {calendar.Availability: {"days"}},
    ),
    (
        calendar.Availability,
        lambda world: world.get(f"/venues/{world.venue_id}/availability?from={day(1)}&to={day(3)}"),
        {calendar.Availability: {"date", "available", "price"}},
    ),
    (
        calendar.VenueCalendar,
        lambda world: world.get(f"/venues/{world.venue_id}/calendar?from={day(1)}&to={day(1)}", world.owner),
        {},
    ),
    (calendar_changes.CalendarChanged, change_calendar, {}),
    (
        alternatives.Alternatives,
        lambda world: world.get(f"/venues/{world.venue_id}/alternatives?date={day(1)}"),
        WITHOUT_INCLUDE,
    ),
    (
        alternatives.AlternativeDay,
        lambda world: world.get(f"/venues/{world.venue_id}/alternatives?date={day(1)}")["same_venue"][0],
        {},
    ),
    (bookings.VenueSummary, lambda world: serialize_venue_summary(world.venue["_id"], world.venue), {}),
    (bookings.Booking, show_to_owner, {}),
    (bookings.Booking, show_to_guest, FOR_GUESTS),
    (bookings.Guest, lambda world: show_to_owner(world)["guest"], {}),
    (bookings.BookingPage, lambda world: world.get("/bookings", world.owner), WITHOUT_TOTAL),
    (bookings.BookingPage, lambda world: world.get("/bookings", world.guest), FOR_GUESTS | WITHOUT_TOTAL),
    (bookings.BookingPage, lambda world: world.get("/bookings?include=total", world.owner), {}),
    (bookings.BookingReply, lambda world: world.get(f"/bookings/{world.booking_id}", world.owner), {}),
    (bookings.BookingMade, lambda world: world.api.book(world.guest, world.venue_id, day(3)).data, FOR_GUESTS),
    (bookings.BookingMade, enter_walk_in, {}),
    (bookings.Cancellation, lambda world: show_cancelled(world)["cancellation"], {}),
    (bookings.Booking, show_cancelled, {}),
    (bookings.BookingHistory, lambda world: world.get(f"/bookings/{world.booking_id}/history", world.owner), {}),
    (bookings.BookingHistory, show_history, {}),
    (bookings.HistoryEntry, lambda world: show_history(world)["history"][1], {}),
    (bookings.FieldChange, lambda world: show_history(world)["history"][1]["changes"]["status"], {}),
    (
        bookings.BookingCancelled,
        lambda world: world.api.delete(f"/bookings/{world.booking_id}", token=world.owner).data,
        {},
    ),
    (feeds.FeedMade, make_feed, {}),
    (feeds.FeedList, list_feeds, {}),
    (feeds.FeedAddress, lambda world: world.api.post(feed_path(world, "/rotate"), None, token=world.owner).data, {}),
    (feeds.FeedDeleted, lambda world: world.api.delete(feed_path(world), token=world.owner).data, {}),
    (webhooks.WebhookMade, make_webhook, {}),
    (webhooks.WebhookList, list_webhooks, {}),
    (webhooks.WebhookReply, change_webhook, {}),
    (webhooks.WebhookSecret, lambda world: act_on_webhook(world, "rotate-secret"), {}),
    (webhooks.TestSent, lambda world: act_on_webhook(world, "test"), {}),
    (webhooks.DeliveryPage, list_deliveries, {}),
    (webhooks.Replayed, lambda world: act_on_webhook(world, "replay", {"event_id": world.venue_id}), {}),
    (webhooks.WebhookDeleted, lambda world: world.api.delete(webhook_path(world), token=world.owner).data, {}),
    (accounts.Profile, lambda world: serialize_profile(world.account(world.venue["owner_id"])), {}),
    (accounts.OwnProfile, lambda world: world.get("/auth/me", world.guest), {}),
    (accounts.Session, lambda world: world.api.sign_up(), {}),
    (accounts.Session, lambda world: world.api.send("POST", "/auth/refresh", token=world.guest).data, {}),
    (accounts.LoggedOut, lambda world: world.api.send("POST", "/auth/logout", token=world.api.guest()).data, {}),
    (accounts.Message, lambda world: world.api.post("/auth/forgot-password", {"email": "a@example.com"}).data, {}),
    (blocked_accounts.BlockedAccounts, list_blocked, {}),
    (blocked_accounts.BlockedAccount, lambda world: list_blocked(world)["blocked"][0], {}),
    (blocked_accounts.BlockState, lambda world: block_account(world, "DELETE"), {}),
    (account_emails.OwnPreferences, lambda world: world.get("/auth/me/preferences", world.guest), {}),
    (statistics.Statistics, lambda world: world.get("/statistics", world.owner), {}),
    (statistics.Statistics, lambda world: world.get(f"/statistics?by=venue&to={day(9)}", world.owner), {}),
    (statistics.FigureRow, lambda world: world.get("/statistics", world.owner)["rows"][-1], {}),
    (statistics.Figures, lambda world: world.get("/statistics", world.owner)["total"], {}),
    (statistics.CancelledCounts, lambda world: world.get("/statistics", world.owner)["total"]["cancelled"], {}),
    (
        venues.Deleted,
        lambda world: world.api.delete("/auth/me", body={"password": PASSWORD}, token=world.guest).data,
        {},
    ),
    (Health, lambda world: world.get("/health"), {}),
    (Health, lambda world: world.get("/health/ready"), {}),
]


def test_each_model_has_exactly_the_fields_of_its_response(world: World) -> None:
    differences = [
        difference
        for model, build, absent in CASES
        for difference in find_differences(model, json.loads(write_json(build(world))), absent)
    ]
    assert not differences, "\n".join(differences)


def test_every_response_model_is_compared(app: Flask) -> None:
    declared: list[Endpoint] = [vars(view)["endpoint"] for view in app.view_functions.values()]
    responses = {endpoint.response for endpoint in declared if endpoint.response} - TESTED_ELSEWHERE
    required = set().union(*(list_all_models(model) for model in responses))
    compared = set().union(*(list_all_models(model) for model, _, _ in CASES))
    assert required <= compared, required - compared


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda booking: booking | {"colour": "red"}, "Booking.colour is only in the response"),
        (
            lambda booking: {name: booking[name] for name in booking if name != "notes"},
            "Booking.notes is only in",
        ),
        (lambda booking: booking | {"guest": booking["guest"] | {"age": 30}}, "Guest.age is only in the response"),
        (lambda booking: booking | {"venue": {"id": booking["venue_id"]}}, "VenueSummary.address is only in the model"),
        (lambda booking: booking | {"guests": "100"}, "Booking.guests: Input should be a valid integer"),
        (lambda booking: booking | {"date": "2027-02-30"}, "Booking.date: must be a real day"),
    ],
)
def test_control_a_change_of_the_response_is_found(world: World, change: Callable[[Any], Any], difference: str) -> None:
    booking = json.loads(write_json(show_to_owner(world)))
    assert not list(find_differences(bookings.Booking, booking, {}))
    found = list(find_differences(bookings.Booking, change(booking), {}))
    assert any(one.startswith(difference) for one in found), found


def test_control_a_new_field_of_the_model_is_found(world: World) -> None:
    profile = json.loads(write_json(serialize_profile(world.account(world.venue["owner_id"]))))
    for default in (..., None):
        larger = create_model("Larger", __base__=accounts.Profile, colour=(str | None, default))
        assert "Larger.colour is only in the model" in list(find_differences(larger, profile, {}))
