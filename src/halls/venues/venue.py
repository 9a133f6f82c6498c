"""What a venue is: pure facts, no I/O."""

from __future__ import annotations

from typing import Any, Literal, get_args

from halls.errors import ApiError, NotFound, NotYours
from halls.venues.price_on_date import as_number

VenueType = Literal["Hall", "Auditorium", "Banquet", "Lawn"]
TYPES: tuple[str, ...] = get_args(VenueType)
AMENITIES = ("parking_valet", "entry_package", "water", "air_conditioner", "partition_facility", "sound_system")


class VenueNotFound(NotFound):
    """No venue has that id."""

    message = "There is no such venue."


class NotYourVenue(NotYours):
    """The venue is somebody else's."""

    message = "This venue belongs to somebody else."


class DateBooked(ApiError):
    """An owner takes away a date that somebody has booked."""

    status, code, message = 409, "date_booked", "A date that you take away has an active booking."


class HasBookings(ApiError):
    """Something can't go while people count on it."""

    status, code, message = 409, "has_bookings", "There are coming bookings. Cancel them first."


def serialize_venue_card(venue: dict[str, Any]) -> dict[str, Any]:
    """Return what everybody may know of a venue, but for its calendar; `venue` may be another tool's document."""
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


def serialize_calendar(venue: dict[str, Any]) -> dict[str, Any]:
    """Return the long fields, which search leaves out: dates, prices and description."""
    overrides = (venue.get("pricing") or {}).get("overrides") or []
    return {
        "dates_available": sorted({day for day in venue.get("dates_available") or [] if isinstance(day, str)}),
        "pricing": {"overrides": [{"date": o.get("date"), "price": as_number(o.get("price"))} for o in overrides]},
        "additional_description": venue.get("additional_description") or "",
    }


def serialize_venue(venue: dict[str, Any]) -> dict[str, Any]:
    """Return all that everybody may know of a venue."""
    return serialize_venue_card(venue) | serialize_calendar(venue)


def summarize_venue(venue: dict[str, Any]) -> dict[str, Any]:
    """Return the little that stands in each booking of a venue."""
    return {"id": venue["_id"], "venue_name": venue.get("venue_name"), "address": venue.get("address")}
