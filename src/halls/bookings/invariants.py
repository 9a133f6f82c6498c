"""What must be true of the stored bookings, whichever tool wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.bookings.booking import ACTIVE, STATUSES
from halls.http.schema import day_expression
from halls.mongo.invariants import (
    Expression,
    Violation,
    find_groups,
    find_orphans,
    find_violating,
    make_violations,
    null_rule,
    number_rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document

RULES: dict[str, tuple[str, Expression]] = {
    "booking_status_known": ("The status is none of the three.", {"$in": ["$status", list(STATUSES)]}),
    "booking_date_valid": ("The date is no real day.", day_expression("$date")),
    "booking_guests_positive": ("The guests are no number from 1.", number_rule("$guests", 1)),
    "booking_price_valid": (
        "The price_locked is neither null nor a number from 0.",
        {"$or": [null_rule("$price_locked"), number_rule("$price_locked", 0)]},
    ),
}
STATUS_TEXT = {"$convert": {"input": "$status", "to": "string", "onError": "", "onNull": ""}}
# The unique index overlooks "Pending", null and the like; whoever wrote them means to come all the same.
MAY_BE_ACTIVE = {"$ne": [{"$toLower": {"$trim": {"input": STATUS_TEXT}}}, "cancelled"]}


def check_bookings(db: Db, _today: str) -> Iterator[Violation]:
    """Every booking by itself is one that could be made."""
    for invariant, (message, rule) in RULES.items():
        yield from make_violations(invariant, message, find_violating(db, "bookings", rule))


def check_double_bookings(db: Db, _today: str) -> Iterator[Violation]:
    """No venue is booked twice for a date."""
    pipeline: list[Document] = [
        {"$match": {"$expr": MAY_BE_ACTIVE}},
        {"$group": {"_id": {"venue_id": "$venue_id", "date": "$date"}, "ids": {"$push": "$_id"}}},
        {"$match": {"ids.1": {"$exists": True}}},
    ]
    groups = find_groups(db, "bookings", pipeline)
    return make_violations("one_active_booking_per_date", "The venue is booked more than once for the date.", groups)


def check_offers(db: Db, today: str) -> Iterator[Violation]:
    """Every coming active booking lies on a date that its venue offers."""
    dates = [{"$project": {"dates_available": 1}}]
    join = {"from": "venues", "localField": "_id", "foreignField": "_id", "pipeline": dates, "as": "venue"}
    offered = {"$first": "$venue.dates_available"}
    pipeline: list[Document] = [
        {"$match": _coming(today)},
        {"$group": {"_id": "$venue_id", "bookings": {"$push": {"ids": ["$_id"], "date": "$date"}}}},
        {"$lookup": join},
        {"$project": {"bookings": 1, "offered": {"$cond": [{"$isArray": [offered]}, offered, []]}}},
        {"$unwind": "$bookings"},
        {"$match": {"$expr": {"$not": [{"$in": ["$bookings.date", "$offered"]}]}}},
        {"$replaceWith": "$bookings"},
    ]
    groups = find_groups(db, "bookings", pipeline)
    return make_violations("coming_booking_offered", "The booking's venue is gone, or does not offer the date.", groups)


def check_guests(db: Db, today: str) -> Iterator[Violation]:
    """Every coming active booking has a guest."""
    groups = find_orphans(db, "bookings", "user_id", "users", _coming(today))
    return make_violations("coming_booking_guest_exists", "There is no account of the booking's guest.", groups)


def _coming(today: str) -> Document:
    return {"status": {"$in": list(ACTIVE)}, "date": {"$gte": today}}


INVARIANTS = (check_bookings, check_double_bookings, check_offers, check_guests)
