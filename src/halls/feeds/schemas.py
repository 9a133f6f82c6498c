"""Request and response models of calendar feeds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from halls.feeds.feed import MAX_FEEDS, FeedDetail, FeedKind
from halls.http.schema import Id, Name, RequestModel, ResponseModel, with_examples

MAX_NAME = 120
URL = "https://api.halls.example/calendar/VX1f0n7yKX3bJ5l2m8o1ZQm7T4s6u9W2c3d4e5f6g7h.ics"
WEBCAL_URL = "webcal://api.halls.example/calendar/VX1f0n7yKX3bJ5l2m8o1ZQm7T4s6u9W2c3d4e5f6g7h.ics"
Secret = Annotated[
    str,
    Field(
        description="The address of the calendar. It is a password: each reader of it reads the bookings. It is told "
        "only once.",
        examples=[URL],
    ),
]
Webcal = Annotated[
    str, Field(description="The same address. A link to it opens the calendar program.", examples=[WEBCAL_URL])
]


class NewFeed(RequestModel):
    """A calendar feed to create."""

    model_config = with_examples({"kind": "guest"}, {"kind": "guest", "detail": "busy", "name": "Our wedding"})

    kind: FeedKind = Field(
        description="`guest`: the bookings that you made. `owner`: the bookings of all your venues. `venue`: those of "
        "one venue. The last two are for owners."
    )
    venue_id: Id | None = Field(default=None, description="Only with the kind `venue`, and required there.")
    detail: FeedDetail = Field(
        default="full",
        description="`full` names the venue and, to its owner, the guest. `busy` tells only days and their statuses, "
        "so you can show it to others.",
    )
    name: Annotated[Name, Field(min_length=1, max_length=MAX_NAME)] | None = Field(
        default=None, description="The name of the calendar in the calendar program."
    )


class Feed(ResponseModel):
    """A calendar feed, without its address."""

    id: Id
    kind: FeedKind
    venue_id: Id | None
    detail: FeedDetail
    name: str | None
    created_at: datetime
    last_read_at: datetime | None = Field(
        description="When a calendar program last read the feed, to some minutes. Null: never."
    )


class FeedMade(ResponseModel):
    """A new feed with its address, which is told only once."""

    feed_id: Id
    url: Secret
    webcal_url: Webcal
    feed: Feed


class FeedList(ResponseModel):
    """The caller's feeds, oldest first."""

    feeds: list[Feed] = Field(max_length=MAX_FEEDS)


class FeedAddress(ResponseModel):
    """The new address of a feed. The old address does not work any more."""

    url: Secret
    webcal_url: Webcal


class FeedDeleted(ResponseModel):
    """The feed is deleted, and its address does not work any more."""

    deleted: Literal[True]
