"""Response models of venues."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, create_model

from halls.http.schema import PRICE, Cursor, Day, Id, ResponseModel
from halls.venues.schemas import GeoPoint
from halls.venues.venue import AMENITIES, VenueType

if TYPE_CHECKING:
    AmenitiesHeld = ResponseModel
else:
    AmenitiesHeld = create_model(
        "AmenitiesHeld",
        __doc__="All amenities of a venue, each true or false.",
        __base__=ResponseModel,
        **dict.fromkeys(AMENITIES, (bool, ...)),
    )


class VideoHeld(ResponseModel):
    """The address of a video, and its size in MB."""

    url: str
    size_mb: float | None


class BookingRulesHeld(ResponseModel):
    """The rules for bookings. A rule that the owner has not set is null."""

    hold_hours: Annotated[
        int | None,
        Field(
            description="The hours after which a request without an answer expires. 0: it does not expire. Null: the "
            "default of the server.",
            examples=[48],
        ),
    ]
    terms: Annotated[str | None, Field(examples=["Half of the price is due a month before the event."])]


class PriceHeld(ResponseModel):
    """The price of one date."""

    date: Day
    price: Annotated[float, Field(description=PRICE, examples=[185000])]


class PricingHeld(ResponseModel):
    """Prices by date. Of several prices of one date, the first counts."""

    overrides: list[PriceHeld]


class VenueFacts(ResponseModel):
    """A venue without its calendar.

    Every field that is null here was left out by an external writer, or has a value that can't be read. The owner can
    set it.
    """

    id: Id
    owner_id: Id | None
    venue_name: Annotated[str, Field(examples=["Pearl Hall"])]
    type: VenueType | None
    address: Annotated[str, Field(examples=["1 Main Road, Saddar, Karachi"])]
    maps_location: GeoPoint | None
    capacity: Annotated[int | None, Field(examples=[300])]
    space_sqft: Annotated[float | None, Field(examples=[7200])]
    amenities: AmenitiesHeld
    pictures: Annotated[list[str], Field(examples=[["https://pictures.example/pearl-hall.jpg"]])]
    videos: Annotated[
        list[VideoHeld], Field(examples=[[{"url": "https://videos.example/pearl-hall.mp4", "size_mb": 18.5}]])
    ]
    booking_rules: BookingRulesHeld
    is_listed: Annotated[
        bool, Field(description="False: the owner has paused the listing. It is out of search, and takes no bookings.")
    ]
    created_at: datetime | None
    updated_at: datetime | None


class Venue(VenueFacts):
    """A venue with its calendar."""

    is_hidden: Annotated[
        bool,
        Field(
            description="True: an operator has hidden the venue. Only its owner sees it, and it takes no bookings.",
            examples=[False],
        ),
    ]

    dates_available: list[Day]
    pricing: Annotated[PricingHeld, Field(examples=[{"overrides": [{"date": "2027-02-14", "price": 185000}]}])]
    additional_description: Annotated[str, Field(examples=["Two stages and a bridal room."])]


class VenueReply(ResponseModel):
    """One venue."""

    venue: Venue


class VenueMade(ResponseModel):
    """A new venue with its id."""

    venue_id: Id
    venue: Venue


class VenuePage(ResponseModel):
    """Venues, and the cursor of the next page or null."""

    venues: list[Venue]
    next_cursor: Cursor


class Deleted(ResponseModel):
    """The record was deleted."""

    deleted: Literal[True]
