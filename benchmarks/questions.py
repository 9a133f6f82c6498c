"""Generates the requests from a fixed seed: five forms of search in equal parts, availability, and bookings."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from benchmarks.data import DAYS, SEED, TYPES, free_dates, place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from halls.mongo.client import Db

COUNT = 2_000
# `limit` of search: 20 by default, at most 100.
LARGER_PAGES = (50, 100)
FORMS = ("near", "date", "near and date", "type and capacity", "date and price")


class Questions:
    """Writes one file of requests per kind, for wrk."""

    def __init__(self, folder: Path, today: str) -> None:
        self.folder = folder
        self.chance = random.Random(SEED + 2)  # noqa: S311 - the same every time
        self.first = date.fromisoformat(today)

    def write(self, name: str, lines: list[str]) -> Path:
        """Write one request per line; return the file."""
        path = self.folder / f"{name.replace(' ', '-')}.txt"
        path.write_text("\n".join(lines) + "\n")
        return path

    def searches(self) -> dict[str, Path]:
        """Return the files of the five forms, of their mix, and of the mix with larger pages."""
        asked = {form: [self._search(form) for _ in range(COUNT)] for form in FORMS}
        mixed = [line for lines in zip(*asked.values(), strict=True) for line in lines]
        larger = {f"mix by {limit}": [f"{line}&limit={limit}" for line in mixed] for limit in LARGER_PAGES}
        files = {**asked, "mix": mixed, **larger}
        return {name: self.write(name, lines) for name, lines in files.items()}

    def availability(self, db: Db) -> Path:
        """Return the file of availability requests: one venue, one date."""
        ids = [row["_id"] for row in db.venues.aggregate([{"$sample": {"size": COUNT}}, {"$project": {"_id": 1}}])]
        return self.write("availability", [f"GET /venues/{found}/availability?date={self._day()}" for found in ids])

    def orders(self, db: Db, count: int, servers: Sequence[str]) -> dict[str, Path]:
        """Return a file of booking requests per name. No date occurs twice: two servers share a database."""
        lines = [f"POST /bookings {json.dumps(one)}" for one in free_dates(db, count)]
        return {name: self.write(f"orders-{name}", lines[n :: len(servers)]) for n, name in enumerate(servers)}

    def _day(self) -> str:
        return (self.first + timedelta(days=self.chance.randint(1, DAYS))).isoformat()

    def _search(self, form: str) -> str:
        asked: dict[str, Any] = {}
        if "near" in form:
            lng, lat = place(self.chance)
            asked |= {"near_lat": lat, "near_lng": lng, "near_km": self.chance.choice((5, 10, 20))}
        if "date" in form:
            asked["date"] = self._day()
        if "type" in form:
            asked |= {"type": self.chance.choice(TYPES), "capacity_min": self.chance.randrange(100, 1_000, 50)}
        if "price" in form:
            asked["price_max"] = self.chance.randrange(150_000, 600_000, 10_000)
        return f"GET /venues/search?{urlencode(asked)}"
