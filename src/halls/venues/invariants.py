"""Invariants of the stored venues, also of those that external writers stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.http.schema import MAX_PRICE, day_expression
from halls.mongo.invariants import (
    Expression,
    Violation,
    find_orphans,
    find_violating,
    list_rule,
    make_violations,
    null_rule,
    number_rule,
)
from halls.venues.schemas import MAX_LATITUDE, MAX_LONGITUDE
from halls.venues.venue import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

LONGITUDE, LATITUDE = ({"$arrayElemAt": ["$maps_location.coordinates", position]} for position in (0, 1))
OVERRIDE = {"$and": [day_expression("$$this.date"), number_rule("$$this.price", 0, MAX_PRICE)]}
RULES: dict[str, tuple[str, Expression]] = {
    "venue_type_known": ("The type is not one of the four.", {"$in": ["$type", list(TYPES)]}),
    "venue_capacity_positive": ("The capacity is not a number of at least 1.", number_rule("$capacity", 1)),
    "venue_place_valid": (
        "The location is not a GeoJSON point [longitude, latitude].",
        {
            "$and": [
                {"$eq": ["$maps_location.type", "Point"]},
                list_rule("$maps_location.coordinates", {"$isNumber": "$$this"}),
                {"$eq": [{"$size": "$maps_location.coordinates"}, 2]},
                number_rule(LONGITUDE, -MAX_LONGITUDE, MAX_LONGITUDE),
                number_rule(LATITUDE, -MAX_LATITUDE, MAX_LATITUDE),
            ]
        },
    ),
    "venue_dates_valid": (
        "A date in dates_available is not a real day.",
        {"$or": [null_rule("$dates_available"), list_rule("$dates_available", day_expression("$$this"))]},
    ),
    "venue_prices_valid": (
        "An entry of pricing.overrides has an invalid date, or a price that is not a number of at least 0.",
        {"$or": [null_rule("$pricing.overrides"), list_rule("$pricing.overrides", OVERRIDE)]},
    ),
}


def check_venues(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each venue with an invalid field."""
    for invariant, (message, rule) in RULES.items():
        yield from make_violations(invariant, message, find_violating(db, "venues", rule))


def check_owners(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each venue without an owner."""
    groups = find_orphans(db, "venues", "owner_id", "users", {})
    return make_violations("venue_owner_exists", "The account of the venue's owner does not exist.", groups)


INVARIANTS = (check_venues, check_owners)
