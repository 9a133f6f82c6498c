"""How MongoDB answers each form of search: by an index, in its order, and reading little that is not sent."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from pymongo import monitoring

from halls.mongo.client import connect
from halls.search.query import search_venues
from halls.search.schemas import SearchQuery
from tests.foreign import bare_venue_document
from tests.people import day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

COUNT = 600
AROUND = {"near_lat": 24.86, "near_lng": 67.0}
COMMON: dict[str, dict[str, Any]] = {
    "newest": {},
    "near": AROUND,
    "date": {"date": day(1)},
    "near and date": {**AROUND, "date": day(1)},
    "type and capacity": {"type": "Hall", "capacity_min": 300},
    "date, type and capacity": {"date": day(1), "type": "Hall", "capacity_min": 300},
    "date and price": {"date": day(1), "price_max": 300_000},
}
OTHERS: dict[str, dict[str, Any]] = {
    "capacity": {"type": "Hall", "sort": "capacity"},
    "price": {"date": day(1), "sort": "price"},
    "near, cheapest first": {**AROUND, "date": day(1), "sort": "price"},
    "near, biggest first": {**AROUND, "sort": "-capacity"},
}


@pytest.fixture
def full(db: Db) -> Db:
    """Fill the database with venues of many dates around a place."""
    chance = random.Random(4)  # noqa: S311 - the same every time
    rows = []
    for _ in range(COUNT):
        offered = sorted(chance.sample([day(ahead) for ahead in range(1, 31)], 20))
        prices = [{"date": date, "price": chance.randrange(100_000, 600_000)} for date in offered]
        place = [round(chance.gauss(67.0, 0.1), 5), round(chance.gauss(24.86, 0.1), 5)]
        fields = {"maps_location": {"type": "Point", "coordinates": place}, "dates_available": offered}
        kind, capacity = chance.choice(["Hall", "Lawn"]), chance.randrange(50, 1_000)
        fields |= {"type": kind, "capacity": capacity, "pricing": {"overrides": prices}}
        rows.append(bare_venue_document(ObjectId(), **fields))
    db.venues.insert_many(rows)
    return db


class Questions(monitoring.CommandListener):
    """Keeps what was asked of the venues."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Keep the question."""
        names = ("find", "filter", "projection", "sort", "limit", "hint", "aggregate", "pipeline", "cursor")
        if "venues" in {event.command.get("find"), event.command.get("aggregate")}:
            self.asked.append({name: event.command[name] for name in names if name in event.command})

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Let it pass."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Let it pass."""
