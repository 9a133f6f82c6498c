"""No yardsticks but ceilings: Flask and PyMongo alone, and what they can at most do with Halls' catalog.

Neither validates, turns pages, logs, counts, minds deadlines or shows prices and distances: all that can at best cost
Halls nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from pymongo import MongoClient

from halls.search.candidates import find_candidates
from halls.search.schemas import SearchQuery

if TYPE_CHECKING:
    from collections.abc import Iterable

bare, asking = Flask("bare"), Flask("asking")
db: Any = MongoClient(os.environ["MONGO_URI"]).get_default_database()  # noqa: TID251 - a program of its own
# One more than a page tells that there is another.
ROWS = 21
TEXTS = {"type", "date"}


def send(rows: Iterable[dict[str, Any]]) -> Response:
    """Send cards as they are."""
    cards = b",".join(row["card"] for row in rows)
    return Response(b'{"ok":true,"data":{"venues":[' + cards + b"]}}", mimetype="application/json")


@bare.get("/venues/search")
def send_any() -> Response:
    """Send the cards that MongoDB comes upon first."""
    return send(db.catalog.find({}, {"_id": 0, "card": 1}).limit(ROWS))


@asking.get("/venues/search")
def send_found() -> Response:
    """Send the cards that MongoDB finds when it is asked as Halls asks it."""
    asked: dict[str, Any] = {name: text if name in TEXTS else float(text) for name, text in request.args.items()}
    return send(find_candidates(db, SearchQuery.model_construct(**asked), "", None, ROWS, None).rows)
