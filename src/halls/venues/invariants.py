"""Invariants of the stored venues, also of those that external writers stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from halls.http.schema import MAX_PRICE, Day
from halls.mongo.client import NO_LIST
from halls.mongo.invariants import (
    StoredModel,
    StoredNumber,
    Violation,
    find_groups,
    find_invalid,
    find_orphans,
    make_violations,
)
from halls.venues.schemas import check_coordinates
from halls.venues.venue import MAX_HOLD_HOURS, VenueType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document

ONLY_ID: Document = {"$project": {"ids": ["$_id"]}}


class StoredPoint(StoredModel):
    """A GeoJSON point, longitude first."""

    type: Literal["Point"]
    coordinates: Annotated[list[StoredNumber], Field(min_length=2, max_length=2), AfterValidator(check_coordinates)]


class StoredOverride(StoredModel):
    """The price of one date."""

    date: Day
    price: Annotated[StoredNumber, Field(ge=0, le=MAX_PRICE)]


class StoredPricing(StoredModel):
    """Prices by date."""

    overrides: list[StoredOverride] | None = None


class StoredRules(StoredModel):
    """The rules for bookings."""

    hold_hours: Annotated[StoredNumber, Field(ge=0, le=MAX_HOLD_HOURS)] | None = None
    terms: str | None = None


class StoredVenue(StoredModel):
    """A venue that the API can show and book. External writers may leave out the calendar."""

    type: VenueType = Field(title="venue_type_known", description="The type is not one of the four.")
    capacity: StoredNumber = Field(
        title="venue_capacity_positive", description="The capacity is not a number of at least 1.", ge=1
    )
    maps_location: StoredPoint = Field(
        title="venue_place_valid", description="The location is not a GeoJSON point [longitude, latitude]."
    )
    dates_available: list[Day] | None = Field(
        default=None, title="venue_dates_valid", description="A date in dates_available is not a real day."
    )
    # PHP stores an empty object as an empty array.
    pricing: Annotated[StoredPricing | None, BeforeValidator(lambda value: value or None)] = Field(
        default=None,
        title="venue_prices_valid",
        description="An entry of pricing.overrides has an invalid date, or a price that is not a number of at least 0.",
    )
    booking_rules: Annotated[StoredRules | None, BeforeValidator(lambda value: value or None)] = Field(
        default=None,
        title="venue_rules_valid",
        description="In booking_rules, hold_hours is not a number from 0 to 720, or terms is not a text.",
    )


def check_venues(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each venue with an invalid field."""
    return find_invalid(db, "venues", StoredVenue)


def check_owners(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each venue without an owner, except those of deleted accounts that the worker has to clear."""
    groups = find_orphans(db, "venues", "owner_id", "users", {"deleted_at": None})
    return make_violations("venue_owner_exists", "The account of the venue's owner does not exist.", groups)


def check_deleted(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each venue that is marked as deleted with its owner, although the worker does not have to clear it."""
    groups = find_orphans(db, "venues", "owner_id", "account_deletions", {"deleted_at": {"$ne": None}})
    return make_violations(
        "venue_deleted_with_owner", "The venue is marked as deleted, but its owner's account is not.", groups
    )


def check_suspensions(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each venue whose suspension differs from that of its owner."""
    suspended = [{"$match": {"suspended_at": {"$ne": None}}}, {"$project": {"_id": 1}}]
    join = {"from": "users", "localField": "owner_id", "foreignField": "_id", "pipeline": suspended, "as": "found"}
    is_marked = {"$ne": [{"$ifNull": ["$suspended_at", None]}, None]}
    differs = {"$expr": {"$ne": [is_marked, {"$ne": ["$found", []]}]}}
    # An owner_id of an external writer may be a list. Then the venue has no owner.
    match = {"owner_id": {"$type": "objectId", **NO_LIST}}
    # Without the calendar, which takes most of a venue.
    fields = {"owner_id": 1, "suspended_at": 1}
    pipeline: list[Document] = [
        {"$match": match},
        {"$project": fields},
        {"$lookup": join},
        {"$match": differs},
        ONLY_ID,
    ]
    return make_violations(
        "venue_suspended_with_owner",
        "The venue and its owner are not suspended together: repeat `halls account suspend` or `restore`.",
        find_groups(db, "venues", pipeline),
    )


INVARIANTS = (check_venues, check_owners, check_deleted, check_suspensions)
