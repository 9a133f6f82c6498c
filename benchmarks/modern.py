"""The FastAPI peer: asynchronous PyMongo, Pydantic models, and `$lookup` to exclude booked venues."""

# FastAPI reads the annotations at run time: this file needs real imports, without `TYPE_CHECKING`.

import os
from datetime import datetime, timezone
from typing import Annotated, Any

import jwt
from bson import ObjectId
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, BeforeValidator, Field
from pymongo import AsyncMongoClient

app = FastAPI()
client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(os.environ["MONGO_URI"])  # noqa: TID251 - a program of its own
db = client.get_default_database()
SECRET = os.environ["JWT_SECRET"]  # noqa: TID251 - the same
ACTIVE = {"$in": ["pending", "confirmed"]}
PAGE = 20
METRES = 1000
Id = Annotated[str, BeforeValidator(str)]


class Override(BaseModel):
    """The price of one date."""

    date: str
    price: float


class Pricing(BaseModel):
    """The prices of a venue."""

    overrides: list[Override] = []


class Venue(BaseModel):
    """A search result: the whole venue."""

    id: Id = Field(alias="_id")
    owner_id: Id
    venue_name: str
    type: str
    address: str
    maps_location: dict[str, Any]
    capacity: int
    dates_available: list[str] = []
    pricing: Pricing
    space_sqft: float | None
    amenities: dict[str, bool]
    additional_description: str
    pictures: list[str]
    videos: list[dict[str, Any]]


class Order(BaseModel):
    """The body of a booking request."""

    venue_id: str
    date: str
    guests: int


class Availability(BaseModel):
    """Whether a venue is free on a date, and its price."""

    available: bool
    price: float | None


@app.get("/venues/search")
async def search(  # noqa: PLR0913, PLR0917 - one per query parameter
    type: str | None = None,  # noqa: A002 - the name of the query parameter
    capacity_min: int | None = None,
    date: str | None = None,
    price_max: float | None = None,
    near_lat: float | None = None,
    near_lng: float | None = None,
    near_km: float = 10,
    limit: int = PAGE,
) -> list[Venue]:
    """Return the venues that match the query."""
    match: dict[str, Any] = {}
    if type:
        match["type"] = type
    if capacity_min:
        match["capacity"] = {"$gte": capacity_min}
    if date:
        match["dates_available"] = date
    if price_max:
        match["pricing.overrides"] = {"$elemMatch": {"date": date, "price": {"$lte": price_max}}}
    stages: list[dict[str, Any]] = [{"$match": match}]
    if near_lat is not None:
        near = {"type": "Point", "coordinates": [near_lng, near_lat]}
        options = {"near": near, "key": "maps_location", "distanceField": "distance", "maxDistance": near_km * METRES}
        stages = [{"$geoNear": {**options, "query": match, "spherical": True}}]
    if date:
        booked = [{"$match": {"date": date, "status": ACTIVE}}, {"$limit": 1}]
        join = {"from": "bookings", "localField": "_id", "foreignField": "venue_id", "pipeline": booked, "as": "booked"}
        stages += [{"$lookup": join}, {"$match": {"booked": []}}]
    cursor = await db.venues.aggregate([*stages, {"$limit": limit}])
    return [Venue.model_validate(row) async for row in cursor]


@app.get("/venues/{venue_id}/availability")
async def availability(venue_id: str, date: str) -> Availability:
    """Return whether a venue is free on a date, and its price."""
    found = await db.venues.find_one({"_id": ObjectId(venue_id)})
    venue = Venue.model_validate(found)
    booked = await db.bookings.find_one({"venue_id": ObjectId(venue.id), "date": date, "status": ACTIVE})
    price = next((row.price for row in venue.pricing.overrides if row.date == date), None)
    return Availability(available=date in venue.dates_available and booked is None, price=price)


@app.post("/bookings", status_code=201)
async def book(order: Order, authorization: Annotated[str, Header()]) -> dict[str, str]:
    """Check the date, then insert the booking; two concurrent requests can book the same date."""
    caller = jwt.decode(authorization.removeprefix("Bearer "), SECRET, algorithms=["HS256"])
    venue = Venue.model_validate(await db.venues.find_one({"_id": ObjectId(order.venue_id)}))
    place = {"venue_id": ObjectId(venue.id), "date": order.date}
    if order.date not in venue.dates_available or await db.bookings.find_one({**place, "status": ACTIVE}):
        raise HTTPException(409)
    now = datetime.now(timezone.utc)  # noqa: TID251 - a program of its own
    price = next((row.price for row in venue.pricing.overrides if row.date == order.date), None)
    made = {"user_id": ObjectId(caller["sub"]), "guests": order.guests, "status": "pending", "price_locked": price}
    kept = await db.bookings.insert_one({**place, **made, "created_at": now, "updated_at": now})
    return {"booking_id": str(kept.inserted_id)}
