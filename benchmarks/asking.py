"""The application `asking`: a lower bound for a search. Flask makes the MongoDB query of Halls and returns the cards.

It does not validate, paginate, log, count, set deadlines, or add prices and distances to the cards.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, Response, request
from pymongo import MongoClient

from halls.clock import day_in_karachi, utc_now
from halls.search.candidates import find_candidates
from halls.search.schemas import SearchQuery

app = Flask(__name__)
db: Any = MongoClient(os.environ["MONGO_URI"]).get_default_database()  # noqa: TID251 - a program of its own
TODAY = day_in_karachi(utc_now())
# One more than a page: the extra row shows that there is a next page.
ROWS = 21
TEXTS = {"type", "date"}


@app.get("/venues/search")
def search() -> Response:
    """Return the stored cards that the MongoDB query of Halls finds, unchanged."""
    asked: dict[str, Any] = {name: text if name in TEXTS else float(text) for name, text in request.args.items()}
    rows = find_candidates(db, SearchQuery.model_construct(**asked), TODAY, None, ROWS).rows
    cards = b",".join(row["card"] for row in rows)
    return Response(b'{"ok":true,"data":{"venues":[' + cards + b"]}}", mimetype="application/json")
