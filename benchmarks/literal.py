"""The literal peer: the specification read literally, as an afternoon's work with Flask and PyMongo.

Search is a find with filters; it returns whole documents and ignores bookings. A booking is a check and an insert,
without a transaction.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any

import jwt
from bson import ObjectId
from flask import Flask, jsonify, request
from pymongo import MongoClient

app = Flask(__name__)
db: Any = MongoClient(os.environ["MONGO_URI"]).get_default_database()  # noqa: TID251 - a program of its own
SECRET = os.environ["JWT_SECRET"]  # noqa: TID251 - the same
ACTIVE = {"$in": ["pending", "confirmed"]}
PAGE = 20
METRES = 1000


def shown(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with ids and times as strings, for JSON."""
    texts = {name: str(value) for name, value in document.items() if isinstance(value, ObjectId | datetime)}
    return {**document, **texts}


@app.get("/venues/search")
def search() -> Any:
    """Return the venues that match the query."""
    asked = request.args
    match: dict[str, Any] = {}
    if "type" in asked:
        match["type"] = asked["type"]
    if "capacity_min" in asked:
        match["capacity"] = {"$gte": int(asked["capacity_min"])}
    if "date" in asked:
        match["dates_available"] = asked["date"]
    if "price_max" in asked:
        limits = {"date": asked["date"], "price": {"$lte": float(asked["price_max"])}}
        match["pricing.overrides"] = {"$elemMatch": limits}
    if "near_lat" in asked:
        point = {"type": "Point", "coordinates": [float(asked["near_lng"]), float(asked["near_lat"])]}
        match["maps_location"] = {"$near": {"$geometry": point, "$maxDistance": float(asked["near_km"]) * METRES}}
    limit = int(asked.get("limit", PAGE))
    return jsonify(ok=True, data={"venues": [shown(venue) for venue in db.venues.find(match).limit(limit)]})


@app.get("/venues/<venue_id>/availability")
def availability(venue_id: str) -> Any:
    """Return whether a venue is free on a date, and its price."""
    day = request.args["date"]
    venue = db.venues.find_one({"_id": ObjectId(venue_id)})
    booked = db.bookings.find_one({"venue_id": venue["_id"], "date": day, "status": ACTIVE})
    prices = (row["price"] for row in venue["pricing"]["overrides"] if row["date"] == day)
    free = day in venue["dates_available"] and booked is None
    return jsonify(ok=True, data={"available": free, "price": next(prices, None)})


@app.post("/bookings")
def book() -> Any:
    """Check the date, then insert the booking; two concurrent requests can book the same date."""
    caller = jwt.decode(request.headers["Authorization"].removeprefix("Bearer "), SECRET, algorithms=["HS256"])
    order = request.get_json()
    venue = db.venues.find_one({"_id": ObjectId(order["venue_id"])})
    place = {"venue_id": venue["_id"], "date": order["date"]}
    if order["date"] not in venue["dates_available"] or db.bookings.find_one({**place, "status": ACTIVE}):
        return jsonify(ok=False), 409
    now = datetime.now(timezone.utc)  # noqa: TID251 - a program of its own
    prices = (row["price"] for row in venue["pricing"]["overrides"] if row["date"] == order["date"])
    booking = {
        **place,
        "user_id": ObjectId(caller["sub"]),
        "guests": order["guests"],
        "status": "pending",
        "price_locked": next(prices, None),
        "created_at": now,
        "updated_at": now,
    }
    db.bookings.insert_one(booking)
    return jsonify(ok=True, data={"booking": shown(booking)}), 201
