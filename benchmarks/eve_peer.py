"""The peer with Eve: orders with a unique index, without a transaction, history and stored responses."""

from __future__ import annotations

import os
from typing import Any

import jwt
from bson import ObjectId
from eve import Eve
from eve.auth import TokenAuth
from flask import abort, g

SECRET = os.environ["JWT_SECRET"]  # noqa: TID251 - a program of its own
REQUIRED = {"required": True}
SETTINGS = {
    "MONGO_URI": os.environ["MONGO_URI"],  # noqa: TID251 - the same
    "RESOURCE_METHODS": ["GET", "POST"],
    "DOMAIN": {
        "bookings": {
            "schema": {
                "venue_id": {"type": "objectid", **REQUIRED},
                "date": {"type": "string", "regex": r"\d{4}-\d{2}-\d{2}", **REQUIRED},
                "guests": {"type": "integer", "min": 1, **REQUIRED},
                "notes": {"type": "string"},
                "user_id": {"type": "objectid", "readonly": True},
                "status": {"type": "string", "readonly": True},
                "price_locked": {"type": "number", "readonly": True},
            }
        }
    },
}


class Tokens(TokenAuth):  # type: ignore[misc] # Eve has no types
    """Accepts the tokens of Halls."""

    def check_auth(self, token: str, *_: Any) -> bool:
        """Return whether the token is valid, and keep its account."""
        try:
            g.caller = jwt.decode(token, SECRET, algorithms=["HS256"])["sub"]
        except jwt.InvalidTokenError:
            return False
        return True


def complete(bookings: list[dict[str, Any]]) -> None:
    """Check the offer, and add the guest, the status and the price of the date."""
    for booking in bookings:
        venue = app.data.driver.db.venues.find_one({"_id": booking["venue_id"]}) or abort(404)
        prices = (row["price"] for row in venue["pricing"]["overrides"] if row["date"] == booking["date"])
        if booking["date"] not in venue["dates_available"] or booking["guests"] > venue["capacity"]:
            abort(409)
        booking.update(user_id=ObjectId(g.caller), status="pending", price_locked=next(prices, None))


app = Eve(settings=SETTINGS, auth=Tokens)
app.on_insert_bookings += complete
