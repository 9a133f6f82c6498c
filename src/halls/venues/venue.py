"""The venue: its stored document, its errors, and its representation in responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from typing_extensions import Required, TypeAliasType, TypedDict

from halls.documents import (
    read_finite,
    read_id,
    read_list,
    read_moment,
    read_number,
    read_object,
    read_text,
    read_whole,
)
from halls.errors import ApiError, NotFound, NotYours, make_field_fault
from halls.venues.price_on_date import StoredOverride, VenueCalendar, list_overrides, offered_dates, prices_by_date
from halls.venues.visibility import VenueVisibility, is_hidden, is_listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bson import ObjectId

    from halls.errors import FieldFault

# With a name, so that generated clients have one type for it.
VenueType = TypeAliasType("VenueType", Literal["Hall", "Auditorium", "Banquet", "Lawn"])
TYPES: tuple[str, ...] = get_args(VenueType.__value__)
MAX_LONGITUDE, MAX_LATITUDE = 180, 90
MAX_HOLD_HOURS = 720
AMENITIES = ("parking_valet", "entry_package", "water", "air_conditioner", "partition_facility", "sound_system")


class StoredPoint(TypedDict):
    """A place as GeoJSON (RFC 7946): [longitude, latitude]."""

    type: Literal["Point"]
    coordinates: list[int | float]


class StoredVideo(TypedDict, total=False):
    """A video with its size in MB."""

    url: str
    size_mb: int | float


class BookingRules(TypedDict, total=False):
    """The terms that guests read, and the hours for which a request holds a date."""

    # 0: requests do not expire. Null: HOLD_HOURS.
    hold_hours: int | None
    terms: str | None


class VenueReference(TypedDict, total=False):
    """The fields of a venue that its bookings show, and its owner, who may see the guests of the bookings."""

    venue_name: str | None
    address: str | None
    type: str | None
    maps_location: StoredPoint | None
    pictures: list[str] | None
    owner_id: ObjectId | None


class VenueSummary(VenueReference, total=False):
    """The copy of a deleted venue in its bookings. Older versions copied only the id, the texts and the owner."""

    id: Required[ObjectId]
    # The first picture, in place of `pictures`.
    picture: str | None


class VenueDocument(VenueReference, VenueCalendar, VenueVisibility, total=False):
    """A document of the collection `venues`. External writers may leave out everything but the id.

    The types are those that Halls writes. The functions of `halls.documents` read the values of external writers.
    """

    _id: Required[ObjectId]
    capacity: int | None
    space_sqft: int | float | None
    amenities: dict[str, bool] | None
    additional_description: str | None
    videos: list[StoredVideo] | None
    # Absent until the owner sets one of them.
    booking_rules: BookingRules | None
    # Incremented by each change and by each booking that is placed.
    rev: int
    created_at: datetime | None
    updated_at: datetime | None


class VenueNotFound(NotFound):
    """No venue has this id."""

    message = "No venue has this id."


class NotYourVenue(NotYours):
    """The venue belongs to another account."""

    message = "This venue belongs to somebody else."


class DateBooked(ApiError):
    """An owner removes an offered date that has an active booking."""

    status, code, message = 409, "date_booked", "A date that you take away has an active booking."

    def __init__(self, dates: Sequence[str], faults: Sequence[FieldFault] = ()) -> None:
        """Name the booked dates, in order. `faults` names the parts of the request that take them away."""
        super().__init__(f"These dates have an active booking and can't be taken away: {', '.join(dates)}.")
        fault = make_field_fault("dates_available", "has active bookings", "booked", dates=list(dates))
        self.details = faults or [fault]


class HasBookings(ApiError):
    """A venue with upcoming active bookings can't be deleted."""

    status, code, message = 409, "has_bookings", "There are coming bookings. Cancel them first."

    def __init__(self, dates: Sequence[str]) -> None:
        """Name the booked dates, in order."""
        super().__init__()
        self.details = [make_field_fault("dates_available", "has active bookings", "booked", dates=list(dates))]


