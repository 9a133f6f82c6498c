"""Generates the requests from a fixed seed: five forms of search in equal parts, one venue, availability, orders."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from benchmarks.data import DAYS, SEED, TYPES, place

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db

COUNT = 2_000
# The last day of a range is so many days after the first.
RANGE_DAYS = 30
FORMS = ("near", "date", "near and date", "type and capacity", "date and price")


def get(path: str) -> str:
    """Return the line of a GET without token and key."""
    return f"GET {path} - -"


class Questions:
    """Writes one file of requests per kind, for wrk."""

    def __init__(self, folder: Path, today: str) -> None:
        self.folder = folder
        self.chance = random.Random(SEED + 2)  # noqa: S311 - the same every time
        self.first = date.fromisoformat(today)

    def write(self, name: str, lines: list[str]) -> Path:
        """Write one request per line, as load.lua reads it; return the file."""
        path = self.folder / f"{name.replace(' ', '-')}.txt"
        path.write_text("\n".join(lines) + "\n")
        return path

    def searches(self) -> dict[str, Path]:
        """Return the files of the mix of the five forms, and of "near and date"."""
        asked = {form: [self._search(form) for _ in range(COUNT)] for form in FORMS}
        mixed = [line for lines in zip(*asked.values(), strict=True) for line in lines]
        return {"mix": self.write("mix", mixed), "near and date": self.write("near and date", asked["near and date"])}

    def venues(self, db: Db) -> dict[str, Path]:
        """Return the files about one venue: the venue, its availability on a date, and in a range."""
        ids = [row["_id"] for row in db.venues.aggregate([{"$sample": {"size": COUNT}}, {"$project": {"_id": 1}}])]
        paths = {"venue": "", "date": "/availability?date={day}", "range": "/availability?from={day}&to={last}"}
        return {
            name: self.write(name, [self._ask(f"/venues/{one}{path}") for one in ids]) for name, path in paths.items()
        }

    def orders(self, name: str, orders: list[dict[str, Any]], tokens: list[str], *, keyed: bool) -> Path:
        """Return a file of orders. Each has one of the tokens, and its own Idempotency-Key if `keyed`."""
        lines = [
            f"POST /bookings {self.chance.choice(tokens)} {f'{name}-{number}' if keyed else '-'} {json.dumps(order)}"
            for number, order in enumerate(orders)
        ]
        return self.write(name, lines)

    def _ask(self, path: str) -> str:
        """Return the line of a GET, with a random day for {day}, and the end of the range for {last}."""
        day = self._day()
        last = date.fromisoformat(day) + timedelta(days=RANGE_DAYS)
        return get(path.format(day=day, last=last))

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
        return get(f"/venues/search?{urlencode(asked)}")
