"""The venue: its stored document, its errors, and its representation in responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from typing_extensions import Required, TypedDict

from halls.errors import ApiError, NotFound, NotYours
from halls.venues.price_on_date import StoredNumber, VenueCalendar, as_number, list_overrides, offered_dates

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

VenueType = Literal["Hall", "Auditorium", "Banquet", "Lawn"]
TYPES: tuple[str, ...] = get_args(VenueType)
AMENITIES = ("parking_valet", "entry_package", "water", "air_conditioner", "partition_facility", "sound_system")


class StoredPoint(TypedDict):
    """A place as GeoJSON (RFC 7946): [longitude, latitude]."""

    type: Literal["Point"]
    # Any: external writers may store any kind of number.
    coordinates: list[Any]


class StoredVideo(TypedDict, total=False):
    """A video with its size in MB."""

    url: str
    size_mb: StoredNumber


class VenueReference(TypedDict, total=False):
    """The fields of a venue that its bookings show, and its owner, who may see the guests of the bookings."""

    venue_name: str | None
    address: str | None
    owner_id: ObjectId | None


class VenueSummary(VenueReference):
    """The copy of a deleted venue in its bookings."""

    id: Required[ObjectId]


class VenueDocument(VenueReference, VenueCalendar, total=False):
    """A document of the collection `venues`. External writers may leave out everything but the id."""

    _id: Required[ObjectId]
    # Any: external writers may store a list or an unknown type.
    type: Any
    maps_location: StoredPoint | None
    capacity: StoredNumber | None
    space_sqft: StoredNumber | None
    # Any: external writers may store other names, and values that are not booleans.
    amenities: dict[str, Any] | None
    additional_description: str | None
    pictures: list[str] | None
    videos: list[StoredVideo] | None
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


class HasBookings(ApiError):
    """A venue with upcoming active bookings can't be deleted."""

    status, code, message = 409, "has_bookings", "There are coming bookings. Cancel them first."


def serialize_venue_card(venue: VenueDocument) -> dict[str, Any]:
    """Return the public fields of a venue without its calendar."""
    amenities = venue.get("amenities") or {}
    return {
        "id": venue["_id"],
        "owner_id": venue.get("owner_id"),
        "venue_name": venue.get("venue_name"),
        "type": venue.get("type"),
        "address": venue.get("address"),
        "maps_location": venue.get("maps_location"),
        "capacity": as_number(venue.get("capacity")),
        "space_sqft": as_number(venue.get("space_sqft")),
        "amenities": {name: amenities.get(name) is True for name in AMENITIES},
        "pictures": venue.get("pictures") or [],
        "videos": venue.get("videos") or [],
        "created_at": venue.get("created_at"),
        "updated_at": venue.get("updated_at"),
    }


def serialize_calendar(venue: VenueDocument) -> dict[str, Any]:
    """Return the long fields, which search leaves out: dates, prices and description."""
    overrides = [{"date": each.get("date"), "price": as_number(each.get("price"))} for each in list_overrides(venue)]
    return {
        "dates_available": sorted(set(offered_dates(venue))),
        "pricing": {"overrides": overrides},
        "additional_description": venue.get("additional_description") or "",
    }


def serialize_venue(venue: VenueDocument) -> dict[str, Any]:
    """Return the public fields of a venue."""
    return serialize_venue_card(venue) | serialize_calendar(venue)


def serialize_venue_summary(venue_id: ObjectId, venue: VenueReference) -> dict[str, Any]:
    """Return the fields of a venue that are part of each of its bookings."""
    return {"id": venue_id, "venue_name": venue.get("venue_name"), "address": venue.get("address")}


def summarize_venue(venue: VenueDocument) -> VenueSummary:
    """Return the copy of a venue that its bookings keep when it is deleted."""
    return {
        "id": venue["_id"],
        "venue_name": venue.get("venue_name"),
        "address": venue.get("address"),
        "owner_id": venue.get("owner_id"),
    }
