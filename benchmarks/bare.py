"""No yardstick but a ceiling: Flask and PyMongo that send a page of cards ready-made, whatever is asked.

No filter, order, validation, deadline, log line or metric: what Halls does beyond this it can at best do for nothing.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, Response
from pymongo import MongoClient

app = Flask(__name__)
db: Any = MongoClient(os.environ["MONGO_URI"]).get_default_database()  # noqa: TID251 - a program of its own
# One more than a page tells that there is another.
ROWS = 21


@app.get("/venues/search")
def search() -> Response:
    """Send the cards that MongoDB comes upon first."""
    cards = b",".join(row["card"] for row in db.catalog.find({}, {"_id": 0, "card": 1}).limit(ROWS))
    return Response(b'{"ok":true,"data":{"venues":[' + cards + b"]}}", mimetype="application/json")
