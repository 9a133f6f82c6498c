"""Request and response models of webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from halls.bookings.booking import BookingStatus
from halls.bookings.event import Actor
from halls.bookings.schemas import Booking
from halls.http.field_faults import field_error
from halls.http.schema import (
    ChangeModel,
    Cursor,
    Day,
    Id,
    Line,
    Name,
    QueryInt,
    QueryModel,
    RequestModel,
    ResponseModel,
    with_examples,
)
from halls.webhooks.addresses import MAX_URL
from halls.webhooks.webhook import EVENTS, MAX_WEBHOOKS, DeliveryStatus, WebhookEvent, WebhookPayload

MAX_DESCRIPTION = 200
EXAMPLE_URL = "https://example.com/halls"


def _check_distinct(events: list[str]) -> list[str]:
    if len(set(events)) < len(events):
        raise field_error("duplicate", "must name each event once")
    return events


Url = Annotated[
    Line,
    Field(
        min_length=1,
        max_length=MAX_URL,
        description="An https address that the internet can reach. In development also http on this machine.",
        examples=[EXAMPLE_URL],
    ),
]
Events = Annotated[
    list[WebhookEvent],
    Field(min_length=1, max_length=len(EVENTS), description="The events to deliver. Without it: all."),
    AfterValidator(_check_distinct),
]
Description = Annotated[Name, Field(max_length=MAX_DESCRIPTION, description="A note for yourself.")]
PAYLOAD = "`ids`: ids, date and status. `full`: also the booking, as you would read it at that moment."
Secret = Annotated[
    str,
    Field(
        description="The key of the signatures (Standard Webhooks). It is told only once.",
        examples=["whsec_c2lnbmF0dXJlLXNlY3JldC1leGFtcGxl"],
    ),
]


class NewWebhook(RequestModel):
    """A webhook to create."""

    model_config = with_examples({"url": EXAMPLE_URL, "events": ["booking.requested", "booking.cancelled"]})

    url: Url
    events: Events | None = None
    payload: WebhookPayload = Field(default="ids", description=PAYLOAD)
    description: Description | None = None


class WebhookChange(ChangeModel):
    """Fields of a webhook to change."""

    model_config = with_examples({"is_active": False}, {"events": ["booking.requested"], "description": None})
    clearable: ClassVar[frozenset[str]] = frozenset({"description"})

    url: Url | None = None
    events: Events | None = None
    payload: WebhookPayload | None = Field(default=None, description=PAYLOAD)
    is_active: bool | None = Field(default=None, description="False: no deliveries are made.")
    description: Description | None = None


class Webhook(ResponseModel):
    """A webhook, without its secret."""

    id: Id
    url: str
    events: list[WebhookEvent]
    payload: WebhookPayload
    is_active: bool = Field(
        description="False: switched off, by you, or because every attempt failed for five days, or by a response 410."
    )
    description: str | None
    created_at: datetime


class WebhookMade(ResponseModel):
    """A new webhook with its secret, which is told only once."""

    webhook_id: Id
    secret: Secret
    webhook: Webhook


class WebhookReply(ResponseModel):
    """One webhook."""

    webhook: Webhook


class WebhookList(ResponseModel):
    """The caller's webhooks, oldest first."""

    webhooks: list[Webhook] = Field(max_length=MAX_WEBHOOKS)


class WebhookDeleted(ResponseModel):
    """The webhook and its deliveries are deleted."""

    deleted: Literal[True]


class WebhookSecret(ResponseModel):
    """The new secret. The old one also signs for 24 hours."""

    secret: Secret


class TestSent(ResponseModel):
    """A test event is on its way."""

    event_id: Id


class DeliveriesQuery(QueryModel):
    """A page of the deliveries of a webhook."""

    status: DeliveryStatus | None = Field(
        default=None, description="Only deliveries with this status. `failed`: given up.", examples=["failed"]
    )
    limit: Annotated[QueryInt, Field(ge=1, le=100, description="The number of deliveries on a page.")] = 50
    cursor: str | None = Field(default=None, description="The next_cursor of the previous page.")


class Delivery(ResponseModel):
    """One event for one webhook."""

    id: Id
    event_id: Id
    type: str = Field(description="The event, or `webhook.test`.", examples=["booking.requested"])
    status: DeliveryStatus
    tries: int
    last_status: int | None = Field(description="The status of the last response. Null: there was none.")
    last_ms: int | None = Field(description="The duration of the last attempt in milliseconds.")
    reason: str | None = Field(
        description="Why the last attempt failed: `error_status`, `redirect`, `timeout`, `no_connection`, "
        "`bad_certificate`, `address_not_public`, `switched_off` or `suspended`."
    )
    next_at: datetime | None = Field(description="The time of the next attempt. Null: none follows.")
    created_at: datetime


class DeliveryPage(ResponseModel):
    """Deliveries, the newest first, and the cursor of the next page or null. They are kept for 30 days."""

    deliveries: list[Delivery]
    next_cursor: Cursor


class Replay(RequestModel):
    """An event to deliver again."""

    model_config = with_examples({"event_id": "65a0c0ffee0123456789abcd"})

    event_id: Id = Field(description="The `event_id` of a delivery, or the `webhook-id` of a request.")


class Replayed(ResponseModel):
    """The number of deliveries that are made again."""

    count: int


class EventData(ResponseModel):
    """What happened. What does not apply to the event is null."""

    event_id: Id
    booking_id: Id | None
    venue_id: Id | None
    date: Day | None
    status: BookingStatus | None = Field(description="The status after the event.")
    previous_status: BookingStatus | None
    by: Actor | None = Field(description="`system`: Halls, because a hold ran out.")
    sequence: int | None = Field(description="Grows for each booking and each venue. Events may arrive out of order.")
    booking: Booking | None = Field(
        default=None, description="With the payload `full`: the booking as the account reads it at the attempt."
    )


class WebhookMessage(ResponseModel):
    """The body of the request that Halls sends to a webhook."""

    type: str = Field(description="The event.", examples=["booking.requested"])
    timestamp: datetime = Field(description="When it happened.")
    data: EventData
