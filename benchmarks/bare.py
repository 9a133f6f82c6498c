"""Two upper bounds for Halls: minimal Flask and PyMongo applications that read the search index (`search_entries`).

Neither of them validates, paginates, logs, counts, sets deadlines, or adds prices and distances to the cards.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from pymongo import MongoClient

from halls.clock import day_in_karachi, utc_now
from halls.search.candidates import find_candidates
from halls.search.schemas import SearchQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

bare, asking = Flask("bare"), Flask("asking")
db: Any = MongoClient(os.environ["MONGO_URI"]).get_default_database()  # noqa: TID251 - a program of its own
TODAY = day_in_karachi(utc_now())
# One more than a page: the extra row shows that there is a next page.
ROWS = 21
TEXTS = {"type", "date"}


def send(rows: Iterable[Mapping[str, Any]]) -> Response:
    """Return a response with the stored cards, unchanged."""
    cards = b",".join(row["card"] for row in rows)
    return Response(b'{"ok":true,"data":{"venues":[' + cards + b"]}}", mimetype="application/json")


@bare.get("/venues/search")
def send_any() -> Response:
    """Return the first cards that MongoDB finds, for any query."""
    return send(db.search_entries.find({}, {"_id": 0, "card": 1}).limit(ROWS))


@asking.get("/venues/search")
def send_found() -> Response:
    """Return the cards that the MongoDB query of Halls finds."""
    asked: dict[str, Any] = {name: text if name in TEXTS else float(text) for name, text in request.args.items()}
    return send(find_candidates(db, SearchQuery.model_construct(**asked), TODAY, None, ROWS).rows)