def serialize_venue_card(venue: VenueDocument) -> dict[str, Any]:
    """Return the public fields of a venue without its calendar."""
    amenities = read_object(venue.get("amenities"))
    return {
        "id": venue["_id"],
        "owner_id": read_id(venue.get("owner_id")),
        "venue_name": read_text(venue.get("venue_name")) or "",
        "type": read_type(venue),
        "address": read_text(venue.get("address")) or "",
        "maps_location": read_place(venue),
        "capacity": read_whole(venue.get("capacity")),
        "space_sqft": read_number(venue.get("space_sqft")),
        "amenities": {name: amenities.get(name) is True for name in AMENITIES},
        "pictures": [url for url in map(read_text, read_list(venue.get("pictures"))) if url is not None],
        "videos": _read_videos(venue),
        "booking_rules": read_booking_rules(venue),
        "is_listed": is_listed(venue),
        "created_at": read_moment(venue.get("created_at")),
        "updated_at": read_moment(venue.get("updated_at")),
    }


def read_type(venue: VenueReference) -> str | None:
    """Return the type of a venue, or None if it is not one of the four."""
    name = read_text(venue.get("type"))
    return name if name in TYPES else None


def read_place(venue: VenueReference) -> StoredPoint | None:
    """Return the location of a venue, or None if it is not a GeoJSON point [longitude, latitude]."""
    place = read_object(venue.get("maps_location"))
    match [read_finite(number) for number in read_list(place.get("coordinates"))]:
        case [int() | float() as longitude, int() | float() as latitude, *_]:
            is_on_earth = abs(longitude) <= MAX_LONGITUDE and abs(latitude) <= MAX_LATITUDE
            if is_on_earth and place.get("type") == "Point":
                return {"type": "Point", "coordinates": [longitude, latitude]}
    return None


def read_booking_rules(venue: VenueDocument) -> BookingRules:
    """Return the booking rules of a venue. A rule that is not set, or that can't be read, is None."""
    rules = read_object(venue.get("booking_rules"))
    hours = read_whole(rules.get("hold_hours"))
    is_valid = hours is not None and 0 <= hours <= MAX_HOLD_HOURS
    return {"hold_hours": hours if is_valid else None, "terms": read_text(rules.get("terms")) or None}


def _read_videos(venue: VenueDocument) -> list[dict[str, Any]]:
    videos = map(read_object, read_list(venue.get("videos")))
    return [
        {"url": video["url"], "size_mb": read_finite(video.get("size_mb"))}
        for video in videos
        if read_text(video.get("url")) is not None
    ]


def serialize_calendar(venue: VenueDocument) -> dict[str, Any]:
    """Return the long fields, which search leaves out: dates, prices and description."""
    return {
        "dates_available": sorted(set(offered_dates(venue))),
        "pricing": {"overrides": _list_prices(venue)},
        "additional_description": read_text(venue.get("additional_description")) or "",
    }


def _list_prices(venue: VenueDocument) -> list[StoredOverride]:
    """Return the overrides, without those of dates whose first price can't be read: these dates have no price."""
    prices = prices_by_date(venue)
    return [each for each in list_overrides(venue) if None not in {each["price"], prices[each["date"]]}]


def serialize_venue(venue: VenueDocument) -> dict[str, Any]:
    """Return the public fields of a venue. Only the owner is shown one that is hidden, see `load_public_venue`."""
    return serialize_venue_card(venue) | serialize_calendar(venue) | {"is_hidden": is_hidden(venue)}


def serialize_venue_summary(venue_id: ObjectId, venue: VenueReference | VenueSummary) -> dict[str, Any]:
    """Return the fields of a venue that are part of each of its bookings. `venue` may be the copy of a deleted one."""
    return {
        "id": venue_id,
        "venue_name": read_text(venue.get("venue_name")) or "",
        "address": read_text(venue.get("address")) or "",
        "type": read_type(venue),
        "maps_location": read_place(venue),
        "picture": _read_picture(venue),
    }


def _read_picture(venue: VenueReference | VenueSummary) -> str | None:
    first = next(iter(read_list(venue.get("pictures"))), None)
    return read_text(first) or read_text(venue.get("picture"))


def summarize_venue(venue: VenueDocument) -> VenueSummary:
    """Return the copy of a venue that its bookings keep when it is deleted."""
    return {
        "id": venue["_id"],
        "venue_name": read_text(venue.get("venue_name")),
        "address": read_text(venue.get("address")),
        "type": read_type(venue),
        "maps_location": read_place(venue),
        "picture": _read_picture(venue),
        "owner_id": read_id(venue.get("owner_id")),
    }
