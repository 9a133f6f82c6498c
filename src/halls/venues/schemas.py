"""Request and response models of venues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationInfo, WithJsonSchema

from halls.documents import read_number
from halls.http.field_faults import field_error
from halls.http.schema import (
    READS_INTEGER,
    AddressLine,
    ChangeModel,
    Day,
    Name,
    Number,
    Price,
    RequestModel,
    Text,
    with_examples,
)
from halls.venues.venue import MAX_HOLD_HOURS, MAX_LATITUDE, MAX_LONGITUDE, VenueType

if TYPE_CHECKING:
    from halls.setting_types import ServiceArea

MAX_DATES = 1_000
MAX_URL = 1_000
MAX_SQFT = 1_000_000_000


def _check_url(text: str) -> str:
    parts = urlsplit(text)
    printable = text.isprintable() and not any(character in text for character in ' \\<>"')
    if parts.scheme not in {"http", "https"} or not parts.hostname or not printable:
        raise field_error("bad_format", "must be a whole http or https address")
    if "@" in parts.netloc:
        raise field_error("bad_format", "must not contain a user or a password")
    try:
        has_port = parts.port != 0
    except ValueError:
        has_port = False
    if not has_port:
        raise field_error("bad_format", "must have a port from 1 to 65535")
    return text


def _check_distinct_days(days: list[str]) -> list[str]:
    if len(set(days)) != len(days):
        raise field_error("duplicate", "must contain each date only once")
    return sorted(days)


def _check_distinct_overrides(overrides: list[PriceOverride]) -> list[PriceOverride]:
    _check_distinct_days([override.date for override in overrides])
    return overrides


def check_coordinates(coordinates: list[float]) -> list[float]:
    """Return the longitude and the latitude. Raises ValueError."""
    longitude, latitude = coordinates
    # Written so that NaN, which an external writer may store, is not within the limits.
    if not (abs(longitude) <= MAX_LONGITUDE and abs(latitude) <= MAX_LATITUDE):
        raise field_error("wrong_value", "must be [longitude, latitude], within ±180 and ±90")
    return coordinates


def _number(**limits: int) -> WithJsonSchema:
    # The JSON schema of a number with a plain validator does not contain its limits.
    return WithJsonSchema({"type": "number", **limits})


Url = Annotated[
    str,
    Field(max_length=MAX_URL, description="An http or https address."),
    AfterValidator(_check_url),
    Field(json_schema_extra={"format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}),
]
Latitude = Annotated[
    Number, Field(ge=-MAX_LATITUDE, le=MAX_LATITUDE), _number(minimum=-MAX_LATITUDE, maximum=MAX_LATITUDE)
]
Longitude = Annotated[
    Number, Field(ge=-MAX_LONGITUDE, le=MAX_LONGITUDE), _number(minimum=-MAX_LONGITUDE, maximum=MAX_LONGITUDE)
]
Area = Annotated[Number, Field(gt=0, le=MAX_SQFT), _number(exclusiveMinimum=0, maximum=MAX_SQFT)]


class GeoPoint(RequestModel):
    """A location as GeoJSON (RFC 7946): longitude first."""

    model_config = with_examples({"type": "Point", "coordinates": [67.0099, 24.8615]})

    type: Literal["Point"] = Field(description="Always `Point`.")
    coordinates: Annotated[list[Number], Field(min_length=2, max_length=2), AfterValidator(check_coordinates)] = Field(
        description="Longitude, then latitude, in degrees."
    )


class LatLng(RequestModel):
    """A location as latitude and longitude."""

    model_config = with_examples({"lat": 24.8615, "lng": 67.0099})

    lat: Latitude = Field(description="Latitude in degrees, north is positive.")
    lng: Longitude = Field(description="Longitude in degrees, east is positive.")


class PriceOverride(RequestModel):
    """The price of one date, in PKR."""

    date: Day = Field(description="The date.")
    price: Price


class Pricing(RequestModel):
    """Prices by date."""

    overrides: Annotated[
        list[PriceOverride], Field(max_length=MAX_DATES), AfterValidator(_check_distinct_overrides)
    ] = Field(default_factory=list, description="Each date at most once.")


def _branch_of(value: Any) -> str:
    short = isinstance(value, LatLng) or (isinstance(value, dict) and bool({"lat", "lng"} & value.keys()))
    return "lat_lng" if short else "geojson"


def _as_point(place: GeoPoint | LatLng) -> GeoPoint:
    return place if isinstance(place, GeoPoint) else GeoPoint(type="Point", coordinates=[place.lng, place.lat])


def _check_area(place: GeoPoint, info: ValidationInfo) -> GeoPoint:
    area: ServiceArea | None = (info.context or {}).get("service_area")
    if area is None or area.contains(place.coordinates):
        return place
    is_exchanged = area.contains(place.coordinates[::-1])
    advice = ". It would be inside if latitude and longitude were exchanged." if is_exchanged else ""
    raise field_error(
        "outside_area",
        "must be in the area that Halls serves: longitude {west} to {east}, latitude {south} to {north}" + advice,
        **area._asdict(),
        exchanged=is_exchanged,
    )


Place = Annotated[
    Annotated[GeoPoint, Tag("geojson")] | Annotated[LatLng, Tag("lat_lng")],
    Discriminator(_branch_of),
    AfterValidator(_as_point),
    AfterValidator(_check_area),
]


class Amenities(RequestModel):
    """The amenities of a venue."""

    parking_valet: bool | None = Field(default=None, description="Staff park the cars of the guests.")
    entry_package: bool | None = Field(
        default=None,
        description="A staged entrance of the couple is included, such as flowers, lights, cold fireworks or a dhol.",
    )
    water: bool | None = Field(default=None, description="Drinking water for the guests is included.")
    air_conditioner: bool | None = Field(default=None, description="The rooms are air-conditioned.")
    partition_facility: bool | None = Field(
        default=None, description="The hall can be divided, for example for men and women, or for two events."
    )
    sound_system: bool | None = Field(default=None, description="Loudspeakers and microphones are included.")


def _check_size(size_mb: float, info: ValidationInfo) -> float:
    limit = info.context["max_video_mb"] if info.context else None
    if limit is not None and size_mb > limit:
        raise field_error("too_large", "must be at most {max} MB", max=read_number(limit))
    return size_mb


class AmenitiesChange(ChangeModel, Amenities):
    """The amenities to change. The others stay."""


class BookingRules(ChangeModel):
    """The rules for bookings of a venue. A rule that is null is not set."""

    model_config = with_examples({"hold_hours": 48, "terms": "Half of the price is due a month before the event."})

    clearable = frozenset({"hold_hours", "terms"})
    hold_hours: Annotated[int, Field(ge=0, le=MAX_HOLD_HOURS), READS_INTEGER] | None = Field(
        default=None, description="The hours after which a request without an answer expires. 0: it does not expire."
    )
    terms: Annotated[Text, Field(max_length=2_000)] | None = Field(
        default=None, description="The conditions of the owner, such as deposits. It may have several lines."
    )


class Video(RequestModel):
    """The address of a video, and its size in MB."""

    url: Url
    size_mb: Annotated[Number, Field(ge=0), AfterValidator(_check_size), _number(minimum=0)] = Field(
        description="The size of the file in MB."
    )


VenueName = Annotated[Name, Field(min_length=1, max_length=120, description="The name of the venue.")]
Address = Annotated[AddressLine, Field(min_length=1, max_length=300, description="Street, district and city.")]
Capacity = Annotated[int, Field(ge=1, le=100_000, description="The largest number of guests."), READS_INTEGER]
TYPE, PLACE = "The type of venue.", "The location: a GeoJSON point, or latitude and longitude."


class VenueFields(RequestModel):
    """The fields of a venue that its owner sets."""

    venue_name: VenueName | None = None
    type: VenueType | None = Field(default=None, description=TYPE)
    address: Address | None = None
    maps_location: Place | None = Field(default=None, description=PLACE)
    capacity: Capacity | None = None
    dates_available: Annotated[list[Day], Field(max_length=MAX_DATES), AfterValidator(_check_distinct_days)] | None = (
        Field(default=None, description="The dates on which the venue is offered, each once.")
    )
    pricing: Pricing | None = Field(default=None, description="The prices of dates. A date without one has no price.")
    space_sqft: Area | None = Field(default=None, description="The floor area in square feet.")
    amenities: Amenities | None = Field(default=None, description="What the venue has. Without a value: false.")
    additional_description: Annotated[Text, Field(max_length=5_000)] | None = Field(
        default=None, description="Text for guests. It may have several lines."
    )
    pictures: Annotated[list[Url], Field(max_length=50)] | None = Field(
        default=None, description="The addresses of pictures, the first one first."
    )
    videos: Annotated[list[Video], Field(max_length=10)] | None = Field(default=None, description="Videos.")
    booking_rules: BookingRules | None = Field(default=None, description="The rules for bookings, if there are any.")
    is_listed: bool | None = Field(
        default=None,
        description="False takes the venue out of search, and it takes no new bookings. Its bookings stay.",
    )


class VenueChange(ChangeModel, VenueFields):
    """The fields to change, at least one. `amenities` and `booking_rules` are merged, every other field is replaced."""

    model_config = with_examples({"capacity": 350, "amenities": {"sound_system": True}}, minProperties=1)

    clearable = frozenset({"space_sqft", "additional_description"})
    amenities: AmenitiesChange | None = Field(default=None, description="The amenities to change. The others stay.")


class NewVenue(VenueFields):
    """A new venue."""

    model_config = with_examples(
        {
            "venue_name": "Pearl Hall",
            "type": "Hall",
            "address": "1 Main Road, Saddar, Karachi",
            "maps_location": {"lat": 24.8615, "lng": 67.0099},
            "capacity": 300,
            "dates_available": ["2027-02-13", "2027-02-14"],
            "pricing": {"overrides": [{"date": "2027-02-14", "price": 185000}]},
            "space_sqft": 7200,
            "amenities": {"parking_valet": True, "air_conditioner": True},
            "additional_description": "Two stages, a bridal room, and a generator that carries the whole hall.",
            "pictures": ["https://pictures.example/pearl-hall.jpg"],
            "videos": [{"url": "https://videos.example/pearl-hall.mp4", "size_mb": 18.5}],
            "booking_rules": {"hold_hours": 48, "terms": "Half of the price is due a month before the event."},
        }
    )

    venue_name: VenueName
    type: VenueType = Field(description=TYPE)
    address: Address
    maps_location: Place = Field(description=PLACE)
    capacity: Capacity
